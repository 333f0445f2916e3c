"""Stored settlements and lines as they go on the wire."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.kernel.money import yuan_text
from services.subsidies.api.decision_reading import Paying, line_to_pay, money_of, pool_decision_read
from services.subsidies.domain import SettlementState
from services.subsidies.queries.facts import Inputs
from services.subsidies.queries.payments import shares_of
from services.subsidies.queries.pool_decisions import standing_among
from services.subsidies.queries.settlements import Viewer
from services.subsidies.queries.subjects import NOBODY, Subject
from services.subsidies.rules.explanation import Explanation
from services.subsidies.rules.vocabulary import Funding, Outcome, Reason, SubjectKind
from services.subsidies.schemas.settlements import (
    ConditionRead,
    FactRead,
    LineExplanation,
    LineRead,
    PayeeTotal,
    PinsRead,
    PoolRead,
    ReasonTotal,
    RuleTotal,
    ScenarioRead,
    SettlementRead,
    SettlementSummary,
)
from services.subsidies.tables import DecidedLine, PoolDecision, Settlement, SettlementLine

Subjects = dict[tuple[int, int], Subject]


def summary_values(row: Settlement) -> dict[str, Any]:
    """The members that a list and a detail share."""
    same = ("id", "no", "year", "snapshot_date", "hash", "line_count", "failure", "created_at", "created_by_name")
    more = ("computed_at", "confirmed_at", "confirmed_by_name")
    state = SettlementState(row.state)
    rules = row.totals["rules"] if row.totals else None
    sums = {
        name: yuan_text(sum(rule[f"{name}_fen"] for rule in rules)) if rules is not None else None
        for name in ("payable", "within", "above")
    }
    values = {name: getattr(row, name) for name in (*same, *more)}
    return {
        **values,
        **sums,
        "state": state,
        "state_label": state.label,
        "job": row.job_id,
        "version": row.row_version,
    }


def settlement_summary(row: Settlement) -> SettlementSummary:
    return SettlementSummary(**summary_values(row))


def settlement_pending(row: Settlement) -> SettlementRead:
    """A settlement that is not computed: nothing is known of it but its state."""
    return SettlementRead(
        **summary_values(row),
        pins=None,
        changed_inputs=[],
        rules=[],
        payees=[],
        reasons=[],
        pools=[],
        scenarios=[],
        decisions=[],
        doubled_classes=0,
        opinion=None,
    )


def settlement_read(
    row: Settlement, inputs: Inputs, viewer: Viewer, changed: list[str], decisions: Sequence[PoolDecision]
) -> SettlementRead:
    """A computed settlement with what the viewer may see of its totals; `decisions` are its own, newest first."""
    totals = row.totals or {}
    book = inputs.policy.book
    paying = Paying.of(shares_of(totals, book, standing_among(decisions)), book)
    return SettlementRead(
        **summary_values(row),
        pins=_pins(row, inputs),
        changed_inputs=changed,
        rules=[_rule_total(entry, inputs, paying) for entry in totals["rules"]],
        payees=_payees(totals["payees"], inputs, viewer, paying),
        reasons=[_reason_total(entry, inputs) for entry in totals["reasons"]],
        pools=[_pool(entry, inputs, paying) for entry in totals["pools"]],
        scenarios=[_scenario(entry) for entry in totals["scenarios"]] if viewer.sees_all else [],
        decisions=[pool_decision_read(decision, book) for decision in decisions],
        doubled_classes=totals["doubled_classes"],
        opinion=row.opinion,
    )


def _pins(row: Settlement, inputs: Inputs) -> PinsRead:
    pins = inputs.pinned.pins
    return PinsRead(
        policy_pack=pins.policy_pack,
        policy_version=pins.policy_version,
        policy_sha256=pins.policy_sha256,
        document_number=inputs.policy.number,
        document_title=inputs.policy.document["title"],
        registry_version=pins.registry_version,
        registry_as_of=row.registry_as_of,
        registry_fresh=row.registry_fresh,
        roster_sequence=pins.roster_sequence,
        claims=len(inputs.pinned.claims),
        claims_sha256=pins.claims_sha256,
        prior_settlements=len(inputs.pinned.prior),
        prior_payments_sha256=pins.prior_payments_sha256,
    )


def _rule_total(entry: dict[str, Any], inputs: Inputs, paying: Paying) -> RuleTotal:
    rule = inputs.policy.book.rules[entry["rule_no"] - 1]
    return RuleTotal(
        rule=rule.code,
        rule_name=rule.name,
        article=rule.article,
        payable_count=entry["payable_count"],
        excluded_count=entry["excluded_count"],
        payable=yuan_text(entry["payable_fen"]),
        within=yuan_text(entry["within_fen"]),
        above=yuan_text(entry["above_fen"]),
        **money_of(paying.rules, rule.no),
    )


def _payees(entries: list[dict[str, Any]], inputs: Inputs, viewer: Viewer, paying: Paying) -> list[PayeeTotal]:
    sums: dict[UUID, list[int]] = {}
    for entry in entries:
        payee = UUID(entry["payee"])
        if viewer.may_see_payee(payee):
            before = sums.setdefault(payee, [0, 0, 0, 0])
            for place, name in enumerate(("count", "payable_fen", "within_fen", "above_fen")):
                before[place] += entry[name]
    totals = [
        PayeeTotal(
            payee=payee,
            payee_name=inputs.registry.name_of(payee),
            count=count,
            payable=yuan_text(payable),
            within=yuan_text(within),
            above=yuan_text(above),
            **money_of(paying.payees, payee),
        )
        for payee, (count, payable, within, above) in sums.items()
    ]
    return sorted(totals, key=lambda total: total.payee_name)


def _reason_total(entry: dict[str, Any], inputs: Inputs) -> ReasonTotal:
    rule, reason = inputs.policy.book.rules[entry["rule_no"] - 1], Reason(entry["reason"])
    return ReasonTotal(
        rule=rule.code, rule_name=rule.name, reason=reason.code, sentence=reason.sentence, count=entry["count"]
    )


def _pool(entry: dict[str, Any], inputs: Inputs, paying: Paying) -> PoolRead:
    budget = inputs.policy.book.budget(entry["budget"])
    return PoolRead(
        budget=budget.code,
        name=budget.name,
        article=budget.article,
        amount=yuan_text(budget.in_year(inputs.pinned.pins.year)),
        carried=yuan_text(entry.get("carried_fen", 0)),
        payable=yuan_text(entry["payable_fen"]),
        within=yuan_text(entry["within_fen"]),
        above=yuan_text(entry["above_fen"]),
        left=yuan_text(entry["left_fen"]),
        to_pay=money_of(paying.budgets, budget.code)["to_pay"],
    )


def _scenario(entry: dict[str, Any]) -> ScenarioRead:
    money = {name: yuan_text(entry[f"{name}_fen"]) for name in ("claimed", "paid", "deferred", "unfunded")}
    return ScenarioRead(**{name: entry[name] for name in ("budget", "code", "label", "explanation")}, **money)


def line_values(
    line: SettlementLine, inputs: Inputs, subjects: Subjects, decided: DecidedLine | None
) -> dict[str, Any]:
    """A stored line with its words; `decided` is what the standing decision says of it."""
    rule = inputs.policy.book.rules[line.rule_no - 1]
    kind, outcome = SubjectKind(line.subject_kind), Outcome(line.outcome)
    reason = Reason(line.reason) if line.reason is not None else None
    funding = Funding(line.funding) if line.funding is not None else None
    subject = subjects.get((line.subject_kind, line.subject_no), NOBODY)
    return {
        "no": line.line_no,
        "rule": rule.code,
        "rule_name": rule.name,
        "budget": rule.budget,
        "article": rule.article,
        "kind": kind.name.lower(),
        "kind_label": kind.label,
        "subject_no": line.subject_no,
        "subject": subject.title,
        "facts": [FactRead(label=label, value=value) for label, value in subject.facts.items()],
        "payee": line.payee,
        "payee_name": inputs.registry.name_of(line.payee) if line.payee else "",
        "outcome": outcome.code,
        "outcome_label": outcome.label,
        "reason": reason.code if reason else None,
        "sentence": _sentence(reason, funding, line.rank),
        "rank": line.rank,
        "funding": funding.code if funding else None,
        "funding_label": funding.label if funding else None,
        "amount": yuan_text(line.amount_fen),
        "to_pay": line_to_pay(line, decided),
    }


def _sentence(reason: Reason | None, funding: Funding | None, rank: int | None) -> str:
    if reason is not None or funding is None:
        return reason.sentence if reason else ""
    place = f"，择优第 {rank} 名" if rank is not None else ""
    return f"符合全部条件{place}，{funding.label}"


def line_read(line: SettlementLine, inputs: Inputs, subjects: Subjects, decided: DecidedLine | None) -> LineRead:
    return LineRead(**line_values(line, inputs, subjects, decided))


def line_explanation(
    line: SettlementLine, inputs: Inputs, subjects: Subjects, decided: DecidedLine | None, explanation: Explanation
) -> LineExplanation:
    """A line with the account of it; whether both agree is computed, not assumed."""
    article = inputs.policy.article(explanation.article)
    return LineExplanation(
        **line_values(line, inputs, subjects, decided),
        conditions=[
            ConditionRead(
                code=condition.code,
                label=condition.label,
                article=condition.article,
                observed=condition.observed,
                required=condition.required,
                holds=condition.holds,
                decided=condition.decided,
            )
            for condition in explanation.conditions
        ],
        formula=explanation.formula,
        explanation=explanation.sentence,
        article_heading=article.get("heading"),
        article_summary=article.get("summary"),
        matches=_matches(line, explanation),
    )


def _matches(line: SettlementLine, explanation: Explanation) -> bool:
    stored = (line.outcome, line.reason, line.rank, line.funding, line.amount_fen)
    said = (explanation.outcome, explanation.reason, explanation.rank, explanation.funding, explanation.amount_fen)
    return stored == said
