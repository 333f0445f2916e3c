"""For which members a caller speaks: the secretariat for all, a county for those of its division, a unit for itself."""

from uuid import UUID

from sqlalchemy import select

from services.kernel.database import AnySession
from services.kernel.tenancy import Scope
from services.registry.tables import Member


async def own_units(session: AnySession, scope: Scope, members: set[UUID]) -> set[UUID]:
    """Those of the members for which the scope speaks."""
    if scope.member is not None:
        return members & {scope.member}
    own = scope.limit(select(Member.id), Member).where(Member.id.in_(members))
    return {*await session.scalars(own)}
