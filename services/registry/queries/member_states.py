"""The states of a member's record: from when until when, and what changed."""

from typing import Final
from uuid import UUID

from services.kernel.database import AnySession
from services.kernel.history import states_of
from services.kernel.tenancy import Scope
from services.registry.domain.states import steps
from services.registry.schemas.members import FieldChange, MemberState, MemberStates, MemberWrite
from services.registry.tables import Member

PERSONAL: Final = frozenset({"contact_person", "contact_phone"})
HIDDEN: Final = "（已变更）"


async def states_of_member(session: AnySession, scope: Scope, member_id: UUID, *, contacts: bool) -> MemberStates:
    """Every state, newest first; that a contact changed is told to whom it concerns, and never what it was."""
    fields = [name for name in MemberWrite.model_fields if contacts or name not in PERSONAL]
    found = steps(await states_of(session, Member, scope.alliance, member_id), fields)
    items = [
        MemberState(
            valid_from=step.valid_from,
            valid_until=step.valid_until,
            changed=[_shown(name, before, after) for name, (before, after) in step.changed.items()],
        )
        for step in reversed(found)
    ]
    return MemberStates(items=items)


def _shown(name: str, before: object, after: object) -> FieldChange:
    if name in PERSONAL:
        return FieldChange(field=name, before=HIDDEN if before else None, after=HIDDEN if after else None)
    return FieldChange(field=name, before=before, after=after)
