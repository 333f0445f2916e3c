"""Decisions cite resolutions: by id only those that a body of the alliance carried; by number what is not on record."""

from uuid import UUID

from services.kernel import citations
from services.kernel.citations import Citing
from services.kernel.database import AnySession
from services.kernel.errors import FieldIssue
from services.kernel.tenancy import Scope
from services.registry.queries.meetings import cited_resolution


async def citation_issues(
    session: AnySession, scope: Scope, resolution: UUID | None, number: str | None = None
) -> list[FieldIssue]:
    """Why a decision may not cite this: not a resolution of the alliance, not carried, or a number beside the id."""
    found = await cited_resolution(session, scope, resolution)
    return citations.citation_issues(Citing(resolution=resolution, resolution_number=number), found)
