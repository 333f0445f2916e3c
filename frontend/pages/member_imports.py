"""Import of members: choose a workbook, follow the job, read and download the rows that came back."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from frontend.access import Gateway, needs, performs
from frontend.forms import KEY_FIELD, Form, submitted
from frontend.gateway_client import Answer, ApiProblem, BoundGateway
from frontend.htmx import page_or_fragment, redirect
from frontend.pages.registry_words import API, FORM_REFUSALS, file_problem, refused_form
from frontend.tables import Column, Table
from services.kernel.errors import FieldIssue
from services.kernel.permissions import Permission

router = APIRouter(prefix="/members/imports", dependencies=[needs(Permission.REGISTRY_WRITE)])
NOTHING_CHOSEN = "请选择要导入的文件。"

ISSUES = Table(
    id="import-issues",
    path="/members/imports",
    caption="退回的行和原因",
    columns=(
        Column("line", "原行号", "number"),
        Column("header", "列"),
        Column("message", "错误原因", wide=True),
    ),
)


@router.get("/new")
async def new_import(request: Request) -> Response:
    """Where the file is chosen."""
    context = {"form": Form.of(request)}
    return page_or_fragment(request, "members/import.html", "members/_import_form.html", context)


@router.post("/new", dependencies=[performs("POST /api/registry/v1/member-imports")])
async def start_import(request: Request, gateway: Gateway) -> Response:
    """Pass the file on; a file that holds no table is refused at its field."""
    values = await submitted(request)
    try:
        answer = await _send(gateway, values.get("file"), values.get(KEY_FIELD))
    except ApiProblem as problem:
        if problem.status not in FORM_REFUSALS:
            raise
        # A new key: the next file is another request, whatever became of this one.
        form = Form.refused(request, {}, file_problem(problem))
        return refused_form(request, "members/import.html", "members/_import_form.html", {}, form, "import-form")
    return redirect(request, f"/members/imports/{answer.data['id']}")


async def _send(gateway: BoundGateway, file: Any, key: str | None) -> Answer:
    """Pass the chosen file on. Raises ApiProblem, also when nothing was chosen."""
    if not isinstance(file, UploadFile) or not file.filename:
        issue = FieldIssue("file", "missing", NOTHING_CHOSEN)
        raise ApiProblem(422, "invalid_input", "没有选择文件", NOTHING_CHOSEN, errors=[issue])
    address = f"{API}/member-imports"
    return await gateway.upload(address, file.file, filename=file.filename, idempotency_key=key)


@router.get("/{import_id}")
async def read_import(request: Request, gateway: Gateway, import_id: UUID) -> Response:
    """How the import went, or how far it is."""
    found = (await gateway.get(f"{API}/member-imports/{import_id}")).data
    job = None
    if found["state"] == "queued" and found["job"]:
        job = (await gateway.get(f"{API}/jobs/{found['job']}")).data
    rows = [{**issue, "id": place} for place, issue in enumerate(found["issues"])]
    table = ISSUES.view(request, {"items": rows, "total": len(rows), "next_cursor": None})
    values = {"found": found, "job": job, "table": table}
    return page_or_fragment(request, "members/import_result.html", "members/_import_result.html", values)


@router.get("/{import_id}/errors")
async def errors(gateway: Gateway, import_id: UUID) -> Response:
    """The rows that came back, as a workbook that can be repaired and sent again."""
    return await gateway.download(f"{API}/member-imports/{import_id}/errors.xlsx")
