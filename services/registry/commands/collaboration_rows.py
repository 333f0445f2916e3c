"""What the commands on collaborations share: the members they name, participants, and what goes to the audit."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm.attributes import flag_modified

from services.kernel.clock import Clock, business_date
from services.kernel.database import AnySession, WriteSession
from services.kernel.errors import FieldIssue
from services.kernel.history import effective_day
from services.kernel.pinyin import search_text, sort_key
from services.kernel.tenancy import Scope
from services.registry.domain.collaborations import CollaborationStatus, end_issues
from services.registry.queries.members import names_of
from services.registry.schemas.collaboration_details import stored
from services.registry.schemas.collaborations import CollaborationWrite
from services.registry.tables import Collaboration, Participant

PLAIN_FIELDS = ("kind", "name", "host_member", "lead_member", "founded_on", "status", "ended_on", "end_reason")


def fill(collaboration: Collaboration, draft: CollaborationWrite) -> None:
    """Set the plain fields, those of the kind, and what follows from the name."""
    for name in PLAIN_FIELDS:
        setattr(collaboration, name, getattr(draft, name))
    collaboration.details = stored(draft.own_fields)
    collaboration.sort_key = sort_key(draft.name)
    collaboration.search_text = search_text(draft.name)


async def draft_issues(
    session: AnySession, scope: Scope, clock: Clock, draft: CollaborationWrite, own: UUID | None
) -> list[FieldIssue]:
    """Days that do not fit, members that are not on record, a name that another collaboration of this kind has."""
    named: dict[str, list[UUID | None]] = {
        "host_member": [draft.host_member],
        "lead_member": [draft.lead_member],
        "participants": [*draft.parts],
    }
    wanted = {member for members in named.values() for member in members if member}
    known = await names_of(session, scope.alliance, wanted)
    issues = [
        FieldIssue(field, "member_unknown", "没有登记这家成员单位，请从列表中选择。")
        for field, members in named.items()
        if any(member and member not in known for member in members)
    ]
    same = scope.limit(select(Collaboration.id), Collaboration)
    same = same.where(Collaboration.kind == draft.kind, Collaboration.name == draft.name)
    if any(other != own for other in await session.scalars(same)):
        issues.append(FieldIssue("name", "name_taken", "已有同类同名的合作载体，请核对后修改原记录。"))
    return [*issues, *end_issues(draft, business_date(clock))]


def begins_on(draft: CollaborationWrite, clock: Clock) -> date:
    """From which day a new record holds: as given, else from its foundation, else today. Raises InvalidInput."""
    field = "effective_on" if draft.effective_on else "founded_on"
    return effective_day(draft.effective_on or draft.founded_on, clock, field)


def holds_from(draft: CollaborationWrite, former_status: str, clock: Clock) -> date:
    """From which day a change holds: as given, else the day of an end that is new, else today. Raises InvalidInput."""
    ends = draft.status == CollaborationStatus.ENDED and former_status != CollaborationStatus.ENDED
    return effective_day(draft.effective_on or (draft.ended_on if ends else None), clock)


async def set_participants(session: WriteSession, collaboration: Collaboration, wanted: Mapping[UUID, str]) -> None:
    """Bring the participants to what is wanted; host and lead are not repeated among them.

    Those who stay as what they are keep their row, so that since when they take part stays on record.
    """
    held = (collaboration.host_member, collaboration.lead_member)
    after = {member: str(part) for member, part in wanted.items() if member not in held}
    same = (Participant.alliance == collaboration.alliance, Participant.collaboration == collaboration.id)
    standing = await session.execute(select(Participant.member, Participant.part).where(*same))
    before = {row.member: row.part for row in standing}
    if gone := before.keys() - after.keys():
        await session.execute(delete(Participant).where(*same, Participant.member.in_(gone)))
    for member, part in after.items():
        if member not in before:
            key = {"alliance": collaboration.alliance, "collaboration": collaboration.id, "member": member}
            session.add(Participant(**key, part=part))
        elif before[member] != part:
            changed = update(Participant).where(*same, Participant.member == member).values(part=part)
            await session.execute(changed.execution_options(synchronize_session=False))


def touch(collaboration: Collaboration, clock: Clock) -> None:
    """Count what stands around the row (participants, recognitions) as a change of it, so that its ETag moves on."""
    collaboration.updated_at = clock.now()
    flag_modified(collaboration, "updated_at")  # also when the clock stood still


def facts(collaboration: Collaboration, parts: Mapping[UUID, str]) -> dict[str, Any]:
    """The fields as JSON for the audit."""
    plain = {name: getattr(collaboration, name) for name in PLAIN_FIELDS}
    shown = {name: str(value) if value is not None else None for name, value in plain.items()}
    held = (collaboration.host_member, collaboration.lead_member)
    taking = {str(member): str(part) for member, part in parts.items() if member not in held}
    return {**shown, "details": collaboration.details, "participants": taking}
