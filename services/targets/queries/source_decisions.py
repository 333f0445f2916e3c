"""Decisions on which place of a document counts: all of an alliance, those that cite a resolution."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import select

from services.kernel.database import AnySession
from services.kernel.tenancy import Scope
from services.targets.measures.milestones import Choice
from services.targets.tables import SourceDecision

DecisionsOfPack = Mapping[str, Sequence[SourceDecision]]
"""By indicator, oldest first."""


async def source_decisions(session: AnySession, alliance: str) -> Mapping[str, DecisionsOfPack]:
    """Every decision of an alliance by pack: there are as many as conflicts in its documents, few."""
    statement = select(SourceDecision).where(SourceDecision.alliance == alliance).order_by(SourceDecision.no)
    found: dict[str, dict[str, list[SourceDecision]]] = defaultdict(lambda: defaultdict(list))
    for decision in await session.scalars(statement):
        found[decision.pack][decision.indicator].append(decision)
    return found


def standing(decisions: Iterable[SourceDecision]) -> dict[int | None, SourceDecision]:
    """The last decision of each year, from the decisions on one indicator, oldest first."""
    return {decision.year: decision for decision in decisions}


def choices(decisions: Iterable[SourceDecision]) -> dict[int | None, Choice]:
    """What the standing decisions chose."""
    return {year: Choice(last.article, last.value, last.text) for year, last in standing(decisions).items()}


async def decisions_citing(session: AnySession, scope: Scope, resolution: UUID) -> list[SourceDecision]:
    """The decisions that cite a resolution, newest first."""
    newest = (SourceDecision.decided_at.desc(), SourceDecision.id)
    statement = scope.select(SourceDecision).where(SourceDecision.resolution == resolution).order_by(*newest)
    return list(await session.scalars(statement))


async def replaced_among(session: AnySession, scope: Scope, decisions: Iterable[SourceDecision]) -> set[UUID]:
    """Which of these decisions a later one replaced."""
    ids = [decision.id for decision in decisions]
    statement = scope.limit(select(SourceDecision.replaces), SourceDecision).where(SourceDecision.replaces.in_(ids))
    return {replaced for replaced in await session.scalars(statement) if replaced is not None}
