"""Why one student row is paid, or not."""

from __future__ import annotations

from collections.abc import Sequence

from services.subsidies.rules.cases import StudentCase
from services.subsidies.rules.explanation import (
    Condition,
    Explanation,
    concluded,
    day,
    first_failure,
    in_city,
    opening,
    place_name,
    unpaid,
    yes,
)
from services.subsidies.rules.facts import FactsError
from services.subsidies.rules.terms import StudentTerms, YearTerms
from services.subsidies.rules.vocabulary import (
    CATEGORY_LABELS,
    Origin,
    PayeeRole,
    Reason,
    SubjectKind,
)


def explain_student(
    terms: YearTerms, case: StudentCase, rivals: Sequence[StudentCase] = (), ahead_fen: int = 0
) -> Explanation:
    """Explain a student row that claims something; raises FactsError when it claims no student rule of the pack."""
    rule = _student_rule(terms, case)
    conditions = _student_conditions(rule, terms, case)
    winner = _counted_elsewhere(terms, case, rivals)
    conditions.append(
        Condition(
            Reason.DUPLICATE_STUDENT,
            rule.article,
            "同一学生只计一次",
            f"已在{winner.school_name}计入（{day(winner.enrolled_on)}入学）" if winner else "没有在另一学校计入",
            "没有在另一学校计入",
            winner is None,
            decided=True,
        )
    )
    payee = case.sending_school if rule.payee is PayeeRole.SENDING_SCHOOL else case.school
    return concluded(
        rule,
        terms,
        SubjectKind.STUDENT,
        case.student_no,
        conditions,
        payee=payee,
        amount_fen=rule.amount_fen,
        ahead_fen=ahead_fen,
    )


def _student_rule(terms: YearTerms, case: StudentCase) -> StudentTerms:
    for rule in terms.student_rules:
        if rule.code == case.claimed_rule:
            return rule
    raise FactsError([f"student {case.student_no} claims no student rule: {case.claimed_rule}"])


def _student_conditions(rule: StudentTerms, terms: YearTerms, case: StudentCase) -> list[Condition]:
    """The conditions on the row itself, without its rivals."""
    left = case.left_on is not None and case.left_on < terms.snapshot_date
    conditions = opening(rule, terms, case.claim_accepted)
    conditions += [
        Condition(
            Reason.ENROLMENT_YEAR_DIFFERS,
            rule.article,
            "当年入学",
            f"{case.enrolment_year} 年",
            f"{terms.year} 年",
            case.enrolment_year == terms.year,
        ),
        Condition(
            Reason.LEFT_BEFORE_SNAPSHOT,
            rule.article,
            "快照日仍在籍",
            "在籍" if case.left_on is None else f"{day(case.left_on)}离校",
            f"{day(terms.snapshot_date)}前没有离校",
            not left,
            decided=True,
        ),
        Condition(
            Reason.SCHOOL_NOT_ELIGIBLE,
            rule.cite("enrolling_categories"),
            "就读于集团内中职（技工）学校",
            CATEGORY_LABELS.get(case.school_category or "", "不在集团内或不是该类学校"),
            "、".join(CATEGORY_LABELS[category] for category in rule.enrolling_categories),
            case.school_category in rule.enrolling_categories,
        ),
        _origin_condition(rule, terms, case),
    ]
    if rule.payee is PayeeRole.SENDING_SCHOOL:
        conditions.append(_sending_school_condition(rule, case))
    conditions.append(unpaid(rule.article, case.prior_paid))
    return conditions


def _origin_condition(rule: StudentTerms, terms: YearTerms, case: StudentCase) -> Condition:
    local = in_city(case.origin_division, terms)
    wants_local = rule.origin is Origin.IN_CITY
    return Condition(
        Reason.ORIGIN_OTHER_CITY if wants_local else Reason.ORIGIN_IN_CITY,
        rule.cite("origin"),
        "生源地在本市" if wants_local else "生源地在其他市",
        place_name(case.origin_division, terms),
        yes(wants_local, f"区划代码以 {terms.city_prefix} 开头", f"区划代码不以 {terms.city_prefix} 开头"),
        local if wants_local else case.origin_division is not None and not local,
    )


def _sending_school_condition(rule: StudentTerms, case: StudentCase) -> Condition:
    named = case.sending_school is not None
    local = bool(case.sending_school_in_city)
    return Condition(
        Reason.SENDING_SCHOOL_MISSING,
        rule.article,
        "生源学校在本市",
        yes(local, "在本市", "不在本市") if named else "未填",
        "已填且在本市",
        named and local,
    )


def _counted_elsewhere(terms: YearTerms, case: StudentCase, rivals: Sequence[StudentCase]) -> StudentCase | None:
    """The row of the same person that counts instead of this one, if any: earliest enrolled, school, row number."""

    def place(row: StudentCase) -> tuple[object, ...]:
        return (row.enrolled_on, row.school_name, row.student_no)

    codes = {rule.code for rule in terms.student_rules}
    competing = [
        row
        for row in rivals
        if row.student_no != case.student_no
        and row.person_key == case.person_key
        and row.claimed_rule in codes
        and first_failure(_student_conditions(_student_rule(terms, row), terms, row)) is None
    ]
    better = [row for row in competing if place(row) < place(case)]
    return min(better, key=place, default=None)
