"""Starts children, waits until each is ready, starts again those that die, and stops them in order.

One thread, no event loop: the kernel ties a child's life to the thread that started it (see `processes.py`).
"""

import logging
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Never
from urllib.parse import urlsplit

from hub.errors import OperatorError
from hub.processes import kill_group, log_tail, spawn
from services.kernel.logs import JsonFormatter

READY_SECONDS = 120.0
STOP_SECONDS = 10.0
POLL_SECONDS = 0.1
PROBE_SECONDS = 5.0
RESTART_PAUSES: Sequence[float] = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds before a child is started again, by how often in a row it failed; one failure more ends the hub."""
STEADY_SECONDS = 60.0
"""A child that lived so long has recovered: its earlier failures are forgotten."""


class StopRequested(BaseException):
    """Ctrl-C, SIGTERM or SIGHUP; not an Exception, so that nothing on the way takes it for a fault."""


class ChildDied(OperatorError):
    """A child ended although nobody asked it to: while the hub started, or again and again afterwards."""


@dataclass(frozen=True)
class Child:
    """A program to keep running. `upstream` (`unix:///…` or `http://host:port`) answers /readyz; None is not asked."""

    name: str
    label: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    upstream: str | None


def failures_in_a_row(before: int, lived: float) -> int:
    """How often a child has failed without recovering in between, now that it ended after `lived` seconds."""
    return 1 if lived >= STEADY_SECONDS else before + 1


def restart_pause(failures: int) -> float | None:
    """Seconds until a child that failed so often in a row is started again; None to give it up."""
    return RESTART_PAUSES[failures - 1] if failures <= len(RESTART_PAUSES) else None


@dataclass
class _Running:
    """A child and its present process; instants are monotonic seconds, `due` is when one that is down starts again."""

    child: Child
    log: Path
    process: subprocess.Popen[bytes]
    started: float
    failures: int = 0
    due: float | None = None

    @property
    def ending(self) -> str:
        """How the process ended, as the beginning of a sentence."""
        code = self.process.returncode
        how = f"信号 {signal.Signals(-code).name}" if code < 0 else f"退出码 {code}"
        return f"{self.child.label}意外停止（{how}）"

    @property
    def last_words(self) -> str:
        """The end of its log, as the end of a sentence."""
        return f"日志 {self.log} 的末尾：\n{log_tail(self.log) or '（没有输出）'}"

    def check(self) -> None:
        """Raise ChildDied with the end of its log when it no longer runs."""
        if self.process.poll() is not None:
            raise ChildDied(f"{self.ending}，{self.last_words}")

    def note_death(self, now: float) -> str:
        """Set when it starts again; the sentence that says so. Raises ChildDied when it failed too often in a row."""
        self.failures = failures_in_a_row(self.failures, now - self.started)
        pause = restart_pause(self.failures)
        if pause is None:
            raise ChildDied(f"{self.ending}，已连续 {self.failures} 次，不再重新启动；{self.last_words}")
        self.due = now + pause
        when = f"{pause:.0f} 秒后重新启动" if pause else "立即重新启动"
        times = f"（连续第 {self.failures} 次）" if self.failures > 1 else ""
        return f"{self.ending}，{when}{times}；其他部分照常运行，日志见 {self.log}。"

    def start_again(self, now: float) -> None:
        self.process, self.started, self.due = _spawned(self.child, self.log), now, None


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
        self._running.append(_Running(child, log, _spawned(child, log), time.monotonic()))

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

        Raises ChildDied when a child fails too often in a row: whatever ends it will not go away by itself.
        """
        while True:
            also()  # first: where the database is gone, that is what has to be said
            for running in self._running:
                self._keep(running)
            time.sleep(POLL_SECONDS)

    def _keep(self, running: _Running) -> None:
        """Note that a child died, and start it again when that is due."""
        now = time.monotonic()
        if running.due is None and running.process.poll() is not None:
            kill_group(running.process)  # its own children hold its port, or would go on beside the new ones
            sentence = running.note_death(now)
            _write_down(running, sentence)
            with suppress(OSError):  # nobody reads the terminal any more; the log has it
                self._say(sentence)
        if running.due is not None and now >= running.due:
            running.start_again(now)

    def stop(self) -> None:
        """Stop the last started, the gateway, first: it takes no request that those behind it cannot answer."""
        processes = [running.process for running in self._running if running.due is None]
        self._running.clear()
        _end(processes[-1:])
        _end(processes[:-1])


def _spawned(child: Child, log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as stream:
        return spawn(child.command, log=stream, environment=child.environment, death_signal=signal.SIGKILL)


def _write_down(running: _Running, sentence: str) -> None:
    """Put the sentence into the child's log, in the form of its other lines."""
    facts = {"name": __name__, "levelname": "ERROR", "msg": sentence, "failures": running.failures}
    line = JsonFormatter(running.child.name).format(logging.makeLogRecord(facts))
    with running.log.open("a", encoding="utf-8") as stream:
        stream.write(line + "\n")


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
