"""The agreements that still hold and to which a member is party."""

from uuid import UUID

from services.kernel.database import AnySession
from services.kernel.registry_words import AGREEMENT_KINDS
from services.kernel.tenancy import Scope
from services.registry.domain.touches import Touch
from services.registry.queries.agreements import effective_date, open_parties
from services.registry.tables import Agreement


async def touched_by(session: AnySession, scope: Scope, member_id: UUID) -> list[Touch]:
    """Agreements that are not over, by title."""
    parts = await open_parties(session, scope, member_id, await effective_date(session))
    statement = scope.select(Agreement).where(Agreement.id.in_([part.agreement for part in parts]))
    return [
        Touch(AGREEMENT_KINDS[one.kind], one.id, one.title, f"/agreements/{one.id}")
        for one in await session.scalars(statement.order_by(Agreement.sort_key, Agreement.id))
    ]
