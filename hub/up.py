"""`hub up`: from nothing to a running hub, step by step, and down again in order."""

import asyncio
import errno
import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from hub.database import SERVICES, migrate
from hub.environment import Deployment, LocalSettings
from hub.errors import OperatorError, explain_os_error
from hub.postgres import Cluster, own
from hub.postgres_binaries import find_binaries, server_account
from hub.progress import Progress, Say
from hub.secrets_store import ADMINISTRATOR_PASSWORD, SecretsStore
from hub.state import require_space, run_folder
from hub.supervisor import Child, StopRequested, Supervisor, stop_signals

LABELS: Final = {
    "identity": "身份服务",
    "registry": "登记服务",
    "targets": "目标服务",
    "subsidies": "奖补服务",
    "exchange": "交换服务",
    "worker": "后台任务",
    "frontend": "网页",
    "gateway": "网关",
}
ORDER: Final = (*SERVICES, "worker", "frontend", "gateway")
NOT_ASKED: Final = ("worker",)  # it listens nowhere; that it lives is what can be known


@dataclass(frozen=True)
class Hooks:
    """What `hub up` runs besides its own steps; tests put theirs in."""

    command: Callable[[str, Deployment], list[str]]  # the command line of a process
    before: Sequence[tuple[str, Callable[[Deployment], None]]]  # steps once the database runs, before the processes
    after: Sequence[tuple[str, Callable[[Deployment, Say], list[str]]]]  # steps once all are ready; lines to show


def child_command(name: str, deployment: Deployment) -> list[str]:
    """`hub serve NAME` on its socket or port, or `hub worker`, by this very interpreter."""
    this = [sys.executable, "-P", "-m", "hub"]  # -P: never a `services` folder of the working directory
    if name == "worker":
        return [*this, "worker"]
    if name == "gateway":
        port = ["--host", deployment.settings.host, "--port", str(deployment.settings.port)]
        return [*this, "serve", name, *port, "--uds", str(deployment.gateway_socket)]
    return [*this, "serve", name, "--uds", f"{deployment.run_folder}/{name}.sock"]


def up(hooks: Hooks, environment: Mapping[str, str]) -> None:
    """Start everything and stay until Ctrl-C or SIGTERM; raises OperatorError with one sentence when it cannot."""
    settings = LocalSettings.read(environment)
    progress = Progress(total=5 + len(hooks.before) + len(hooks.after))
    with stop_signals() as hold, ExitStack() as stack:
        try:
            supervisor, cluster = _start(settings, hooks, environment, progress, stack)
            supervisor.watch(also=partial(check_database, cluster))
        except StopRequested:
            progress.say("\n正在停止 …")
        except OSError as error:
            raise (explain_os_error(error) or error) from error
        finally:
            hold()
    progress.say(f"已全部停止，数据保留在 {settings.state.path}。")


def _start(
    settings: LocalSettings, hooks: Hooks, environment: Mapping[str, str], progress: Progress, stack: ExitStack
) -> tuple[Supervisor, Cluster | None]:
    """The start as a checklist; `stack` undoes it backwards."""
    with progress.step("检查运行环境"):
        settings.state.prepare()
        stack.enter_context(settings.state.locked(settings.public_url))
        require_free_port(settings.host, settings.port)
        folder = stack.enter_context(run_folder(settings.state, environment))
    with progress.step("读取密钥"):
        secrets = SecretsStore(settings.state.secrets)
    with progress.step("启动数据库"):
        administrator, cluster = stack.enter_context(database_server(settings, secrets, folder, environment))
    deployment = Deployment(settings, secrets, administrator, folder, environment)
    stack.callback(deployment.withdraw)
    deployment.announce()
    for label, act in hooks.before:
        with progress.step(label):
            act(deployment)
    supervisor = Supervisor(settings.state.log, progress.say)
    stack.callback(supervisor.stop)
    with progress.step("启动各服务"):
        for name in ORDER:
            supervisor.start(child(name, hooks, deployment))
    with progress.step("等待各服务就绪"):
        supervisor.wait_ready()
    lines: list[str] = []
    for label, finish in hooks.after:
        with progress.step(label) as say:
            lines += finish(deployment, say)
    supervisor.check()
    progress.say("\n".join(["", f"中枢已就绪：{settings.public_url}", *lines, "按 Ctrl-C 停止。"]))
    return supervisor, cluster


def child(name: str, hooks: Hooks, deployment: Deployment) -> Child:
    """What the supervisor has to know of one process."""
    own_environment = deployment.of_everything() if name == "worker" else deployment.of_process(name)
    upstream = None if name in NOT_ASKED else deployment.upstreams()[name]
    return Child(name, LABELS[name], hooks.command(name, deployment), own_environment, upstream)


@contextmanager
def database_server(
    settings: LocalSettings, secrets: SecretsStore, folder: Path, environment: Mapping[str, str]
) -> Iterator[tuple[str, Cluster | None]]:
    """The administrator's URL of the server named by `HUB_DATABASE_URL`, else of the embedded one, while it runs."""
    if settings.database_url is not None:
        yield settings.database_url, None
        return
    account = server_account()
    home, account = settings.state.database_folder(account)
    require_space(home)
    cluster = Cluster(
        home / "data",
        sockets=own(folder / "pg", account),
        log=settings.state.log("postgres"),
        password=secrets[ADMINISTRATOR_PASSWORD],
        binaries=find_binaries(account, environment),
        account=account,
    )
    try:
        cluster.create()
        cluster.start()
        yield cluster.address.url(), cluster
    finally:
        cluster.stop()


def check_database(cluster: Cluster | None) -> None:
    """Raise OperatorError when the embedded server no longer runs."""
    if cluster is not None and not cluster.is_running:
        raise OperatorError(f"数据库意外停止，日志见 {cluster.log}；再次启动会自动恢复。")


def require_free_port(host: str, port: int) -> None:
    """Raise OperatorError when the gateway's port is taken or not ours to use."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise _port_refusal(host, port, error) from error


def _port_refusal(host: str, port: int, error: OSError) -> OperatorError:
    if error.errno == errno.EADDRINUSE:
        return OperatorError(f"端口 {port} 已被占用；请停止占用它的程序，或用 HUB_PORT 指定其他端口。")
    if error.errno == errno.EACCES:
        return OperatorError(f"没有使用端口 {port} 的权限；请用 HUB_PORT 指定 1024 以上的端口。")
    return OperatorError(f"无法监听 {host}:{port}（{os.strerror(error.errno or 0)}）；请检查 HUB_HOST。")


def apply_policies(deployment: Deployment) -> None:
    """Apply every pack of the repository; one that has not changed makes no new version."""
    from hub.policy import POLICIES, apply, packs_below

    environment = deployment.of_everything()
    for folder in packs_below(POLICIES):
        asyncio.run(apply(folder, environment))


def register_clients(deployment: Deployment) -> None:
    """Make the first signing key and register the hub's own clients."""
    from hub.accounts import bootstrap
    from hub.policy import POLICIES

    bootstrap(deployment.of_everything(), POLICIES)


def show_demonstration(deployment: Deployment, say: Say) -> list[str]:
    """Load the first demonstration unless it is there; the lines that show the accounts of all that are."""
    from hub.demonstration import all_account_lines, load_demonstration

    load_demonstration(deployment, say)
    return all_account_lines(deployment)


def default_hooks(deployment_kind: str) -> Hooks:
    """The real processes, migrations, policy packs and clients, and outside production the demonstration."""
    return Hooks(
        command=child_command,
        before=[
            ("升级数据库结构", lambda deployment: migrate(deployment.plan)),
            ("应用政策包", apply_policies),
            ("登记系统客户端", register_clients),
        ],
        after=[] if deployment_kind == "production" else [("装载示范数据", show_demonstration)],
    )
