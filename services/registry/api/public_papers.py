"""`/public/applications/papers`: what an applicant sends with its application, without an account."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from services.kernel.tenancy import Scope
from services.registry.api.applicant_views import NO_STORE, view
from services.registry.api.attachment_uploads import SCAN_BODY, read_upload
from services.registry.api.attachments import WithStorage
from services.registry.api.public_desk import Desk
from services.registry.commands.add_attachment import ReceivedFile
from services.registry.commands.add_paper import add_paper
from services.registry.commands.remove_paper import remove_paper
from services.registry.commands.sweep_attachments import discard
from services.registry.domain.application_papers import check_papers_open
from services.registry.domain.file_types import SCANS
from services.registry.queries.applications import find_application
from services.registry.receipts import Receiver
from services.registry.schemas.public_applications import ApplicantView, Paper, PaperRemoval

router = APIRouter(prefix="/public/applications/papers", tags=["public"])


async def receiver(
    desk: Desk,
    papers_token: Annotated[str, Header(max_length=500, description="凭回执查询时得到的上传许可 papers.token")],
) -> Receiver:
    """Which application the upload is for; asked first: nobody else's body is read.

    Raises NotFound, InvalidInput, Conflict, Unavailable.
    """
    found = desk.forms.accept_for_papers(papers_token)
    await desk.alliance(found.alliance)
    async with desk.database.read(found.alliance) as session:
        application = await find_application(session, Scope(found.alliance), found.application)
    check_papers_open(application.state, desk.paper_limits)
    return found


OfApplication = Annotated[Receiver, Depends(receiver, scope="function")]


async def received_paper(
    request: Request,
    desk: Desk,
    _receiver: OfApplication,
    file_name: Annotated[
        str | None, Query(max_length=500, description="文件名，直接发送内容时必填；表单里用文件自己的名字")
    ] = None,
) -> ReceivedFile:
    """The file itself. Raises TooLarge, UnsupportedMedia, InvalidInput."""
    return await read_upload(request, file_name, desk.paper_limits.each, SCANS)


@router.post("", status_code=201, summary="上传入会申请的材料（无需登录）", openapi_extra=SCAN_BODY)
async def add(
    desk: Desk,
    storage: WithStorage,
    of: OfApplication,
    received: Annotated[ReceivedFile, Depends(received_paper, scope="function")],
    response: Response,
) -> Paper:
    async with desk.database.write(of.alliance) as session:
        paper = await add_paper(session, desk.clock, storage, desk.paper_limits, of.alliance, of.application, received)
    response.headers.update(NO_STORE)
    return Paper.model_validate(paper)


@router.post("/removal", summary="凭回执移除申请材料（无需登录）")
async def remove(desk: Desk, storage: WithStorage, asked: PaperRemoval, response: Response) -> ApplicantView:
    await desk.alliance(asked.alliance)
    async with desk.database.write(asked.alliance) as session:
        application, paper = await remove_paper(session, desk.clock, desk.forms, desk.paper_limits, asked)
        answer = await view(session, desk, application)
    await discard(storage, asked.alliance, [paper.stored])
    response.headers.update(NO_STORE)
    return answer
