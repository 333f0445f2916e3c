"""What creating and changing a seat share."""

from typing import Any, Final

from services.kernel.database import AnySession
from services.kernel.errors import FieldIssue
from services.kernel.tenancy import Scope
from services.registry.commands.governance_rows import unknown_members
from services.registry.schemas.governance import SeatWrite

DRAFT_FIELDS: Final = tuple(SeatWrite.model_fields)
FACTS: Final = (*DRAFT_FIELDS, "body", "open_ended", "established_on", "abolished_on")


async def draft_issues(session: AnySession, scope: Scope, draft: SeatWrite) -> list[FieldIssue]:
    """A unit that is not on record."""
    return await unknown_members(session, scope, {"member": draft.member})


def columns_of(draft: SeatWrite) -> dict[str, Any]:
    """The columns of a seat as the draft wants them."""
    return {name: getattr(draft, name) for name in DRAFT_FIELDS}
