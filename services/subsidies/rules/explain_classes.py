"""Why one school–enterprise class is paid, or not, and its place among the others."""

from __future__ import annotations

from collections.abc import Sequence

from services.subsidies.rules.cases import ClassCase
from services.subsidies.rules.explanation import (
    Condition,
    Explanation,
    concluded,
    day,
    first_failure,
    in_city,
    opening,
    unpaid,
    yes,
)
from services.subsidies.rules.terms import ClassTerms, YearTerms
from services.subsidies.rules.vocabulary import (
    SIZE_LABELS,
    Reason,
    SubjectKind,
)


def explain_class(
    terms: YearTerms, rule: ClassTerms, case: ClassCase, rivals: Sequence[ClassCase] = (), ahead_fen: int = 0
) -> Explanation:
    """Explain a class under one class rule, with its place among the other eligible classes."""
    conditions = _class_conditions(rule, terms, case)
    ahead = [
        row
        for row in rivals
        if row.class_no != case.class_no
        and first_failure(_class_conditions(rule, terms, row)) is None
        and _merit(row) < _merit(case)
    ]
    return concluded(
        rule,
        terms,
        SubjectKind.CLASS,
        case.class_no,
        conditions,
        payee=case.school,
        amount_fen=rule.amount_fen,
        ahead_fen=ahead_fen,
        rank=len(ahead) + 1 if rule.selective else None,
    )


def _merit(case: ClassCase) -> tuple[object, ...]:
    """Smaller is better: score from high to low with none last, headcount from high to low, code, number."""
    score = (1, 0) if case.score is None else (0, -case.score)
    return (score, -case.headcount, case.class_code is None, case.class_code or "", case.class_no)


def _class_conditions(rule: ClassTerms, terms: YearTerms, case: ClassCase) -> list[Condition]:
    conditions = opening(rule, terms, case.claim_accepted)
    if rule.once_per_class:
        conditions.append(unpaid(rule.article, case.prior_paid))
    conditions.append(
        Condition(
            Reason.FORMAT_NOT_ELIGIBLE,
            rule.cite("formats"),
            "合作形式",
            case.format,
            "、".join(rule.formats),
            case.format in rule.formats,
        )
    )
    if rule.enterprise_in_city:
        local = in_city(case.enterprise_division, terms)
        conditions.append(
            Condition(
                Reason.ENTERPRISE_NOT_IN_CITY,
                rule.cite("enterprise_in_city"),
                "合作企业在本市",
                f"{case.enterprise_division}（{yes(local, '本市', '不在本市')}）"
                if case.enterprise_division
                else "未填",
                f"区划代码以 {terms.city_prefix} 开头",
                local,
            )
        )
    return [*conditions, *_size_conditions(rule, case), _headcount_condition(rule, terms, case)]


def _size_conditions(rule: ClassTerms, case: ClassCase) -> list[Condition]:
    size = SIZE_LABELS.get(case.enterprise_size or "", "未填")
    shown = case.enterprise_size is not None and case.has_size_evidence
    article = rule.cite("enterprise_sizes")
    return [
        Condition(
            Reason.ENTERPRISE_SIZE_MISSING,
            article,
            "企业规模有佐证材料",
            f"规模{size}，{yes(case.has_size_evidence, '有佐证材料', '没有佐证材料')}",
            "已填规模并有佐证材料",
            shown,
            decided=True,
        ),
        Condition(
            Reason.ENTERPRISE_TOO_SMALL,
            article,
            "合作企业规模",
            size,
            "、".join(SIZE_LABELS[code] for code in rule.enterprise_sizes),
            case.enterprise_size in rule.enterprise_sizes,
        ),
    ]


def _headcount_condition(rule: ClassTerms, terms: YearTerms, case: ClassCase) -> Condition:
    return Condition(
        Reason.HEADCOUNT_BELOW_MINIMUM,
        rule.cite("min_headcount"),
        f"{day(terms.snapshot_date)}班级人数",
        f"{case.headcount} 人",
        f"{rule.min_headcount} 人及以上",
        case.headcount >= rule.min_headcount,
    )
