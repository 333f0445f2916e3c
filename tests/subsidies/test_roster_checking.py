"""Checking a roster file by itself: every row is either taken in or returned, and no identity number gets through."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.kernel.errors import InvalidInput
from services.kernel.workbooks import CellIssue
from services.kernel.workbooks.bulk import Format, open_stream
from services.subsidies.clients.registry import RegistryFacts, plain_name
from services.subsidies.domain import RosterKind
from services.subsidies.queries.facts import schools_of
from services.subsidies.rosters.checking import PERSON_KEY_BYTES, RosterChecker
from services.subsidies.rosters.storing import TARGETS
from tests.subsidies.world import id_number, member, members, school_class, student, unit_id, workbook

RULES = {"生源输送奖励": "sending_award", "跨市招生补助": "cross_city_enrolment", "不申报": ""}
KEY = b"a key of the tests, and of nothing else"
HN, JISHI = "怀宁县示例职业学校", "安庆技师学院"
STUDENT_CODES = {
    "id_number_invalid",
    "field_missing",
    "date_invalid",
    "year_invalid",
    "school_unknown",
    "value_not_allowed",
    "duplicate_in_file",
    "left_on_missing",
}


def facts(found: list[dict[str, Any]] | None = None) -> RegistryFacts:
    as_of = datetime(2025, 12, 1, tzinfo=UTC).isoformat()
    return RegistryFacts.read("v1", {"as_of": as_of, "members": found or members(), "collaborations": []})


@dataclass(frozen=True)
class Checked:
    """A whole file checked: rows for the tables, and every fault of the others."""

    total_rows: int
    records: list[dict[str, Any]]
    issues: list[CellIssue]


def check_content(kind: RosterKind, content: bytes, key: bytes = KEY, form: Format = Format.TABLE) -> Checked:
    checker = RosterChecker(kind, RULES, facts(), key)
    total, records, issues = 0, [], []
    for batch in open_stream(lambda: iter([content]), checker.spec, form).batches():
        checked = checker.check(batch)
        total += len(batch.lines) + len(batch.broken)
        records += checked.rows.to_dicts()
        issues += [checker.cells.cell_issue(issue) for issue in checked.issues.iter_rows()]
    return Checked(total, records, issues)


def check(kind: RosterKind, *rows: Any, key: bytes = KEY) -> Checked:
    return check_content(kind, workbook(kind, rows), key)


cells = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["王小明", "欧阳修", None]),
        "id_number": st.integers(1, 6).map(id_number)
        | st.sampled_from(["", "34082220090101001", "340822200901010000"]),
        "school": st.sampled_from([HN, "怀宁职校", JISHI, "技师学院", "没有这所学校"]),
        "enrolled_on": st.sampled_from(["2025-09-01", "2025/9/1", "2025年9月1日", "20250901", "九月"]),
        "enrolment_year": st.sampled_from([2025, "2025年", "二〇二五"]),
        "status": st.sampled_from(["在籍", "离校", "休学"]),
        "left_on": st.sampled_from([None, "2025-10-01", "2025-08-01"]),
        "claimed_rule": st.sampled_from([*RULES, "别的"]),
    }
)


@settings(max_examples=40, deadline=None)
@given(st.lists(cells, min_size=1, max_size=8))
def test_every_row_is_taken_in_or_returned_with_a_known_code(rows: list[dict[str, Any]]) -> None:
    checked = check(RosterKind.STUDENTS, *[student(1, **row) for row in rows])
    taken = {record["line"] for record in checked.records}
    returned = {issue.line for issue in checked.issues}
    assert checked.total_rows == len(rows)
    assert taken | returned == set(range(3, len(rows) + 3))
    assert not taken & returned
    assert {issue.code for issue in checked.issues} <= STUDENT_CODES
    subjects = [(record["school"], record["person_key"]) for record in checked.records]
    assert len(set(subjects)) == len(subjects)


@settings(max_examples=40, deadline=None)
@given(st.lists(cells, min_size=1, max_size=6))
def test_no_record_and_no_message_holds_an_identity_number(rows: list[dict[str, Any]]) -> None:
    checked = check(RosterKind.STUDENTS, *[student(1, **row) for row in rows])
    written = repr([{k: v for k, v in record.items() if k != "person_key"} for record in checked.records])
    written += repr(checked.issues)
    for number in [id_number(n) for n in range(1, 7)]:
        assert number not in written
        assert number[6:14] not in written, "the date of birth is masked too"


def test_a_person_is_known_by_the_number_under_the_deployments_key_however_it_is_typed() -> None:
    full_width = id_number(1).translate(str.maketrans("0123456789X", "０１２３４５６７８９Ｘ"))
    spellings = [id_number(1), f" {id_number(1)}\t", full_width, id_number(1).lower()]
    rows = [student(1, id_number=text, school=school) for text, school in zip(spellings, [HN, JISHI] * 2, strict=True)]
    checked = check(RosterKind.STUDENTS, *rows)
    assert [issue.code for issue in checked.issues] == ["duplicate_in_file"] * 2
    first, second = checked.records
    assert first["person_key"] == second["person_key"]
    assert len(first["person_key"]) == PERSON_KEY_BYTES
    [other] = check(RosterKind.STUDENTS, student(1), key=b"another key").records
    assert other["person_key"] != first["person_key"]
    [neighbour] = check(RosterKind.STUDENTS, student(2)).records
    assert neighbour["person_key"] != first["person_key"]


def test_the_same_student_in_two_schools_is_a_fact_and_in_one_a_fault() -> None:
    two_schools = check(RosterKind.STUDENTS, student(1), student(1, school=JISHI))
    assert (len(two_schools.records), two_schools.issues) == (2, [])
    one_school = check(RosterKind.STUDENTS, student(1), student(1, school="怀宁职校"))
    assert [(issue.line, issue.code, issue.message) for issue in one_school.issues] == [
        (4, "duplicate_in_file", "与第 3 行重复，请只保留一行。")
    ]


def test_a_faulty_row_does_not_make_a_later_sound_one_a_duplicate() -> None:
    checked = check(RosterKind.STUDENTS, student(1, major=None), student(1), student(1))
    assert [(issue.line, issue.code) for issue in checked.issues] == [(3, "field_missing"), (5, "duplicate_in_file")]


def test_all_faults_of_a_row_come_back_at_once() -> None:
    row = student(1, name=None, enrolled_on="x", status="休学", origin_division="34", claimed_rule="y")
    checked = check(RosterKind.STUDENTS, row)
    assert {issue.field for issue in checked.issues} == {
        "name",
        "enrolled_on",
        "status",
        "origin_division",
        "claimed_rule",
    }
    both = check(RosterKind.STUDENTS, student(1, school="没有", status="离校"))
    assert {issue.code for issue in both.issues} == {"school_unknown", "left_on_missing"}


def test_a_sending_school_that_is_no_member_is_taken_in_by_its_name() -> None:
    rows = [student(1, sending_school="贵池区示例初级中学"), student(2, sending_school=None), student(3)]
    records = check(RosterKind.STUDENTS, *rows).records
    assert [(record["sending_school"], record["sending_school_name"]) for record in records] == [
        (None, "贵池区示例初级中学"),
        (None, None),
        (str(unit_id("send-hn")), "怀宁县示例中学"),
    ]


@pytest.mark.parametrize(("label", "code"), [("生源输送奖励", "sending_award"), ("不申报", None)])
def test_what_is_claimed_is_kept_as_the_rules_code(label: str, code: str | None) -> None:
    [record] = check(RosterKind.STUDENTS, student(1, claimed_rule=label)).records
    assert record["claimed_rule"] == code


def test_an_enterprise_is_the_member_with_its_code_and_else_stays_as_written() -> None:
    rows = [
        school_class("C1", enterprise="写错了的名称"),
        school_class("C2", enterprise="池州示例公司", enterprise_uscc="91350100M000100Y43"),
        school_class("C3", enterprise_uscc="91350100M000100Y43"),
    ]
    records = check(RosterKind.CLASSES, *rows).records
    assert [(record["enterprise"], record["enterprise_member"]) for record in records] == [
        ("安庆示例汽车公司", str(unit_id("big"))),
        ("池州示例公司", None),
        ("安庆示例汽车公司", None),  # the name of a member with the code of another: not taken for the member
    ]


def test_every_record_has_the_columns_that_are_stored() -> None:
    for kind, row in ((RosterKind.STUDENTS, student(1)), (RosterKind.CLASSES, school_class("C1"))):
        [record] = check(kind, row).records
        target = TARGETS[kind]
        assert set(record) == {"line", *target.key, *target.columns}


def test_a_file_of_the_other_kind_or_with_a_column_missing_is_refused_whole() -> None:
    with pytest.raises(InvalidInput) as caught:
        check_content(RosterKind.STUDENTS, workbook(RosterKind.CLASSES, [school_class("C1")]))
    assert caught.value.issues[0].code == "header_missing"
    with pytest.raises(InvalidInput):
        check_content(RosterKind.STUDENTS, "姓名,身份证号\n王,1\n".encode())


def test_a_csv_in_gb18030_is_read_like_a_workbook() -> None:
    row = student(1)
    headers = {
        "name": "姓名",
        "id_number": "身份证号",
        "enrolment_year": "入学年度",
        "school": "就读学校",
        "major": "专业",
    }
    headers |= {"class_code": "班级编号", "enrolled_on": "入学日期", "origin_division": "生源地区划代码"}
    headers |= {"sending_school": "生源学校", "status": "在籍状态", "left_on": "离校日期", "claimed_rule": "申报项目"}
    lines = [",".join(headers.values()), ",".join(str(row[name] or "") for name in headers)]
    content = "\n".join(lines).encode("gb18030")
    checked = check_content(RosterKind.STUDENTS, content)
    [by_workbook] = check(RosterKind.STUDENTS, row).records
    [by_text] = checked.records
    assert {**by_text, "line": 0} == {**by_workbook, "line": 0}


@given(st.sampled_from(members()), st.sampled_from(["", " ", "　"]), st.booleans())
def test_a_unit_is_found_by_name_alias_and_code_however_it_is_spaced(
    unit: dict[str, Any], space: str, by_code: bool
) -> None:
    name = unit["uscc"] if by_code else unit["name"]
    found = facts().find(f"{space}{name.lower()}{space}")
    assert found is not None
    assert str(found.id) == unit["id"]
    assert plain_name(f" {name}　") == plain_name(name)


def test_a_name_of_two_active_units_finds_neither_and_a_search_may_be_narrowed() -> None:
    twins = [
        member("a", "示例学校", "secondary_vocational", "340822", 21),
        member("b", "示例学校", "sending_school", "340822", 22),
    ]
    registry = facts(twins)
    assert registry.find("示例学校") is None
    narrowed = registry.find("示例学校", among=["sending_school"])
    assert narrowed is not None
    assert narrowed.id == unit_id("b")
    assert registry.find("别的学校") is None
    assert registry.name_of(None) == registry.name_of(unit_id("nobody")) == "未登记单位"


def test_a_name_means_the_member_that_belongs_and_who_is_suspended_earns_nothing() -> None:
    """A school under rectification keeps its full part; one that is suspended is found, but not paid."""
    standing = {"active": "甲校", "rectifying": "乙校", "suspended": "丙校", "exited": "丁校"}
    ids = {status: str(UUID(int=number)) for number, status in enumerate(standing)}
    found = [
        {"id": ids[status], "name": name, "category": "secondary_vocational", "status": status}
        for status, name in standing.items()
    ]
    found[2]["aliases"] = ["丁校"]
    registry = facts(found)
    assert {name: str(one.id) for name in standing.values() if (one := registry.find(name))} == {
        "甲校": ids["active"],
        "乙校": ids["rectifying"],
        "丙校": ids["suspended"],
        "丁校": ids["suspended"],
    }
    rows = schools_of(registry).rows()
    assert {name: category for _, name, category in rows} == {
        "甲校": "secondary_vocational",
        "乙校": "secondary_vocational",
        "丙校": None,
        "丁校": None,
    }
