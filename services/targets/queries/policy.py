"""The applied packs and their indicators."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import desc, select
from sqlalchemy.dialects.postgresql import distinct_on

from services.kernel.database import AnySession
from services.kernel.errors import NotFound
from services.targets.measures.indicator import Indicator, indicator_from
from services.targets.queries.source_decisions import DecisionsOfPack, choices, source_decisions
from services.targets.tables import PolicyVersion, SourceDecision

NOT_DECIDED: Final[DecisionsOfPack] = MappingProxyType({})


@dataclass(frozen=True)
class Plan:
    """A pack's targets at one version: its indicators as decided, and the document they come from."""

    pack: str
    version: int
    document: dict[str, Any]
    indicators: tuple[Indicator, ...]
    tasks: tuple[dict[str, Any], ...]
    decisions: DecisionsOfPack

    def decisions_on(self, indicator: Indicator) -> Sequence[SourceDecision]:
        """The decisions on an indicator's conflicts, oldest first."""
        return self.decisions.get(indicator.code, ())


async def plans(session: AnySession, alliance: str) -> list[Plan]:
    """The newest version of every pack applied to an alliance, by pack."""
    newest = (
        select(PolicyVersion)
        .where(PolicyVersion.alliance == alliance)
        .ext(distinct_on(PolicyVersion.pack))
        .order_by(PolicyVersion.pack, desc(PolicyVersion.version))
    )
    decided = await source_decisions(session, alliance)
    return [_plan(row, decided.get(row.pack, NOT_DECIDED)) for row in await session.scalars(newest)]


def _plan(row: PolicyVersion, decided: DecisionsOfPack) -> Plan:
    parts: list[Mapping[str, Any]] = row.content["indicators"]
    indicators = tuple(indicator_from(part, choices(decided.get(part["code"], ()))) for part in parts)
    return Plan(row.pack, row.version, row.document, indicators, tuple(row.content["tasks"]), decided)


async def indicators_ever(session: AnySession, alliance: str) -> dict[str, Indicator]:
    """Every indicator that was ever applied, as its newest version has it: reports outlive the pack they followed.

    Good for names and units, not for judging: decisions on its conflicts are left out.
    """
    versions = (
        select(PolicyVersion)
        .where(PolicyVersion.alliance == alliance)
        .order_by(desc(PolicyVersion.pack), PolicyVersion.version)
    )
    rows = await session.scalars(versions)
    return {indicator.code: indicator for row in rows for indicator in _plan(row, NOT_DECIDED).indicators}


async def find_indicator(session: AnySession, alliance: str, code: str) -> tuple[Plan, Indicator]:
    """One indicator with its plan. Raises NotFound."""
    for plan in await plans(session, alliance):
        for indicator in plan.indicators:
            if indicator.code == code:
                return plan, indicator
    raise NotFound("没有这个指标，请从指标列表选择。", code="indicator_not_found")
