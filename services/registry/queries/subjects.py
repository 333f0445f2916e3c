"""What attachments hang on: for each kind, how its room finds one within the caller's scope.

A room adds its kinds to `SUBJECTS` by a line each; a finder raises NotFound for what the caller may not see.
"""

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from services.kernel.database import AnySession
from services.kernel.errors import FieldIssue, InvalidInput, NotFound
from services.kernel.tenancy import Scope
from services.registry.domain.attachments import Subject
from services.registry.queries.agreements import find_agreement
from services.registry.queries.applications import find_application
from services.registry.queries.collaborations import find_collaboration
from services.registry.queries.meetings import find_meeting, find_resolution
from services.registry.queries.members import find_member
from services.registry.tables import MemberEvent, Recognition

Finder = Callable[[AnySession, Scope, UUID], Awaitable[Subject]]


async def _member(session: AnySession, scope: Scope, subject: UUID) -> Subject:
    found = await find_member(session, scope, subject)
    keepers = frozenset({found.id})
    return Subject("member", found.id, found.name, f"/members/{found.id}", keepers, found.division)


async def _agreement(session: AnySession, scope: Scope, subject: UUID) -> Subject:
    found = await find_agreement(session, scope, subject)
    return Subject("agreement", found.id, found.title, f"/agreements/{found.id}")


async def _collaboration(session: AnySession, scope: Scope, subject: UUID) -> Subject:
    found = await find_collaboration(session, scope, subject)
    return Subject("collaboration", found.id, found.name, f"/collaborations/{found.id}")


async def _recognition(session: AnySession, scope: Scope, subject: UUID) -> Subject:
    """Seen by whoever sees what was recognised."""
    found = (await session.scalars(scope.select(Recognition).where(Recognition.id == subject))).one_or_none()
    if found is not None and found.collaboration is not None:
        holder = await _collaboration(session, scope, found.collaboration)
    elif found is not None and found.member is not None:
        holder = await _member(session, scope, found.member)
    else:
        raise NotFound("没有这项认定，或它不在您的管辖范围内。", code="recognition_not_found")
    return Subject("recognition", found.id, f"{holder.title}（{found.document_number}）", holder.href)


async def _meeting(session: AnySession, scope: Scope, subject: UUID) -> Subject:
    found = await find_meeting(session, scope, subject)
    return Subject("meeting", found.id, found.title, f"/governance/meetings/{found.id}")


async def _resolution(session: AnySession, scope: Scope, subject: UUID) -> Subject:
    found = await find_resolution(session, scope, subject)
    return Subject("resolution", found.id, found.title, f"/governance/resolutions/{found.id}")


async def _application(session: AnySession, scope: Scope, subject: UUID) -> Subject:
    """Holds what a unit told of itself and of its contact."""
    found = await find_application(session, scope, subject)
    return Subject("application", found.id, found.name, f"/applications/{found.id}", personal=True)


async def _member_step(session: AnySession, scope: Scope, subject: UUID) -> Subject:
    """Seen by whoever sees the member."""
    found = (await session.scalars(scope.select(MemberEvent).where(MemberEvent.id == subject))).one_or_none()
    if found is None:
        raise NotFound("没有这条办理记录，或它不在您的管辖范围内。", code="member_step_not_found")
    member = await find_member(session, scope, found.member)
    return Subject("member_step", found.id, member.name, f"/members/{member.id}", division=member.division)


SUBJECTS: Final[dict[str, Finder]] = {
    "member": _member,
    "agreement": _agreement,
    "collaboration": _collaboration,
    "recognition": _recognition,
    "meeting": _meeting,
    "resolution": _resolution,
    "application": _application,
    "member_step": _member_step,
}


async def find_subject(session: AnySession, scope: Scope, kind: str, subject: UUID) -> Subject:
    """What an attachment hangs on. Raises InvalidInput for an unknown kind, NotFound outside the caller's scope."""
    finder = SUBJECTS.get(kind)
    if finder is None:
        known = "、".join(SUBJECTS)
        raise InvalidInput([FieldIssue("subject_kind", "subject_kind_unknown", f"附件可挂在：{known}。")])
    return await finder(session, scope, subject)
