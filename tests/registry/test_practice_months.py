"""Months of practice: the golden cases, and a model that walks day by day."""

from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from services.registry.domain.practice_months import (
    MOST_LOST_IN_A_DAY,
    PracticeRule,
    Span,
    Standing,
    add_months,
    falls_short_on,
    months_between,
    months_in,
    practice_on,
    shown_months,
    window_of,
)

FILE = yaml.safe_load((Path(__file__).parent / "golden" / "practice_months.yaml").read_text(encoding="utf-8"))
CASES: list[dict[str, Any]] = [{**FILE["默认"], **case} for case in FILE["案例"]]
WORDS = {"达标": Standing.MET, "临近": Standing.NEAR, "未达标": Standing.UNMET}


def read(case: dict[str, Any]) -> tuple[list[Span], date, PracticeRule]:
    spans = [Span(one["自"], one["至"]) for one in case["实践"]]
    return spans, case["查看日"], PracticeRule(case["须满"], case["几年内"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["名称"])
def test_the_golden_cases(case: dict[str, Any]) -> None:
    spans, day, rule = read(case)
    found = practice_on(spans, day, rule)
    assert found.months == sum(Fraction(part.strip()) for part in case["月数"].split("+"))
    assert found.standing == WORDS[case["结论"]]
    if "何日起不足" in case:
        assert falls_short_on(spans, day, rule) == case["何日起不足"]


def test_the_golden_cases_have_each_outcome() -> None:
    assert {case["结论"] for case in CASES} == set(WORDS)
    assert len({case["名称"] for case in CASES}) == len(CASES)


def month_of(day: date, first: date) -> Fraction:
    """What one day of a stretch is worth that began on `first`: a part of the month, counted from then, it lies in."""
    number = 0
    while add_months(first, number + 1) <= day:
        number += 1
    return Fraction(1, (add_months(first, number + 1) - add_months(first, number)).days)


def naive_months(spans: list[Span], day: date, rule: PracticeRule) -> Fraction:
    """Walks the days of the window; a stretch begins where a practised day follows one without practice."""
    total, first, today = Fraction(0), None, window_of(day, rule).begins
    while today <= day:
        practised = any(s.begins <= today and (s.ends is None or today < s.ends) for s in spans)
        first = (first or today) if practised else None
        total += month_of(today, first) if first else 0
        today += timedelta(days=1)
    return total


DAY = st.dates(date(2022, 1, 1), date(2025, 12, 31))


@st.composite
def a_span(draw: st.DrawFn) -> Span:
    begins = draw(DAY)
    length = draw(st.one_of(st.none(), st.integers(1, 400)))
    return Span(begins, None if length is None else begins + timedelta(days=length))


@given(spans=st.lists(a_span(), max_size=5), day=DAY, years=st.integers(1, 2))
@example(spans=[Span(date(2024, 1, 31), date(2024, 3, 1))], day=date(2024, 2, 29), years=1)
def test_the_months_are_what_a_walk_through_the_days_gives(spans: list[Span], day: date, years: int) -> None:
    rule = PracticeRule(6, years)
    assert months_in(spans, day, rule) == naive_months(spans, day, rule)


@given(spans=st.lists(a_span(), max_size=4), day=DAY)
def test_the_order_of_the_periods_and_repeating_one_change_nothing(spans: list[Span], day: date) -> None:
    rule = PracticeRule(6, 5)
    assert months_in(spans, day, rule) == months_in([*reversed(spans), *spans], day, rule)


@given(spans=st.lists(a_span(), min_size=1, max_size=3), day=DAY, required=st.integers(1, 4))
def test_the_day_of_falling_short_is_the_first(spans: list[Span], day: date, required: int) -> None:
    rule = PracticeRule(required, 1)
    short = falls_short_on(spans, day, rule)
    if months_in(spans, day, rule) < required:
        assert short is None
    elif short is not None:
        assert short > day
        assert months_in(spans, short, rule) < required
        assert months_in(spans, short - timedelta(days=1), rule) >= required


def test_no_day_takes_more_than_the_search_allows_for() -> None:
    """A stretch that begins a day later: over a leap year, of every length up to four months."""
    for first in range(370):
        begins = date(2023, 12, 25) + timedelta(days=first)
        for length in range(2, 125):
            ends = begins + timedelta(days=length)
            lost = months_between(begins, ends) - months_between(begins + timedelta(days=1), ends)
            assert lost < MOST_LOST_IN_A_DAY, (begins, ends)


@pytest.mark.parametrize(
    ("months", "shown"),
    [(Fraction(6), "6"), (5 + Fraction(30, 31), "5.9"), (Fraction(1, 31), "0"), (Fraction(1, 2), "0.5")],
)
def test_months_are_never_shown_rounded_up(months: Fraction, shown: str) -> None:
    assert shown_months(months) == shown
