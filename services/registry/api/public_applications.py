"""`/public/…`: applying to join without an account. The only routes of this service that ask for no token."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.kernel.tenancy import Scope
from services.registry.api.public_desk import Desk
from services.registry.commands.answer_receipt import complete_application, opened_by, withdraw_application
from services.registry.commands.submit_application import submit_application
from services.registry.domain.life_cycle import ApplicationStep, steps_open_to
from services.registry.queries.applications import events_of
from services.registry.queries.others import divisions_of
from services.registry.schemas.public_applications import (
    ALLIANCE_SHAPE,
    ApplicantStep,
    ApplicantView,
    ApplicationFields,
    ApplicationSubmission,
    Completion,
    Inquiry,
    PublicAlliance,
    PublicForm,
    Receipt,
    Withdrawal,
)
from services.registry.tables import ApplicationEvent, MembershipApplication

router = APIRouter(prefix="/public", tags=["public"])
NO_STORE = {"Cache-Control": "no-store"}
OF_THE_OFFICE = {ApplicationStep.OBJECT, ApplicationStep.ANSWER}
"""What strangers said of an applicant is the secretariat's to tell."""
OF_THE_APPLICANT = {ApplicationStep.SUBMIT, ApplicationStep.COMPLETE, ApplicationStep.WITHDRAW}


@router.get("/alliances", summary="可以申请加入的联盟（无需登录）")
async def alliances(desk: Desk) -> list[PublicAlliance]:
    return [PublicAlliance(code=code, name=name) for code, name in sorted((await desk.alliances()).items())]


@router.get("/applications/form", summary="打开一张入会申请表（无需登录）")
async def form(desk: Desk, alliance: Annotated[str, Query(pattern=ALLIANCE_SHAPE)], response: Response) -> PublicForm:
    name = await desk.alliance(alliance)
    async with desk.database.read(alliance) as session:
        places = await divisions_of(session, Scope(alliance))
    response.headers.update(NO_STORE)
    return PublicForm(
        alliance=alliance,
        alliance_name=name,
        form_token=desk.forms.issue(alliance),
        wait_seconds=desk.forms.seconds,
        expires_at=desk.clock.now() + timedelta(hours=desk.forms.hours),
        divisions=places.divisions,
    )


@router.post("/applications", status_code=201, summary="提交入会申请（无需登录）")
async def submit(desk: Desk, draft: ApplicationSubmission, response: Response) -> Receipt:
    await desk.alliance(draft.alliance)
    async with desk.database.write(draft.alliance) as session:
        receipt = await submit_application(session, desk.clock, desk.forms, desk.settings, draft)
    response.headers.update(NO_STORE)
    return receipt


@router.post("/applications/inquiry", summary="凭回执查询申请（无需登录）")
async def inquire(desk: Desk, asked: Inquiry, response: Response) -> ApplicantView:
    await desk.alliance(asked.alliance)
    async with desk.database.write(asked.alliance) as session:
        application = await opened_by(session, desk.forms, asked)
        events = await events_of(session, asked.alliance, application.id)
    response.headers.update(NO_STORE)
    return view(application, events)


@router.post("/applications/completion", summary="凭回执补正被退回的申请（无需登录）")
async def complete(desk: Desk, asked: Completion, response: Response) -> ApplicantView:
    await desk.alliance(asked.alliance)
    async with desk.database.write(asked.alliance) as session:
        application = await complete_application(session, desk.clock, desk.forms, asked)
        events = await events_of(session, asked.alliance, application.id)
    response.headers.update(NO_STORE)
    return view(application, events)


@router.post("/applications/withdrawal", summary="凭回执撤回申请（无需登录）")
async def withdraw(desk: Desk, asked: Withdrawal, response: Response) -> ApplicantView:
    await desk.alliance(asked.alliance)
    async with desk.database.write(asked.alliance) as session:
        application = await withdraw_application(session, desk.clock, desk.forms, asked)
        events = await events_of(session, asked.alliance, application.id)
    response.headers.update(NO_STORE)
    return view(application, events)


def view(application: MembershipApplication, events: list[ApplicationEvent]) -> ApplicantView:
    """An application as the unit that made it sees it."""
    allowed = steps_open_to(application.state)
    told = ("number", "state", "submitted_on", "published_on", "publicity_ends_on", "publicity_estimated")
    return ApplicantView(
        **{name: getattr(application, name) for name in told},
        fields=ApplicationFields(**{name: getattr(application, name) for name in ApplicationFields.model_fields}),
        steps=[_step(event) for event in events if event.step not in OF_THE_OFFICE],
        may_complete=ApplicationStep.COMPLETE in allowed,
        may_withdraw=ApplicationStep.WITHDRAW in allowed,
    )


def _step(event: ApplicationEvent) -> ApplicantStep:
    return ApplicantStep(
        step=event.step,
        on_date=event.on_date,
        by_applicant=event.step in OF_THE_APPLICANT,
        opinion=event.opinion,
        document=event.document,
    )
