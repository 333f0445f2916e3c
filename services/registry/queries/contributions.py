"""Read what members put into collaborations."""

from datetime import date
from uuid import UUID

from services.kernel.database import AnySession
from services.kernel.errors import NotFound
from services.kernel.history import at
from services.kernel.tenancy import Scope
from services.registry.queries.kept_units import kept_among
from services.registry.tables import Contribution


async def contributions_of(
    session: AnySession, scope: Scope, collaboration: UUID, as_of: date | None
) -> list[Contribution]:
    """The contributions to a collaboration that the scope sees, up to a day, oldest first."""
    table = at(Contribution, as_of)
    statement = scope.select(table).where(table.collaboration == collaboration)
    return list((await session.scalars(statement.order_by(table.on_date, table.id))).all())


async def find_own_contribution(
    session: AnySession, scope: Scope, collaboration: UUID, contribution_id: UUID
) -> Contribution:
    """One contribution of a member for which the scope speaks. Raises NotFound."""
    own = (Contribution.collaboration == collaboration, Contribution.id == contribution_id)
    found = (await session.scalars(scope.select(Contribution).where(*own))).one_or_none()
    if found is None or not await kept_among(session, scope, {found.member}):
        raise NotFound("这个合作载体没有这项投入，或它不是本单位（本县区单位）的。", code="contribution_not_found")
    return found
