"""The applied packs and their indicators."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import desc, select
from sqlalchemy.dialects.postgresql import distinct_on

from services.kernel.database import AnySession
from services.kernel.errors import NotFound
from services.targets.measures.indicator import Indicator, indicator_from
from services.targets.tables import PolicyVersion


@dataclass(frozen=True)
class Plan:
    """A pack's targets at one version: its indicators, and the document they come from."""

    pack: str
    version: int
    document: dict[str, Any]
    indicators: tuple[Indicator, ...]
    tasks: tuple[dict[str, Any], ...]


async def plans(session: AnySession, alliance: str) -> list[Plan]:
    """The newest version of every pack applied to an alliance, by pack."""
    newest = (
        select(PolicyVersion)
        .where(PolicyVersion.alliance == alliance)
        .ext(distinct_on(PolicyVersion.pack))
        .order_by(PolicyVersion.pack, desc(PolicyVersion.version))
    )
    return [_plan(row) for row in await session.scalars(newest)]


def _plan(row: PolicyVersion) -> Plan:
    indicators = tuple(indicator_from(part) for part in row.content["indicators"])
    return Plan(row.pack, row.version, row.document, indicators, tuple(row.content["tasks"]))


async def indicators_ever(session: AnySession, alliance: str) -> dict[str, Indicator]:
    """Every indicator that was ever applied, as its newest version has it: reports outlive the pack they followed."""
    versions = (
        select(PolicyVersion)
        .where(PolicyVersion.alliance == alliance)
        .order_by(desc(PolicyVersion.pack), PolicyVersion.version)
    )
    rows = await session.scalars(versions)
    return {indicator.code: indicator for row in rows for indicator in _plan(row).indicators}


async def find_indicator(session: AnySession, alliance: str, code: str) -> tuple[Plan, Indicator]:
    """One indicator with its plan. Raises NotFound."""
    for plan in await plans(session, alliance):
        for indicator in plan.indicators:
            if indicator.code == code:
                return plan, indicator
    raise NotFound("没有这个指标，请从指标列表选择。", code="indicator_not_found")
