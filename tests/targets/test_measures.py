"""Milestones, roll-up and lights: golden cases of 二16 and properties."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.targets.measures.indicator import Indicator, indicator_from
from services.targets.measures.milestones import Milestone
from services.targets.measures.rollup import NOTHING, Observed, Reported, percentage, roll_up, shown
from services.targets.measures.status import Light, assess, pace
from tests.targets.conftest import anqing_parts

ANQING = {part["code"]: indicator_from(part) for part in anqing_parts()[0]["targets"]["indicators"]}
EMPLOYMENT = ANQING["local_employment"]
NEAR = 60


def observed(value: str | None) -> Observed:
    return NOTHING if value is None else Observed(Decimal(value), None, None, 1)


def indicator(**changes: Any) -> Indicator:
    part: dict[str, Any] = {
        "code": "x",
        "name": "兼职教师占比",
        "unit": "%",
        "kind": "ratio",
        "direction": "at_most",
        "accumulation": "year_end_ratio",
        "aspirational": False,
        "numerator": "兼职教师数",
        "denominator": "专兼职教师总数",
        "responsible": [],
        "article": "五",
        "milestones": [{"year": 2025, "value": "30", "article": "五"}],
    }
    return indicator_from({**part, **changes})


@pytest.mark.parametrize(("year", "required"), [(2024, 40), (2025, 42), (2026, 45), (2027, 50)])
def test_each_year_has_its_own_requirement(year: int, required: int) -> None:
    milestone = EMPLOYMENT.milestone_of(year)
    assert isinstance(milestone, Milestone)
    assert (milestone.value, milestone.article) == (Decimal(required), "二16")


@pytest.mark.parametrize(
    ("year", "value", "today", "light"),
    [
        (2025, "42", "2025-12-31", Light.GREEN),  # the bound itself is enough
        (2025, "42", "2026-01-01", Light.GREEN),
        (2025, "41.99", "2025-12-31", Light.YELLOW),  # on the last day the pace is the milestone
        (2025, "41.99", "2026-01-01", Light.RED),  # the day after it is overdue
        (2025, "41.5", "2025-12-01", Light.YELLOW),
        (2025, "41.95", "2025-12-01", Light.BLUE),  # on pace, within sixty days of the end
        (2025, "41", "2025-06-01", Light.GREEN),  # 40 + 2 × 152/365 is less
        (2025, None, "2025-06-01", Light.NONE),
        (2025, None, "2025-11-01", Light.BLUE),
        (2025, None, "2026-01-01", Light.RED),
        (2024, "39.9", "2024-12-31", Light.BLUE),  # no earlier value: no pace is guessed
        (2024, "39.9", "2025-01-01", Light.RED),
        (2028, "10", "2028-06-01", Light.NONE),
    ],
)
def test_lights_of_local_employment(year: int, value: str | None, today: str, light: Light) -> None:
    status = assess(EMPLOYMENT, year, observed(value), date.fromisoformat(today), NEAR)
    assert status.light is light, status.sentence


def test_a_sentence_names_value_requirement_and_gap() -> None:
    status = assess(EMPLOYMENT, 2025, observed("41.5"), date(2026, 3, 1), NEAR)
    assert status.sentence == "现为 41.5%，2025年末要求不低于 42%，期限已过，未达到。"
    assert (status.gap, status.required, status.due_on) == (Decimal("0.5"), Decimal(42), date(2025, 12, 31))


def test_a_year_before_the_only_milestone_is_on_its_way() -> None:
    status = assess(ANQING["higher_vocational_enrolment"], 2025, observed("13500"), date(2025, 12, 1), NEAR)
    assert (status.light, status.required, status.gap) == (Light.NONE, Decimal(14000), Decimal(500))
    assert status.sentence == "现为 13,500人，2027年末要求不低于 14,000人；文件没有给出更早的值，不推算序时进度。"


def test_a_year_without_a_requirement_of_its_own_is_never_overdue() -> None:
    enrolment = ANQING["higher_vocational_enrolment"]
    assert assess(enrolment, 2024, observed(None), date(2026, 11, 1), NEAR).light is Light.NONE
    assert assess(enrolment, 2024, observed("13000"), date(2026, 11, 1), NEAR).light is Light.NONE
    assert assess(enrolment, 2027, observed("13999"), date(2028, 1, 1), NEAR).light is Light.RED


def test_an_aspirational_target_is_never_red() -> None:
    status = assess(ANQING["major_coverage"], 2027, observed("80"), date(2028, 6, 1), NEAR)
    assert status.light is Light.YELLOW
    assert "倡导性" in status.sentence


def test_a_qualitative_target_is_followed_and_not_judged() -> None:
    assert assess(ANQING["county_fusions"], 2027, observed("3"), date(2028, 6, 1), NEAR).light is Light.NONE


def test_a_requirement_without_a_deadline_holds_in_every_year_and_is_never_overdue() -> None:
    posts = ANQING["own_hired_posts"]
    met = assess(posts, 2025, observed("20"), date(2025, 7, 1), NEAR)
    assert (met.light, met.due_on) == (Light.GREEN, None)
    assert assess(posts, 2026, observed("19.99"), date(2027, 6, 1), NEAR).light is Light.YELLOW
    assert assess(posts, 2026, observed(None), date(2027, 6, 1), NEAR).light is Light.NONE


def test_a_ceiling_is_met_from_below() -> None:
    ceiling = indicator()
    assert assess(ceiling, 2025, observed("30"), date(2026, 1, 1), NEAR).light is Light.GREEN
    over = assess(ceiling, 2025, observed("30.01"), date(2026, 1, 1), NEAR)
    assert (over.light, over.gap) == (Light.RED, Decimal("0.01"))


def test_ratios_sum_their_parts_and_percentages_are_never_averaged() -> None:
    reports = [Reported("a", Decimal(90), Decimal(100)), Reported("b", Decimal(10), Decimal(900))]
    rolled = roll_up(EMPLOYMENT, reports)
    assert (rolled.value, rolled.numerator, rolled.denominator) == (Decimal(10), Decimal(100), Decimal(1000))


def test_a_requirement_on_each_member_takes_the_weakest() -> None:
    reports = [Reported("a", Decimal(30), Decimal(100)), Reported("b", Decimal(15), Decimal(100))]
    assert roll_up(ANQING["own_hired_posts"], reports).value == Decimal(15)


def test_counts_are_summed() -> None:
    rolled = roll_up(
        ANQING["vocational_training"], [Reported("a", value=Decimal(12)), Reported("b", value=Decimal(30))]
    )
    assert (rolled.value, rolled.reports) == (Decimal(42), 2)


def test_nothing_reported_is_nothing_and_not_zero() -> None:
    assert roll_up(EMPLOYMENT, []) == NOTHING
    assert NOTHING.value is None


@pytest.mark.parametrize(
    ("value", "text"), [("41.995", "42"), ("41.994", "41.99"), ("0.005", "0.01"), ("14000", "14000")]
)
def test_two_decimals_are_shown_half_up(value: str, text: str) -> None:
    assert str(shown(Decimal(value))) == text


def test_the_exact_value_is_judged_not_the_shown_one() -> None:
    exact = Observed(percentage(Decimal(41995), Decimal(100000)), Decimal(41995), Decimal(100000), 1)
    status = assess(EMPLOYMENT, 2025, exact, date(2026, 1, 1), NEAR)
    assert (str(shown(exact.value)), status.light) == ("42", Light.RED)


PARTS = st.tuples(st.integers(0, 10_000), st.integers(1, 10_000)).map(lambda p: (min(p), max(p)))


@given(st.lists(PARTS, min_size=1, max_size=8), st.randoms())
def test_rolling_up_does_not_depend_on_order_or_grouping(parts: list[tuple[int, int]], random: Any) -> None:
    reports = [Reported(str(i), Decimal(n), Decimal(d)) for i, (n, d) in enumerate(parts)]
    whole = roll_up(EMPLOYMENT, reports)
    shuffled = list(reports)
    random.shuffle(shuffled)
    assert roll_up(EMPLOYMENT, shuffled) == whole
    one = Reported("all", Decimal(sum(n for n, _ in parts)), Decimal(sum(d for _, d in parts)))
    assert roll_up(EMPLOYMENT, [one]).value == whole.value


@given(st.decimals(0, 100, places=2), st.decimals(0, 100, places=2), st.dates(date(2024, 1, 1), date(2028, 12, 31)))
def test_a_better_value_never_gets_a_worse_light(a: Decimal, b: Decimal, today: date) -> None:
    rank = [Light.RED, Light.YELLOW, Light.BLUE, Light.GREEN]
    low, high = sorted((a, b))
    lights = [assess(EMPLOYMENT, 2026, observed(str(v)), today, NEAR).light for v in (low, high)]
    assert rank.index(lights[0]) <= rank.index(lights[1])


@given(st.dates(date(2025, 12, 31), date(2026, 12, 31)))
def test_the_pace_runs_from_one_milestone_to_the_next(today: date) -> None:
    milestone = EMPLOYMENT.milestone_of(2026)
    assert isinstance(milestone, Milestone)
    expected = pace(EMPLOYMENT, milestone, today)
    assert expected is not None
    assert Decimal(42) <= expected <= Decimal(45)
