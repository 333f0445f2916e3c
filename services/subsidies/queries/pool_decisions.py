"""Reading decisions on what lies above a pool: those of a settlement, those that stand, what they say of lines."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import desc, select
from sqlalchemy.dialects.postgresql import distinct_on

from services.kernel.database import AnySession
from services.kernel.tenancy import Scope
from services.subsidies.domain import SettlementState
from services.subsidies.tables import DecidedLine, PoolDecision, Settlement


async def decisions_of(session: AnySession, scope: Scope, settlement: Settlement) -> list[PoolDecision]:
    """Every decision of a settlement, newest first."""
    newest_first = (desc(PoolDecision.decided_at), PoolDecision.budget, desc(PoolDecision.no))
    own = scope.select(PoolDecision).where(PoolDecision.settlement == settlement.id)
    return list((await session.scalars(own.order_by(*newest_first))).all())


def standing_among(decisions: Iterable[PoolDecision]) -> list[PoolDecision]:
    """Of the decisions of one settlement those that stand: the last of each budget."""
    last: dict[str, PoolDecision] = {}
    for decision in sorted(decisions, key=lambda each: each.no):
        last[decision.budget] = decision
    return [last[budget] for budget in sorted(last)]


async def standing_decisions(session: AnySession, alliance: str, settlements: Sequence[UUID]) -> list[PoolDecision]:
    """The decision that stands on each budget of some settlements, by settlement and budget."""
    row = PoolDecision
    own = (row.alliance == alliance, row.settlement.in_(settlements))
    last = select(row).ext(distinct_on(row.settlement, row.budget)).where(*own)
    return list((await session.scalars(last.order_by(row.settlement, row.budget, desc(row.no)))).all())


async def standing_decision(session: AnySession, settlement: Settlement, budget: str) -> PoolDecision | None:
    """The decision that stands on one budget of a settlement, if there is one."""
    standing = await standing_decisions(session, settlement.alliance, [settlement.id])
    return next((decision for decision in standing if decision.budget == budget), None)


async def decided_lines(
    session: AnySession, alliance: str, decisions: Sequence[PoolDecision], line_nos: Sequence[int]
) -> dict[int, DecidedLine]:
    """What the standing decisions of one settlement say of some of its lines, by line number."""
    row = DecidedLine
    ids = [decision.id for decision in decisions]
    if not ids:
        return {}
    statement = select(row).where(row.alliance == alliance, row.decision.in_(ids), row.line_no.in_(line_nos))
    return {line.line_no: line for line in (await session.scalars(statement)).all()}


@dataclass(frozen=True)
class Citation:
    """A decision that rests on a resolution, and the settlement that it is about."""

    decision: PoolDecision
    settlement: Settlement


async def decisions_resting_on(session: AnySession, scope: Scope, resolution: UUID) -> list[Citation]:
    """The decisions that cite a resolution, newest first."""
    of_settlement = (Settlement.alliance == PoolDecision.alliance) & (Settlement.id == PoolDecision.settlement)
    statement = scope.limit(select(PoolDecision, Settlement), PoolDecision).join(Settlement, of_settlement)
    cited = statement.where(PoolDecision.resolution == resolution).order_by(desc(PoolDecision.decided_at))
    return [Citation(*row) for row in (await session.execute(cited)).all()]


async def years_relying_on(session: AnySession, settlement: Settlement) -> list[int]:
    """The other years whose confirmed settlements count with what this one pays."""
    others = (Settlement.alliance == settlement.alliance, Settlement.year != settlement.year)
    confirmed = Settlement.state == SettlementState.CONFIRMED.value
    pinning = Settlement.pins["prior"].contains([{"no": settlement.no}])
    statement = select(Settlement.year).where(*others, confirmed, pinning).order_by(Settlement.year)
    return list((await session.scalars(statement)).all())
