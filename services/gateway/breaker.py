"""A breaker for each part: after repeated faults it is not asked for a while, then by one request at a time.

A fault is a connection that fails, a silence that lasts too long, or no whole HTTP answer. An answer is an answer,
whatever its status: a service that says 503 itself is alive and tells more than the gateway could. Each gateway process
judges for itself. Pure: the time is given.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from math import ceil

WINDOW_SECONDS = 10.0
WINDOW_REQUESTS = 20
"""A share of failures says something from so many requests on."""


class State(IntEnum):
    """As `/metrics` shows it."""

    CLOSED = 0
    PROBING = 1
    OPEN = 2


@dataclass(frozen=True)
class BreakerLimits:
    """When it opens (faults in a row, or their share of a window), and for how many seconds."""

    faults: int
    share: float
    seconds: float


class Breaker:
    """Ask `refuses_for` before each request, and say `answered`, `failed` or `gave_up` after it.

    `changed` is told each new state, the first included.
    """

    def __init__(self, limits: BreakerLimits, now: Callable[[], float], changed: Callable[[State], None]) -> None:
        self._limits = limits
        self._now = now
        self._changed = changed
        self.state = State.CLOSED
        self._opened = 0.0
        self._probe_out = False
        self._in_a_row = 0
        self._window = (now(), 0, 0)  # its beginning, requests, faults
        changed(self.state)

    def refuses_for(self) -> int:
        """Zero admits the request; else it must not be made, and the caller may come back after so many seconds."""
        if self.state is State.CLOSED:
            return 0
        left = self._opened + self._limits.seconds - self._now()
        if left > 0:
            return ceil(left)
        if self._probe_out:
            return 1
        self._turn(State.PROBING)
        self._probe_out = True
        return 0

    def answered(self) -> None:
        """The part answered. A late answer to a request made before it opened does not close it."""
        self._in_a_row = 0
        if self.state is State.CLOSED:
            self._count(fault=False)
        elif self.state is State.PROBING:
            self._turn(State.CLOSED)
            self._window = (self._now(), 0, 0)

    def failed(self) -> None:
        """The part did not answer. Late faults of requests made before it opened do not keep it open for longer."""
        if self.state is State.OPEN:
            return
        self._in_a_row += 1
        share = self._count(fault=True)
        if self.state is State.PROBING or self._in_a_row >= self._limits.faults or share >= self._limits.share:
            self._opened = self._now()
            self._turn(State.OPEN)

    def gave_up(self) -> None:
        """The request ended for a reason that says nothing about the part."""
        self._probe_out = False

    def _count(self, *, fault: bool) -> float:
        """Count one request; the share of faults in this window, once that is worth a judgement."""
        begun, requests, faults = self._window
        now = self._now()
        if now - begun > WINDOW_SECONDS:
            begun, requests, faults = now, 0, 0
        self._window = (begun, requests + 1, faults + fault)
        return (faults + fault) / (requests + 1) if requests + 1 >= WINDOW_REQUESTS else 0.0

    def _turn(self, state: State) -> None:
        self.state = state
        self._probe_out = False
        self._changed(state)
