"""What a settlement pays to whom: within the pools, as decided above them, and what the year before deferred to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.kernel.database import AnySession
from services.subsidies.queries.pinned import Pinned
from services.subsidies.queries.settlements import basis_of
from services.subsidies.rules.model import RuleBook
from services.subsidies.tables import PoolDecision, Settlement


@dataclass(frozen=True)
class Share:
    """What one payee gets under one rule in 分, now and from the next year's budget; `count` lines are paid now."""

    rule_no: int
    payee: UUID
    count: int
    paid_fen: int
    deferred_fen: int


@dataclass(frozen=True)
class Payment:
    """One row of the payment table: an item, its article, who gets how much in 分 for how many lines.

    `carried` says that the year before deferred it; the rule's number is that of the policy applied then.
    """

    rule_no: int
    item: str
    article: str
    payee: UUID
    count: int
    fen: int
    carried: bool = False


def shares_of(totals: dict[str, Any], book: RuleBook, standing: Sequence[PoolDecision]) -> list[Share]:
    """By rule and payee: as decided, or within the pool where nothing is decided."""
    decided = {decision.budget for decision in standing}
    undecided = [
        Share(entry["rule_no"], UUID(entry["payee"]), entry["within_count"], entry["within_fen"], 0)
        for entry in totals["payees"]
        if book.rules[entry["rule_no"] - 1].budget not in decided
    ]
    return undecided + [_share(entry) for decision in standing for entry in decision.payees]


def _share(entry: dict[str, Any]) -> Share:
    return Share(entry["rule_no"], UUID(entry["payee"]), entry["count"], entry["paid_fen"], entry["deferred_fen"])


def payments_of(shares: Sequence[Share], book: RuleBook) -> list[Payment]:
    """The shares that are paid now."""
    paid = [(book.rules[share.rule_no - 1], share) for share in shares if share.count]
    return [Payment(rule.no, rule.name, rule.article, share.payee, share.count, share.paid_fen) for rule, share in paid]


async def carried_payments(session: AnySession, pinned: Pinned) -> list[Payment]:
    """What the year before deferred to this one, by the rules under which it was owed then."""
    alliance, year = pinned.pins.alliance, pinned.pins.year - 1
    before = [prior for prior in pinned.prior if prior.year == year]
    ids = [decision.id for prior in before for decision in prior.decisions if decision.deferred_fen]
    statement = select(PoolDecision).where(PoolDecision.alliance == alliance, PoolDecision.id.in_(ids))
    payments = []
    for decision in (await session.scalars(statement.order_by(PoolDecision.budget))).all():
        settlement = await session.get_one(Settlement, (alliance, decision.settlement))
        _, policy = await basis_of(session, settlement)
        payments += [_carried(entry, policy.book, year) for entry in decision.payees if entry["deferred_count"]]
    return payments


def _carried(entry: dict[str, Any], book: RuleBook, year: int) -> Payment:
    rule = book.rules[entry["rule_no"] - 1]
    item = f"{rule.name}（{year}年度结转）"
    return Payment(
        rule.no, item, rule.article, UUID(entry["payee"]), entry["deferred_count"], entry["deferred_fen"], carried=True
    )
