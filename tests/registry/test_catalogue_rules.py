"""Catalogues: the extract that comes with the hub, codes as people write them, and what a version changes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.domain.catalogues import (
    LEVELS,
    CatalogueKind,
    Entry,
    GivenEntry,
    arrange,
    differences,
    extract,
    plain_code,
    stage_of,
)

MAJORS, INDUSTRIES = CatalogueKind.MAJORS, CatalogueKind.INDUSTRIES


@pytest.mark.parametrize("kind", CatalogueKind)
def test_the_extract_is_sound(kind: CatalogueKind) -> None:
    entries = extract(kind)
    given_again = [GivenEntry(line, e.code, e.name, e.level, e.parent) for line, e in enumerate(entries, start=2)]
    arranged, faults = arrange(kind, given_again)
    assert faults == []
    assert sorted(arranged, key=lambda e: e.code) == sorted(entries, key=lambda e: e.code)
    levels = {entry.code: entry.level for entry in entries}
    for entry in entries:
        above = LEVELS[kind].index(entry.level) - 1
        assert levels[entry.parent] == LEVELS[kind][above] if entry.parent else above < 0


def test_the_extract_has_what_is_known_of_the_two_standards() -> None:
    majors = {entry.code: entry.name for entry in extract(MAJORS)}
    assert (majors["660301"], majors["460301"]) == ("机电技术应用", "机电一体化技术")
    assert (majors["460305"], majors["700206"], majors["510203"]) == ("工业机器人技术", "汽车运用与维修", "软件技术")
    assert all(stage_of(code) for code in majors)
    industries = {entry.code: entry.name for entry in extract(INDUSTRIES)}
    assert (industries["C"], industries["36"], industries["3670"]) == ("制造业", "汽车制造业", "汽车零部件及配件制造")
    assert sorted(code for code in industries if code.isalpha()) == [chr(letter) for letter in range(65, 85)]


def test_levels_and_parents_are_told_by_the_codes() -> None:
    rows = [("66", "装备制造大类"), ("6603", "自动化类"), ("660301", "机电技术应用"), ("570102K", "学前教育")]
    entries, faults = arrange(MAJORS, [GivenEntry(n, *row) for n, row in enumerate(rows, start=3)])
    assert faults == []
    assert [(e.code, e.level, e.parent) for e in entries] == [
        ("570102K", "major", None),
        ("66", "broad", None),
        ("6603", "group", "66"),
        ("660301", "major", "6603"),
    ]


def test_industries_may_be_written_with_their_letter() -> None:
    assert plain_code(INDUSTRIES, "C36") == ("36", "C")
    assert plain_code(INDUSTRIES, "C3670") == ("3670", None)
    assert plain_code(INDUSTRIES, "C") == ("C", None)
    entries, faults = arrange(INDUSTRIES, [GivenEntry(2, "C", "制造业"), GivenEntry(3, "C36", "汽车制造业")])
    assert (faults, entries[0]) == ([], Entry("36", "汽车制造业", "division", "C"))


FAULTY = [
    (MAJORS, GivenEntry(2, "66A1", "写错"), "code_shape"),
    (MAJORS, GivenEntry(2, "660", "三位"), "level_missing"),
    (MAJORS, GivenEntry(2, "66", "借层级", "section"), "level_of_other"),
    (MAJORS, GivenEntry(2, "6603", "无上级", None, "67"), "parent_unknown"),
    (MAJORS, GivenEntry(2, "6603", "自己的上级", None, "6603"), "parent_unknown"),
    (INDUSTRIES, GivenEntry(2, "U", "没有这个门类"), "code_shape"),
    (INDUSTRIES, GivenEntry(2, "36700", "五位"), "code_shape"),
]


@pytest.mark.parametrize(("kind", "row", "code"), FAULTY)
def test_rows_that_do_not_fit_are_told(kind: CatalogueKind, row: GivenEntry, code: str) -> None:
    entries, faults = arrange(kind, [row])
    assert (entries, [fault.code for fault in faults]) == ([], [code])
    assert all(re.search("[。]$", fault.message) for fault in faults)


def test_a_repeated_code_is_refused_at_its_second_line() -> None:
    entries, faults = arrange(MAJORS, [GivenEntry(2, "66", "甲"), GivenEntry(5, "66", "乙")])
    assert [e.name for e in entries] == ["甲"]
    assert [(f.line, f.code) for f in faults] == [(5, "code_repeated")]


ENTRY = st.builds(Entry, st.sampled_from(["66", "6603", "67"]), st.sampled_from("甲乙"), st.just("group"), st.none())
TABLE = st.lists(ENTRY, unique_by=lambda e: e.code)


@given(before=TABLE, after=TABLE)
def test_differences_turn_one_table_into_the_other(before: list[Entry], after: list[Entry]) -> None:
    found = differences(before, after)
    made = {e.code: e for e in before}
    for entry in found.removed:
        del made[entry.code]
    made |= {e.code: e for e in found.new}
    for old, new in found.changed:
        assert made[new.code] == old != new
        made[new.code] = new
    assert made == {e.code: e for e in after}
    assert {e.code for e in found.new}.isdisjoint(e.code for e in before)


@pytest.mark.parametrize(
    ("code", "stage"),
    [
        ("61", "secondary"),
        ("799999", "secondary"),
        ("410101", "college"),
        ("59", "college"),
        ("21", "bachelor"),
        ("39", "bachelor"),
        *((code, None) for code in ("40", "60", "80", "0101")),
    ],
)
def test_stages_by_the_first_two_digits(code: str, stage: str | None) -> None:
    assert stage_of(code) == stage
