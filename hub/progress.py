"""Progress at the terminal: one line a step, with how long it took."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

Say = Callable[[str], None]


class Progress:
    """Counts steps: `[3/9] 升级数据库结构 … 完成 0.8 秒`."""

    def __init__(self, total: int, stream: TextIO | None = None) -> None:
        self.total = total
        self._done = 0
        self._stream = stream or sys.stdout

    @contextmanager
    def step(self, label: str) -> Iterator[Say]:
        """Announce a step, run the block, and say how long it took; a failure ends the line and passes on.

        Yields a function that notes, on a line of its own, what a long step is doing.
        """
        self._done += 1
        self._write(f"[{self._done}/{self.total}] {label} … ")
        began = time.monotonic()
        try:
            yield lambda note: self._write(f"\n      {note} … ")
        except BaseException:
            self._write("未完成\n")
            raise
        self._write(f"完成 {time.monotonic() - began:.1f} 秒\n")

    def say(self, text: str) -> None:
        self._write(text + "\n")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
