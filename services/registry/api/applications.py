"""`/applications`: what the secretariat does with applications to join; a county reads those of its division."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.kernel.audit import audit_read
from services.kernel.database import AnySession, WriteSession
from services.kernel.divisions import division_name
from services.kernel.etags import etag_of, set_etag
from services.kernel.idempotency import IdempotentCreate
from services.kernel.pagination import Page
from services.kernel.permissions import Permission
from services.kernel.principal import Principal
from services.kernel.sessions import CallerScope, InjectedClock, Reading, Writing
from services.kernel.tenancy import Scope
from services.registry.api.citing import cited_in
from services.registry.api.members import workbook
from services.registry.api.parameters import AsOf, Paging, Purpose, Seen
from services.registry.auth import RegistryDecide, RegistryRead, RegistryWrite
from services.registry.commands.decide_application import admit_applicant, refuse_applicant
from services.registry.commands.deliberate_application import deliberate_application
from services.registry.commands.export_applications import export_applications
from services.registry.commands.publish_application import (
    answer_objection,
    publish_application,
    record_objection,
)
from services.registry.commands.review_application import review_application
from services.registry.commands.submit_application import enter_application
from services.registry.domain.life_cycle import ApplicationState, steps_open_to
from services.registry.queries.applications import (
    ApplicationFilter,
    events_of,
    find_application,
    list_applications,
    open_objections,
)
from services.registry.schemas.life_cycle import (
    Admission,
    ApplicationRead,
    ApplicationSummary,
    Deliberation,
    EventRead,
    FirstReview,
    Objection,
    ObjectionAnswer,
    Publicity,
    Refusal,
)
from services.registry.schemas.meetings import ResolutionRef
from services.registry.schemas.public_applications import ApplicationEntry
from services.registry.tables import ApplicationEvent, MembershipApplication

router = APIRouter(prefix="/applications", tags=["applications"])


def application_filter(
    q: Annotated[str | None, Query(max_length=50, description="名称、拼音、代码或编号中的一段")] = None,
    state: ApplicationState | None = None,
    division: Annotated[str | None, Query(pattern=r"^\d{6}$")] = None,
    unfinished: Annotated[bool, Query(description="只看没有办结的")] = False,
) -> ApplicationFilter:
    """The query of a list or an export."""
    return ApplicationFilter(q, state, division, unfinished)


Asked = Annotated[ApplicationFilter, Depends(application_filter)]


def summary(application: MembershipApplication) -> ApplicationSummary:
    """An application for a list, its division named."""
    shown = ApplicationSummary.model_validate(application)
    return shown.model_copy(update={"division_name": division_name(application.division or "")})


def told(event: ApplicationEvent, cited: Mapping[UUID | None, ResolutionRef]) -> EventRead:
    """One step on the wire, with how an objection was answered and the resolution that it cites."""
    more = {"outcome": event.details.get("outcome"), "cited": cited.get(event.resolution)}
    return EventRead.model_validate(event).model_copy(update=more)


async def read(
    session: AnySession,
    request: Request,
    principal: Principal,
    application: MembershipApplication,
    as_of: date | None = None,
) -> ApplicationRead:
    """An application for its own page; its contact only for the secretariat and its county."""
    events = await events_of(session, application.alliance, application.id, as_of)
    cited = await cited_in(session, Scope.of(principal), events)
    concerned = principal.may(Permission.REGISTRY_WRITE) or principal.division is not None
    names = ("address", "profile", "reason", "publicity_days", "row_version")
    contact = {name: getattr(application, name) if concerned else None for name in ("contact_person", "contact_phone")}
    return ApplicationRead(
        **summary(application).model_dump(),
        **{name: getattr(application, name) for name in names},
        **contact,
        proposed_publicity_days=request.app.state.settings.publicity_days,
        steps=[told(event, cited) for event in events],
        open_objections=open_objections(events),
        allowed=[] if as_of else [step.value for step in steps_open_to(application.state)],
    )


async def taken(
    session: WriteSession,
    request: Request,
    principal: Principal,
    application: MembershipApplication,
    response: Response,
) -> ApplicationRead:
    """The answer to a step: the application with it, and the version that it made."""
    set_etag(response, application.row_version)
    return await read(session, request, principal, application)


@router.get("", summary="查询入会申请")
async def list_(
    session: Reading,
    scope: CallerScope,
    _caller: RegistryRead,
    asked: Asked,
    page: Paging,
    as_of: AsOf = None,
) -> Page[ApplicationSummary]:
    found, cursor, total = await list_applications(session, scope, asked, page, as_of)
    return Page(items=[summary(one) for one in found], next_cursor=cursor, total=total)


@router.post("", status_code=201, response_model=ApplicationRead, summary="录入纸质入会申请")
async def enter(
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    once: IdempotentCreate,
    draft: ApplicationEntry,
    request: Request,
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    application = await enter_application(session, clock, principal, draft)
    await session.flush()  # the answer tells the step that was just recorded
    headers = {
        "Location": f"/api/registry/v1/applications/{application.id}",
        "ETag": etag_of(application.row_version),
    }
    return await once.answer(await read(session, request, principal, application), headers=headers)


@router.get("/export.xlsx", summary="导出入会申请", response_class=Response)
async def export(
    session: Writing,
    clock: InjectedClock,
    principal: RegistryRead,
    asked: Asked,
    as_of: AsOf = None,
    reason: Purpose = None,
) -> Response:
    content = await export_applications(session, clock, principal, asked, as_of, reason)
    return workbook(content, "applications", "入会申请")


@router.get("/{application_id}", summary="查看一份入会申请")
async def get(
    application_id: UUID,
    session: Writing,
    scope: CallerScope,
    principal: RegistryRead,
    clock: InjectedClock,
    request: Request,
    response: Response,
    as_of: AsOf = None,
) -> ApplicationRead:
    application = await find_application(session, scope, application_id, as_of=as_of)
    shown = await read(session, request, principal, application, as_of)
    if as_of is None:
        set_etag(response, application.row_version)
    if shown.contact_person or shown.contact_phone:
        await audit_read(session, clock, principal, "membership_application", application_id, rows=1)
    return shown


@router.post("/{application_id}/first-review", summary="初审：通过、退回补正或不予受理")
async def first_review(
    application_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    draft: FirstReview,
    seen: Seen,
    request: Request,
    response: Response,
) -> ApplicationRead:
    application = await review_application(session, clock, principal, application_id, draft, seen)
    return await taken(session, request, principal, application, response)


@router.post("/{application_id}/deliberation", summary="登记理事会审议结果")
async def deliberation(
    application_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    draft: Deliberation,
    seen: Seen,
    request: Request,
    response: Response,
) -> ApplicationRead:
    application = await deliberate_application(session, clock, principal, application_id, draft, seen)
    return await taken(session, request, principal, application, response)


@router.post("/{application_id}/publicity", summary="发布公示")
async def publicity(
    application_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    draft: Publicity,
    seen: Seen,
    request: Request,
    response: Response,
) -> ApplicationRead:
    calendar = request.app.state.settings.calendar
    application = await publish_application(session, clock, principal, application_id, draft, seen, calendar)
    return await taken(session, request, principal, application, response)


@router.post("/{application_id}/objections", summary="登记公示期间的异议")
async def objection(
    application_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    draft: Objection,
    seen: Seen,
    request: Request,
    response: Response,
) -> ApplicationRead:
    application = await record_objection(session, clock, principal, application_id, draft, seen)
    return await taken(session, request, principal, application, response)


@router.post("/{application_id}/objections/{objection_id}/answer", summary="答复异议")
async def answer(
    application_id: UUID,
    objection_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    draft: ObjectionAnswer,
    seen: Seen,
    request: Request,
    response: Response,
) -> ApplicationRead:
    application = await answer_objection(session, clock, principal, application_id, objection_id, draft, seen)
    return await taken(session, request, principal, application, response)


@router.post("/{application_id}/admission", summary="准予入会")
async def admission(
    application_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryDecide,
    draft: Admission,
    seen: Seen,
    request: Request,
    response: Response,
) -> ApplicationRead:
    application = await admit_applicant(session, clock, principal, application_id, draft, seen)
    return await taken(session, request, principal, application, response)


@router.post("/{application_id}/refusal", summary="不予入会")
async def refusal(
    application_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryDecide,
    draft: Refusal,
    seen: Seen,
    request: Request,
    response: Response,
) -> ApplicationRead:
    application = await refuse_applicant(session, clock, principal, application_id, draft, seen)
    return await taken(session, request, principal, application, response)
