"""Years for which two places of a document ask for different things: cases of 鄂职发〔2021〕5号, and properties."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.targets.measures.indicator import Indicator, indicator_from
from services.targets.measures.milestones import Choice, Conflict, Milestone
from services.targets.measures.status import Light, Status, assess, pace
from tests.targets.enan import enan_parts, entry
from tests.targets.test_measures import NEAR, observed

BY_TEXT = Choice("三", Decimal(50), None)
BY_TABLE = Choice("表10", Decimal(45), None)
WORDS = "口径冲突：2023年末，表10 要求不低于 45%，三 要求不低于 50%，尚未确定按哪一处考核，暂不评分。"
Choices = Mapping[int | None, Choice]
Part = dict[str, Any]


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> Part:
    """本地生源占比: 35 % in 2021 and 40 % in 2022 (表10), then 45 % (表10) or 50 % (三)."""
    return entry(enan_parts(Path(tmp_path_factory.mktemp("enan")))[0])


def judged(part: Part, choices: Choices, year: int, value: str | None, today: str) -> Status:
    return assess(indicator_from(part, choices), year, observed(value), date.fromisoformat(today), NEAR)


def stating(part: Part, *milestones: Part) -> Part:
    return {**part, "milestones": list(milestones)}


def asking(year: int | None, value: int | None, article: str, **more: Any) -> Part:
    return {"year": year, "value": None if value is None else str(value), "article": article, **more}


# ---- before the decision


@pytest.mark.parametrize("value", [None, "0", "44", "45", "49.99", "50", "100"])
@pytest.mark.parametrize("today", ["2023-01-01", "2023-11-15", "2023-12-31", "2024-01-01", "2030-01-01"])
def test_an_undecided_year_is_never_judged_whatever_was_reported(part: Part, value: str | None, today: str) -> None:
    assert judged(part, {}, 2023, value, today) == Status(Light.NONE, WORDS, None, date(2023, 12, 31), None)


@pytest.mark.parametrize(
    ("year", "value", "today", "light"),
    [
        (2021, "35", "2022-01-01", Light.GREEN),
        (2021, "34.99", "2022-01-01", Light.RED),
        (2022, "40", "2022-12-31", Light.GREEN),
        (2022, "39.99", "2023-01-01", Light.RED),
    ],
)
def test_the_years_before_are_judged_as_ever(part: Part, year: int, value: str, today: str, light: Light) -> None:
    assert judged(part, {}, year, value, today).light is light


# ---- after the decision


@pytest.mark.parametrize(
    ("choice", "value", "today", "light"),
    [
        (BY_TEXT, "50", "2023-12-31", Light.GREEN),  # the bound itself is enough
        (BY_TEXT, "50", "2024-01-01", Light.GREEN),
        (BY_TEXT, "45", "2023-12-31", Light.YELLOW),  # on the last day the pace is the milestone
        (BY_TEXT, "45", "2024-01-01", Light.RED),  # the day after it is overdue
        (BY_TEXT, "49.99", "2024-01-01", Light.RED),
        (BY_TEXT, "44", "2023-07-01", Light.YELLOW),  # 40 + 10 × 182/365 is 44.99
        (BY_TEXT, None, "2023-12-31", Light.BLUE),
        (BY_TEXT, None, "2024-01-01", Light.RED),
        (BY_TABLE, "45", "2023-12-31", Light.GREEN),
        (BY_TABLE, "45", "2024-01-01", Light.GREEN),
        (BY_TABLE, "44.99", "2023-12-31", Light.YELLOW),
        (BY_TABLE, "44.99", "2024-01-01", Light.RED),
        (BY_TABLE, "44", "2023-07-01", Light.GREEN),  # 40 + 5 × 182/365 is 42.49
        (BY_TABLE, None, "2024-01-01", Light.RED),
    ],
)
def test_a_decided_year_is_judged_by_the_place_that_was_chosen(
    part: Part, choice: Choice, value: str | None, today: str, light: Light
) -> None:
    status = judged(part, {2023: choice}, 2023, value, today)
    assert (status.light, status.required) == (light, choice.value), status.sentence


def test_the_sentence_after_the_decision_is_an_ordinary_one(part: Part) -> None:
    status = judged(part, {2023: BY_TEXT}, 2023, "46", "2024-01-01")
    assert status.sentence == "现为 46%，2023年末要求不低于 50%，期限已过，未达到。"
    assert (status.gap, status.due_on) == (Decimal(4), date(2023, 12, 31))


# ---- after the pack changed


@pytest.mark.parametrize(
    ("changed", "holds"),
    [
        ([asking(2023, 45, "表10"), asking(2023, 50, "三")], True),
        ([asking(2023, 46, "表10"), asking(2023, 50, "三")], True),  # the other place changed
        ([asking(2023, 45, "表10"), asking(2023, 55, "三")], False),  # the chosen place asks for something else
        ([asking(2023, 45, "表10"), asking(2023, 50, "四")], False),  # the value stands elsewhere now
        ([asking(2023, 45, "表10"), asking(2023, None, "三", text="稳步上升")], False),
        ([asking(2023, 45, "表10"), asking(2023, 50, "三", assessed=False), asking(2023, 40, "五")], False),
        ([asking(2022, 45, "表10"), asking(2022, 50, "三")], False),  # the conflict is in another year
    ],
)
def test_a_choice_holds_while_the_pack_has_that_value_at_that_article(
    part: Part, changed: list[Part], holds: bool
) -> None:
    indicator = indicator_from(stating(part, *changed), {2023: BY_TEXT})
    [conflict] = indicator.conflicts
    assert conflict.decided is holds
    assert bool(indicator.undecided) is not holds


def test_words_that_were_chosen_must_still_be_the_same(part: Part) -> None:
    rising = Choice("表10", None, "稳步上升")
    for words, holds in (("稳步上升", True), ("明显上升", False)):
        changed = stating(part, asking(2023, None, "表10", text=words), asking(2023, 50, "三"))
        assert indicator_from(changed, {2023: rising}).conflicts[0].decided is holds


# ---- what is a conflict


def test_a_number_against_words_is_a_conflict_and_words_may_be_chosen(part: Part) -> None:
    mixed = stating(part, asking(2023, 50, "三"), asking(2023, None, "表10", text="稳步上升"))
    told = judged(mixed, {}, 2023, "60", "2024-01-01")
    words = "口径冲突：2023年末，三 要求不低于 50%，表10 要求“稳步上升”，尚未确定按哪一处考核，暂不评分。"
    assert (told.light, told.sentence) == (Light.NONE, words)
    chosen = judged(mixed, {2023: Choice("表10", None, "稳步上升")}, 2023, "60", "2024-01-01")
    assert chosen.sentence == "定性要求：稳步上升，跟踪不评分。"


def test_two_places_that_ask_for_the_same_are_no_conflict(part: Part) -> None:
    agreed = stating(part, asking(2023, 50, "表10"), asking(2023, 50, "三", text="50%以上"))
    assert indicator_from(agreed).conflicts == ()
    assert judged(agreed, {}, 2023, "50", "2024-01-01").light is Light.GREEN


def test_what_the_pack_set_aside_is_shown_and_is_no_conflict(part: Part) -> None:
    settled = stating(part, asking(2023, 45, "表10", assessed=False), asking(2023, 50, "三"))
    indicator = indicator_from(settled)
    assert (indicator.conflicts, [(s.article, s.counts) for s in indicator.sources]) == (
        (),
        [("表10", False), ("三", True)],
    )
    assert judged(settled, {}, 2023, "46", "2024-01-01").light is Light.RED


def test_two_requirements_without_a_year_are_a_conflict_in_every_year(part: Part) -> None:
    standing = stating(part, asking(None, 45, "表10"), asking(None, 50, "三"))
    told = judged(standing, {}, 2025, "48", "2026-01-01")
    assert told.sentence.startswith("口径冲突：未规定时限，表10 要求不低于 45%，三 要求不低于 50%，")
    assert (told.light, told.due_on) == (Light.NONE, None)
    assert judged(standing, {None: BY_TABLE}, 2025, "48", "2026-01-01").light is Light.GREEN


def test_an_undecided_year_does_not_fall_back_on_what_holds_in_every_year(part: Part) -> None:
    both = stating(part, asking(None, 30, "四"), asking(2023, 45, "表10"), asking(2023, 50, "三"))
    assert judged(both, {}, 2023, "60", "2024-01-01").sentence == WORDS
    assert judged(both, {}, 2024, "60", "2024-06-01").light is Light.GREEN


# ---- years on the way, and the pace


def test_a_year_on_the_way_to_an_undecided_one_says_the_same(part: Part) -> None:
    only = stating(part, asking(2023, 45, "表10"), asking(2023, 50, "三"))
    assert judged(only, {}, 2021, "60", "2021-06-01").sentence == WORDS
    assert judged(only, {2023: BY_TEXT}, 2021, "50", "2021-06-01").light is Light.GREEN


def test_no_pace_starts_from_an_undecided_year(part: Part) -> None:
    middle = stating(
        part, asking(2021, 35, "表10"), asking(2022, 40, "表10"), asking(2022, 42, "三"), asking(2023, 50, "三")
    )
    status = judged(middle, {}, 2023, "41", "2023-06-01")
    assert status.sentence == "现为 41%，2023年末要求不低于 50%；2022年末的口径尚未确定，不推算序时进度。"
    assert status.light is Light.NONE
    decided = judged(middle, {2022: Choice("表10", Decimal(40), None)}, 2023, "41", "2023-06-01")
    assert decided.light is Light.YELLOW


# ---- properties

YEARS = (None, 2021, 2022, 2023, 2024)
ASKED = st.one_of(st.integers(0, 60).map(str), st.sampled_from(["稳步上升", "全覆盖"]))
PLACES = st.lists(st.tuples(ASKED, st.booleans()), max_size=3)
REPORTED = st.one_of(st.none(), st.decimals(0, 100, places=2).map(str))
DAYS = st.dates(date(2020, 1, 1), date(2026, 12, 31))


def stated(year: int | None, place: int, asked: str, assessed: bool) -> Part:
    value, words = (int(asked), None) if asked.isdigit() else (None, asked)
    return asking(year, value, f"表{place}", text=words, assessed=assessed)


MILESTONES = st.fixed_dictionaries(dict.fromkeys(YEARS, PLACES)).map(
    lambda years: [
        stated(year, place, *asked) for year, places in years.items() for place, asked in enumerate(places, start=1)
    ]
)


def assessed_in(milestones: list[Part], year: int | None) -> list[Part]:
    return [m for m in milestones if m["year"] == year and m["assessed"]]


def conflicting(milestones: list[Part], year: int | None) -> bool:
    return len({(m["value"], None if m["value"] else m["text"]) for m in assessed_in(milestones, year)}) > 1


def choosing(chosen: Part) -> Choice:
    return Choice(chosen["article"], None if chosen["value"] is None else Decimal(chosen["value"]), chosen["text"])


def leading_to(milestones: list[Part], year: int) -> int | None:
    """The year whose requirement counts for `year`: its own, the standing one (None), or the next."""
    later = [m["year"] for m in milestones if m["assessed"] and m["year"] and m["year"] > year]
    if assessed_in(milestones, year):
        return year
    return None if assessed_in(milestones, None) or not later else min(later)


INDICATOR: Part = {
    "code": "x",
    "name": "本地生源占比",
    "unit": "%",
    "kind": "ratio",
    "accumulation": "year_end_ratio",
    "aspirational": False,
    "responsible": [],
    "article": "三",
}


def built(milestones: list[Part], direction: str, choices: Choices) -> Indicator:
    return indicator_from({**INDICATOR, "direction": direction, "milestones": milestones}, choices)


DIRECTIONS = st.sampled_from(["at_least", "at_most"])


@given(MILESTONES, DIRECTIONS, st.integers(2020, 2025), REPORTED, DAYS)
def test_an_undecided_conflict_gives_no_light_to_its_year_nor_to_those_before(
    milestones: list[Part], direction: str, year: int, value: str | None, today: date
) -> None:
    status = assess(built(milestones, direction, {}), year, observed(value), today, NEAR)
    target = leading_to(milestones, year)
    if conflicting(milestones, target):
        assert (status.light, status.required, status.gap) == (Light.NONE, None, None)
        assert status.sentence.startswith("口径冲突：")
    else:
        assert not status.sentence.startswith("口径冲突：")


@given(MILESTONES, DIRECTIONS, st.data(), st.integers(2020, 2025), REPORTED, DAYS)
def test_a_decided_conflict_is_judged_exactly_like_a_pack_with_only_that_milestone(
    milestones: list[Part], direction: str, data: st.DataObject, year: int, value: str | None, today: date
) -> None:
    kept = [
        data.draw(st.sampled_from(assessed_in(milestones, each)))
        if conflicting(milestones, each)
        else assessed_in(milestones, each)[0]
        for each in YEARS
        if assessed_in(milestones, each)
    ]
    choices = {m["year"]: choosing(m) for m in kept}
    decided, plain = built(milestones, direction, choices), built(kept, direction, {})
    assert assess(decided, year, observed(value), today, NEAR) == assess(plain, year, observed(value), today, NEAR)
    assert (decided.undecided, plain.conflicts) == ((), ())


@given(MILESTONES, DIRECTIONS, DAYS)
def test_the_pace_never_touches_an_undecided_year(milestones: list[Part], direction: str, today: date) -> None:
    indicator = built(milestones, direction, {})
    for year in (2021, 2022, 2023, 2024):
        end = indicator.milestone_of(year)
        if conflicting(milestones, year):
            assert isinstance(end, Conflict)
        elif isinstance(end, Milestone) and end.year == year and end.value is not None:
            told = [
                y
                for y in (2021, 2022, 2023)
                if y < year and any(m["value"] or conflicting(milestones, y) for m in assessed_in(milestones, y))
            ]
            if not told or conflicting(milestones, told[-1]):
                assert pace(indicator, end, today) is None
            else:
                assert pace(indicator, end, today) is not None
