"""Stored decisions on what lies above a pool as they go on the wire, and what is to be paid under them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar
from uuid import UUID

from services.kernel.money import yuan_text
from services.subsidies.queries.payments import Share
from services.subsidies.rules.model import RuleBook
from services.subsidies.rules.scenarios import EXPLANATIONS, LABELS, ScenarioCode
from services.subsidies.rules.vocabulary import Funding, Outcome
from services.subsidies.schemas.pool_decisions import PoolDecisionRead
from services.subsidies.tables import DecidedLine, PoolDecision, SettlementLine

K = TypeVar("K")
Money = tuple[int, int]
NOTHING: Final[Money] = (0, 0)


def label_of(row: PoolDecision) -> str:
    return LABELS[ScenarioCode(row.scenario)]


def pool_decision_read(row: PoolDecision, book: RuleBook) -> PoolDecisionRead:
    scenario = ScenarioCode(row.scenario)
    same = ("id", "budget", "no", "opinion", "cited", "replaces", "decided_at", "decided_by_name")
    return PoolDecisionRead(
        **{name: getattr(row, name) for name in same},
        **{name: yuan_text(getattr(row, f"{name}_fen")) for name in ("claimed", "paid", "deferred", "unfunded")},
        budget_name=book.budget(row.budget).name,
        scenario=scenario,
        label=LABELS[scenario],
        explanation=EXPLANATIONS[scenario],
    )


@dataclass(frozen=True)
class Paying:
    """What is to be paid, and deferred, in 分: by the number of a rule, by payee and by budget."""

    rules: dict[int, Money]
    payees: dict[UUID, Money]
    budgets: dict[str, Money]

    @classmethod
    def of(cls, shares: Sequence[Share], book: RuleBook) -> "Paying":
        return cls(
            _sums(shares, lambda share: share.rule_no),
            _sums(shares, lambda share: share.payee),
            _sums(shares, lambda share: book.rules[share.rule_no - 1].budget),
        )


def money_of(sums: Mapping[K, Money], key: K) -> dict[str, str]:
    """`to_pay` and `deferred` of one of the sums."""
    paid, deferred = sums.get(key, NOTHING)
    return {"to_pay": yuan_text(paid), "deferred": yuan_text(deferred)}


def _sums(shares: Sequence[Share], key: Callable[[Share], K]) -> dict[K, Money]:
    sums: dict[K, Money] = {}
    for share in shares:
        paid, deferred = sums.get(key(share), NOTHING)
        sums[key(share)] = (paid + share.paid_fen, deferred + share.deferred_fen)
    return sums


def line_to_pay(line: SettlementLine, decided: DecidedLine | None) -> str | None:
    """What one line is paid now; null when it is excluded."""
    if line.outcome == Outcome.EXCLUDED:
        return None
    if decided is not None:
        return yuan_text(decided.paid_fen)
    return yuan_text(line.amount_fen if line.funding == Funding.WITHIN_POOL else 0)
