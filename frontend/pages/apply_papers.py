"""`/apply/status/papers`: what an applicant sends with its application, and takes back, with the receipt."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import UploadFile

from frontend.access import performs
from frontend.attachments import NOTHING_CHOSEN, REFUSALS, chosen_files, send_each
from frontend.forms import submitted
from frontend.gateway_client import ApiProblem, BoundGateway
from frontend.pages.apply import PUBLIC, inquire, shown
from frontend.public_access import PublicGateway, held_receipt

router = APIRouter(prefix="/apply/status/papers", include_in_schema=False)
PAPERS = f"{PUBLIC}/applications/papers"
INQUIRY = f"POST {PUBLIC}/applications/inquiry"
STATUS = "/apply/status"
OVERTAKEN = {"paper_not_found", "papers_closed"}
"""Refusals that the page itself explains, which shows the papers and the state as they are by now."""


@router.post("", dependencies=[performs(f"POST {PAPERS}", INQUIRY)])
async def upload(request: Request, gateway: PublicGateway) -> Response:
    """Send the chosen files on; those that are refused are told one by one, the others are kept."""
    try:
        return await _upload(request, gateway)
    finally:
        await request.close()  # also the files that nobody read


async def _upload(request: Request, gateway: BoundGateway) -> Response:
    held = held_receipt(request)
    if held is None:
        return RedirectResponse(STATUS, 303)
    token = (await inquire(gateway, held)).data["papers"]["token"]

    async def send(_place: int, name: str, file: UploadFile) -> None:
        await gateway.upload(PAPERS, file.file, filename=name, headers={"Papers-Token": token})

    files = await chosen_files(request)
    if token is None:  # the review went on meanwhile: the page tells the state
        return RedirectResponse(STATUS, 303)
    refused = await send_each(files, send, REFUSALS | {429}) if files else [NOTHING_CHOSEN]
    if not refused:
        return RedirectResponse(STATUS, 303)
    return await shown(request, gateway, held, (await inquire(gateway, held)).data, refused=refused)


@router.post("/removal", dependencies=[performs(f"POST {PAPERS}/removal")])
async def remove(request: Request, gateway: PublicGateway) -> Response:
    """Take one paper back, and show how things are now."""
    held = held_receipt(request)
    if held is None:
        return RedirectResponse(STATUS, 303)
    paper = (await submitted(request)).get("paper")
    try:
        await gateway.post(f"{PAPERS}/removal", held.model_dump() | {"paper": paper})
    except ApiProblem as problem:
        if problem.code not in OVERTAKEN:
            raise
    return RedirectResponse(STATUS, 303)
