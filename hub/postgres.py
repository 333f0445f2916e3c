"""Life cycle of the embedded PostgreSQL: make a cluster, start it as our direct child, stop it, recover it.

`postgres` itself is our child, not `pg_ctl`, so that the kernel can take it along when the hub is killed: SIGINT on the
parent's death is PostgreSQL's fast shutdown. The wheel's own Python helper is not used (it adds system accounts, opens
parent folders and trusts every connection).
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode

from hub.errors import OperatorError
from hub.postgres_binaries import Binaries, find_binaries, server_account
from hub.processes import Account, kill_group, log_tail, run_as, spawn

ADMINISTRATOR = "hub_admin"
SOCKET_PATH_LIMIT = 107  # sockaddr_un.sun_path less its final zero, unix(7)
READY_SECONDS = 180.0  # recovery after a crash replays the log before the server is ready
FAST_STOP_SECONDS = 30.0
IMMEDIATE_STOP_SECONDS = 10.0
POLL_SECONDS = 0.03
STATUS_LINE = 7  # postmaster.pid: the eighth line says "ready" (LOCK_FILE_LINE_PM_STATUS in PostgreSQL's miscadmin.h)
# What a start may meet for a moment after a killed postmaster, or when another process took the free port first.
PASSING_FAULTS = ("lock file", "pre-existing shared memory", "could not create any TCP/IP sockets", "already in use")
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u@%d ",
    "unix_socket_permissions": "0700",
}
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Address:
    """Where a server listens, with an administrator's login."""

    socket_folder: Path
    port: int
    user: str
    password: str = field(repr=False)

    def url(self, database: str = "postgres", *, user: str | None = None, password: str | None = None) -> str:
        """A `postgresql+asyncpg://` URL over the unix socket, for the administrator or another login."""
        login = f"{quote(user or self.user, safe='')}:{quote(password or self.password, safe='')}"
        where = urlencode({"host": str(self.socket_folder), "port": self.port})
        return f"postgresql+asyncpg://{login}@/{quote(database, safe='')}?{where}"


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Cluster:
    """One PostgreSQL data folder and, while it runs, its server process."""

    def __init__(
        self, data: Path, *, sockets: Path, log: Path, password: str, binaries: Binaries, account: Account | None
    ) -> None:
        """`data` holds the cluster, `sockets` (a short path) its unix socket; `account` must be able to enter both."""
        self.data = data
        self.sockets = sockets
        self.log = log
        self.binaries = binaries
        self.account = account
        self.process: subprocess.Popen[bytes] | None = None
        self._password = password
        self._port = 0
        self._settings: dict[str, str] = {}

    @property
    def address(self) -> Address:
        return Address(self.sockets, self._port, ADMINISTRATOR, self._password)

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def create(self) -> bool:
        """Run initdb unless the cluster exists; True when it was made. An interrupted initdb leaves no cluster."""
        if (self.data / "PG_VERSION").exists():
            self._check_version()
            return False
        draft = self.data.with_name(f"{self.data.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        with self._password_file() as password_file:
            self._initdb(draft, password_file)
        draft.rename(self.data)
        return True

    def start(self, settings: Mapping[str, str] | None = None) -> None:
        """Start the server and wait until it takes connections; raises OperatorError with its last words when not."""
        self._settings = {**SETTINGS, **(settings or {})}
        deadline = time.monotonic() + READY_SECONDS
        try:
            while not self._attempt(deadline):
                time.sleep(0.2)
        except BaseException:  # Ctrl-C too: a server that nobody waits for must not stay
            self.stop()
            raise

    def stop(self) -> None:
        """Fast shutdown; harder means when that takes too long. Safe to call twice."""
        process, self.process = self.process, None
        if process is None:
            return
        for signum, seconds in ((signal.SIGINT, FAST_STOP_SECONDS), (signal.SIGQUIT, IMMEDIATE_STOP_SECONDS)):
            process.send_signal(signum)
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                continue
            return
        kill_group(process)
        process.wait()

    def _check_version(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text().strip()
        if made_by != str(self.binaries.major):
            raise OperatorError(
                f"数据库由 PostgreSQL {made_by} 建立，当前程序是 {self.binaries.major}；"
                "请用 HUB_POSTGRES_BIN 指定原版本的程序，或先导出数据再升级。"
            )

    @contextmanager
    def _password_file(self) -> Iterator[Path]:
        handle, name = tempfile.mkstemp(prefix="hub-pw-", dir="/tmp")  # mode 0600, gone at once
        path = Path(name)
        try:
            with os.fdopen(handle, "w") as stream:
                stream.write(self._password + "\n")
            if self.account is not None:
                os.chown(path, self.account.uid, self.account.gid)
            yield path
        finally:
            path.unlink()

    def _initdb(self, target: Path, password_file: Path) -> None:
        command: list[str | Path] = [
            self.binaries.program("initdb"),
            "-D",
            target,
            "-U",
            ADMINISTRATOR,
            "-A",
            "scram-sha-256",
        ]
        command += [f"--pwfile={password_file}", "-E", "UTF8", "--data-checksums", *self.binaries.initdb_locale]
        answer = run_as([*command, "--no-instructions"], self.account, environment=_server_environment())
        if answer.returncode != 0:
            words = answer.stderr.decode("utf-8", "replace").strip().splitlines()[-3:]
            if any("No space left" in line for line in words):
                raise OperatorError("磁盘空间已满，无法建立数据库；请清理磁盘后重试。")
            raise OperatorError("无法建立数据库：" + " ".join(words))

    def _attempt(self, deadline: float) -> bool:
        """Start once. False when the fault will pass and there is time for another attempt."""
        self._port = free_port()
        self._check_socket_path()
        self._forget_foreign_lock()
        already = self.log.stat().st_size if self.log.exists() else 0
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        program = self.binaries.program("postgres")
        command: list[str | Path] = [program, "-D", self.data, "-p", str(self._port), "-k", self.sockets]
        with self.log.open("ab") as log:
            self.process = spawn(
                [*command, *options],
                log=log,
                environment=_server_environment(),
                death_signal=signal.SIGINT,
                account=self.account,
                folder=Path("/"),
            )
        return self._becomes_ready(self.process, deadline, already)

    def _becomes_ready(self, process: subprocess.Popen[bytes], deadline: float, log_offset: int) -> bool:
        while process.poll() is None:
            if self._says_ready(process.pid):
                return True
            if time.monotonic() > deadline:
                raise OperatorError(f"数据库在 {READY_SECONDS:.0f} 秒内没有就绪；日志见 {self.log}。")
            time.sleep(POLL_SECONDS)
        self.process = None
        with self.log.open("rb") as log:
            log.seek(log_offset)
            words = log.read().decode("utf-8", "replace")
        if any(fault in words for fault in PASSING_FAULTS) and time.monotonic() < deadline:
            return False
        if "No space left" in words:
            raise OperatorError("磁盘空间已满，数据库无法启动；请清理磁盘后重试。")
        raise OperatorError(f"数据库没有启动，日志见 {self.log}：\n{log_tail(self.log, 5)}")

    def _says_ready(self, pid: int) -> bool:
        lines = self._lock_lines()
        return len(lines) > STATUS_LINE and lines[0] == str(pid) and lines[STATUS_LINE] == "ready"

    def _lock_lines(self) -> list[str]:
        try:
            return [line.strip() for line in (self.data / "postmaster.pid").read_text().splitlines()]
        except FileNotFoundError:
            return []

    def _forget_foreign_lock(self) -> None:
        """Remove a lock file whose process id now belongs to another program; PostgreSQL would refuse for ever.

        A postmaster works in its data folder, so /proc tells it from a stranger. One that is still there is left to
        end by itself. PostgreSQL checks its shared memory besides, so removing the file cannot let two servers in.
        """
        lines = self._lock_lines()
        if not lines or not lines[0].isdigit():
            return
        try:
            same_folder = Path(f"/proc/{lines[0]}/cwd").samefile(self.data)
        except OSError:  # no such process, a zombie, or somebody else's: not our server
            same_folder = False
        if not same_folder:
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _check_socket_path(self) -> None:
        path = self.sockets / f".s.PGSQL.{self._port}"
        if len(os.fsencode(path)) > SOCKET_PATH_LIMIT:
            raise OperatorError(f"数据库套接字的路径超过 {SOCKET_PATH_LIMIT} 字节：{path}；请换用较短的运行目录。")


def _server_environment() -> dict[str, str]:
    return {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "TZ": "UTC"}


def own(folder: Path, account: Account | None, mode: int = 0o700) -> Path:
    """Make `folder` (its parents must exist) and give it to `account`."""
    folder.mkdir(exist_ok=True)
    folder.chmod(mode)
    if account is not None:
        os.chown(folder, account.uid, account.gid)
    return folder


@contextmanager
def temporary_postgres(
    environment: Mapping[str, str] | None = None, settings: Mapping[str, str] | None = None
) -> Iterator[Address]:
    """A fresh cluster in a folder of its own, gone with everything in it afterwards.

    It is for tests, so commits need not reach the disk; `settings` says otherwise, as a measurement must.
    """
    account = server_account()
    binaries = find_binaries(account, os.environ if environment is None else environment)
    root = Path(tempfile.mkdtemp(prefix="hub-pg-", dir="/tmp"))  # short: a socket goes below it
    root.chmod(0o711)
    home = own(root / "pg", account)
    cluster = Cluster(
        home / "data",
        sockets=own(home / "s", account),
        log=root / "log",
        password=secrets.token_urlsafe(24),
        binaries=binaries,
        account=account,
    )
    try:
        cluster.create()
        cluster.start({**FORGETFUL, **(settings or {})})
        yield cluster.address
    finally:
        cluster.stop()
        shutil.rmtree(root)
