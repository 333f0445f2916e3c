"""Bring the rules of plates to what an applied pack says; plates granted before keep the day on which they lapse."""

from typing import Any

from sqlalchemy import delete

from services.kernel.database import WriteSession
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.tables import PlateRule


async def apply_plate_rules(
    session: WriteSession, principal: Principal, pack: str, plates: list[dict[str, Any]]
) -> None:
    """Replace the pack's own rules; a kind that another pack ruled is ruled by the one applied last."""
    scope = Scope.of(principal)
    wanted = {plate["kind"]: plate for plate in plates}
    standing = {rule.kind: rule for rule in await session.scalars(scope.select(PlateRule))}
    gone = [kind for kind, rule in standing.items() if rule.pack == pack and kind not in wanted]
    if gone:
        own = (PlateRule.alliance == principal.alliance, PlateRule.kind.in_(gone))
        await session.execute(delete(PlateRule).where(*own))
    for kind, plate in wanted.items():
        rule = standing.get(kind)
        if rule is None:
            rule = PlateRule(alliance=principal.alliance, kind=kind)
            session.add(rule)
        rule.review_every_years = plate["review_every_years"]
        rule.lapses_after_years = plate["lapses_after_years"]
        rule.pack = pack
        rule.article = plate["article"]
