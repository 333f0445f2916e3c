"""Why one recognised collaboration is paid, or not, and how much is still owed."""

from __future__ import annotations

from collections.abc import Sequence

from services.subsidies.rules.cases import RecognitionCase
from services.subsidies.rules.explanation import (
    Condition,
    Explanation,
    concluded,
    day,
    first_failure,
    opening,
    yes,
    yuan,
)
from services.subsidies.rules.facts import FactsError
from services.subsidies.rules.terms import RecognitionTerms, YearTerms
from services.subsidies.rules.vocabulary import (
    LEVEL_LABELS,
    LEVEL_RANKS,
    EarlierLevel,
    PayeeRole,
    Reason,
    SubjectKind,
)


def explain_recognition(
    terms: YearTerms,
    rule: RecognitionTerms,
    case: RecognitionCase,
    rivals: Sequence[RecognitionCase] = (),
    ahead_fen: int = 0,
) -> Explanation:
    """Explain a recognition under the rule for its kind and level; FactsError when the rule is for another one."""
    if (case.kind, case.level) != (rule.collaboration_kind, rule.level):
        raise FactsError([f"recognition {case.recognition_no} is not what rule {rule.code} is for"])
    conditions = _recognition_conditions(rule, terms, case)
    higher = _counted_instead(rule, terms, case, rivals)
    conditions.append(
        Condition(
            Reason.HIGHER_LEVEL_COUNTS,
            rule.article,
            "同年没有应计的更高级别或同级认定",
            f"已按{LEVEL_LABELS[higher.level]}计奖（{day(higher.granted_on)}认定）" if higher else "没有",
            "没有",
            higher is None,
            decided=True,
        )
    )
    owed, formula = _owed(rule, case)
    return concluded(
        rule,
        terms,
        SubjectKind.RECOGNITION,
        case.recognition_no,
        conditions,
        payee=_recognition_payee(rule, case),
        amount_fen=owed,
        ahead_fen=ahead_fen,
        formula=formula,
    )


def _recognition_payee(rule: RecognitionTerms, case: RecognitionCase) -> str | None:
    return case.lead_member if rule.payee is PayeeRole.LEAD_MEMBER else case.host_member


def _owed(rule: RecognitionTerms, case: RecognitionCase) -> tuple[int, str]:
    """What this level still owes in 分 under the decision on earlier levels, and how it is computed."""
    full, before = rule.amount_fen, case.prior_paid_fen
    if before == 0 or rule.earlier_level is EarlierLevel.STACK:
        return full, f"每个 {yuan(full)}"
    if rule.earlier_level is EarlierLevel.NONE:
        return 0, f"每个 {yuan(full)}，以前年度已付 {yuan(before)}，不再补"
    return max(full - before, 0), f"每个 {yuan(full)} 减以前年度已付 {yuan(before)}"


def _recognition_conditions(rule: RecognitionTerms, terms: YearTerms, case: RecognitionCase) -> list[Condition]:
    owed, _ = _owed(rule, case)
    payee = _recognition_payee(rule, case)
    unpaid = not case.prior_paid and owed > 0
    before = f"该载体以前年度已付 {yuan(case.prior_paid_fen)}" if case.prior_paid_fen else "没有支付"
    return [
        *opening(rule, terms, case.claim_accepted),
        Condition(
            Reason.ALREADY_PAID,
            rule.article,
            "以前年度没有付清",
            "本级别已支付" if case.prior_paid else before,
            rule.earlier_level.label,
            unpaid,
            decided=True,
        ),
        Condition(
            Reason.PAYEE_MISSING,
            rule.article,
            "登记了收款的牵头单位" if rule.payee is PayeeRole.LEAD_MEMBER else "登记了收款的办学学校",
            yes(payee is not None, "已登记", "没有登记"),
            "已登记",
            payee is not None,
            decided=True,
        ),
        Condition(
            Reason.RECOGNISED_OUTSIDE_YEAR,
            rule.cite("level"),
            "当年获得认定",
            f"{day(case.granted_on)}认定为{LEVEL_LABELS[case.level]}",
            f"{terms.year} 年内",
            case.granted_on.year == terms.year,
        ),
    ]


def _counted_instead(
    rule: RecognitionTerms, terms: YearTerms, case: RecognitionCase, rivals: Sequence[RecognitionCase]
) -> RecognitionCase | None:
    """The recognition of the same collaboration that counts in this year instead of this one, if any."""

    def place(row: RecognitionCase) -> tuple[object, ...]:
        return (-LEVEL_RANKS[row.level], row.granted_on, row.recognition_no)

    rules = {(known.collaboration_kind, known.level): known for known in terms.recognition_rules}
    stacking = rule.earlier_level is EarlierLevel.STACK
    better = [
        row
        for row in rivals
        if (row.kind, row.collaboration) == (case.kind, case.collaboration)
        and row.recognition_no != case.recognition_no
        and (row.kind, row.level) in rules
        and (not stacking or row.level == case.level)
        and place(row) < place(case)
        and first_failure(_recognition_conditions(rules[(row.kind, row.level)], terms, row)) is None
    ]
    return min(better, key=place, default=None)
