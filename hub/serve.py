"""`hub serve` and `hub worker`: one process of the hub, in this process."""

import asyncio
import importlib
from pathlib import Path
from typing import Final

from hub.database import SERVICES
from hub.errors import OperatorError

PROCESSES: Final = (*SERVICES, "frontend", "gateway")
KEEP_ALIVE_SECONDS: Final = 75  # far longer than our own clients keep a connection, so that none is closed under them
GRACEFUL_SECONDS: Final = 8  # less than the supervisor's patience, so that a slow request is cut here and logged


def application(name: str) -> str:
    """The import path of a process's application factory. Raises OperatorError for an unknown name."""
    if name not in PROCESSES:
        raise OperatorError(f"没有名为 {name} 的服务；可选：{'、'.join(PROCESSES)}。", exit_code=2)
    package = "frontend" if name == "frontend" else f"services.{name}"
    return f"{package}.app:create_app"


def serve(name: str, *, uds: Path | None, host: str, port: int) -> None:
    """Serve one process on a unix socket, or on `host`:`port`, until SIGTERM."""
    import uvicorn

    uvicorn.run(
        application(name),
        factory=True,
        uds=str(uds) if uds else None,
        host=host,
        port=port,
        log_config=None,  # the application factory sets up JSON logs
        access_log=False,  # the kernel's middleware writes the access line
        server_header=False,
        proxy_headers=False,  # the gateway is the edge and says itself who called
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )


def work() -> None:
    """Run every service's background jobs until SIGTERM."""
    main = importlib.import_module("services.worker.app").main
    asyncio.run(main())
