"""The settings of a local hub, and the environment that each of its processes gets: its own secrets and no other's."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from hub.database import OWNER, SERVICES, Plan, role_of
from hub.errors import OperatorError
from hub.secrets_store import CLIENTS, SecretsStore
from hub.state import StateFolder

KEYS: Final = {
    "identity": ("HUB_IDENTITY_KEY_SECRET", *(f"HUB_{client.upper()}_CLIENT_SECRET" for client in CLIENTS)),
    "subsidies": ("HUB_SUBSIDIES_PERSON_KEY",),
    "exchange": ("HUB_EXCHANGE_WEBHOOK_KEY",),
    "frontend": ("HUB_FRONTEND_SESSION_KEY",),
}
RUNNING: Final = "running.json"
ANNOUNCED: Final = ("host", "port", "public_url", "deployment")
HIGHEST_PORT: Final = 65535
MOST_PROCESSES: Final = 64


@dataclass(frozen=True)
class LocalSettings:
    """How `hub up` runs, from the environment (docs/design.md, 2)."""

    state: StateFolder
    host: str
    port: int
    public_url: str
    deployment: str  # demonstration | production
    database_url: str | None = field(repr=False)

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "LocalSettings":
        """Read and check the settings; raises OperatorError with a sentence that names the wrong one."""
        host = environment.get("HUB_HOST") or "127.0.0.1"
        port = _port(environment.get("HUB_PORT") or "8000")
        deployment = environment.get("HUB_ENVIRONMENT") or "demonstration"
        if deployment not in ("demonstration", "production"):
            raise OperatorError("HUB_ENVIRONMENT 只能是 demonstration 或 production。")
        return cls(
            state=StateFolder(Path(environment.get("HUB_STATE_DIR") or ".hub").resolve()),
            host=host,
            port=port,
            public_url=(environment.get("HUB_PUBLIC_URL") or f"http://{_reachable(host)}:{port}").rstrip("/"),
            deployment=deployment,
            database_url=environment.get("HUB_DATABASE_URL") or None,
        )

    @property
    def gateway(self) -> str:
        """Where the hub's own processes reach the gateway."""
        return f"http://{_reachable(self.host)}:{self.port}"


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= HIGHEST_PORT:
        raise OperatorError(f"HUB_PORT 应是 1 到 {HIGHEST_PORT} 之间的整数。")
    return int(text)


def gateway_processes(environment: Mapping[str, str]) -> int:
    """How many processes the gateway is; raises OperatorError for what is no such number."""
    text = environment.get("HUB_GATEWAY_PROCESSES") or "1"
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= MOST_PROCESSES:
        raise OperatorError(f"HUB_GATEWAY_PROCESSES 应是 1 到 {MOST_PROCESSES} 之间的整数。")
    return int(text)


def _reachable(host: str) -> str:
    if host in ("0.0.0.0", "::"):  # noqa: S104  # compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


@dataclass(frozen=True)
class Deployment:
    """Everything that the processes of a running local hub need to know."""

    settings: LocalSettings
    secrets: SecretsStore
    administrator: str = field(repr=False)  # database URL
    run_folder: Path
    inherited: Mapping[str, str] = field(repr=False)  # the operator's own environment

    @property
    def plan(self) -> Plan:
        roles = (OWNER, *map(role_of, SERVICES))
        return Plan(self.administrator, {role: self.secrets.role_password(role) for role in roles})

    @property
    def gateway_socket(self) -> Path:
        """Where the gateway listens for the hub's own processes, beside its port."""
        return self.run_folder / "gateway.sock"

    def upstreams(self) -> dict[str, str]:
        """Where each process listens: unix sockets in the run folder, the gateway on its port."""
        sockets = {name: f"unix://{self.run_folder}/{name}.sock" for name in (*SERVICES, "frontend", "worker")}
        return {**sockets, "gateway": self.settings.gateway}

    def common(self) -> dict[str, str]:
        """What every process gets: the machine's environment less the hub's own secrets, and the shared settings."""
        kept = {name: value for name, value in self.inherited.items() if not _is_secret(name)}
        upstreams = {f"HUB_UPSTREAM_{name.upper()}": address for name, address in self.upstreams().items()}
        shared = {
            "HUB_ENVIRONMENT": self.settings.deployment,
            "HUB_PUBLIC_URL": self.settings.public_url,
            "HUB_FILES_DIR": str(self.settings.state.files),
            "HUB_STATE_DIR": str(self.settings.state.path),
            **self.secrets.settings("HUB_FILES_KEY"),
        }
        return {**kept, **shared, **upstreams}

    def of_process(self, name: str) -> dict[str, str]:
        """The environment of one process."""
        own = {f"HUB_{name.upper()}_DATABASE_URL": self.plan.url(role_of(name))} if name in SERVICES else {}
        client = (f"HUB_{name.upper()}_CLIENT_SECRET",) if name in CLIENTS else ()
        if name == "frontend":  # over the socket the gateway believes it when it says for whom it asks
            own["HUB_UPSTREAM_GATEWAY"] = f"unix://{self.gateway_socket}"
        return {**self.common(), **own, **self.secrets.settings(*client, *KEYS.get(name, ()))}

    def of_everything(self) -> dict[str, str]:
        """The environment of the worker and of the operator's commands, which do every service's work."""
        merged: dict[str, str] = {}
        for name in (*SERVICES, "frontend"):
            merged |= self.of_process(name)
        return merged

    def announce(self) -> None:
        """Write down where this run listens, so that commands in another terminal find it."""
        handle = os.open(self._note, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(
                {
                    "administrator": self.administrator,
                    "run_folder": str(self.run_folder),
                    "settings": {name: getattr(self.settings, name) for name in ANNOUNCED},
                },
                stream,
            )

    def withdraw(self) -> None:
        self._note.unlink(missing_ok=True)

    @property
    def _note(self) -> Path:
        return self.settings.state.path / RUNNING


@contextmanager
def applied_environment(environment: Mapping[str, str]) -> Iterator[None]:
    """Let settings that read the process's environment see `environment` for a while."""
    former = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(former)


def _is_secret(name: str) -> bool:
    """Secrets of the hub never pass from the operator's shell to a child; each child gets its own anew."""
    endings = ("_DATABASE_URL", "_KEY", "_SECRET", "_PASSWORD")
    return name.startswith("HUB_") and (name == "HUB_DATABASE_URL" or name.endswith(endings))


def operator_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for an operator's command: as set in a deployment, else that of the running local hub.

    Raises OperatorError when neither is there.
    """
    if environment.get("HUB_IDENTITY_DATABASE_URL"):
        return dict(environment)
    return running_deployment(environment).of_everything()


def running_deployment(environment: Mapping[str, str]) -> Deployment:
    """The local hub that runs on the state folder; raises OperatorError when none does."""
    settings = LocalSettings.read(environment)
    note = settings.state.path / RUNNING
    if not note.exists():
        raise OperatorError("中枢没有在运行；请先执行 make run（或 hub up），或设置各服务的 HUB_…_DATABASE_URL。")
    found = json.loads(note.read_text("utf-8"))
    settings = replace(settings, **found["settings"])
    secrets = SecretsStore(settings.state.secrets)
    return Deployment(settings, secrets, found["administrator"], Path(found["run_folder"]), environment)
