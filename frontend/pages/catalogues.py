"""目录: versions of the catalogues of majors and industries, their entries, import, comparison and adoption."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from frontend.access import CurrentUser, Gateway, needs, performs
from frontend.forms import ETAG_FIELD, KEY_FIELD, Form, submitted
from frontend.gateway_client import ApiProblem
from frontend.htmx import page_or_fragment, redirect
from frontend.pages.governance_forms import Field
from frontend.pages.registry_words import API, may_write, options
from frontend.pages.workbook_forms import UploadPage, send_file
from frontend.tables import Action, Column, Filter, Table
from services.kernel import registry_words as words
from services.kernel.permissions import Permission

router = APIRouter(prefix="/catalogues", dependencies=[needs(Permission.REGISTRY_READ)])
WRITES = [needs(Permission.REGISTRY_WRITE)]
LEVELS: Final = {"majors": words.MAJOR_LEVELS, "industries": words.INDUSTRY_LEVELS}
STATES: Final = {"draft": ("待启用", "warning"), "adopted": ("已启用", "secondary"), "current": ("正在使用", "success")}
COLUMNS: Final = (
    Column("label", "版本", link="/catalogues/{kind}/{id}", wide=True),
    Column("state", "状态", "status", labels=STATES),
    Column("adopted_on", "启用日期", "date"),
    Column("entries", "条数", "number"),
    Column("source", "来源", wide=True, narrow_hidden=True),
)


def _versions(kind: str) -> Table:
    return Table(
        id="versions",
        path=f"/catalogues/{kind}",
        caption=words.CATALOGUE_KINDS[kind],
        default_sort="-created_at",
        columns=COLUMNS,
        empty_title="还没有导入目录",
        empty_hint="可以先载入随系统附带的节选，再导入全表。",
    )


def _entries(kind: str, version: UUID) -> Table:
    return Table(
        id="entries",
        path=f"/catalogues/{kind}/{version}",
        caption="条目",
        row_id="code",
        columns=(
            Column("code", "代码", sort="code"),
            Column("name", "名称", wide=True),
            Column("level", "层级", labels=LEVELS[kind]),
            Column("parent", "上级代码"),
        ),
        filters=(
            Filter("q", "代码或名称", placeholder="代码、名称或拼音"),
            Filter("level", "层级", "select", options(LEVELS[kind])),
            Filter("parent", "上级代码"),
        ),
        export=f"/catalogues/{kind}/{version}/export",
    )


def known(kind: str) -> str:
    """A kind of catalogue. Raises ApiProblem (404) for anything else."""
    if kind not in words.CATALOGUE_KINDS:
        raise ApiProblem(404, "not_found", "没有找到", "没有这种目录，请从菜单进入。")
    return kind


def _state(version: dict[str, Any]) -> str:
    return "current" if version["current"] else str(version["state"])


def _upload(kind: str) -> UploadPage:
    name = words.CATALOGUE_KINDS[kind]
    return UploadPage(
        title=f"导入{name}",
        crumbs=[(name, f"/catalogues/{kind}"), ("导入", None)],
        action=f"/catalogues/{kind}/new",
        cancel=f"/catalogues/{kind}",
        template=f"/catalogues/{kind}/template",
        note="一次导入整张表，作为一个新版本。导入后先与正在使用的版本比较，确认无误再启用；旧版本一直可查。",
        fields=(
            Field("label", "版本名称", required=True, maxlength=100, help="如：2021 年版（含 2025 年增补）。"),
            Field("source", "来源", required=True, maxlength=300, help="文件或标准的名称和编号。", wide=True),
        ),
    )


@router.get("")
async def catalogues(request: Request) -> Response:
    """The catalogue of majors comes first."""
    return redirect(request, "/catalogues/majors")


@router.get("/{kind}")
async def versions(request: Request, gateway: Gateway, user: CurrentUser, kind: str) -> Response:
    """The versions of one catalogue, newest first."""
    table = _versions(known(kind))
    answer = await gateway.get(f"{API}/catalogues/{kind}/versions", table.params(request))
    rows = [{**version, "state": _state(version)} for version in answer.data["items"]]
    actions = (Action("导入", f"/catalogues/{kind}/new", "file-import", primary=True),) if may_write(user) else ()
    context = {
        "table": table.view(request, {**answer.data, "items": rows}, actions=actions),
        "kind": kind,
        "kinds": words.CATALOGUE_KINDS,
        "writer": may_write(user),
        "form": Form.of(request),
    }
    return page_or_fragment(request, "catalogues/list.html", "_table.html", context)


@router.get("/{kind}/new", dependencies=WRITES)
async def new_version(request: Request, kind: str) -> Response:
    """Where the file is chosen."""
    return _upload(known(kind)).shown(request)


@router.post("/{kind}/new", dependencies=[*WRITES, performs("POST /api/registry/v1/catalogues/{}/versions")])
async def upload_version(request: Request, gateway: Gateway, kind: str) -> Response:
    """Take the table in as a draft and show what it would change."""
    page, values = _upload(known(kind)), await submitted(request)
    fields = {name: str(values.get(name) or "") for name in ("label", "source")}
    try:
        answer = await send_file(gateway, f"{API}/catalogues/{kind}/versions", values, fields)
    except ApiProblem as problem:
        return page.refused(request, values, problem)
    return redirect(request, f"/catalogues/{kind}/{answer.data['id']}", toast="已导入，请比较后启用。")


@router.post("/{kind}/extract", dependencies=[*WRITES, performs("POST /api/registry/v1/catalogues/extracts")])
async def use_extract(request: Request, gateway: Gateway, kind: str) -> Response:
    """Take the extract that comes with the hub as a draft."""
    values = await submitted(request)
    sent = {"kind": known(kind)}
    answer = await gateway.post(f"{API}/catalogues/extracts", sent, idempotency_key=values.get(KEY_FIELD))
    return redirect(request, f"/catalogues/{kind}/{answer.data['id']}", toast="已载入节选，请比较后启用。")


@router.get("/{kind}/template")
async def template(gateway: Gateway, kind: str) -> Response:
    """The workbook to fill in."""
    return await gateway.download(f"{API}/catalogues/{known(kind)}/template.xlsx")


@router.get("/{kind}/{version_id}")
async def version(request: Request, gateway: Gateway, user: CurrentUser, kind: str, version_id: UUID) -> Response:
    """One version: what it changes, and its entries."""
    path = f"{API}/catalogues/{known(kind)}/versions/{version_id}"
    record = await gateway.get(path)
    table = _entries(kind, version_id)
    entries = await gateway.get(f"{path}/entries", table.params(request))
    context = {
        "version": record.data,
        "state": _state(record.data),
        "states": STATES,
        "comparison": (await gateway.get(f"{path}/comparison")).data,
        "levels": LEVELS[kind],
        "kind": kind,
        "kinds": words.CATALOGUE_KINDS,
        "table": table.view(request, entries.data),
        "writer": may_write(user),
        "form": Form.of(request, etag=record.etag),
    }
    return page_or_fragment(request, "catalogues/version.html", "_table.html", context)


@router.get("/{kind}/{version_id}/export")
async def export(request: Request, gateway: Gateway, kind: str, version_id: UUID) -> Response:
    """The workbook of the query that the list shows."""
    asked = _entries(known(kind), version_id).params(request)
    kept = {name: value for name, value in asked.items() if name in ("q", "level", "parent")}
    return await gateway.download(f"{API}/catalogues/{kind}/versions/{version_id}/entries.xlsx", kept)


@router.post(
    "/{kind}/{version_id}/adoption",
    dependencies=[*WRITES, performs("POST /api/registry/v1/catalogues/{}/versions/{}/adoption")],
)
async def adopt(request: Request, gateway: Gateway, kind: str, version_id: UUID) -> Response:
    """Put a draft to use."""
    values = await submitted(request)
    path = f"{API}/catalogues/{known(kind)}/versions/{version_id}/adoption"
    await gateway.post(path, if_match=values.get(ETAG_FIELD))
    return redirect(request, f"/catalogues/{kind}/{version_id}", toast="已启用这个版本。")


@router.post(
    "/{kind}/{version_id}/discarding",
    dependencies=[*WRITES, performs("DELETE /api/registry/v1/catalogues/{}/versions/{}")],
)
async def discard(request: Request, gateway: Gateway, kind: str, version_id: UUID) -> Response:
    """Discard a draft."""
    values = await submitted(request)
    path = f"{API}/catalogues/{known(kind)}/versions/{version_id}"
    await gateway.delete(path, if_match=values.get(ETAG_FIELD))
    return redirect(request, f"/catalogues/{kind}", toast="已放弃这个版本。")
