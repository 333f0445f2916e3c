"""What the commands on collaborations share: the members they name, participants, and what goes to the audit."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, select, tuple_, update
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
    session: AnySession, scope: Scope, clock: Clock, drafts: Sequence[tuple[CollaborationWrite, UUID | None]]
) -> list[list[FieldIssue]]:
    """Of each draft: days that do not fit, members that are not on record, a name that another of its kind has.

    With each draft goes the id of the collaboration that it changes.
    """
    if not drafts:
        return []
    wanted = {member for draft, _ in drafts for members in _named(draft).values() for member in members if member}
    known = await names_of(session, scope.alliance, wanted)
    taken = await _taken(session, scope, [draft for draft, _ in drafts])
    today = business_date(clock)
    return [
        [*_unknown(draft, known), *_repeated(draft, own, taken), *end_issues(draft, today)] for draft, own in drafts
    ]


def _named(draft: CollaborationWrite) -> dict[str, list[UUID | None]]:
    return {
        "host_member": [draft.host_member],
        "lead_member": [draft.lead_member],
        "participants": [*draft.parts],
    }


def _unknown(draft: CollaborationWrite, known: Mapping[UUID, str]) -> list[FieldIssue]:
    return [
        FieldIssue(field, "member_unknown", "没有登记这家成员单位，请从列表中选择。")
        for field, members in _named(draft).items()
        if any(member and member not in known for member in members)
    ]


async def _taken(
    session: AnySession, scope: Scope, drafts: Sequence[CollaborationWrite]
) -> dict[tuple[str, str], set[UUID]]:
    """Who has the kinds and names of the drafts."""
    same = scope.limit(select(Collaboration.kind, Collaboration.name, Collaboration.id), Collaboration)
    wanted = {(str(draft.kind), draft.name) for draft in drafts}
    taken: dict[tuple[str, str], set[UUID]] = {}
    for row in await session.execute(same.where(tuple_(Collaboration.kind, Collaboration.name).in_(wanted))):
        taken.setdefault((row.kind, row.name), set()).add(row.id)
    return taken


def _repeated(
    draft: CollaborationWrite, own: UUID | None, taken: Mapping[tuple[str, str], set[UUID]]
) -> list[FieldIssue]:
    if taken.get((str(draft.kind), draft.name), set()) <= {own}:
        return []
    return [FieldIssue("name", "name_taken", "已有同类同名的合作载体，请核对后修改原记录。")]


def begins_on(draft: CollaborationWrite, clock: Clock) -> date:
    """From which day a new record holds: as given, else from its foundation, else today. Raises InvalidInput."""
    field = "effective_on" if draft.effective_on else "founded_on"
    return effective_day(draft.effective_on or draft.founded_on, clock, field)


def holds_from(draft: CollaborationWrite, former_status: str, clock: Clock) -> date:
    """From which day a change holds: as given, else the day of an end that is new, else today. Raises InvalidInput."""
    ends = draft.status == CollaborationStatus.ENDED and former_status != CollaborationStatus.ENDED
    return effective_day(draft.effective_on or (draft.ended_on if ends else None), clock)


async def set_participants(
    session: WriteSession,
    alliance: str,
    wanted: Sequence[tuple[Collaboration, Mapping[UUID, str]]],
    standing: Mapping[UUID, Mapping[UUID, str]],
) -> None:
    """Bring participants from what stands to what is wanted; host and lead are not repeated among them.

    Those who stay as what they are keep their row, so that since when they take part stays on record.
    """
    gone: list[tuple[UUID, UUID]] = []
    changed: list[dict[str, Any]] = []
    for collaboration, parts in wanted:
        held = (collaboration.host_member, collaboration.lead_member)
        after = {member: str(part) for member, part in parts.items() if member not in held}
        before = standing.get(collaboration.id, {})
        gone += [(collaboration.id, member) for member in before.keys() - after.keys()]
        for member, part in after.items():
            if member not in before:
                session.add(Participant(alliance=alliance, collaboration=collaboration.id, member=member, part=part))
            elif before[member] != part:
                changed.append({"of": collaboration.id, "who": member, "as_what": part})
    own = Participant.alliance == alliance
    if gone:
        await session.execute(
            delete(Participant).where(own, tuple_(Participant.collaboration, Participant.member).in_(gone))
        )
    if changed:
        same = (own, Participant.collaboration == bindparam("of"), Participant.member == bindparam("who"))
        moved = update(Participant.__table__).where(*same).values(part=bindparam("as_what"))  # type: ignore[arg-type]
        await session.execute(moved, changed)


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
