"""The folders of a local run: what is kept (`.hub/`), and the short-lived sockets.

The state folder holds `secrets.json`, `files/`, `logs/` and `postgres/`. When PostgreSQL runs as `nobody` and that
account may not enter the state folder, the cluster lies below `/var/lib/alliance-hub/` and `postgres` is a link to it.
"""

import fcntl
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hub.errors import OperatorError, explain_os_error
from hub.postgres import own
from hub.postgres_binaries import ROOT_STORE
from hub.processes import Account, may_enter

NEEDED_BYTES = 500 * 1024 * 1024
LOG_LIMIT_BYTES = 10 * 1024 * 1024
TEMPORARY = Path("/tmp")  # noqa: S108  # the run folder is made by us with mode 0711 and its owner is checked


@dataclass(frozen=True)
class StateFolder:
    """The kept state of one local hub."""

    path: Path

    @property
    def secrets(self) -> Path:
        return self.path / "secrets.json"

    @property
    def files(self) -> Path:
        return self.path / "files"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def digest(self) -> str:
        """A short name for this folder, the same at every start."""
        return hashlib.sha256(os.fsencode(self.path)).hexdigest()[:10]

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def prepare(self) -> None:
        """Make the folders, set old logs aside, and refuse a place that is full or may not be written."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            for folder in (self.files, self.logs):
                folder.mkdir(mode=0o700, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.path) as probe:
                probe.write(b"\0")
                probe.flush()
            for log in self.logs.glob("*.log"):
                if log.stat().st_size > LOG_LIMIT_BYTES:
                    log.replace(log.with_suffix(".log.1"))
        except OSError as error:
            other = OperatorError(
                f"无法使用状态目录 {self.path}（{error.strerror}）；请用 HUB_STATE_DIR 指定其他目录。"
            )
            raise (explain_os_error(error, self.path) or other) from error
        require_space(self.path)

    @contextmanager
    def locked(self, url: str) -> Iterator[None]:
        """Hold the folder for this process; raises OperatorError naming the hub that already holds it."""
        with (self.path / "hub.lock").open("a+") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                stream.seek(0)
                holder = stream.read().strip() or "未知进程"
                raise OperatorError(f"中枢已在运行（{holder}），请先停止它，或用 HUB_STATE_DIR 另指目录。") from None
            stream.truncate(0)
            stream.write(f"进程 {os.getpid()}，{url}")
            stream.flush()
            yield

    def database_folder(self, account: Account | None) -> tuple[Path, Account | None]:
        """The folder that holds the cluster, and the account it belongs to; made when absent.

        As root a cluster that an ordinary user made keeps its owner. `account` None means our own.
        """
        place = self.path / "postgres"
        if place.exists():
            return place.resolve(), _owner(place, account)
        if account is not None and not may_enter(self.path, account):
            ROOT_STORE.mkdir(mode=0o755, parents=True, exist_ok=True)
            elsewhere = Path(tempfile.mkdtemp(prefix=f"{self.digest}-", dir=ROOT_STORE))
            place.unlink(missing_ok=True)  # a link whose target was deleted
            place.symlink_to(elsewhere)
            return own(elsewhere, account), account
        return own(place, account), account


def _owner(folder: Path, account: Account | None) -> Account | None:
    found = folder.stat()
    if account is not None and found.st_uid != 0:
        return Account(found.st_uid, found.st_gid)
    return account


def require_space(folder: Path) -> None:
    """Refuse to start on a file system with less than 500 MB free."""
    free = shutil.disk_usage(folder).free
    if free < NEEDED_BYTES:
        raise OperatorError(
            f"磁盘空间不足：{folder} 所在分区仅剩 {free // 2**20} MB，至少需要 {NEEDED_BYTES // 2**20} MB。"
        )


@contextmanager
def run_folder(state: StateFolder, environment: Mapping[str, str]) -> Iterator[Path]:
    """A short path for this run's sockets (a unix socket's path has 107 bytes at most), gone afterwards."""
    folder = _claim(TEMPORARY / f"hub-{state.digest}") or _claim_private(state, environment)
    if folder is None:
        raise OperatorError(f"运行目录 {TEMPORARY}/hub-{state.digest} 属于其他账户；请删除它后重试。")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _claim_private(state: StateFolder, environment: Mapping[str, str]) -> Path | None:
    home = environment.get("XDG_RUNTIME_DIR", "")
    if os.geteuid() == 0 or not home or not Path(home).is_dir():
        return None
    return _claim(Path(home) / f"hub-{state.digest}")


def _claim(folder: Path) -> Path | None:
    """Make `folder` empty and ours; None when somebody else holds the name. PostgreSQL's account passes through."""
    try:
        folder.mkdir(mode=0o711)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            return None
        shutil.rmtree(folder)
        folder.mkdir(mode=0o711)
    folder.chmod(0o711)
    return folder
