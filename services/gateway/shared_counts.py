"""Counts of requests that the gateway processes of one host share: a `limits` storage in a mapped file.

The file is a table of fixed slots, 40 bytes each, found by a keyed hash (BLAKE2b; the key is made with the file, so
that nobody can aim at a slot). A slot holds the counts of the running window and of the one before, which is all that
the sliding window counter needs. Every change is made under `flock`, which the kernel releases when a process dies, so
the sum is exact. A table that is full forgets the key whose windows end first.
"""

import fcntl
import mmap
import os
import struct
import tempfile
import time
from hashlib import blake2b
from pathlib import Path

from limits.storage import SlidingWindowCounterSupport, Storage

from services.kernel.clock import Clock

MAGIC = b"hub-counts-1\0\0\0\0"
HEADER = struct.Struct("<16s32s")  # magic, key of the hash
SLOT = struct.Struct("<16sdQII")  # digest, when it may be reused, number of the window, its count, the count before
SLOTS = 65_536
PROBES = 16
FIRST = mmap.PAGESIZE
HIGHEST = 2**32 - 1
CLOCK_MAY_LAG = 15
"""Windows: a count from further ahead was made while the clock stood wrong, and would else refuse until then."""
LOCK_SECONDS = 0.02
LOCK_STEP = 0.0001


class CountsBusy(Exception):
    """Another process has kept the lock for too long: it was stopped in the middle."""


class SharedCounts(Storage, SlidingWindowCounterSupport):
    """Counters by key and window. Without a `path` they are this process's own."""

    STORAGE_SCHEME = ["hub-counts"]  # noqa: RUF012  # as the library declares it

    def __init__(self, path: Path | None, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._handle = _opened(path)
        self._lock = FileLock(self._handle)
        with self._lock:
            self._key = _prepared(self._handle)
        self._map = mmap.mmap(self._handle, FIRST + SLOTS * SLOT.size)

    @property
    def base_exceptions(self) -> type[Exception]:
        return OSError

    def close(self) -> None:
        """Give the file back; the counts stay in it."""
        self._map.close()
        os.close(self._handle)

    # --- the sliding window counter (`limits.strategies.SlidingWindowCounterRateLimiter`) ---

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count `amount` if the weighted count stays within `limit`. Raises CountsBusy."""
        now, digest = self._now(), self._digest(key)
        with self._lock:
            at, window, count, before = self._read(digest, expiry, now)
            if int(_weighted(count, before, expiry, now, window)) + amount > limit:
                return False
            self._write(at, digest, expiry, window, count + amount, before)
        return True

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """The count before and its remaining seconds, the running count and its remaining seconds."""
        now, digest = self._now(), self._digest(key)
        with self._lock:
            _, window, count, before = self._read(digest, expiry, now)
        left = max(0.0, (window + 1) * expiry - now)
        return before, left, count, left + expiry

    def clear_sliding_window(self, key: str, expiry: int) -> None:  # noqa: ARG002  # a key has one slot here
        """Forget a key."""
        self.clear(key)

    # --- plain windows (`limits.storage.Storage`) ---

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count `amount` without a limit; the running window's count. Raises CountsBusy."""
        now, digest = self._now(), self._digest(key)
        with self._lock:
            at, window, count, before = self._read(digest, expiry, now)
            self._write(at, digest, expiry, window, count + amount, before)
        return count + amount

    def get(self, key: str) -> int:
        """The count that was last written, if its windows have not ended."""
        slot = self._find(self._digest(key))
        _, ends, _, count, _ = SLOT.unpack_from(self._map, slot) if slot is not None else (b"", 0.0, 0, 0, 0)
        return int(count) if ends > self._now() else 0

    def get_expiry(self, key: str) -> float:
        """When a key is forgotten, in seconds since 1970; now for an unknown key."""
        slot = self._find(self._digest(key))
        return float(SLOT.unpack_from(self._map, slot)[1]) if slot is not None else self._now()

    def check(self) -> bool:
        return not self._map.closed

    def reset(self) -> int | None:
        """Forget everything."""
        with self._lock:
            self._map[FIRST:] = bytes(SLOTS * SLOT.size)
        return None

    def clear(self, key: str) -> None:
        """Forget a key."""
        with self._lock:
            slot = self._find(self._digest(key))
            if slot is not None:
                self._map[slot : slot + SLOT.size] = bytes(SLOT.size)

    # --- slots ---

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _digest(self, key: str) -> bytes:
        return blake2b(key.encode(), digest_size=16, key=self._key).digest()

    def _read(self, digest: bytes, expiry: int, now: float) -> tuple[int, int, int, int]:
        """The slot of a key, the number of the running window, its count, and the count of the window before."""
        window = int(now // expiry)
        slot = self._find(digest)
        if slot is None:
            return self._free(digest, now), window, 0, 0
        _, _, then, count, before = SLOT.unpack_from(self._map, slot)
        if window <= then <= window + CLOCK_MAY_LAG:  # set back: what was counted still counts
            return slot, then, count, before
        return slot, window, 0, count if then == window - 1 else 0

    def _write(self, slot: int, digest: bytes, expiry: int, window: int, count: int, before: int) -> None:
        ends = float((window + 2) * expiry)
        SLOT.pack_into(self._map, slot, digest, ends, window, min(count, HIGHEST), before)

    def _range(self, digest: bytes) -> tuple[int, int]:
        first = int.from_bytes(digest[:4], "little") % (SLOTS - PROBES)
        start = FIRST + first * SLOT.size
        return start, start + PROBES * SLOT.size

    def _find(self, digest: bytes) -> int | None:
        start, end = self._range(digest)
        found = self._map.find(digest, start, end)
        return found if found >= 0 and (found - FIRST) % SLOT.size == 0 else None

    def _free(self, digest: bytes, now: float) -> int:
        """A slot whose windows have ended, else the one whose windows end first."""
        start, end = self._range(digest)
        soonest, at = float("inf"), start
        for slot in range(start, end, SLOT.size):
            ends = SLOT.unpack_from(self._map, slot)[1]
            if ends <= now:
                return slot
            if ends < soonest:
                soonest, at = ends, slot
        return at


def _weighted(count: int, before: int, expiry: int, now: float, window: int) -> float:
    """The running count and what of the window before still lies within `expiry` seconds, evenly spread."""
    gone = min(1.0, max(0.0, now / expiry - window))
    return count + before * (1 - gone)


def _opened(path: Path | None) -> int:
    if path is None:
        with tempfile.TemporaryFile(prefix="hub-counts-") as file:
            return os.dup(file.fileno())
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _prepared(handle: int) -> bytes:
    """Lay the table out if the file is new; the key of its hash. Raises ValueError for a file of another kind."""
    if os.fstat(handle).st_size == 0:
        os.pwrite(handle, HEADER.pack(MAGIC, os.urandom(32)), 0)
        os.ftruncate(handle, FIRST + SLOTS * SLOT.size)
    magic, key = HEADER.unpack(os.pread(handle, HEADER.size, 0))
    if magic != MAGIC or os.fstat(handle).st_size != FIRST + SLOTS * SLOT.size:
        raise ValueError("HUB_GATEWAY_COUNTS_FILE is not a file of counts")
    return bytes(key)


class FileLock:
    """The file's lock, which others hold for microseconds; `with` raises CountsBusy when it does not come free."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def __enter__(self) -> None:
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._wait()

    def __exit__(self, *raised: object) -> None:
        fcntl.flock(self._handle, fcntl.LOCK_UN)

    def _wait(self) -> None:
        deadline = time.monotonic() + LOCK_SECONDS
        while time.monotonic() < deadline:
            time.sleep(LOCK_STEP)
            try:
                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            return
        raise CountsBusy
