"""Rules of members without a database: statuses, renames, states one after another, names after mergers, pairs."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kernel import registry_words as words
from services.kernel.errors import InvalidInput
from services.kernel.history import State
from services.kernel.name_lists import former_name, split_former_names, split_names
from services.registry.domain.duplicates import Pair, page_of
from services.registry.domain.members import MemberStatus, belongs_on, names_after_rename
from services.registry.domain.states import steps
from services.registry.domain.successions import MOST_NAMES, aliases_after_merger, known_as, names_of
from services.registry.schemas.members import MemberUpdate, MemberWrite
from services.registry.workbook import MEMBERS

DAY = date(2025, 6, 30)


@dataclass
class Unit:
    """A member, as far as names go."""

    name: str
    aliases: list[str] = field(default_factory=list)
    former_names: list[dict[str, Any]] = field(default_factory=list)
    uscc: str | None = None
    school_code: str | None = None
    id: UUID = field(default_factory=uuid4)


def record(status: str, joined: date | None = None, left: date | None = None) -> MemberUpdate:
    return MemberUpdate.model_construct(
        status=MemberStatus(status), joined_on=joined, left_on=left, category="enterprise"
    )


BELONGING: list[tuple[MemberUpdate, bool]] = [
    (record("active"), True),
    (record("rectifying"), True),
    (record("suspended"), True),
    (record("exited", left=DAY - timedelta(days=1)), False),
    (record("active", joined=DAY), True),
    (record("active", joined=DAY + timedelta(days=1)), False),
    (record("active", left=DAY + timedelta(days=1)), True),
    (record("active", left=DAY), False),
]


@pytest.mark.parametrize(("unit", "belongs"), BELONGING)
def test_who_belongs_on_a_day(unit: MemberUpdate, belongs: bool) -> None:
    assert belongs_on(unit, DAY) is belongs


def test_statuses_that_belong_are_the_labelled_ones_but_the_last() -> None:
    assert {*words.MEMBER_STATUSES} - {"exited"} == words.BELONGS
    assert words.BELONGS - {"suspended"} == words.TAKES_PART
    assert {*words.MEMBER_CATEGORIES} > words.SCHOOLS


def test_a_rename_keeps_the_old_name_until_its_day() -> None:
    assert names_after_rename([], "甲", "甲", DAY) == []
    once = names_after_rename([], "甲", "乙", DAY)
    assert once == [{"name": "甲", "until": "2025-06-30"}]
    twice = names_after_rename(once, "乙", "丙", DAY)
    assert [former["name"] for former in twice] == ["甲", "乙"]
    back = names_after_rename(twice, "丙", "甲", DAY)
    assert [former["name"] for former in back] == ["乙", "丙"]
    told = names_after_rename([{"name": "甲", "until": None}], "甲", "乙", DAY)
    assert told == [{"name": "甲", "until": None}]


NAME = st.sampled_from("甲乙丙丁")


@given(st.lists(NAME, min_size=1, max_size=12))
def test_after_any_renames_every_earlier_name_is_kept_once_and_the_present_one_is_not(names: list[str]) -> None:
    former: list[dict[str, Any]] = []
    for old, new in pairwise(names):
        former = names_after_rename(former, old, new, DAY)
    kept = [one["name"] for one in former]
    assert sorted(kept) == sorted({*names} - {names[-1]})


def state(first: int, last: int | None, **data: Any) -> State:
    return State(DAY + timedelta(days=first), None if last is None else DAY + timedelta(days=last), data)


def test_states_that_differ_in_nothing_shown_are_one_and_gaps_stay() -> None:
    found = steps([state(0, 2, a=1, b=1), state(2, 4, a=1, b=2), state(4, 5, a=2, b=2), state(7, None, a=2)], ["a"])
    assert [((step.valid_from - DAY).days, step.changed) for step in found] == [
        (0, {"a": (None, 1)}),
        (4, {"a": (1, 2)}),
        (7, {}),
    ]
    assert [step.valid_until for step in found] == [DAY + timedelta(days=4), DAY + timedelta(days=5), None]
    assert steps([], ["a"]) == []


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=10))
def test_steps_tell_on_every_day_what_the_states_hold(values: list[tuple[int, int]]) -> None:
    states = [state(day, day + 1, a=a, b=b) for day, (a, b) in enumerate(values)]
    held: dict[str, Any] = {}
    shown = []
    for step in steps(states, ["a"]):
        held |= {name: after for name, (_, after) in step.changed.items()}
        shown += [held.get("a")] * ((step.valid_until or DAY) - step.valid_from).days
    assert [value or None for value in shown] == [a or None for a, _ in values]


def test_a_successor_is_found_by_every_name_and_code_of_those_that_went_into_it() -> None:
    first = Unit("旧甲校", ["甲"], [{"name": "更旧甲校", "until": None}], uscc="U1")
    second, last = Unit("乙校", uscc="U2"), Unit("新校", ["新"], [{"name": "筹建校", "until": None}], uscc="U3")
    members = {unit.id: unit for unit in (first, second, last)}
    merged = {second.id: [first.id], last.id: [second.id]}
    assert known_as(last, members, merged) == ["新", "筹建校", "乙校", "U2", "旧甲校", "甲", "更旧甲校", "U1"]
    assert known_as(first, members, merged) == ["甲", "更旧甲校"]
    ring = {first.id: [second.id], second.id: [first.id]}
    assert known_as(first, members, ring) == ["甲", "更旧甲校", "乙校", "U2"]


def test_no_more_aliases_than_a_member_may_have() -> None:
    full = Unit("新校", [f"简称{number}" for number in range(MOST_NAMES - 1)])
    after = aliases_after_merger(Unit("旧校", ["旧", "新校"]), full)
    assert (len(after), after[-1]) == (MOST_NAMES, "旧校")
    assert names_of(Unit("校", ["简"], [{"name": "旧", "until": None}])) == ["校", "简", "旧"]


LIKENESS = st.floats(0.5, 1, allow_nan=False)


@given(st.lists(LIKENESS, max_size=30), st.integers(1, 7))
def test_pages_of_pairs_hold_each_pair_once(scores: list[float], limit: int) -> None:
    pairs = sorted((Pair(uuid4(), uuid4(), score) for score in scores), key=lambda pair: pair.order)
    seen, cursor = list[Pair](), None
    while True:
        page, cursor = page_of(pairs, cursor, limit)
        seen += page
        if cursor is None:
            break
    assert seen == pairs


def test_a_page_goes_on_after_a_pair_that_is_gone() -> None:
    pairs = sorted((Pair(uuid4(), uuid4(), 0.9) for _ in range(4)), key=lambda pair: pair.order)
    page, cursor = page_of(pairs, None, 2)
    rest, _ = page_of([pair for pair in pairs if pair not in page], cursor, 2)
    assert rest == pairs[2:]
    for odd in ("x", "1~2~3", f"nan~{uuid4()}", "~~"):
        with pytest.raises(InvalidInput):
            page_of(pairs, odd, 2)


FORMER: list[tuple[str, list[tuple[str, str | None]]]] = [
    ("", []),
    ("旧校", [("旧校", None)]),
    ("旧校（至2020-06-30）、更旧校", [("旧校", "2020-06-30"), ("更旧校", None)]),
    ("旧校(至2020-06-30);旧校", [("旧校", None)]),
    ("旧校（东校区）（至2020-06-30）", [("旧校（东校区）", "2020-06-30")]),
    ("旧校（至2020-02-30）", [("旧校（至2020-02-30）", None)]),
]


@pytest.mark.parametrize(("cell", "names"), FORMER)
def test_former_names_are_read_from_a_cell(cell: str, names: list[tuple[str, str | None]]) -> None:
    read = split_former_names(cell)
    assert [(one["name"], one["until"]) for one in read] == names
    assert split_former_names("、".join(former_name(one) for one in read)) == read
    assert split_names(" 甲、乙,丙；甲/丁 | 戊\n") == ["甲", "乙", "丙", "丁", "戊"]


def test_a_workbook_holds_every_field_but_the_logo() -> None:
    columns = {column.field for column in MEMBERS.columns}
    assert {*MemberWrite.model_fields} - columns == {"logo"}
