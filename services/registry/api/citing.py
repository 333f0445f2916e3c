"""What decisions cite, as the wire shows it."""

from collections.abc import Iterable
from uuid import UUID

from services.kernel.database import AnySession
from services.kernel.tenancy import Scope
from services.registry.api.meetings import resolution_ref
from services.registry.queries.meetings import resolutions_by_id
from services.registry.schemas.meetings import ResolutionRef
from services.registry.tables import ApplicationEvent, MemberEvent


async def cited_in(
    session: AnySession, scope: Scope, steps: Iterable[ApplicationEvent | MemberEvent]
) -> dict[UUID | None, ResolutionRef]:
    """The resolutions that these steps cite by id, to be shown by title and number."""
    found = await resolutions_by_id(session, scope, (step.resolution for step in steps))
    return {one.id: resolution_ref(one) for one in found.values()}
