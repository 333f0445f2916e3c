"""Child processes that never outlive the hub.

Linux only: `prctl(PR_SET_PDEATHSIG)` asks the kernel to signal a child when the thread that started it ends, so even a
`kill -9` of the hub leaves nothing behind. Start children from the main thread only.
"""

import ctypes
import os
import pwd
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from hub.errors import OperatorError

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Account:
    """A system account that a child runs as."""

    uid: int
    gid: int

    @classmethod
    def named(cls, name: str) -> "Account":
        """The account called `name`; raises OperatorError when the machine has none."""
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            raise OperatorError(f"系统中没有账户 {name}；请建立该账户，或改用普通用户运行。") from None
        return cls(entry.pw_uid, entry.pw_gid)


def die_with_parent(signum: signal.Signals, parent: int) -> None:
    """Have the kernel send `signum` to this process when `parent` (a process id) ends; called in the child.

    The parent may already have died before the request was made, so that is checked last.
    """
    if _LIBC.prctl(PR_SET_PDEATHSIG, int(signum), 0, 0, 0) != 0:
        os._exit(126)
    if os.getppid() != parent:
        os._exit(127)


def bind_to_own_parent(signum: signal.Signals) -> None:
    """Have this very process signalled when whoever started it ends (`make run` uses it on `hub up`)."""
    if _LIBC.prctl(PR_SET_PDEATHSIG, int(signum), 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _in_child(signum: signal.Signals, parent: int) -> Callable[[], None]:
    def prepare() -> None:
        die_with_parent(signum, parent)

    return prepare


def spawn(
    command: Sequence[str | Path],
    *,
    log: IO[bytes],
    environment: Mapping[str, str],
    death_signal: signal.Signals,
    account: Account | None = None,
    folder: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` in its own session, writing to `log`, signalled by `death_signal` when this process ends.

    Its own session keeps the terminal's Ctrl-C away: the hub stops its children itself, in order. The signal is set
    after the change of account, which would clear it.
    """
    return subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=dict(environment),
        cwd=folder,
        start_new_session=True,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        preexec_fn=_in_child(death_signal, os.getpid()),  # noqa: PLW1509  # the hub has one thread, and prctl is safe
    )


def run_as(
    command: Sequence[str | Path], account: Account | None, *, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run a short command to its end as `account`, in `/`, and return what it wrote; does not raise on failure."""
    return subprocess.run(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=dict(environment) if environment is not None else None,
        cwd="/",
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        check=False,
    )


def may_enter(folder: Path, account: Account | None) -> bool:
    """Whether `account` can make `folder` its working directory (every parent has to let it through)."""
    return run_as(["/bin/sh", "-c", 'cd "$1"', "sh", folder], account).returncode == 0


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of a child's session; the group may well be gone already."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def log_tail(path: Path, lines: int = 20) -> str:
    """The last lines of a log, for the report of a child that died; empty when there is no log."""
    if not path.exists():
        return ""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - 64 * 1024))
        return "\n".join(stream.read().decode("utf-8", "replace").splitlines()[-lines:])
