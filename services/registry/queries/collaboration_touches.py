"""The running collaborations in which a member has a part."""

from uuid import UUID

from sqlalchemy import Select

from services.kernel.database import AnySession
from services.kernel.registry_words import COLLABORATION_KINDS
from services.kernel.tenancy import Scope
from services.registry.domain.collaborations import CollaborationStatus
from services.registry.domain.touches import Touch
from services.registry.queries.collaboration_parts import with_part
from services.registry.tables import Collaboration


def running_with(scope: Scope, member_id: UUID) -> Select[Collaboration]:
    """The collaborations that run and that a member leads, hosts or takes part in."""
    own = Collaboration.id.in_(with_part(scope, [member_id], None))
    return scope.select(Collaboration).where(Collaboration.status == CollaborationStatus.ACTIVE, own)


async def touched_by(session: AnySession, scope: Scope, member_id: UUID) -> list[Touch]:
    """Running collaborations in which a member has a part, by name."""
    statement = running_with(scope, member_id).order_by(Collaboration.sort_key, Collaboration.id)
    return [
        Touch(COLLABORATION_KINDS.get(one.kind, "合作载体"), one.id, one.name, f"/collaborations/{one.id}")
        for one in await session.scalars(statement)
    ]
