"""The recognitions that a member itself holds and that nobody withdrew."""

from uuid import UUID

from sqlalchemy import Select

from services.kernel.database import AnySession
from services.kernel.registry_words import COLLABORATION_KINDS, RECOGNITION_LEVELS
from services.kernel.tenancy import Scope
from services.registry.domain.touches import Touch
from services.registry.tables import Recognition


def held_by(scope: Scope, member_id: UUID) -> Select[Recognition]:
    """The recognitions of a member that were not withdrawn, the oldest first; a plate among them may have lapsed."""
    own = scope.select(Recognition).where(Recognition.member == member_id, Recognition.withdrawn_on.is_(None))
    return own.order_by(Recognition.granted_on, Recognition.id)


async def touched_by(session: AnySession, scope: Scope, member_id: UUID) -> list[Touch]:
    """Each by what it is; a plate tells until when, since a lapsed one is not handed over."""
    return [
        Touch("级别认定", one.id, _title(one), f"/collaborations/plates/{one.id}")
        for one in await session.scalars(held_by(scope, member_id))
    ]


def _title(grant: Recognition) -> str:
    name = grant.title or COLLABORATION_KINDS.get(grant.kind or "", "")
    until = f"，{grant.lapses_on.isoformat()} 到期" if grant.lapses_on else ""
    return f"{RECOGNITION_LEVELS.get(grant.level, grant.level)}{name}（{grant.document_number}{until}）"
