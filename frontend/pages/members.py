"""成员单位: the list with query and export, one member, create and edit."""

import asyncio
import re
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from frontend.access import CurrentUser, Gateway, needs, performs
from frontend.forms import ETAG_FIELD, KEY_FIELD, Form, payload, submitted
from frontend.gateway_client import ApiProblem, BoundGateway
from frontend.htmx import page_or_fragment, redirect
from frontend.pages.registry_words import (
    API,
    FORM_REFUSALS,
    by_field,
    conflict,
    current,
    division_options,
    may_write,
    options,
    refused_form,
    timeline_of,
)
from frontend.tables import Action, Batch, Column, Filter, Table
from services.kernel import registry_words as words
from services.kernel.permissions import Permission

router = APIRouter(prefix="/members", dependencies=[needs(Permission.REGISTRY_READ)])
WRITES = [needs(Permission.REGISTRY_WRITE)]

LABELS = {
    "name": "单位全称",
    "aliases": "简称",
    "uscc": "统一社会信用代码",
    "category": "类别",
    "division": "区划",
    "functional_zone": "功能区",
    "structure_role": "架构角色",
    "enterprise_size": "企业规模",
    "size_evidence": "规模佐证材料",
    "industry": "所属行业",
    "contact_person": "联系人",
    "contact_phone": "联系电话",
    "status": "状态",
    "joined_on": "加入日期",
    "left_on": "退出日期",
}
STATUSES = {"active": ("在册", "success"), "exited": ("已退出", "secondary")}
MISSING = (("uscc", "统一社会信用代码"), ("division", "区划"), ("size_evidence", "企业规模或佐证"))
CHOICES = {
    "categories": options(words.MEMBER_CATEGORIES),
    "roles": options(words.STRUCTURE_ROLES),
    "sizes": options(words.ENTERPRISE_SIZES),
    "statuses": options(words.MEMBER_STATUSES),
}
_MARKS = re.compile(r"[、,，;；\n]+")

MEMBERS = Table(
    id="members",
    path="/members",
    caption="成员单位",
    default_sort="name",
    columns=(
        Column("name", "单位名称", sort="name", link="/members/{id}", wide=True),
        Column("category", "类别", labels=words.MEMBER_CATEGORIES, sort="category"),
        Column("division_name", "区划", sort="division"),
        Column("structure_role", "架构角色", labels=words.STRUCTURE_ROLES, narrow_hidden=True),
        Column("uscc", "统一社会信用代码", narrow_hidden=True),
        Column("enterprise_size", "企业规模", labels=words.ENTERPRISE_SIZES, narrow_hidden=True),
        Column("status", "状态", "status", labels=STATUSES),
    ),
    filters=(
        Filter("q", "名称", placeholder="名称、拼音或信用代码"),
        Filter("category", "类别", "select", CHOICES["categories"]),
        Filter("division", "区划", "select"),
        Filter("status", "状态", "select", CHOICES["statuses"]),
        Filter("missing", "缺项", "select", MISSING),
    ),
    batch=(Batch("导出所选", "/members/export", "file-spreadsheet"),),
    export="/members/export",
)
WRITER_ACTIONS = (
    Action("新增", "/members/new", primary=True),
    Action("导入", "/change-sets/new?kind=members", "file-import"),
    Action("批量改动", "/change-sets", "list-search"),
)
WRITER_BATCH = (*MEMBERS.batch, Batch("批量修改所选", "/change-sets/ticked", "edit"))


@router.get("")
async def list_members(request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """The list; a bureau sees its own county's."""
    answer, (divisions, _) = await asyncio.gather(
        gateway.get(f"{API}/members", MEMBERS.params(request)), division_options(gateway)
    )
    filters = [Filter("division", "区划", "select", divisions) if f.name == "division" else f for f in MEMBERS.filters]
    writer = may_write(user)
    actions, batch = (WRITER_ACTIONS, WRITER_BATCH) if writer else ((), MEMBERS.batch)
    total = answer.data["total"]
    totals = {"name": f"{total} 家"} if total is not None else None
    table = MEMBERS.view(request, answer.data, totals=totals, filters=filters, actions=actions, batch=batch)
    return page_or_fragment(request, "members/list.html", "_table.html", {"table": table})


@router.get("/export")
async def export(request: Request, gateway: Gateway) -> Response:
    """The workbook of the query that the list shows, or of the ticked members."""
    asked: dict[str, Any] = {k: v for k, v in MEMBERS.params(request).items() if k not in ("limit", "cursor", "sort")}
    asked["ids"] = request.query_params.getlist("ids") or None
    return await gateway.download(f"{API}/members/export.xlsx", asked)


@router.post("/export")
async def export_ticked(request: Request) -> Response:
    """Send the browser to the download of the ticked rows."""
    chosen = (await submitted(request)).get("ids", [])
    ids = [str(UUID(one)) for one in (chosen if isinstance(chosen, list) else [chosen])]
    return redirect(request, f"/members/export?{'&'.join(f'ids={one}' for one in ids)}")


@router.get("/template")
async def template(gateway: Gateway) -> Response:
    """The workbook to fill in."""
    return await gateway.download(f"{API}/members/template.xlsx")


@router.get("/new", dependencies=WRITES)
async def new_member(request: Request, gateway: Gateway) -> Response:
    """An empty form."""
    values = {"status": "active"}
    context = await _form_context(gateway, None, values)
    form = Form.of(request, values)
    return page_or_fragment(request, "members/form.html", "members/_form.html", {**context, "form": form})


@router.post("/new", dependencies=[*WRITES, performs("POST /api/registry/v1/members")])
async def create_member(request: Request, gateway: Gateway) -> Response:
    """Create, or show the form with its faults."""
    values = await submitted(request)
    try:
        answer = await gateway.post(f"{API}/members", _body(values), idempotency_key=values.get(KEY_FIELD))
    except ApiProblem as problem:
        return await _refused(request, gateway, None, values, problem)
    return redirect(request, f"/members/{answer.data['id']}", toast="已新增成员单位。")


@router.get("/{member_id}")
async def member(request: Request, gateway: Gateway, user: CurrentUser, member_id: UUID) -> Response:
    """One member with the collaborations it has a part in and, for the secretariat, its recorded changes."""
    path = f"/members/{member_id}"
    record, joined = await asyncio.gather(
        current(gateway, path), gateway.get(f"{API}/collaborations", {"member": str(member_id), "limit": 200})
    )
    writer = may_write(user)
    values = {
        "member": record.data,
        "collaborations": joined.data["items"],
        "history": await timeline_of(gateway, path, LABELS) if writer else None,
        "writer": writer,
        "words": words,
        "states": STATUSES,
    }
    return page_or_fragment(request, "members/detail.html", "members/_detail.html", values)


@router.get("/{member_id}/edit", dependencies=WRITES)
async def edit_member(request: Request, gateway: Gateway, member_id: UUID) -> Response:
    """The form filled from the record, with the version that is being edited."""
    record = await current(gateway, f"/members/{member_id}")
    values = _shown(record.data)
    context = await _form_context(gateway, member_id, values)
    form = Form.of(request, values, etag=record.etag)
    return page_or_fragment(request, "members/form.html", "members/_form.html", {**context, "form": form})


@router.post("/{member_id}/edit", dependencies=[*WRITES, performs("PUT /api/registry/v1/members/{}")])
async def update_member(request: Request, gateway: Gateway, member_id: UUID) -> Response:
    """Save, or show the form with its faults or with what somebody else changed meanwhile."""
    values = await submitted(request)
    try:
        await gateway.put(f"{API}/members/{member_id}", _body(values), if_match=values.get(ETAG_FIELD))
    except ApiProblem as problem:
        return await _refused(request, gateway, member_id, values, problem)
    return redirect(request, f"/members/{member_id}", toast="已保存。")


async def _refused(
    request: Request, gateway: BoundGateway, member_id: UUID | None, values: dict[str, Any], problem: ApiProblem
) -> Response:
    if problem.status == 412 and member_id is not None:
        record = await current(gateway, f"/members/{member_id}")
        problem = conflict(problem, _in_words(values), _in_words(_shown(record.data)))
        values = {**values, ETAG_FIELD: record.etag}
    elif problem.status not in FORM_REFUSALS:
        raise problem
    context = await _form_context(gateway, member_id, values)
    form = Form.refused(request, values, by_field(problem))
    return refused_form(request, "members/form.html", "members/_form.html", context, form, "member-form")


async def _form_context(gateway: BoundGateway, member_id: UUID | None, values: dict[str, Any]) -> dict[str, Any]:
    divisions, zones = await division_options(gateway, str(values.get("division") or ""))
    action = f"/members/{member_id}/edit" if member_id else "/members/new"
    cancel = f"/members/{member_id}" if member_id else "/members"
    where = {"action": action, "cancel": cancel, "editing": member_id is not None}
    return {**CHOICES, **where, "divisions": divisions, "zones": zones, "labels": LABELS}


def _body(values: dict[str, Any]) -> dict[str, Any]:
    """What the service takes: empty texts as null, the aliases as a list."""
    body = payload(values, *(name for name in LABELS if name != "aliases"))
    body["aliases"] = _names(values.get("aliases"))
    return {**body, "status": body["status"] or "active"}


def _names(text: Any) -> list[str]:
    """The names in a field that takes several."""
    return [name for part in _MARKS.split(str(text or "")) if (name := part.strip())]


def _shown(record: dict[str, Any]) -> dict[str, Any]:
    """A record as the form shows it."""
    return {**{name: record.get(name) for name in LABELS}, "aliases": "、".join(record["aliases"])}


def _in_words(values: dict[str, Any]) -> dict[str, str]:
    """The fields of a form as people read them, for telling two versions apart."""
    labels: dict[str, Any] = {
        "category": words.MEMBER_CATEGORIES,
        "structure_role": words.STRUCTURE_ROLES,
        "enterprise_size": words.ENTERPRISE_SIZES,
        "status": words.MEMBER_STATUSES,
    }
    plain = {name: str(values.get(name) or "") for name in LABELS}
    plain["aliases"] = "、".join(_names(plain["aliases"]))
    return {name: labels.get(name, {}).get(text, text) for name, text in plain.items()}
