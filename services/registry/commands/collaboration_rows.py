"""What the commands on collaborations share: the members they name, participants, and what goes to the audit."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm.attributes import flag_modified

from services.kernel.clock import Clock
from services.kernel.database import AnySession, WriteSession
from services.kernel.errors import FieldIssue
from services.kernel.pinyin import search_text, sort_key
from services.kernel.tenancy import Scope
from services.registry.queries.members import names_of
from services.registry.schemas.collaborations import CollaborationWrite
from services.registry.tables import Collaboration, Participant

PLAIN_FIELDS = ("kind", "name", "host_member", "lead_member", "founded_on", "status")


def fill(collaboration: Collaboration, draft: CollaborationWrite) -> None:
    """Set the plain fields and what follows from the name."""
    for name in PLAIN_FIELDS:
        setattr(collaboration, name, getattr(draft, name))
    collaboration.sort_key = sort_key(draft.name)
    collaboration.search_text = search_text(draft.name)


async def draft_issues(
    session: AnySession, scope: Scope, draft: CollaborationWrite, own: UUID | None
) -> list[FieldIssue]:
    """Members that are not on record, and a name that another collaboration of this kind has."""
    named: dict[str, list[UUID | None]] = {
        "host_member": [draft.host_member],
        "lead_member": [draft.lead_member],
        "participants": [*draft.participants],
    }
    wanted = {member for members in named.values() for member in members if member}
    known = await names_of(session, scope.alliance, wanted)
    issues = [
        FieldIssue(field, "member_unknown", "没有登记这家成员单位，请从列表中选择。")
        for field, members in named.items()
        if any(member and member not in known for member in members)
    ]
    same = scope.select(Collaboration).where(Collaboration.kind == draft.kind, Collaboration.name == draft.name)
    if any(other.id != own for other in await session.scalars(same)):
        issues.append(FieldIssue("name", "name_taken", "已有同类同名的合作载体，请核对后修改原记录。"))
    return issues


async def set_participants(session: WriteSession, collaboration: Collaboration, members: list[UUID]) -> None:
    """Replace the participants; host and lead are not repeated among them."""
    same = (Participant.alliance == collaboration.alliance, Participant.collaboration == collaboration.id)
    await session.execute(delete(Participant).where(*same))
    for member in members:
        if member not in (collaboration.host_member, collaboration.lead_member):
            key = {"alliance": collaboration.alliance, "collaboration": collaboration.id, "member": member}
            session.add(Participant(**key))


def touch(collaboration: Collaboration, clock: Clock) -> None:
    """Count what stands around the row (participants, recognitions) as a change of it, so that its ETag moves on."""
    collaboration.updated_at = clock.now()
    flag_modified(collaboration, "updated_at")  # also when the clock stood still


def facts(collaboration: Collaboration, participants: list[UUID]) -> dict[str, Any]:
    """The fields as JSON for the audit."""
    plain = {name: getattr(collaboration, name) for name in PLAIN_FIELDS}
    shown = {name: str(value) if value is not None else None for name, value in plain.items()}
    return {**shown, "participants": sorted(str(member) for member in participants)}
