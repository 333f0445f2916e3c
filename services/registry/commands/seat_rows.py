"""What creating and changing a seat share."""

from typing import Any, Final

from services.kernel.clock import Clock
from services.kernel.database import AnySession
from services.kernel.errors import FieldIssue
from services.kernel.tenancy import Scope
from services.registry.commands.governance_rows import day_issues, unknown_members
from services.registry.schemas.governance import SeatWrite

DRAFT_FIELDS: Final = tuple(SeatWrite.model_fields)
FACTS: Final = (*DRAFT_FIELDS, "body", "open_ended", "abolished_on")


async def draft_issues(session: AnySession, scope: Scope, clock: Clock, draft: SeatWrite) -> list[FieldIssue]:
    """A unit that is not on record, a day that has not come."""
    issues = await unknown_members(session, scope, {"member": draft.member})
    return [*issues, *day_issues("established_on", draft.established_on, clock)]


def columns_of(draft: SeatWrite) -> dict[str, Any]:
    """The columns of a seat as the draft wants them."""
    return {name: getattr(draft, name) for name in DRAFT_FIELDS}
