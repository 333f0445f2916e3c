"""Counts that several processes share: exact, bounded, and never in the way."""

import fcntl
import logging
import multiprocessing
import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from limits import RateLimitItemPerMinute
from limits.strategies import FixedWindowRateLimiter, SlidingWindowCounterRateLimiter

from services.gateway import shared_counts
from services.gateway.rates import Rate
from services.gateway.shared_counts import CountsBusy, SharedCounts
from services.kernel.clock import FixedClock

START = datetime(2026, 11, 22, 8, 0, 0, tzinfo=UTC)
MINUTE = 60


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(START)


def take(path: Path, limit: int, tries: int, key: str = "k") -> int:
    """How many of `tries` are admitted, in whichever process this runs; time stands still."""
    counts = SharedCounts(path, FixedClock(START))
    return sum(counts.acquire_sliding_window_entry(key, limit, MINUTE) for _ in range(tries))


def in_process(path: Path, limit: int, tries: int, found: "multiprocessing.Queue[int]") -> None:
    found.put(take(path, limit, tries))


def test_two_processes_admit_exactly_the_limit_between_them(tmp_path: Path) -> None:
    path, limit, tries = tmp_path / "counts", 5_000, 4_000
    context = multiprocessing.get_context("spawn")
    found: multiprocessing.Queue[int] = context.Queue()
    workers = [context.Process(target=in_process, args=(path, limit, tries, found)) for _ in range(2)]
    for worker in workers:
        worker.start()
    admitted = [found.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join(30)
    assert sum(admitted) == limit
    assert take(path, limit, 1) == 0
    assert take(path, limit, 1, key="other") == 1


def test_the_counts_outlive_a_process_that_is_killed_with_the_lock(tmp_path: Path, clock: FixedClock) -> None:
    path = tmp_path / "counts"
    assert take(path, 10, 4) == 4
    ready, tell = os.pipe()
    child = os.fork()
    if child == 0:
        handle = os.open(path, os.O_RDWR)
        fcntl.flock(handle, fcntl.LOCK_EX)
        os.write(tell, b"x")
        signal.pause()
    os.read(ready, 1)
    counts = SharedCounts.__new__(SharedCounts)
    with pytest.raises(CountsBusy):
        counts.__init__(path, clock)  # type: ignore[misc]
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert take(path, 10, 10) == 6
    os.close(ready)
    os.close(tell)


def test_a_process_that_stands_still_with_the_lock_does_not_stop_the_others(
    tmp_path: Path, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)  # an application that an earlier test made may have set another
    path = tmp_path / "counts"
    counts = SharedCounts(path, clock)
    rate = Rate("address", 1, "{amount} {seconds}", counts)
    holder = os.open(path, os.O_RDWR)
    fcntl.flock(holder, fcntl.LOCK_EX)
    rate.count("a")
    rate.count("a")
    assert "not counted" in caplog.text
    os.close(holder)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 50)), max_size=60))
def test_it_counts_as_the_librarys_own_storage_would(steps: list[tuple[str, int]]) -> None:
    """Against a plain model: the weighted count of this window and the one before, floored as in `limits`."""
    clock = FixedClock(START)
    limiter = SlidingWindowCounterRateLimiter(SharedCounts(None, clock))
    item = RateLimitItemPerMinute(5)
    taken: dict[tuple[str, int], int] = {}
    for key, seconds in steps:
        clock.advance(timedelta(seconds=seconds))
        now = clock.now().timestamp()
        window, gone = int(now // MINUTE), now % MINUTE / MINUTE
        weighted = taken.get((key, window), 0) + taken.get((key, window - 1), 0) * (1 - gone)
        expected = int(weighted) + 1 <= 5
        assert limiter.test(item, key) == expected
        assert limiter.hit(item, key) == expected
        taken[key, window] = taken.get((key, window), 0) + expected


def test_a_clock_that_is_set_back_forgets_nothing(clock: FixedClock) -> None:
    counts = SharedCounts(None, clock)
    assert [counts.acquire_sliding_window_entry("k", 2, MINUTE) for _ in range(2)] == [True, True]
    clock.advance(timedelta(minutes=-10))
    assert not counts.acquire_sliding_window_entry("k", 2, MINUTE)


def test_a_clock_that_once_was_far_ahead_refuses_nobody_for_long(clock: FixedClock) -> None:
    counts = SharedCounts(None, clock)
    clock.advance(timedelta(days=400))
    assert [counts.acquire_sliding_window_entry("k", 2, MINUTE) for _ in range(3)] == [True, True, False]
    clock.advance(timedelta(days=-400))
    assert counts.acquire_sliding_window_entry("k", 2, MINUTE)


def test_a_full_table_forgets_the_oldest_and_keeps_counting(monkeypatch: pytest.MonkeyPatch, clock: FixedClock) -> None:
    monkeypatch.setattr(shared_counts, "SLOTS", 64)
    counts = SharedCounts(None, clock)
    assert not [n for n in range(1000) if not counts.acquire_sliding_window_entry(f"k{n}", 1, MINUTE)]
    assert not counts.acquire_sliding_window_entry("k999", 1, MINUTE), "the newest is still known"
    clock.advance(timedelta(minutes=3))
    assert counts.acquire_sliding_window_entry("k999", 1, MINUTE)


def test_the_plain_windows_of_the_library_work_as_well(clock: FixedClock) -> None:
    counts = SharedCounts(None, clock)
    limiter = FixedWindowRateLimiter(counts)
    item = RateLimitItemPerMinute(2)
    assert [limiter.hit(item, "k") for _ in range(3)] == [True, True, False]
    assert (counts.get(item.key_for("k")), counts.check()) == (3, True)
    assert counts.get_expiry(item.key_for("k")) == START.timestamp() + 2 * MINUTE
    limiter.clear(item, "k")
    assert (counts.get(item.key_for("k")), limiter.hit(item, "k")) == (0, True)
    counts.reset()
    assert counts.get(item.key_for("k")) == 0
    counts.close()


def test_another_file_is_not_taken_for_counts(tmp_path: Path, clock: FixedClock) -> None:
    (tmp_path / "notes").write_text("not counts " * 10)
    with pytest.raises(ValueError, match="HUB_GATEWAY_COUNTS_FILE"):
        SharedCounts(tmp_path / "notes", clock)


def test_the_file_is_private_and_holds_no_address(tmp_path: Path, clock: FixedClock) -> None:
    counts = SharedCounts(tmp_path / "counts", clock)
    counts.acquire_sliding_window_entry("LIMITS/address/203.0.113.9", 5, MINUTE)
    assert (tmp_path / "counts").stat().st_mode & 0o777 == 0o600
    assert b"203.0.113.9" not in (tmp_path / "counts").read_bytes()
