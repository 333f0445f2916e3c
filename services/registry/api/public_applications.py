"""`/public/…`: applying to join without an account. With its papers the only routes here that ask for no token."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.kernel.tenancy import Scope
from services.registry.api.applicant_views import NO_STORE, view
from services.registry.api.public_desk import Desk
from services.registry.commands.answer_receipt import complete_application, opened_by, withdraw_application
from services.registry.commands.submit_application import submit_application
from services.registry.queries.others import divisions_of
from services.registry.schemas.public_applications import (
    ALLIANCE_SHAPE,
    ApplicantView,
    ApplicationSubmission,
    Completion,
    Inquiry,
    PublicAlliance,
    PublicForm,
    Receipt,
    Withdrawal,
)

router = APIRouter(prefix="/public", tags=["public"])


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
        answer = await view(session, desk, await opened_by(session, desk.forms, asked))
    response.headers.update(NO_STORE)
    return answer


@router.post("/applications/completion", summary="凭回执补正被退回的申请（无需登录）")
async def complete(desk: Desk, asked: Completion, response: Response) -> ApplicantView:
    await desk.alliance(asked.alliance)
    async with desk.database.write(asked.alliance) as session:
        answer = await view(session, desk, await complete_application(session, desk.clock, desk.forms, asked))
    response.headers.update(NO_STORE)
    return answer


@router.post("/applications/withdrawal", summary="凭回执撤回申请（无需登录）")
async def withdraw(desk: Desk, asked: Withdrawal, response: Response) -> ApplicantView:
    await desk.alliance(asked.alliance)
    async with desk.database.write(asked.alliance) as session:
        answer = await view(session, desk, await withdraw_application(session, desk.clock, desk.forms, asked))
    response.headers.update(NO_STORE)
    return answer
