"""Facts are checked before they are settled, and every problem is named."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from services.subsidies.rules import CLASSES, RECOGNITIONS, STUDENTS, Facts, FactsError, settle
from tests.subsidies.rules.support import CLASS, SNAPSHOT, STUDENT, YEAR, book, facts_of, frame


def test_no_facts_settle_to_no_lines() -> None:
    settled = settle(YEAR, SNAPSHOT, book(), Facts.of())
    assert settled.lines.height == 0
    assert settled.totals["payable_fen"].to_list() == [0] * 6
    assert settled.pools["award_pool"].left_fen == 500_000_000
    assert settled.above_pool_fen == 0


def test_frames_are_brought_to_their_schemas_and_lose_other_columns() -> None:
    rows = pl.DataFrame([{**STUDENT, "person_key": "text", "enrolment_year": 2024, "name": "某某"}])
    facts = Facts.of(students=rows)
    assert dict(facts.students.schema) == dict(STUDENTS)
    assert dict(facts.classes.schema) == dict(CLASSES)
    assert dict(facts.recognitions.schema) == dict(RECOGNITIONS)


def test_every_problem_is_named_at_once() -> None:
    students = frame([STUDENT], STUDENTS).drop("person_key", "left_on")
    classes = frame([{**CLASS, "claim_accepted": None}], CLASSES)
    with pytest.raises(FactsError) as raised:
        Facts.of(students=students, classes=classes)
    assert raised.value.problems == ["students lacks person_key, left_on", "classes has rows without claim_accepted"]


def test_a_column_that_cannot_be_read_is_named() -> None:
    students = frame([STUDENT], STUDENTS).with_columns(enrolment_year=pl.lit("twenty"))
    with pytest.raises(FactsError, match="students cannot be read"):
        Facts.of(students=students)


@pytest.mark.parametrize(
    ("students", "classes", "recognitions", "problem"),
    [
        ([{}, {}], [], [], "students repeats student_no in 1 rows"),
        ([], [{}, {"class_code": "C2"}], [], "classes repeats class_no in 1 rows"),
        ([], [{}, {"class_no": 2}], [], "classes repeats school and class_code in 1 rows"),
        ([], [], [{}, {}, {}], "recognitions repeats recognition_no in 2 rows"),
    ],
)
def test_a_subject_is_named_once(
    students: list[dict[str, object]],
    classes: list[dict[str, object]],
    recognitions: list[dict[str, object]],
    problem: str,
) -> None:
    with pytest.raises(FactsError) as raised:
        facts_of(students, classes, recognitions)
    assert raised.value.problems == [problem]


def test_one_code_in_two_schools_is_two_classes() -> None:
    facts = facts_of(classes=[{}, {"class_no": 2, "school": "school-b"}])
    assert facts.classes.height == 2


def test_a_claim_for_no_student_rule_is_refused() -> None:
    facts = facts_of([{"claimed_rule": "school_enterprise_class"}])
    with pytest.raises(FactsError, match="unknown rules: school_enterprise_class"):
        settle(YEAR, SNAPSHOT, book(), facts)


def test_the_headcount_counts_people_present_on_the_day() -> None:
    day = {"class_code": "C1", "claimed_rule": None}
    facts = facts_of(
        students=[
            {**day, "student_no": 1, "person_key": b"a"},
            {**day, "student_no": 2, "person_key": b"a"},
            {**day, "student_no": 3, "person_key": b"b", "left_on": SNAPSHOT},
            {**day, "student_no": 4, "person_key": b"c", "left_on": date(2024, 10, 30)},
            {**day, "student_no": 5, "person_key": b"d", "enrolled_on": SNAPSHOT},
            {**day, "student_no": 6, "person_key": b"e", "enrolled_on": date(2024, 11, 1)},
            {**day, "student_no": 7, "person_key": b"f", "school": "school-b"},
            {**day, "student_no": 8, "person_key": b"g", "class_code": None},
        ],
        classes=[{}, {"class_no": 2, "class_code": "C9"}],
    )
    assert settle(YEAR, SNAPSHOT, book(), facts).headcounts.rows() == [(1, 3), (2, 0)]
