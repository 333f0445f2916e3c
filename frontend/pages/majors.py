"""开设专业: the majors of all schools, of one school (a fragment of the member's page), their import and export."""

import asyncio
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from frontend.access import CurrentUser, Gateway, needs, performs
from frontend.forms import ETAG_FIELD, KEY_FIELD, Form, payload, submitted
from frontend.gateway_client import ApiProblem, BoundGateway
from frontend.htmx import page_or_fragment, redirect, render
from frontend.pages.governance_forms import Field, FormPage
from frontend.pages.registry_words import API, current
from frontend.pages.workbook_forms import UploadPage
from frontend.session import User
from frontend.tables import Action, Column, Filter, Table
from services.kernel import registry_words as words
from services.kernel.permissions import Party, Permission

router = APIRouter(prefix="/majors", dependencies=[needs(Permission.REGISTRY_READ)])
KEEPS: Final = (Permission.REGISTRY_WRITE, Permission.REGISTRY_OWN)
OWN: Final = [needs(*KEEPS)]
HOME: Final = ("开设专业", "/majors")
ALL: Final = 200
SCHOOLS: Final = ("higher_vocational", "secondary_vocational", "technician")
FIELDS: Final = ("major_code", "name", "since", "students", "effective_on")


def _industries(row: dict[str, Any]) -> str:
    return "、".join(row["industries"]) or "未对接"


def _catalogue(row: dict[str, Any]) -> str:
    if not row["in_catalogue"]:
        return "不在现行目录"
    same = row["catalogue_name"] == row["name"]
    return "一致" if same else f"目录为“{row['catalogue_name']}”"


MAJORS: Final = Table(
    id="majors",
    path="/majors",
    caption="开设专业",
    default_sort="code",
    columns=(
        Column("major_code", "专业代码", sort="code"),
        Column("name", "专业名称", sort="name", wide=True),
        Column("member_name", "学校", link="/members/{member}", wide=True),
        Column("stage", "层次", labels=words.MAJOR_STAGES, narrow_hidden=True),
        Column("students", "在校生数", "number"),
        Column("industries", "对接主导产业", render=_industries, wide=True),
        Column("catalogue", "与目录", render=_catalogue, narrow_hidden=True),
    ),
    filters=(
        Filter("q", "专业", placeholder="代码或名称"),
        Filter("code", "代码开头"),
        Filter("as_of", "截至日期", "date"),
    ),
    export="/majors/export",
    empty_title="还没有登记专业",
)
UPLOAD: Final = UploadPage(
    title="导入开设专业",
    crumbs=[HOME, ("导入", None)],
    action="/majors/import",
    cancel="/majors",
    template="/majors/template",
    note="同一学校的同一代码更新，没有的新增；文件里没有的专业不变。一次最多 2000 行。",
)


def keeps(user: User, member: dict[str, Any]) -> bool:
    """Whether this person may offer to change a unit's majors; the service decides again by the token."""
    if user.party is Party.MEMBER:
        return user.may(*KEEPS) and user.member == member["id"]
    return user.may(*KEEPS)


@router.get("")
async def list_majors(request: Request, gateway: Gateway, user: CurrentUser, as_of: str = "") -> Response:
    """The majors of all schools, now or as of a day."""
    answer = await gateway.get(f"{API}/majors", MAJORS.params(request))
    actions = (Action("导入", "/majors/import", "file-import"),) if user.may(*KEEPS) and not as_of else ()
    totals = {"name": f"{answer.data['total']} 个专业点"}
    table = MAJORS.view(request, answer.data, totals=totals, actions=actions)
    return page_or_fragment(request, "coverage/majors.html", "_table.html", {"table": table})


@router.get("/export")
async def export(request: Request, gateway: Gateway) -> Response:
    """The workbook of the query that the list shows."""
    return await gateway.download(f"{API}/majors/export.xlsx", MAJORS.filled(request))


@router.get("/template")
async def template(gateway: Gateway) -> Response:
    """The workbook to fill in."""
    return await gateway.download(f"{API}/majors/template.xlsx")


@router.get("/import", dependencies=OWN)
async def new_import(request: Request) -> Response:
    """Where the file is chosen."""
    return UPLOAD.shown(request)


@router.post("/import", dependencies=[*OWN, performs("POST /api/registry/v1/majors/import")])
async def take_in(request: Request, gateway: Gateway) -> Response:
    """Take the file in, and say what became of its rows."""
    return await UPLOAD.sent(request, gateway, f"{API}/majors/import")


@router.get("/of/{member_id}")
async def of_member(request: Request, gateway: Gateway, user: CurrentUser, member_id: UUID) -> Response:
    """The majors of one school, as a section of the member's page; nothing for a unit that is no school."""
    member, listed = await asyncio.gather(
        current(gateway, f"/members/{member_id}"),
        gateway.get(f"{API}/members/{member_id}/majors", {"limit": ALL, "as_of": request.query_params.get("as_of")}),
    )
    kept = keeps(user, member.data) and not request.query_params.get("as_of")
    context = {
        "member": member.data,
        "school": member.data["category"] in SCHOOLS,
        "majors": listed.data["items"],
        "kept": kept,
        "forms": {one["id"]: Form.of(request, etag=f'"{one["row_version"]}"') for one in listed.data["items"]},
        "words": words,
        "catalogue": _catalogue,
    }
    return render(request, "coverage/_member_majors.html", context)


def _form(member: dict[str, Any], major: dict[str, Any] | None) -> FormPage:
    base = f"/majors/of/{member['id']}"
    return FormPage(
        title="修改专业" if major else "登记专业",
        crumbs=[("成员单位", "/members"), (member["name"], f"/members/{member['id']}"), ("专业", None)],
        action=f"{base}/{major['id']}" if major else f"{base}/new",
        cancel=f"/members/{member['id']}",
        fields=(
            Field("major_code", "专业代码", required=True, maxlength=10, help="按专业目录填写，如 660301。"),
            Field("name", "专业名称", maxlength=100, help="不填的取现行目录里的名称。"),
            Field("since", "开设日期", "date"),
            Field("students", "在校生数", "number", minimum=0, step="1"),
            Field("effective_on", "生效日期", "date", help="默认从今天起；可填以前的日期，不能晚于今天。"),
        ),
    )


async def _member(gateway: BoundGateway, member_id: UUID) -> dict[str, Any]:
    found: dict[str, Any] = (await current(gateway, f"/members/{member_id}")).data
    return found


async def _major(gateway: BoundGateway, member_id: UUID, major_id: UUID) -> dict[str, Any]:
    """One major of a school. Raises ApiProblem (404)."""
    listed = (await gateway.get(f"{API}/members/{member_id}/majors", {"limit": ALL})).data["items"]
    found: dict[str, Any] | None = next((one for one in listed if one["id"] == str(major_id)), None)
    if found is None:
        raise ApiProblem(404, "major_not_found", "没有找到", "这所学校没有这个专业。")
    return found


@router.get("/of/{member_id}/new", dependencies=OWN)
async def new_major(request: Request, gateway: Gateway, member_id: UUID) -> Response:
    """An empty form."""
    return _form(await _member(gateway, member_id), None).shown(request, Form.of(request))


@router.post("/of/{member_id}/new", dependencies=[*OWN, performs("POST /api/registry/v1/members/{}/majors")])
async def create_major(request: Request, gateway: Gateway, member_id: UUID) -> Response:
    """Record a major."""
    values = await submitted(request)
    page = _form(await _member(gateway, member_id), None)
    address, key = f"{API}/members/{member_id}/majors", values.get(KEY_FIELD)
    call = lambda: gateway.post(address, payload(values, *FIELDS), idempotency_key=key)  # noqa: E731
    return await page.sent(request, gateway, values, call, "已登记专业。")


@router.get("/of/{member_id}/{major_id}", dependencies=OWN)
async def edit_major(request: Request, gateway: Gateway, member_id: UUID, major_id: UUID) -> Response:
    """The form filled from the record."""
    found = await _major(gateway, member_id, major_id)
    form = Form.of(request, found, etag=f'"{found["row_version"]}"')
    return _form(await _member(gateway, member_id), found).shown(request, form)


@router.post("/of/{member_id}/{major_id}", dependencies=[*OWN, performs("PUT /api/registry/v1/members/{}/majors/{}")])
async def update_major(request: Request, gateway: Gateway, member_id: UUID, major_id: UUID) -> Response:
    """Save."""
    values = await submitted(request)
    page = _form(await _member(gateway, member_id), await _major(gateway, member_id, major_id))
    address, tag = f"{API}/members/{member_id}/majors/{major_id}", values.get(ETAG_FIELD)
    call = lambda: gateway.put(address, payload(values, *FIELDS), if_match=tag)  # noqa: E731
    return await page.sent(request, gateway, values, call, "已保存。")


@router.post(
    "/of/{member_id}/{major_id}/ending",
    dependencies=[*OWN, performs("DELETE /api/registry/v1/members/{}/majors/{}")],
)
async def end_major(request: Request, gateway: Gateway, member_id: UUID, major_id: UUID) -> Response:
    """Record that the school no longer offers it."""
    values = await submitted(request)
    address = f"{API}/members/{member_id}/majors/{major_id}"
    await gateway.delete(address, if_match=values.get(ETAG_FIELD))
    return redirect(request, f"/members/{member_id}", toast="已停办这个专业，以前的日期仍可查到。")
