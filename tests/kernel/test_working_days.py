"""Working days: the published holidays of 2025 and 2026, estimates beyond, and what a deployment knows better."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kernel.working_days import Deadline, after_working_days, working_day

DAYS = st.dates(date(1990, 1, 1), date(2060, 12, 31))


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2025, 1, 26), True),  # a Sunday worked for the Spring Festival
        (date(2025, 1, 28), False),  # the eve of the Spring Festival
        (date(2025, 2, 4), False),
        (date(2025, 2, 5), True),
        (date(2025, 4, 4), False),  # Qingming, a Friday
        (date(2025, 10, 8), False),  # the last of eight days
        (date(2025, 10, 9), True),
        (date(2025, 10, 11), True),  # a Saturday worked for the National Day
        (date(2026, 1, 1), False),
        (date(2026, 1, 4), True),  # a Sunday worked for the new year
        (date(2026, 2, 16), False),  # the Spring Festival's eve, a Monday
        (date(2026, 2, 28), True),  # a Saturday worked for it
        (date(2026, 10, 1), False),
        (date(2026, 11, 20), True),
        (date(2026, 11, 21), False),
    ],
)
def test_published_days_are_certain(day: date, works: bool) -> None:
    found = working_day(day)
    assert (found.works, found.estimated) == (works, False)


@pytest.mark.parametrize(
    ("day", "works"),
    [(date(2027, 1, 1), True), (date(2027, 1, 2), False), (date(2027, 1, 3), False), (date(2027, 1, 4), True)],
)
def test_an_unpublished_year_is_estimated_by_weekends(day: date, works: bool) -> None:
    """1 January 2027 is a Friday: nobody has published yet that it is a holiday, and the answer says so."""
    found = working_day(day)
    assert (found.works, found.estimated) == (works, True)


def test_what_a_deployment_knows_goes_first() -> None:
    known = {date(2027, 1, 1): False, date(2026, 11, 20): False}
    assert working_day(date(2027, 1, 1), known) == working_day(date(2026, 1, 1))
    assert not working_day(date(2026, 11, 20), known).works
    assert after_working_days(date(2026, 12, 31), 1, known) == Deadline(date(2027, 1, 4), estimated=True)


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        (date(2025, 9, 28), 5, Deadline(date(2025, 10, 11), estimated=False)),  # across the National Day
        (date(2025, 9, 30), 1, Deadline(date(2025, 10, 9), estimated=False)),
        (date(2026, 11, 20), 1, Deadline(date(2026, 11, 23), estimated=False)),  # a Friday
        (date(2026, 11, 22), 5, Deadline(date(2026, 11, 27), estimated=False)),
        (date(2026, 12, 24), 5, Deadline(date(2026, 12, 31), estimated=False)),
        (date(2026, 12, 25), 5, Deadline(date(2027, 1, 1), estimated=True)),  # crosses the new year
    ],
)
def test_the_day_after_publication_is_the_first(start: date, count: int, end: Deadline) -> None:
    assert after_working_days(start, count) == end


@pytest.mark.parametrize("count", [0, -1])
def test_no_days_are_no_period(count: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        after_working_days(date(2026, 1, 1), count)


def test_the_end_of_the_calendar_is_said() -> None:
    with pytest.raises(ValueError, match="calendar ends"):
        after_working_days(date(9999, 12, 30), 5)


@given(DAYS, st.integers(1, 40))
def test_a_period_holds_just_so_many_working_days(start: date, count: int) -> None:
    end = after_working_days(start, count)
    days = [start + timedelta(days=n) for n in range(1, (end.day - start).days + 1)]
    kinds = [working_day(day) for day in days]
    assert sum(kind.works for kind in kinds) == count
    assert kinds[-1].works
    assert end.estimated == any(kind.estimated for kind in kinds)


@given(DAYS, st.dictionaries(DAYS, st.booleans(), max_size=5))
def test_an_override_is_the_answer(day: date, known: dict[date, bool]) -> None:
    found = working_day(day, known)
    assert found == (working_day(day) if day not in known else type(found)(known[day], estimated=False))
