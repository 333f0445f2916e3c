"""`hub serve` and `hub worker`: one process of the hub, in this process; the gateway may be several."""

import asyncio
import importlib
import multiprocessing
import os
import signal
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hub.database import SERVICES
from hub.errors import OperatorError
from hub.processes import die_with_parent

if TYPE_CHECKING:
    from starlette.types import ASGIApp

COUNTS_FILE: Final = "HUB_GATEWAY_COUNTS_FILE"
METRICS_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
BACKLOG: Final = 2048
PROCESSES: Final = (*SERVICES, "frontend", "gateway")
KEEP_ALIVE_SECONDS: Final = 75  # far longer than our own clients keep a connection, so that none is closed under them
GRACEFUL_SECONDS: Final = 8  # less than the supervisor's patience, so that a slow request is cut here and logged


def application(name: str) -> str:
    """The import path of a process's application factory. Raises OperatorError for an unknown name."""
    if name not in PROCESSES:
        raise OperatorError(f"没有名为 {name} 的服务；可选：{'、'.join(PROCESSES)}。", exit_code=2)
    package = "frontend" if name == "frontend" else f"services.{name}"
    return f"{package}.app:create_app"


def serve(name: str, *, uds: Path | None, host: str, port: int, processes: int = 1) -> None:
    """Serve one process on a unix socket, or on `host`:`port`, until SIGTERM.

    The gateway listens on both, the socket being for the hub's own processes, and may be several processes.
    Raises OperatorError when that is asked of another.
    """
    import uvicorn

    if name == "gateway":
        serve_gateway(uds=uds, host=host, port=port, processes=processes)
    elif processes != 1:
        raise OperatorError(f"{name} 只能以一个进程运行；--processes 仅用于 gateway。", exit_code=2)
    else:
        uvicorn.run(application(name), uds=str(uds) if uds else None, host=host, port=port, **_manners())


def _manners() -> dict[str, Any]:
    """How every process serves."""
    return {
        "factory": True,
        "log_config": None,  # the application factory sets up JSON logs
        "access_log": False,  # the kernel's middleware writes the access line
        "server_header": False,
        "ws": "none",  # no process speaks it, and the gateway would pass none on
        "proxy_headers": False,  # the gateway is the edge and says itself who called
        "timeout_graceful_shutdown": GRACEFUL_SECONDS,
        "timeout_keep_alive": KEEP_ALIVE_SECONDS,
    }


def serve_gateway(*, uds: Path | None, host: str, port: int, processes: int) -> None:
    """Serve the gateway until SIGTERM; several processes share the sockets, the counts of requests and the metrics.

    A process that dies is started again. The counts lie in a file of this run unless HUB_GATEWAY_COUNTS_FILE names one;
    the file lies beside the socket, so that what a kill leaves behind goes with the hub's run folder.
    """
    import uvicorn
    from uvicorn.supervisors.multiprocess import Multiprocess

    from services.gateway.settings import GatewaySettings

    GatewaySettings()  # a wrong setting ends the command here, not each process again and again
    sockets = [listening_socket(host, port), *([_unix_socket(uds)] if uds else [])]
    if processes == 1:
        uvicorn.Server(uvicorn.Config(application("gateway"), **_manners())).run(sockets)
        return
    with tempfile.TemporaryDirectory(prefix="hub-gateway-", dir=uds.parent if uds else None) as folder:
        os.environ.setdefault(COUNTS_FILE, f"{folder}/counts")
        os.environ[METRICS_FOLDER] = folder
        config = uvicorn.Config("hub.serve:gateway_worker", workers=processes, **_manners())
        Multiprocess(config, sockets).run()


def gateway_worker() -> "ASGIApp":
    """The application of one of several gateway processes, which ends with the process that started it."""
    from services.gateway.app import create_app

    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid is not None:
        die_with_parent(signal.SIGKILL, parent.pid)
    return create_app()


def listening_socket(host: str, port: int) -> socket.socket:
    """A TCP socket on `host`; `::` takes IPv4 as well. Raises OSError.

    The protocol is named so that the event loop knows TCP and turns Nagle's delay off.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if host == "::":
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    made.bind((host, port))
    made.listen(BACKLOG)
    return made


def _unix_socket(path: Path) -> socket.socket:
    """A socket file for this account alone: what comes through it is believed to come from the hub."""
    path.unlink(missing_ok=True)
    made = socket.socket(socket.AF_UNIX)
    made.bind(str(path))
    path.chmod(0o600)
    made.listen(BACKLOG)
    return made


def work() -> None:
    """Run every service's background jobs until SIGTERM."""
    main = importlib.import_module("services.worker.app").main
    asyncio.run(main())
