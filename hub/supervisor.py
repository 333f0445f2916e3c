"""Starts children, waits until each is ready, starts again those that die, and stops them in order.

One thread, no event loop: the kernel ties a child's life to the thread that started it (see `processes.py`).
"""

import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Never
from urllib.parse import urlsplit

from hub.errors import OperatorError
from hub.processes import kill_group, log_tail, spawn

READY_SECONDS = 120.0
STOP_SECONDS = 10.0
POLL_SECONDS = 0.1
PROBE_SECONDS = 5.0
RESTART_DELAYS: Sequence[float] = (0.0, 1.0, 2.0, 5.0, 10.0)
"""Seconds before a child that died is started again, by how often it died lately; one more death ends the hub."""
LATELY_SECONDS = 300.0


class StopRequested(BaseException):
    """Ctrl-C, SIGTERM or SIGHUP; not an Exception, so that nothing on the way takes it for a fault."""


class ChildDied(OperatorError):
    """A child ended although nobody asked it to: while the hub started, or too often afterwards."""


@dataclass(frozen=True)
class Child:
    """A program to keep running. `upstream` (`unix:///…` or `http://host:port`) answers /readyz; None is not asked."""

    name: str
    label: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    upstream: str | None


def restart_delay(deaths: Sequence[float]) -> float | None:
    """Seconds until a child that died at these instants, the last being now, is started again; None to give up."""
    lately = sum(deaths[-1] - at < LATELY_SECONDS for at in deaths)
    return RESTART_DELAYS[lately - 1] if lately <= len(RESTART_DELAYS) else None


@dataclass
class _Running:
    """A child, its present process, when it died (monotonic seconds), and when it is due again if it is down."""

    child: Child
    process: subprocess.Popen[bytes]
    log: Path
    deaths: list[float] = field(default_factory=list)
    due: float | None = None

    def check(self) -> None:
        """Raise ChildDied with the end of its log when it no longer runs."""
        if self.process.poll() is not None:
            tail = log_tail(self.log) or "（没有输出）"
            raise ChildDied(f"{self.child.label}意外停止（{self.ending}），日志 {self.log} 的末尾：\n{tail}")

    @property
    def ending(self) -> str:
        """How the process ended."""
        code = self.process.returncode
        return f"信号 {signal.Signals(-code).name}" if code < 0 else f"退出码 {code}"


@contextmanager
def stop_signals() -> Iterator[Callable[[], None]]:
    """Turn the first Ctrl-C, SIGTERM or SIGHUP into StopRequested; later ones do not disturb the stopping.

    Yields a function to call when stopping begins for another reason, so that a signal does not disturb that either.
    """
    stopping = False

    def request(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001  # the shape of a signal handler
        nonlocal stopping
        if not stopping:
            stopping = True
            raise StopRequested

    def hold() -> None:
        nonlocal stopping
        stopping = True

    former = {number: signal.signal(number, request) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield hold
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


class Supervisor:
    """The children of one hub, in the order they were started."""

    def __init__(self, log_of: Callable[[str], Path], say: Callable[[str], None] = lambda _sentence: None) -> None:
        """`log_of` names the log file of a child by its name; `say` tells the operator of children that died."""
        self._log_of = log_of
        self._say = say
        self._running: list[_Running] = []

    def start(self, child: Child) -> None:
        """Start a child; its death is noticed by `wait_ready` and `watch`."""
        log = self._log_of(child.name)
        self._running.append(_Running(child, _spawned(child, log), log))

    def wait_ready(self, seconds: float = READY_SECONDS) -> None:
        """Wait until every child answers /readyz with 200. Raises ChildDied, or OperatorError after `seconds`."""
        deadline = time.monotonic() + seconds
        waiting = [running for running in self._running if running.child.upstream is not None]
        while waiting:
            self.check()
            waiting = [running for running in waiting if not is_ready(running.child.upstream or "")]
            if waiting and time.monotonic() > deadline:
                names = "、".join(running.child.label for running in waiting)
                raise OperatorError(f"{names}在 {seconds:.0f} 秒内没有就绪；日志见 {waiting[0].log}。")
            time.sleep(POLL_SECONDS if waiting else 0)
        self.check()

    def check(self) -> None:
        """Raise ChildDied when a child no longer runs."""
        for running in self._running:
            running.check()

    def watch(self, also: Callable[[], None] = lambda: None) -> Never:
        """Start again what dies, and check `also`, until a signal asks to stop (StopRequested).

        Raises ChildDied when a child dies too often: whatever kills it will not go away by itself.
        """
        while True:
            for running in self._running:
                self._keep(running)
            also()
            time.sleep(POLL_SECONDS)

    def _keep(self, running: _Running) -> None:
        """Note that a child died, or start it again when that is due."""
        now = time.monotonic()
        if running.due is None and running.process.poll() is not None:
            kill_group(running.process)
            running.deaths.append(now)
            delay = restart_delay(running.deaths)
            if delay is None:
                running.check()
                return
            running.due = now + delay
            self._say(
                f"{running.child.label}意外停止（{running.ending}），{delay:.0f} 秒后重新启动，日志见 {running.log}。"
            )
        if running.due is not None and now >= running.due:
            running.process, running.due = _spawned(running.child, running.log), None

    def stop(self) -> None:
        """Stop the last started, the gateway, first: it takes no request that those behind it cannot answer."""
        processes = [running.process for running in self._running]
        self._running.clear()
        _end(processes[-1:])
        _end(processes[:-1])


def _spawned(child: Child, log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as stream:
        return spawn(child.command, log=stream, environment=child.environment, death_signal=signal.SIGKILL)


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """SIGTERM to all, SIGKILL after a while; whatever they started themselves goes along."""
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for process in processes:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        kill_group(process)


def is_ready(upstream: str) -> bool:
    """Whether `GET /readyz` on a unix socket or port answers 200 now."""
    try:
        with _connect(upstream) as stream:
            stream.sendall(b"GET /readyz HTTP/1.1\r\nHost: hub.internal\r\nConnection: close\r\n\r\n")
            return stream.recv(32).split(b" ")[1:2] == [b"200"]
    except OSError:  # not listening yet, or slow to answer: asked again
        return False


def _connect(upstream: str) -> socket.socket:
    parts = urlsplit(upstream)
    if parts.scheme != "unix":
        return socket.create_connection((parts.hostname, parts.port or 80), PROBE_SECONDS)
    stream = socket.socket(socket.AF_UNIX)
    stream.settimeout(PROBE_SECONDS)
    try:
        stream.connect(parts.path)
    except OSError:
        stream.close()
        raise
    return stream
