"""What an explanation tells a person: every condition, its article, what was found and what is asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from services.subsidies.rules import (
    ClassCase,
    FactsError,
    Outcome,
    Reason,
    RecognitionCase,
    StudentCase,
    explain_class,
    explain_recognition,
    explain_student,
)
from tests.subsidies.rules.support import CLASS, RECOGNITION, SNAPSHOT, STUDENT, YEAR, book

TERMS = book().terms(YEAR, SNAPSHOT)
PUPIL = StudentCase(**STUDENT)
KLASS = ClassCase(**CLASS, headcount=20)
PARK = RecognitionCase(**RECOGNITION)
CLASS_RULE = TERMS.class_rules[0]
PROVINCIAL, NATIONAL, _ = TERMS.recognition_rules


def test_a_payable_student_in_words() -> None:
    one = explain_student(TERMS, PUPIL)
    assert one.outcome is Outcome.PAYABLE
    assert one.formula == "每生 500.00 元"
    assert one.sentence == "《生源输送奖励》（二15）：符合全部条件，每生 500.00 元，应付 500.00 元，资金池内。"
    assert [condition.code for condition in one.conditions] == [
        "rule_not_in_force",
        "no_accepted_claim",
        "enrolment_year_differs",
        "left_before_snapshot",
        "school_not_eligible",
        "origin_other_city",
        "sending_school_missing",
        "already_paid",
        "duplicate_student",
    ]
    assert all(condition.holds for condition in one.conditions)


def test_conditions_show_what_was_found_against_what_is_asked() -> None:
    one = explain_student(TERMS, replace(PUPIL, origin_division="341702", left_on=date(2024, 10, 8)))
    told = {condition.code: (condition.article, condition.observed, condition.required) for condition in one.conditions}
    assert told["rule_not_in_force"] == ("三(二)", "2024 年度，以 2024年10月31日 为准", "2024年1月1日至2027年12月31日")
    assert told["left_before_snapshot"] == ("二15", "2024年10月8日离校", "2024年10月31日前没有离校")
    assert told["origin_other_city"] == ("二15", "341702（不在本市）", "区划代码以 3408 开头")
    assert told["school_not_eligible"] == ("二15", "中职学校", "中职学校、技工院校")


def test_all_failing_conditions_are_shown_and_the_first_is_the_reason() -> None:
    one = explain_student(TERMS, replace(PUPIL, claim_accepted=False, left_on=date(2024, 9, 2), prior_paid=True))
    failing = [condition.reason for condition in one.conditions if not condition.holds]
    assert failing == [Reason.NO_ACCEPTED_CLAIM, Reason.LEFT_BEFORE_SNAPSHOT, Reason.ALREADY_PAID]
    assert (one.reason, one.amount_fen, one.funding) == (Reason.NO_ACCEPTED_CLAIM, 0, None)
    assert one.sentence == "《生源输送奖励》（二15）：不计奖，没有已受理的申报。"


def test_a_duplicate_names_the_school_that_counts() -> None:
    rival = replace(PUPIL, student_no=2, school="school-b", school_name="桐城中职学校", enrolled_on=date(2024, 8, 31))
    one = explain_student(TERMS, PUPIL, [PUPIL, rival])
    assert one.reason is Reason.DUPLICATE_STUDENT
    assert one.conditions[-1].observed == "已在桐城中职学校计入（2024年8月31日入学）"
    assert explain_student(TERMS, rival, [PUPIL, rival]).outcome is Outcome.PAYABLE


@pytest.mark.parametrize(
    "change",
    [
        {"person_key": b"other"},
        {"claimed_rule": None},
        {"claim_accepted": False},
        {"left_on": date(2024, 9, 2)},
        {"enrolled_on": date(2024, 9, 2)},
    ],
)
def test_rows_that_do_not_compete_displace_nobody(change: dict[str, object]) -> None:
    rival = replace(PUPIL, **{"student_no": 0, "school_name": "0", **change})
    assert explain_student(TERMS, PUPIL, [rival]).outcome is Outcome.PAYABLE


def test_an_origin_nobody_wrote_down_is_neither_here_nor_elsewhere() -> None:
    unknown = replace(PUPIL, origin_division=None)
    assert explain_student(TERMS, unknown).reason is Reason.ORIGIN_OTHER_CITY
    crossing = replace(unknown, claimed_rule="cross_city_enrolment")
    assert explain_student(TERMS, crossing).reason is Reason.ORIGIN_IN_CITY


def test_a_student_who_claims_nothing_has_nothing_to_explain() -> None:
    with pytest.raises(FactsError):
        explain_student(TERMS, replace(PUPIL, claimed_rule=None))


def test_a_class_shows_headcount_rank_and_funding() -> None:
    better = replace(KLASS, class_no=2, class_code="C2", score=Decimal("95.5"))
    worse = replace(KLASS, class_no=3, class_code="C3", score=None)
    small = replace(KLASS, class_no=4, class_code="C4", score=Decimal(100), headcount=19)
    one = explain_class(TERMS, CLASS_RULE, KLASS, [KLASS, better, worse, small], ahead_fen=490_000_001)
    assert (one.rank, one.amount_fen) == (2, 10_000_000)
    assert one.sentence.endswith("应付 100,000.00 元，择优第 2 名，超出资金池。")
    assert one.conditions[-1].observed == "20 人"
    assert one.conditions[-1].required == "20 人及以上"
    last = explain_class(TERMS, CLASS_RULE, small, [KLASS], ahead_fen=0)
    assert (last.rank, last.reason) == (None, Reason.HEADCOUNT_BELOW_MINIMUM)


def test_missing_evidence_is_not_inferred() -> None:
    one = explain_class(TERMS, CLASS_RULE, replace(KLASS, has_size_evidence=False))
    assert one.reason is Reason.ENTERPRISE_SIZE_MISSING
    condition = next(each for each in one.conditions if each.reason is one.reason)
    assert (condition.observed, condition.decided) == ("规模大型，没有佐证材料", True)


def test_a_national_level_is_topped_up() -> None:
    national = replace(PARK, level="national", prior_paid_fen=50_000_000)
    one = explain_recognition(TERMS, NATIONAL, national)
    assert one.amount_fen == 50_000_000
    assert one.formula == "每个 1,000,000.00 元 减以前年度已付 500,000.00 元"
    decided = book().deciding("earlier_level", "none").terms(YEAR, SNAPSHOT)
    none = explain_recognition(decided, decided.recognition_rules[1], national)
    assert none.reason is Reason.ALREADY_PAID
    assert none.conditions[2].required == "不补（以前年度已付的不再计奖）"


def test_the_higher_level_of_a_year_is_named() -> None:
    national = replace(PARK, recognition_no=2, level="national", granted_on=date(2024, 11, 15))
    one = explain_recognition(TERMS, PROVINCIAL, PARK, [PARK, national])
    assert one.reason is Reason.HIGHER_LEVEL_COUNTS
    assert one.conditions[-1].observed == "已按国家级计奖（2024年11月15日认定）"
    elsewhere = replace(national, collaboration="another park")
    assert explain_recognition(TERMS, PROVINCIAL, PARK, [elsewhere]).outcome is Outcome.PAYABLE


def test_a_recognition_is_explained_under_its_own_rule_only() -> None:
    with pytest.raises(FactsError):
        explain_recognition(TERMS, NATIONAL, PARK)
