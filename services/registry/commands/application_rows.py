"""What every step of an application does: the next state, the step on record, the audit, and word to the others."""

from datetime import date
from typing import Any, Final
from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import FieldIssue, InvalidInput
from services.kernel.history import effective_day
from services.kernel.ids import new_id
from services.kernel.outbox import OFFICE_ONLY, publish
from services.kernel.permissions import Role
from services.kernel.pinyin import search_text
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.citing import citation_issues
from services.registry.commands.faults import told_with
from services.registry.domain.life_cycle import ApplicationStep, next_application_state
from services.registry.queries.applications import events_of
from services.registry.schemas.life_cycle import Deciding
from services.registry.schemas.public_applications import ApplicationFields
from services.registry.tables import ApplicationEvent, MembershipApplication

KIND: Final = "membership_application"
TOLD: Final = {
    ApplicationStep.SUBMIT: "submitted",
    ApplicationStep.ENDORSE: "endorsed",
    ApplicationStep.RETURN: "returned",
    ApplicationStep.DECLINE: "declined",
    ApplicationStep.COMPLETE: "completed",
    ApplicationStep.WITHDRAW: "withdrawn",
    ApplicationStep.APPROVE: "approved",
    ApplicationStep.DISAPPROVE: "disapproved",
    ApplicationStep.PUBLISH: "published",
    ApplicationStep.OBJECT: "objected",
    ApplicationStep.ANSWER: "answered",
    ApplicationStep.ADMIT: "admitted",
    ApplicationStep.REFUSE: "refused",
}
APPLICANT: Final = "申请单位"


def applicant(alliance: str, number: str) -> Principal:
    """Who stands in the audit for what came without an account: the holder of a receipt."""
    return Principal(f"application:{number}", APPLICANT, Role.SERVICE, alliance, frozenset())


def fill(application: MembershipApplication, fields: ApplicationFields) -> None:
    """Set what the applicant told, and what follows from it."""
    for name, value in fields.model_dump(include=set(ApplicationFields.model_fields)).items():
        setattr(application, name, value)
    code = (application.uscc or "").lower()
    application.search_text = search_text(application.name) + f"\n{code}\n{application.number}"


def facts(application: MembershipApplication) -> dict[str, Any]:
    """An application as JSON for the audit: without its contact and its texts."""
    shown = ("number", "state", "name", "uscc", "category", "division")
    return {name: getattr(application, name) for name in shown}


async def step_day(
    session: WriteSession, clock: Clock, application: MembershipApplication, day: date | None, field: str = "on_date"
) -> date:
    """The day of a step, from which its state holds. Raises InvalidInput for one ahead, or before the last step."""
    chosen = effective_day(day, clock, field)
    events = await events_of(session, application.alliance, application.id)
    latest = max((event.on_date for event in events), default=chosen)
    if chosen < latest:
        words = f"日期早于上一步的日期（{latest:%Y-%m-%d}），请按先后办理。"
        raise InvalidInput([FieldIssue(field, "before_previous_step", words)])
    return chosen


async def deciding_day(
    session: WriteSession, clock: Clock, scope: Scope, application: MembershipApplication, draft: Deciding
) -> date:
    """The day of a step that may cite a resolution. Raises InvalidInput with the faults of both."""
    issues = await citation_issues(session, scope, draft.resolution, draft.resolution_number)
    with told_with(issues):
        day = await step_day(session, clock, application, draft.on_date)
    if issues:
        raise InvalidInput(issues)
    return day


async def take_step(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    application: MembershipApplication,
    step: ApplicationStep,
    on_date: date,
    *,
    opinion: str | None = None,
    document: str | None = None,
    resolution: UUID | None = None,
    resolution_number: str | None = None,
    answers: UUID | None = None,
    details: dict[str, Any] | None = None,
    member: UUID | None = None,
) -> ApplicationEvent:
    """Move the application on from `on_date`, record the step, audit, tell. Raises Conflict when it is not allowed."""
    before = application.state
    after = next_application_state(before, step)
    await session.effective_on(on_date)
    application.state, application.member = after.value, member
    application.updated_at = clock.now()  # also a step that keeps the state makes a new version
    event = recorded(clock, principal, application, step, on_date)
    event.opinion, event.document, event.answers = opinion, document, answers
    event.resolution, event.resolution_number, event.details = resolution, resolution_number, details or {}
    session.add(event)
    await session.flush()  # the answer's ETag carries the new row version
    told = {"state": after.value, "on_date": on_date.isoformat()}
    action = f"{KIND}.{step.value}"
    await audit(
        session, clock, principal, action, KIND, application.id, before={"state": before}, after=told, reason=opinion
    )
    tell(session, clock, application, step)
    return event


def recorded(
    clock: Clock, principal: Principal, application: MembershipApplication, step: ApplicationStep, on_date: date
) -> ApplicationEvent:
    """A step of an application as it stands now, not yet saved."""
    return ApplicationEvent(
        alliance=application.alliance,
        id=new_id(),
        application=application.id,
        step=step.value,
        to_state=application.state,
        on_date=on_date,
        at=clock.now(),
        actor=principal.subject,
        actor_name=principal.name,
        details={},
    )


def tell(session: WriteSession, clock: Clock, application: MembershipApplication, step: ApplicationStep) -> None:
    """Tell the county in which the applicant lies; no other unit hears of an application."""
    publish(
        session,
        clock,
        application.alliance,
        f"{KIND}.{TOLD[step]}",
        object_kind=KIND,
        object_id=application.id,
        division=application.division or OFFICE_ONLY,
        data={"number": application.number, "state": application.state, "category": application.category},
    )
