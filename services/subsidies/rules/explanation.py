"""What an explanation consists of: conditions in order, the outcome that follows from them, and a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from services.subsidies.rules.terms import RuleTerms, YearTerms
from services.subsidies.rules.vocabulary import Funding, Outcome, Reason, SubjectKind

_UNITS = {SubjectKind.RECOGNITION: "每个", SubjectKind.STUDENT: "每生", SubjectKind.CLASS: "每班"}


@dataclass(frozen=True)
class Condition:
    """One condition of a rule, what was found and what is asked for. `code` is the reason given when it fails.

    `article` cites the document; `decided` marks a condition that is our decision where the document is silent.
    """

    reason: Reason
    article: str
    label: str
    observed: str
    required: str
    holds: bool
    decided: bool = False

    @property
    def code(self) -> str:
        return self.reason.code


@dataclass(frozen=True)
class Explanation:
    """The full account of one subject under one rule. Amounts are 分 (fen); `formula` and `sentence` are Chinese."""

    rule: str
    rule_no: int
    article: str
    kind: SubjectKind
    subject_no: int
    conditions: tuple[Condition, ...]
    outcome: Outcome
    reason: Reason | None
    payee: str | None
    rank: int | None
    funding: Funding | None
    amount_fen: int
    formula: str
    sentence: str


def yuan(fen: int) -> str:
    """An amount for people, such as 1,000.00 元."""
    return f"{Decimal(fen) / 100:,.2f} 元"


def day(value: date | None) -> str:
    return "未填" if value is None else f"{value.year}年{value.month}月{value.day}日"


def yes(value: bool, positive: str, negative: str) -> str:
    return positive if value else negative


def in_city(division: str | None, terms: YearTerms) -> bool:
    return division is not None and division[: len(terms.city_prefix)] == terms.city_prefix


def place_name(division: str | None, terms: YearTerms) -> str:
    if division is None:
        return "未填"
    return f"{division}（{yes(in_city(division, terms), '本市', '不在本市')}）"


def opening(rule: RuleTerms, terms: YearTerms, claim_accepted: bool) -> list[Condition]:
    """The conditions that come first for every kind of subject."""
    validity = Condition(
        Reason.RULE_NOT_IN_FORCE,
        rule.validity_article,
        "奖补在结算年度有效",
        f"{terms.year} 年度，以 {day(terms.reference_day)} 为准",
        f"{day(rule.valid_from)}至{day(rule.valid_to)}",
        rule.valid_from <= terms.reference_day <= rule.valid_to,
    )
    claim = Condition(
        Reason.NO_ACCEPTED_CLAIM,
        rule.article,
        "有已受理的申报",
        yes(claim_accepted, "已受理", "没有"),
        "已受理",
        claim_accepted,
        decided=True,
    )
    return [validity, claim]


def unpaid(article: str, prior_paid: bool) -> Condition:
    return Condition(
        Reason.ALREADY_PAID,
        article,
        "以前年度没有支付",
        yes(prior_paid, "已支付", "没有支付"),
        "没有支付",
        not prior_paid,
        decided=True,
    )


def first_failure(conditions: Sequence[Condition]) -> Reason | None:
    return next((condition.reason for condition in conditions if not condition.holds), None)


def concluded(
    rule: RuleTerms,
    terms: YearTerms,
    kind: SubjectKind,
    subject_no: int,
    conditions: Sequence[Condition],
    *,
    payee: str | None,
    amount_fen: int,
    ahead_fen: int,
    rank: int | None = None,
    formula: str | None = None,
) -> Explanation:
    """Draw the conclusion from the conditions; `ahead_fen` is what the budget owes before this line, in 分."""
    reason = first_failure(conditions)
    paid = amount_fen if reason is None else 0
    fits = ahead_fen + paid <= terms.pool_fen(rule)
    funding = (Funding.WITHIN_POOL if fits else Funding.ABOVE_POOL) if reason is None else None
    formula = formula or f"{_UNITS[kind]} {yuan(rule.amount_fen)}"
    return Explanation(
        rule=rule.code,
        rule_no=rule.no,
        article=rule.article,
        kind=kind,
        subject_no=subject_no,
        conditions=tuple(conditions),
        outcome=Outcome.PAYABLE if reason is None else Outcome.EXCLUDED,
        reason=reason,
        payee=payee,
        rank=rank if reason is None else None,
        funding=funding,
        amount_fen=paid,
        formula=formula if reason is None else "不计奖，金额为 0.00 元",
        sentence=_sentence(rule, reason, paid, formula, funding, rank),
    )


def _sentence(
    rule: RuleTerms, reason: Reason | None, paid_fen: int, formula: str, funding: Funding | None, rank: int | None
) -> str:
    head = f"《{rule.name}》（{rule.article}）"
    if reason is not None or funding is None:
        return f"{head}：不计奖，{reason.sentence if reason else ''}。"
    place = f"，择优第 {rank} 名" if rank is not None else ""
    return f"{head}：符合全部条件，{formula}，应付 {yuan(paid_fen)}{place}，{funding.label}。"
