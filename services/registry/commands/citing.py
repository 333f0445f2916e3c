"""Decisions cite resolutions: by id only those that a body of the alliance carried; by number what is not on record."""

from uuid import UUID

from services.kernel.database import AnySession
from services.kernel.errors import FieldIssue
from services.kernel.registry_words import OUTCOMES
from services.kernel.tenancy import Scope
from services.registry.domain.governance import CITABLE
from services.registry.queries.meetings import resolutions_by_id


async def citation_issues(
    session: AnySession, scope: Scope, resolution: UUID | None, number: str | None = None
) -> list[FieldIssue]:
    """Why a decision may not cite this: not a resolution of the alliance, not carried, or a number beside the id."""
    if resolution is None:
        return []
    found = (await resolutions_by_id(session, scope, [resolution])).get(resolution)
    issues = []
    if found is None:
        words = "没有这项决议，无法引用；请从列表中选择已通过的决议，系统中没有的请填写文号。"
        issues.append(FieldIssue("resolution", "resolution_unknown", words))
    elif found.outcome not in CITABLE:
        words = f"决议“{found.title}”的表决结果是“{OUTCOMES[found.outcome]}”，不能作为依据；请选择已通过的决议。"
        issues.append(FieldIssue("resolution", "resolution_not_passed", words))
    if number is not None:
        words = "已选择系统中的决议，文号以该决议为准；请清空这里的文号，或改为不引用决议。"
        issues.append(FieldIssue("resolution_number", "resolution_cited_twice", words))
    return issues
