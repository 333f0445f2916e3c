"""Where an agreement stands on a day and when it is warned of: golden cases around each edge, and what always holds."""

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kernel.registry_words import AGREEMENT_PARTS
from services.registry.domain.agreements import (
    WARNING_DAYS,
    Phase,
    day_issues,
    days_left,
    ending_issues,
    last_day_within,
    part_label,
    phase_on,
    warning_level,
)

UNTIL = date(2026, 9, 1)
"""The first day on which it no longer holds: it says 有效期至2026年8月31日."""


@dataclass(frozen=True)
class Days:
    from_date: date
    until_date: date | None = None
    ended_on: date | None = None


LONG = Days(date(2024, 9, 1), UNTIL)
GOLDEN = [
    ("the day before it begins", LONG, date(2024, 8, 31), Phase.UPCOMING, None),
    ("the day it begins", LONG, date(2024, 9, 1), Phase.IN_FORCE, None),
    ("91 days left", LONG, date(2026, 6, 2), Phase.IN_FORCE, None),
    ("90 days left", LONG, date(2026, 6, 3), Phase.EXPIRING, 90),
    ("89 days left", LONG, date(2026, 6, 4), Phase.EXPIRING, 90),
    ("31 days left", LONG, date(2026, 8, 1), Phase.EXPIRING, 90),
    ("30 days left", LONG, date(2026, 8, 2), Phase.EXPIRING, 30),
    ("29 days left", LONG, date(2026, 8, 3), Phase.EXPIRING, 30),
    ("8 days left", LONG, date(2026, 8, 24), Phase.EXPIRING, 30),
    ("7 days left", LONG, date(2026, 8, 25), Phase.EXPIRING, 7),
    ("6 days left", LONG, date(2026, 8, 26), Phase.EXPIRING, 7),
    ("the last day", LONG, date(2026, 8, 31), Phase.EXPIRING, 7),
    ("the day after", LONG, date(2026, 9, 1), Phase.EXPIRED, None),
    ("long after", LONG, date(2030, 1, 1), Phase.EXPIRED, None),
    ("without an end", Days(date(2024, 9, 1)), date(2090, 1, 1), Phase.IN_FORCE, None),
    (
        "the day before it was ended",
        Days(date(2024, 9, 1), UNTIL, date(2025, 3, 1)),
        date(2025, 2, 28),
        Phase.IN_FORCE,
        None,
    ),
    ("the day it was ended", Days(date(2024, 9, 1), UNTIL, date(2025, 3, 1)), date(2025, 3, 1), Phase.ENDED, None),
    ("ended, not expired", Days(date(2024, 9, 1), UNTIL, date(2025, 3, 1)), date(2027, 1, 1), Phase.ENDED, None),
    ("ended before it began", Days(date(2025, 9, 1), None, date(2025, 3, 1)), date(2025, 4, 1), Phase.ENDED, None),
    ("shorter than the first warning", Days(date(2026, 8, 1), UNTIL), date(2026, 8, 1), Phase.EXPIRING, 90),
]


@pytest.mark.parametrize(
    ("agreement", "day", "phase", "level"), [case[1:] for case in GOLDEN], ids=[c[0] for c in GOLDEN]
)
def test_where_it_stands_and_what_is_due(agreement: Days, day: date, phase: Phase, level: int | None) -> None:
    assert phase_on(agreement, day) is phase
    if agreement.until_date is not None and phase is not Phase.ENDED:
        due = warning_level(agreement.until_date, day)
        assert due == level if phase is not Phase.UPCOMING else True


@pytest.mark.parametrize(("day", "left"), [(date(2026, 8, 31), 1), (date(2026, 9, 1), 0), (date(2026, 9, 2), -1)])
def test_the_day_itself_is_among_the_days_left(day: date, left: int) -> None:
    assert days_left(UNTIL, day) == left
    assert days_left(None, day) is None


ANY_DAY = st.dates(date(1990, 1, 1), date(2100, 1, 1))


@st.composite
def agreements(draw: st.DrawFn) -> Days:
    begins = draw(ANY_DAY)
    until = draw(st.none() | st.integers(1, 4000).map(lambda days: begins + timedelta(days=days)))
    ended = draw(st.none() | ANY_DAY)
    return Days(begins, until, ended)


@given(agreements(), ANY_DAY)
def test_phases_follow_one_another_and_never_go_back(agreement: Days, day: date) -> None:
    order = [Phase.UPCOMING, Phase.IN_FORCE, Phase.EXPIRING, Phase.EXPIRED, Phase.ENDED]
    today, tomorrow = phase_on(agreement, day), phase_on(agreement, day + timedelta(days=1))
    assert order.index(tomorrow) >= order.index(today)
    holds = agreement.from_date <= day and (agreement.until_date is None or day < agreement.until_date)
    stopped = agreement.ended_on is not None and agreement.ended_on <= day
    assert (today in (Phase.IN_FORCE, Phase.EXPIRING)) == (holds and not stopped)


@given(ANY_DAY, st.integers(-10, 200))
def test_a_warning_is_due_for_each_level_from_its_day_to_the_end(until: date, before: int) -> None:
    day = until - timedelta(days=before)
    due = warning_level(until, day)
    passed = [days for days in WARNING_DAYS if before <= days]
    assert due == (min(passed) if passed and before > 0 else None)


@pytest.mark.parametrize("day", [date.max, date.max - timedelta(days=3), date(2026, 1, 1)])
def test_the_end_of_the_calendar_is_no_fault(day: date) -> None:
    assert day <= last_day_within(day, 90) <= date.max


def test_parts_have_their_old_names() -> None:
    assert [part_label(part) for part in (1, 2, 3, 10)] == ["甲方", "乙方", "丙方", "癸方"]
    assert len(set(AGREEMENT_PARTS)) == 10


TODAY = date(2026, 5, 1)


@pytest.mark.parametrize(
    ("signed", "begins", "until", "codes"),
    [
        (TODAY, TODAY, None, []),
        (TODAY + timedelta(days=1), TODAY, None, ["day_ahead"]),
        (TODAY, TODAY, TODAY, ["until_before_from"]),
        (TODAY, TODAY, TODAY + timedelta(days=1), []),
        (TODAY, TODAY + timedelta(days=400), None, []),
        (TODAY + timedelta(days=1), TODAY, TODAY - timedelta(days=1), ["day_ahead", "until_before_from"]),
    ],
)
def test_days_that_cannot_be(signed: date, begins: date, until: date | None, codes: list[str]) -> None:
    assert [issue.code for issue in day_issues(signed, begins, until, TODAY)] == codes


@pytest.mark.parametrize(
    ("ended", "codes"),
    [
        (TODAY, []),
        (TODAY + timedelta(days=1), ["day_ahead"]),
        (date(2024, 9, 1), []),
        (date(2024, 8, 31), ["ended_before_signed"]),
    ],
)
def test_ends_that_cannot_be(ended: date, codes: list[str]) -> None:
    found = ending_issues(Days(date(2024, 10, 1), UNTIL), date(2024, 9, 1), ended, TODAY)
    assert [issue.code for issue in found] == codes


def test_what_has_expired_is_not_ended() -> None:
    expired = Days(date(2024, 10, 1), date(2026, 1, 1))
    found = ending_issues(expired, date(2024, 9, 1), date(2026, 1, 1), TODAY)
    assert [issue.code for issue in found] == ["ended_after_expiry"]
    assert ending_issues(expired, date(2024, 9, 1), date(2025, 12, 31), TODAY) == []
