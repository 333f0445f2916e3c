"""Everything open that names a member, of every room.

A room that points at members offers `touched_by(session, scope, member_id) -> list[Touch]` in its queries and stands in
`SOURCES`; what it shows is what its `transfer` (`commands/transfer.py`) would move.
"""

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from services.kernel.database import AnySession
from services.kernel.tenancy import Scope
from services.registry.domain.touches import Touch
from services.registry.queries import (
    agreement_touches,
    collaboration_touches,
    coverage,
    governance_touches,
    member_contacts,
    recognition_touches,
    teaching,
)

Source = Callable[[AnySession, Scope, UUID], Awaitable[list[Touch]]]

SOURCES: Final[tuple[Source, ...]] = (
    collaboration_touches.touched_by,
    recognition_touches.touched_by,
    agreement_touches.touched_by,
    member_contacts.touched_by,
    governance_touches.touched_by,
    coverage.touched_by,
    teaching.touched_by,
)


async def touched_by(session: AnySession, scope: Scope, member_id: UUID) -> list[Touch]:
    """What every room has open for a member, in the order of the rooms."""
    return [touch for source in SOURCES for touch in await source(session, scope, member_id)]
