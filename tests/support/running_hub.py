"""The whole hub as a newcomer starts it: `make run` in a fresh copy of the tree, accounts read off the screen."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hub.demo.sign_in import Account, OAuthClient
from hub.processes import spawn
from hub.secrets_store import SecretsStore

ROOT = Path(__file__).resolve().parents[2]
READY = "中枢已就绪："
START_SECONDS = 900
STOP_SECONDS = 60
ACCOUNT_LINE = re.compile(r"^  (\S+)\s+(\S+)\s+(.+)（(.+)）$")

GENEROUS = {f"HUB_GATEWAY_RATE_{name}": "600000" for name in ("PER_CLIENT", "PER_ADDRESS", "SIGN_IN", "PUBLIC")}
"""Every test asks from one address, some as fast as they can; the limits have tests of their own."""

RECEIVERS_HERE = {"HUB_EXCHANGE_ALLOW_PRIVATE_ADDRESSES": "true"}
"""A test's own receiver of webhooks stands on this machine."""


@dataclass(frozen=True)
class RunningHub:
    """Where the hub answers, whom one can sign in as, and where its process and state are."""

    url: str
    accounts: dict[str, Account]
    state: Path
    process: subprocess.Popen[bytes] = field(repr=False)

    @property
    def oauth_client(self) -> OAuthClient:
        """The frontend's registered client, for tests that call the API as a signed-in person."""
        secrets = SecretsStore(self.state / "secrets.json")
        return OAuthClient("frontend", f"{self.url}/login/callback", secrets["HUB_FRONTEND_CLIENT_SECRET"])


def fresh_copy(target: Path) -> None:
    """Copy what a clone would have: the tracked files and the new ones, as they are now."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        source = ROOT / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def fresh_hub(log: Path) -> Iterator[RunningHub]:
    """`make run` in a fresh copy on a free port, until the block ends; then Ctrl-C, which must end it cleanly."""
    with tempfile.TemporaryDirectory(prefix="hub-fresh-", dir="/tmp") as folder:
        copy = Path(folder) / "clone"
        copy.mkdir(mode=0o755)
        Path(folder).chmod(0o755)
        fresh_copy(copy)
        port = free_port()
        environment = {k: v for k, v in os.environ.items() if not k.startswith("HUB_")} | {"HUB_PORT": str(port)}
        environment |= GENEROUS | RECEIVERS_HERE
        with log.open("wb") as output:
            # A killed test run takes make along, and make the hub: `make run` stops with its parent.
            process = spawn(
                ["make", "run"], log=output, environment=environment, death_signal=signal.SIGKILL, folder=copy
            )
        try:
            yield _when_ready(process, log, copy / ".hub")
        finally:
            _stop(process)


def _when_ready(process: "subprocess.Popen[bytes]", log: Path, state: Path) -> RunningHub:
    deadline = time.monotonic() + START_SECONDS
    while True:
        said = log.read_text(errors="replace")
        if "按 Ctrl-C 停止。" in said:
            break
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"`make run` did not become ready:\n{said[-4000:]}")
        time.sleep(0.5)
    url = said.split(READY, 1)[1].split()[0]
    found = [m for m in map(ACCOUNT_LINE.match, said.splitlines()) if m]
    return RunningHub(url, {m[1]: Account(m[1], m[2]) for m in found}, state, process)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
    process.wait(STOP_SECONDS)
