"""Which recognitions stand, lapse and are due for review: golden cases, and a naive calendar that counts days."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from services.registry.domain.recognitions import (
    due_years,
    ends_on,
    lapse_day,
    lapses_soon,
    overlaps,
    review_due_on,
    standing_level,
    stands,
    state_of,
)

GOLDEN = yaml.safe_load((Path(__file__).parent / "golden" / "plates.yaml").read_text("utf-8"))
FIRST, DAYS = date(2023, 1, 1), 2 * 366


@dataclass(frozen=True)
class Given:
    """A grant as the rules see it."""

    granted_on: date
    withdrawn_on: date | None = None
    lapses_on: date | None = None
    level: str = "municipal"


def grant(case: dict[str, Any]) -> Given:
    return Given(case["granted"], case.get("withdrawn"), case.get("lapses"))


def cases(name: str) -> Any:
    return pytest.mark.parametrize("case", GOLDEN[name], ids=lambda case: case.get("name", str(case["granted"])))


@cases("lapse_days")
def test_a_plate_lapses_after_full_years(case: dict[str, Any]) -> None:
    assert lapse_day(case["granted"], case["years"]) == case["lapses"]


@cases("states")
def test_what_has_become_of_a_grant(case: dict[str, Any]) -> None:
    assert stands(grant(case), case["day"]) is case["stands"]
    if "state" in case:
        assert state_of(grant(case), case["day"]) == case["state"]


@cases("due")
def test_which_reviews_are_missing(case: dict[str, Any]) -> None:
    assert due_years(grant(case), case["every"], case["reviewed"], case["day"]) == case["years"]


@cases("due_on")
def test_by_when_a_review_has_to_be_there(case: dict[str, Any]) -> None:
    assert review_due_on(grant(case), case["year"]) == case["due_on"]


@cases("soon")
def test_a_plate_is_told_ninety_days_ahead(case: dict[str, Any]) -> None:
    assert lapses_soon(grant(case), case["day"]) is case["soon"]


days = st.integers(0, DAYS).map(lambda step: FIRST + timedelta(step))
grants = st.builds(
    lambda granted, withdrawn, lapses, level: Given(
        granted,
        granted + timedelta(withdrawn) if withdrawn is not None else None,
        granted + timedelta(lapses) if lapses is not None else None,
        level,
    ),
    days,
    st.none() | st.integers(0, 400),
    st.none() | st.integers(1, 500),
    st.sampled_from(["municipal", "provincial", "national"]),
)


def calendar(one: Given, until: date) -> set[date]:
    """The days on which a grant stands, marked one after another as a clerk would on a wall calendar."""
    marked, day = set(), one.granted_on
    while day <= until and day not in (one.withdrawn_on, one.lapses_on):
        marked.add(day)
        day += timedelta(1)
    return marked


@given(grants, days)
def test_a_grant_stands_on_the_days_of_the_calendar(one: Given, day: date) -> None:
    marked = calendar(one, day)
    assert stands(one, day) is (day in marked)
    if day >= one.granted_on:
        assert (state_of(one, day) == "standing") is (day in marked)
        if day not in marked:
            assert state_of(one, day) == ("withdrawn" if ends_on(one) == one.withdrawn_on else "lapsed")


@given(st.lists(grants, max_size=5), days)
def test_the_level_that_stands_is_the_highest_on_the_calendar(several: list[Given], day: date) -> None:
    order = ["municipal", "provincial", "national"]
    standing = [one.level for one in several if day in calendar(one, day)]
    found = standing_level(several, day)
    assert (found.level if found else None) == max(standing, key=order.index, default=None)


@given(grants, st.lists(grants, max_size=3))
def test_grants_overlap_when_the_calendar_has_a_day_of_both(one: Given, others: list[Given]) -> None:
    horizon = FIRST + timedelta(2 * DAYS)
    mine = calendar(Given(one.granted_on, None, one.lapses_on), horizon)
    shared = any(mine & calendar(other, horizon) for other in others)
    assert overlaps(one.granted_on, one.lapses_on, others) is shared


@given(grants, st.integers(1, 3), st.sets(st.integers(2023, 2029)), days)
def test_due_years_are_those_the_calendar_runs_through(one: Given, every: int, reviewed: set[int], day: date) -> None:
    expected = []
    if day in calendar(one, day):
        year = one.granted_on.year
        while year < day.year:
            year += 1
            if (year - one.granted_on.year) % every == 0 and year not in reviewed:
                expected.append(year)
    assert due_years(one, every, reviewed, day) == expected


@given(days, st.integers(1, 5))
def test_full_years_are_full(granted: date, years: int) -> None:
    """From the grant to the last day, every day of the year comes as often as years were granted."""
    lapses = lapse_day(granted, years)
    seen: dict[tuple[int, int], int] = {}
    for step in range((lapses - granted).days):
        day = granted + timedelta(step)
        seen[day.month, day.day] = seen.get((day.month, day.day), 0) + 1
    leap = seen.pop((2, 29), 0)
    assert set(seen.values()) == {years}
    assert len(seen) == 365
    assert leap <= years
