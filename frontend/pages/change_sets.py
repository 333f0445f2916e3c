"""批量改动: choose a workbook, see what it would do, save it, take it back. Edits begin in `bulk_edits.py`."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from markupsafe import Markup, escape
from starlette.datastructures import UploadFile

from frontend.access import Gateway, needs, performs
from frontend.forms import ETAG_FIELD, KEY_FIELD, Form, payload, submitted
from frontend.gateway_client import Answer, ApiProblem, BoundGateway
from frontend.htmx import page_or_fragment, redirect
from frontend.pages.registry_words import API, FORM_REFUSALS, file_problem, options, refused_form
from frontend.tables import Column, Filter, Table
from services.kernel import registry_words as words
from services.kernel.errors import FieldIssue
from services.kernel.permissions import Permission

router = APIRouter(prefix="/change-sets", dependencies=[needs(Permission.REGISTRY_WRITE)])
CHANGE_SETS = f"{API}/change-sets"
NOTHING_CHOSEN = "请选择要导入的文件。"
KINDS = {"members": "成员单位", "collaborations": "合作载体", **words.COLLABORATION_KINDS}
STATES = {
    "checking": ("核对中", "info"),
    "ready": ("待确认", "warning"),
    "applying": ("写入中", "info"),
    "applied": ("已写入", "success"),
    "undoing": ("撤销中", "info"),
    "undone": ("已撤销", "secondary"),
    "discarded": ("已放弃", "secondary"),
}
OUTCOMES = {
    "new": ("新增", "success"),
    "changed": ("修改", "info"),
    "unchanged": ("未变", "secondary"),
    "rejected": ("有错误", "danger"),
}
RESULTS = {
    "applied": ("已写入", "success"),
    "left_out": ("未写入", "warning"),
    "undone": ("已撤销", "secondary"),
    "kept": ("未撤销", "warning"),
}


def home_of(kind: str) -> str:
    """The list to which a kind belongs."""
    return "/members" if kind == "members" else "/collaborations"


IN_HAND = ("checking", "applying", "undoing")


def _row_text(row: Mapping[str, Any]) -> Markup:
    """What a row changes, field by field, or what is wrong with it."""
    parts = [
        Markup("<strong>{}</strong>：{}").format(issue["header"] or "整行", issue["message"]) for issue in row["issues"]
    ]
    for change in row["changes"]:
        was, becomes = change["before"], change["after"]
        if row["outcome"] == "new":
            parts.append(Markup("{}：{}").format(change["header"], becomes or "空"))
        else:
            pattern = Markup("{}：<del>{}</del> → <ins>{}</ins>")
            parts.append(pattern.format(change["header"], was or "空", becomes or "空"))
    if row["note"]:
        parts.append(escape(row["note"]))
    between = Markup("；") if row["outcome"] == "new" else Markup("<br>")
    return between.join(parts) if parts else Markup("—")


LIST = Table(
    id="change-sets",
    path="/change-sets",
    caption="批量改动",
    columns=(
        Column("created_at", "时间", "datetime"),
        Column("title", "名称", link="/change-sets/{id}", wide=True),
        Column("kind", "内容", labels=KINDS),
        Column("created_by_name", "经办人", narrow_hidden=True),
        Column("new", "新增", "number", narrow_hidden=True),
        Column("changed", "修改", "number", narrow_hidden=True),
        Column("rejected", "有错误", "number", narrow_hidden=True),
        Column("applied", "已写入", "number"),
        Column("state", "状态", "status", labels=STATES),
    ),
    filters=(
        Filter("kind", "内容", "select", options(KINDS)),
        Filter("state", "状态", "select", tuple((code, label) for code, (label, _) in STATES.items())),
    ),
    empty_title="还没有批量改动",
    empty_hint="从成员单位、合作载体列表导入工作簿，或勾选后批量修改，都会先在这里预览。",
)


def rows_table(set_id: UUID) -> Table:
    """The rows of one change set."""
    return Table(
        id="change-rows",
        path=f"/change-sets/{set_id}",
        caption="逐行预览",
        row_id="line",
        columns=(
            Column("line", "行号", "number"),
            Column("label", "名称", wide=True),
            Column("outcome", "核对", "status", labels=OUTCOMES),
            Column("changes", "内容", render=_row_text, wide=True),
            Column("result", "结果", "status", labels=RESULTS),
        ),
        filters=(
            Filter("outcome", "核对", "select", tuple((code, label) for code, (label, _) in OUTCOMES.items())),
            Filter("result", "结果", "select", tuple((code, label) for code, (label, _) in RESULTS.items())),
        ),
        empty_title="没有这样的行",
    )


@router.get("")
async def list_change_sets(request: Request, gateway: Gateway) -> Response:
    """Every import and bulk edit, the newest first."""
    answer = await gateway.get(CHANGE_SETS, LIST.params(request))
    table = LIST.view(request, answer.data)
    return page_or_fragment(request, "change_sets/list.html", "_table.html", {"table": table})


@router.get("/new")
async def new_import(request: Request, kind: str = "members") -> Response:
    """Where the file is chosen."""
    context = _import_context(kind, Form.of(request))
    return page_or_fragment(request, "change_sets/import.html", "change_sets/_import_form.html", context)


@router.post("/new", dependencies=[performs("POST /api/registry/v1/change-sets")])
async def start_import(request: Request, gateway: Gateway) -> Response:
    """Pass the file on; a file that holds no table is refused at its field."""
    values = await submitted(request)
    kind = str(values.get("kind") or "members")
    try:
        answer = await _send(gateway, kind, values.get("file"), values.get(KEY_FIELD))
    except ApiProblem as problem:
        if problem.status not in FORM_REFUSALS:
            raise
        # A new key: the next file is another request, whatever became of this one.
        form = Form.refused(request, {}, file_problem(problem))
        told = _import_context(kind, form)
        return refused_form(
            request, "change_sets/import.html", "change_sets/_import_form.html", told, form, "import-form"
        )
    return redirect(request, f"/change-sets/{answer.data['id']}")


def _import_context(kind: str, form: Form) -> dict[str, Any]:
    known = kind if kind in KINDS else "members"
    home = home_of(known)
    template = f"{home}/template" + (f"?kind={known}" if known in words.COLLABORATION_KINDS else "")
    return {"form": form, "kind": known, "noun": KINDS[known], "home": home, "template": template}


async def _send(gateway: BoundGateway, kind: str, file: Any, key: str | None) -> Answer:
    """Pass the chosen file on. Raises ApiProblem, also when nothing was chosen."""
    if not isinstance(file, UploadFile) or not file.filename:
        issue = FieldIssue("file", "missing", NOTHING_CHOSEN)
        raise ApiProblem(422, "invalid_input", "没有选择文件", NOTHING_CHOSEN, errors=[issue])
    name = file.filename
    return await gateway.upload(CHANGE_SETS, file.file, filename=name, params={"kind": kind}, idempotency_key=key)


@router.get("/{set_id}")
async def read_change_set(request: Request, gateway: Gateway, set_id: UUID) -> Response:
    """What it would do, row by row; while a job works on it, how far that is."""
    return await _page(request, gateway, set_id)


async def _page(request: Request, gateway: BoundGateway, set_id: UUID, problem: ApiProblem | None = None) -> Response:
    answer = await gateway.get(f"{CHANGE_SETS}/{set_id}")
    found = answer.data
    job = None
    if found["state"] in IN_HAND and found["job"]:
        job = (await gateway.get(f"{API}/jobs/{found['job']}")).data
    declared = rows_table(set_id)
    rows = await gateway.get(f"{CHANGE_SETS}/{set_id}/rows", declared.params(request)) if job is None else None
    form = Form.of(request, etag=answer.etag)
    form.problem = problem
    context = {
        "found": found,
        "job": job,
        "form": form,
        "states": STATES,
        "home": home_of(found["kind"]),
        "noun": "成员单位" if found["kind"] == "members" else "合作载体",
        "table": declared.view(request, rows.data) if rows else None,
    }
    wants_rows = request.headers.get("HX-Target") == declared.id
    fragment = "_table.html" if wants_rows else "change_sets/_detail.html"
    status = problem.status if problem else 200
    return page_or_fragment(request, "change_sets/detail.html", fragment, context, status=status)


@router.get("/{set_id}/errors")
async def errors(gateway: Gateway, set_id: UUID) -> Response:
    """The rows with faults, as a workbook that can be repaired and sent again."""
    return await gateway.download(f"{CHANGE_SETS}/{set_id}/errors.xlsx")


@router.post("/{set_id}/application", dependencies=[performs(f"POST {CHANGE_SETS}/{{}}/application")])
async def apply(request: Request, gateway: Gateway, set_id: UUID) -> Response:
    """Save it."""
    values = await submitted(request)
    return await _decide(request, gateway, set_id, "application", values, payload(values, "effective_on", "reason"))


@router.post("/{set_id}/undoing", dependencies=[performs(f"POST {CHANGE_SETS}/{{}}/undoing")])
async def undo(request: Request, gateway: Gateway, set_id: UUID) -> Response:
    """Take it back."""
    return await _decide(request, gateway, set_id, "undoing", await submitted(request), None)


@router.post("/{set_id}/discarding", dependencies=[performs(f"POST {CHANGE_SETS}/{{}}/discarding")])
async def discard(request: Request, gateway: Gateway, set_id: UUID) -> Response:
    """Put it away."""
    return await _decide(request, gateway, set_id, "discarding", await submitted(request), None)


async def _decide(
    request: Request, gateway: BoundGateway, set_id: UUID, verb: str, values: dict[str, Any], body: Any
) -> Response:
    try:
        await gateway.post(f"{CHANGE_SETS}/{set_id}/{verb}", body, if_match=values.get(ETAG_FIELD))
    except ApiProblem as problem:
        if problem.status not in {409, 412, 422}:
            raise
        return await _page(request, gateway, set_id, problem)
    return redirect(request, f"/change-sets/{set_id}")
