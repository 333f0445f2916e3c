"""What every step of a member's life does: the next status from a day on, the step on record, the audit, the word."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock, business_date
from services.kernel.database import AnySession, WriteSession
from services.kernel.errors import FieldIssue, InvalidInput
from services.kernel.history import states_of
from services.kernel.ids import new_id
from services.kernel.outbox import OFFICE_ONLY, publish
from services.kernel.principal import Principal
from services.registry.domain.life_cycle import MemberStep, next_member_status, order_issues
from services.registry.domain.members import MemberStatus
from services.registry.tables import Member, MemberEvent

TOLD: Final = {
    MemberStep.ADMISSION: "member.admitted",
    MemberStep.ANNUAL_REVIEW: "member.reviewed",
    MemberStep.RECTIFICATION: "member.rectification_ordered",
    MemberStep.RECTIFIED: "member.rectified",
    MemberStep.SUSPENSION: "member.suspended",
    MemberStep.RESUMPTION: "member.resumed",
    MemberStep.EXIT: "member.exited",
}


async def begins_and_changed(session: AnySession, member: Member) -> tuple[date, date | None]:
    """From when the member is on record, and since when its status is what it is (None: from the beginning)."""
    states = await states_of(session, Member, member.alliance, member.id)
    changed = [
        later.valid_from for earlier, later in pairwise(states) if earlier.data["status"] != later.data["status"]
    ]
    return states[0].valid_from, changed[-1] if changed else None


async def move_member(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    member: Member,
    step: MemberStep,
    effective_on: date,
    issues: Sequence[FieldIssue] = (),
    **told: Any,
) -> MemberEvent:
    """Change the status from a day on, record the step, audit, tell. Raises Conflict, InvalidInput.

    `issues` are faults that the caller found in what it was sent; those of the day are told together with them.
    """
    before = member.status
    after = next_member_status(before, step)
    every = [*issues, *order_issues(effective_on, *await begins_and_changed(session, member))]
    if every:
        raise InvalidInput(every)
    await session.effective_on(effective_on)
    member.status = after
    member.left_on = effective_on if after == MemberStatus.EXITED else member.left_on
    member.updated_at = clock.now()
    await session.flush()  # the answer's ETag carries the new row version, and the change holds from its own day
    await session.effective_on(business_date(clock))
    return await record_event(session, clock, principal, member, step, before, effective_on, **told)


async def record_event(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    member: Member,
    step: MemberStep,
    before: str | None,
    effective_on: date,
    *,
    opinion: str | None = None,
    document: str | None = None,
    resolution: UUID | None = None,
    resolution_number: str | None = None,
    deadline: date | None = None,
    year: int | None = None,
    grade: str | None = None,
    application: UUID | None = None,
) -> MemberEvent:
    """Put a step on record whose status the member has already; audit and tell it."""
    event = MemberEvent(
        alliance=member.alliance,
        id=new_id(),
        member=member.id,
        step=step.value,
        from_status=before,
        to_status=member.status,
        effective_on=effective_on,
        at=clock.now(),
        actor=principal.subject,
        actor_name=principal.name,
        opinion=opinion,
        document=document,
        resolution=resolution,
        resolution_number=resolution_number,
        deadline=deadline,
        year=year,
        grade=grade,
        application=application,
    )
    session.add(event)
    action = f"member.{step.value}"
    after = _after(event)
    kept = {"status": before}
    await audit(session, clock, principal, action, "member", member.id, before=kept, after=after, reason=opinion)
    publish(
        session,
        clock,
        member.alliance,
        TOLD[step],
        object_kind="member",
        object_id=member.id,
        division=member.division or OFFICE_ONLY,
        member=member.id,
        data=after,
    )
    return event


def _after(event: MemberEvent) -> dict[str, Any]:
    told = {"status": event.to_status, "effective_on": event.effective_on.isoformat()}
    more = {"deadline": event.deadline and event.deadline.isoformat(), "year": event.year, "grade": event.grade}
    return {**told, **{name: value for name, value in more.items() if value is not None}}
