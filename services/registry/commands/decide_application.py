"""入会 or 不予入会: the last word on an application after its public notice."""

from datetime import date
from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock, business_date
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict, FieldIssue, InvalidInput
from services.kernel.etags import check_version
from services.kernel.history import effective_day
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.application_rows import deciding_day, take_step
from services.registry.commands.create_member import create_member
from services.registry.commands.member_rows import facts, fill
from services.registry.commands.member_steps import begins_and_changed, record_event
from services.registry.commands.telling import tell_member
from services.registry.domain.life_cycle import (
    ApplicationStep,
    MemberStep,
    check_publicity_over,
    next_application_state,
    order_issues,
)
from services.registry.domain.members import MemberStatus
from services.registry.queries.applications import events_of, find_application, open_objections
from services.registry.queries.members import find_member
from services.registry.schemas.life_cycle import Admission, Refusal
from services.registry.schemas.members import MemberCreate
from services.registry.tables import Member, MembershipApplication

CARRIED = ("name", "uscc", "category", "division", "contact_person", "contact_phone")
"""What a new member takes over from its application."""


async def admit_applicant(
    session: WriteSession, clock: Clock, principal: Principal, application_id: UUID, draft: Admission, if_match: str
) -> MembershipApplication:
    """Load, check the notice, make or bind the member, end the application, audit, tell.

    Raises NotFound, StaleVersion, InvalidInput, Conflict.
    """
    application = await _due(session, clock, principal, application_id, if_match, ApplicationStep.ADMIT)
    day = await deciding_day(session, clock, Scope.of(principal), application, draft)
    joined_on = _joined_on(clock, application, draft)
    await session.effective_on(joined_on)
    if draft.into is None:
        member, before = await _made(session, clock, principal, application, draft, joined_on), None
    else:
        member, before = await _bound(session, clock, principal, application, draft, joined_on)
    told = draft.model_dump(include={"opinion", "document", "resolution", "resolution_number"})
    await take_step(session, clock, principal, application, ApplicationStep.ADMIT, day, **told, member=member.id)
    await record_event(
        session, clock, principal, member, MemberStep.ADMISSION, before, joined_on, **told, application=application.id
    )
    return application


async def refuse_applicant(
    session: WriteSession, clock: Clock, principal: Principal, application_id: UUID, draft: Refusal, if_match: str
) -> MembershipApplication:
    """Load, check, end the application without a member. Raises NotFound, StaleVersion, InvalidInput, Conflict."""
    application = await find_application(session, Scope.of(principal), application_id, lock=True)
    check_version(if_match, application.row_version)
    day = await deciding_day(session, clock, Scope.of(principal), application, draft)
    told = draft.model_dump(include={"opinion", "document", "resolution", "resolution_number"})
    await take_step(session, clock, principal, application, ApplicationStep.REFUSE, day, **told)
    return application


async def _due(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    application_id: UUID,
    if_match: str,
    step: ApplicationStep,
) -> MembershipApplication:
    application = await find_application(session, Scope.of(principal), application_id, lock=True)
    check_version(if_match, application.row_version)
    next_application_state(application.state, step)
    events = await events_of(session, application.alliance, application_id)
    check_publicity_over(application, business_date(clock), len(open_objections(events)))
    if any(event.details.get("outcome") == "upheld" for event in events):
        raise Conflict("有异议已答复为成立，不能准予入会；请办理“不予入会”。", code="objection_upheld")
    return application


def _joined_on(clock: Clock, application: MembershipApplication, draft: Admission) -> date:
    joined_on = effective_day(draft.joined_on, clock, "joined_on")
    if joined_on < application.submitted_on:
        words = f"入会日期早于申请日期（{application.submitted_on:%Y-%m-%d}），请核对。"
        raise InvalidInput([FieldIssue("joined_on", "before_application", words)])
    return joined_on


async def _made(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    application: MembershipApplication,
    draft: Admission,
    joined_on: date,
) -> Member:
    values = {name: getattr(application, name) for name in CARRIED}
    made = MemberCreate(**values, structure_role=draft.structure_role, joined_on=joined_on)
    return await create_member(session, clock, principal, made)


async def _bound(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    application: MembershipApplication,
    draft: Admission,
    joined_on: date,
) -> tuple[Member, str]:
    """A unit on record: one that left comes back, one whose first day nobody knew gets it."""
    assert draft.into is not None  # noqa: S101  # the caller asked
    member = await find_member(session, Scope.of(principal), draft.into)
    if member.status != MemberStatus.EXITED and member.joined_on is not None:
        raise Conflict(f"“{member.name}”已是成员单位，不能再办入会；请办理“不予入会”。", code="already_member")
    before, kept = member.status, facts(member)
    begins, changed_on = await begins_and_changed(session, member)
    if before == MemberStatus.EXITED:
        issues = order_issues(joined_on, begins, changed_on)
        if issues:
            raise InvalidInput([FieldIssue("joined_on", issue.code, issue.message) for issue in issues])
    changes = {"status": MemberStatus.ACTIVE.value if before == MemberStatus.EXITED else before, "left_on": None}
    contact = {name: getattr(application, name) for name in ("contact_person", "contact_phone")}
    role = draft.structure_role or member.structure_role
    changed = fill(member, {**changes, **contact, "structure_role": role, "joined_on": joined_on}, joined_on)
    member.updated_at = clock.now()
    await session.flush()  # with the day of joining, before the application's own day is set
    shown = {name: kept[name] for name in changed if name in kept}
    after = facts(member, list(shown))
    await audit(session, clock, principal, "member.admit", "member", member.id, before=shown, after=after)
    tell_member(session, clock, member, "member.updated", changed, kept.get("division"))
    return member, before
