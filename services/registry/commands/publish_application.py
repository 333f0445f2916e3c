"""公示: publish an application for a number of working days, record objections, answer them."""

from uuid import UUID

from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict, NotFound
from services.kernel.etags import check_version
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.kernel.working_days import Overrides
from services.registry.commands.application_rows import step_day, take_step
from services.registry.domain.life_cycle import ApplicationStep, next_application_state, publicity_end
from services.registry.queries.applications import events_of, find_application, open_objections
from services.registry.schemas.life_cycle import Objection, ObjectionAnswer, Publicity
from services.registry.tables import MembershipApplication


async def publish_application(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    application_id: UUID,
    draft: Publicity,
    if_match: str,
    calendar: Overrides,
) -> MembershipApplication:
    """Load, check, work out the last day, move on. Raises NotFound, StaleVersion, InvalidInput, Conflict."""
    application = await find_application(session, Scope.of(principal), application_id, lock=True)
    check_version(if_match, application.row_version)
    next_application_state(application.state, ApplicationStep.PUBLISH)
    day = await step_day(session, clock, application, draft.published_on, "published_on")
    await session.effective_on(day)
    end = publicity_end(day, draft.working_days, calendar)
    application.published_on, application.publicity_days = day, draft.working_days
    application.publicity_ends_on, application.publicity_estimated = end.day, end.estimated
    told = draft.model_dump(include={"opinion", "document"})
    details = {"working_days": draft.working_days, "ends_on": end.day.isoformat(), "estimated": end.estimated}
    await take_step(session, clock, principal, application, ApplicationStep.PUBLISH, day, **told, details=details)
    return application


async def record_objection(
    session: WriteSession, clock: Clock, principal: Principal, application_id: UUID, draft: Objection, if_match: str
) -> MembershipApplication:
    """Load, check, put it on record. Raises NotFound, StaleVersion, InvalidInput, Conflict."""
    application = await find_application(session, Scope.of(principal), application_id, lock=True)
    check_version(if_match, application.row_version)
    day = await step_day(session, clock, application, draft.on_date)
    told = draft.model_dump(include={"opinion", "document"})
    await take_step(session, clock, principal, application, ApplicationStep.OBJECT, day, **told)
    return application


async def answer_objection(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    application_id: UUID,
    objection_id: UUID,
    draft: ObjectionAnswer,
    if_match: str,
) -> MembershipApplication:
    """Load, check that it is open, answer it. Raises NotFound, StaleVersion, InvalidInput, Conflict."""
    application = await find_application(session, Scope.of(principal), application_id, lock=True)
    check_version(if_match, application.row_version)
    events = await events_of(session, application.alliance, application_id)
    if objection_id not in {event.id for event in events if event.step == ApplicationStep.OBJECT}:
        raise NotFound("这份申请没有这条异议。", code="objection_not_found")
    if objection_id not in open_objections(events):
        raise Conflict("这条异议已经答复过，不能再次答复。", code="objection_answered")
    day = await step_day(session, clock, application, draft.on_date)
    told = draft.model_dump(include={"opinion", "document"}) | {"answers": objection_id}
    details = {"outcome": draft.outcome}
    await take_step(session, clock, principal, application, ApplicationStep.ANSWER, day, **told, details=details)
    return application
