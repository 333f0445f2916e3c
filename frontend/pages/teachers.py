"""师资库: the teachers of one's own units with their practice, the shared ones of all units, import and export."""

import asyncio
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from frontend.access import CurrentUser, Gateway, needs, performs
from frontend.filters import on_day
from frontend.forms import ETAG_FIELD, KEY_FIELD, Form, payload, submitted
from frontend.gateway_client import ApiProblem, BoundGateway
from frontend.htmx import page_or_fragment, redirect
from frontend.pages.governance_forms import Field, FormPage
from frontend.pages.registry_words import API, current, member_options, options
from frontend.pages.workbook_forms import UploadPage
from frontend.session import User
from frontend.tables import Action, Column, Filter, Table
from services.kernel import registry_words as words
from services.kernel.permissions import Party, Permission

router = APIRouter(prefix="/teachers", dependencies=[needs(Permission.REGISTRY_READ)])
KEEPS: Final = (Permission.REGISTRY_WRITE, Permission.REGISTRY_OWN)
OWN: Final = [needs(*KEEPS)]
HOME: Final = ("师资库", "/teachers")
STANDINGS: Final = {"met": ("达标", "success"), "near": ("临近", "warning"), "unmet": ("未达标", "danger")}
YES: Final = (("true", "是"), ("false", "否"))


def _months(row: dict[str, Any]) -> str:
    practice = row["practice"]
    return f"{practice['months']} / {practice['required']}" if practice else "—"


TEACHERS: Final = Table(
    id="teachers",
    path="/teachers",
    caption="师资库",
    default_sort="name",
    columns=(
        Column("name", "姓名", sort="name", link="/teachers/{id}"),
        Column("member_name", "单位", wide=True),
        Column("kind", "类别", labels=words.TEACHER_KINDS, sort="kind"),
        Column("title", "职称", labels=words.TEACHER_TITLES, narrow_hidden=True),
        Column("specialty", "专业方向", wide=True, narrow_hidden=True),
        Column("months", "实践月数 / 须满", render=_months),
        Column("practice.standing", "企业实践", "status", labels=STANDINGS),
        Column("shared", "共享", render=lambda row: "是" if row["shared"] else "否", narrow_hidden=True),
    ),
    filters=(
        Filter("q", "姓名或专业", placeholder="姓名、拼音或专业方向"),
        Filter("member", "单位", "select"),
        Filter("kind", "类别", "select", options(words.TEACHER_KINDS)),
        Filter("standing", "企业实践", "select", options(words.PRACTICE_STANDINGS)),
        Filter("shared", "共享", "select", YES),
        Filter("as_of", "截至日期", "date"),
    ),
    actions=(
        Action("登记", "/teachers/new", primary=True),
        Action("导入", "/teachers/import", "file-import"),
    ),
    export="/teachers/export",
    empty_title="还没有登记教师",
)
SHARED: Final = Table(
    id="shared",
    path="/teachers/shared",
    caption="共享师资",
    columns=(
        Column("member_name", "单位", wide=True, link="/members/{member}"),
        Column("specialty", "专业方向", wide=True),
        Column("kind", "类别", labels=words.TEACHER_KINDS),
        Column("title", "职称", labels=words.TEACHER_TITLES),
    ),
    filters=(
        Filter("q", "专业方向"),
        Filter("kind", "类别", "select", options(words.TEACHER_KINDS)),
        Filter("as_of", "截至日期", "date"),
    ),
    empty_title="还没有共享的教师",
    empty_hint="各单位登记教师时勾选“共享”，就会出现在这里。",
)
UPLOAD: Final = UploadPage(
    title="导入师资",
    crumbs=[HOME, ("导入", None)],
    action="/teachers/import",
    cancel="/teachers",
    template="/teachers/template",
    note="一位教师有几段企业实践就写几行。已有的更新，没有的新增；不要填写身份证号和电话。一次最多 2000 行。",
)


async def unit_options(gateway: BoundGateway, user: User) -> list[tuple[str, str]]:
    """The units that a person keeps, for a select; a unit's own people have just theirs."""
    if user.party is Party.MEMBER and user.member:
        record = await current(gateway, f"/members/{user.member}")
        return [(record.data["id"], record.data["name"])]
    return await member_options(gateway)


@router.get("")
async def list_teachers(request: Request, gateway: Gateway, user: CurrentUser, as_of: str = "") -> Response:
    """The teachers of one's own units, now or as of a day; who keeps none sees the shared ones."""
    if not user.may(*KEEPS):
        return redirect(request, on_day(SHARED.path, as_of))
    answer, overview, units = await asyncio.gather(
        gateway.get(f"{API}/teachers", TEACHERS.params(request)),
        gateway.get(f"{API}/teachers/overview", {"as_of": as_of or None}),
        unit_options(gateway, user),
    )
    filters = [Filter("member", "单位", "select", units) if f.name == "member" else f for f in TEACHERS.filters]
    table = TEACHERS.view(
        request,
        answer.data,
        totals={"name": f"{answer.data['total']} 人"},
        filters=filters,
        actions=() if as_of else None,
    )
    told = {"overview": overview.data, "standings": words.PRACTICE_STANDINGS}
    context = {"table": table, **told, "keeps": True, "as_of": as_of}
    return page_or_fragment(request, "teachers/list.html", "_table.html", context)


@router.get("/shared")
async def list_shared(request: Request, gateway: Gateway, user: CurrentUser, as_of: str = "") -> Response:
    """The shared teachers of all units, without names, now or as of a day."""
    answer = await gateway.get(f"{API}/teachers/shared", SHARED.params(request))
    table = SHARED.view(request, answer.data)
    context = {"table": table, "overview": None, "keeps": user.may(*KEEPS), "as_of": as_of}
    return page_or_fragment(request, "teachers/list.html", "_table.html", context)


@router.get("/export", dependencies=OWN)
async def export(request: Request, gateway: Gateway) -> Response:
    """The workbook of the query that the list shows."""
    return await gateway.download(f"{API}/teachers/export.xlsx", TEACHERS.filled(request))


@router.get("/template", dependencies=OWN)
async def template(gateway: Gateway) -> Response:
    """The workbook to fill in."""
    return await gateway.download(f"{API}/teachers/template.xlsx")


@router.get("/import", dependencies=OWN)
async def new_import(request: Request) -> Response:
    """Where the file is chosen."""
    return UPLOAD.shown(request)


@router.post("/import", dependencies=[*OWN, performs("POST /api/registry/v1/teachers/import")])
async def take_in(request: Request, gateway: Gateway) -> Response:
    """Take the file in, and say what became of its rows."""
    return await UPLOAD.sent(request, gateway, f"{API}/teachers/import")


async def _form(gateway: BoundGateway, user: User, teacher: dict[str, Any] | None) -> FormPage:
    path = f"/teachers/{teacher['id']}" if teacher else "/teachers"
    fields = (
        Field("member", "单位", "select", required=True, options=await unit_options(gateway, user), blank="请选择"),
        Field("name", "姓名", required=True, maxlength=50, help="只填姓名；本系统不收教师的身份证号和电话。"),
        Field("kind", "类别", "select", required=True, options=options(words.TEACHER_KINDS), blank="请选择"),
        Field("title", "职称或技能等级", "select", options=options(words.TEACHER_TITLES)),
        Field("specialty", "专业方向", maxlength=100),
        Field(
            "shared",
            "共享",
            "select",
            options=YES,
            blank="否",
            help="共享的教师，其他单位能看到所在单位和专业方向，看不到姓名。",
        ),
        *((Field("left_on", "离岗日期", "date", help="仅已离开本单位的填写。"),) if teacher else ()),
    )
    return FormPage(
        title="修改教师" if teacher else "登记教师",
        crumbs=[HOME, (teacher["name"], path) if teacher else ("登记", None), *([("修改", None)] if teacher else [])],
        action=f"{path}/edit" if teacher else "/teachers/new",
        cancel=path,
        fields=fields,
        record=path if teacher else None,
    )


def _body(values: dict[str, Any]) -> dict[str, Any]:
    body = payload(values, "member", "name", "kind", "title", "specialty", "left_on")
    return {**body, "shared": values.get("shared") == "true"}


@router.get("/new", dependencies=OWN)
async def new_teacher(request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """An empty form."""
    chosen = {"member": user.member} if user.party is Party.MEMBER else {}
    return (await _form(gateway, user, None)).shown(request, Form.of(request, chosen))


@router.post("/new", dependencies=[*OWN, performs("POST /api/registry/v1/teachers")])
async def create_teacher(request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """Record a teacher."""
    values = await submitted(request)
    page = await _form(gateway, user, None)
    call = lambda: gateway.post(f"{API}/teachers", _body(values), idempotency_key=values.get(KEY_FIELD))  # noqa: E731
    done = lambda answer: f"/teachers/{answer.data['id']}"  # noqa: E731
    return await page.sent(request, gateway, values, call, "已登记教师。", done)


@router.get("/{teacher_id}", dependencies=OWN)
async def teacher(request: Request, gateway: Gateway, teacher_id: UUID, as_of: str = "") -> Response:
    """One teacher with the practice as a timeline, now or as of a day."""
    record = await gateway.get(f"{API}/teachers/{teacher_id}", {"as_of": as_of or None})
    forms = {one["id"]: Form.of(request, etag=f'"{one["row_version"]}"') for one in record.data["periods"]}
    told = {"words": words, "standings": STANDINGS, "forms": forms}
    context = {"teacher": record.data, **told, "as_of": as_of}
    return page_or_fragment(request, "teachers/detail.html", "teachers/_detail.html", context)


@router.get("/{teacher_id}/edit", dependencies=OWN)
async def edit_teacher(request: Request, gateway: Gateway, user: CurrentUser, teacher_id: UUID) -> Response:
    """The form filled from the record."""
    record = await current(gateway, f"/teachers/{teacher_id}")
    shown = {**record.data, "shared": str(record.data["shared"]).lower()}
    return (await _form(gateway, user, record.data)).shown(request, Form.of(request, shown, etag=record.etag))


@router.post("/{teacher_id}/edit", dependencies=[*OWN, performs("PUT /api/registry/v1/teachers/{}")])
async def update_teacher(request: Request, gateway: Gateway, user: CurrentUser, teacher_id: UUID) -> Response:
    """Save."""
    values = await submitted(request)
    page = await _form(gateway, user, (await current(gateway, f"/teachers/{teacher_id}")).data)
    address, tag = f"{API}/teachers/{teacher_id}", values.get(ETAG_FIELD)
    call = lambda: gateway.put(address, _body(values), if_match=tag)  # noqa: E731
    return await page.sent(request, gateway, values, call, "已保存。")


async def _period_form(gateway: BoundGateway, teacher_id: UUID, period: UUID | None) -> FormPage:
    path = f"/teachers/{teacher_id}"
    name = (await current(gateway, path)).data["name"]
    return FormPage(
        title="修改企业实践" if period else "登记企业实践",
        crumbs=[HOME, (name, path), ("企业实践", None)],
        action=f"{path}/practice/{period}" if period else f"{path}/practice/new",
        cancel=path,
        fields=(
            Field("enterprise", "成员企业", "select", options=await member_options(gateway), blank="不是成员"),
            Field("enterprise_name", "企业名称", maxlength=100, help="不是成员的企业填写名称；与成员企业只填一项。"),
            Field("from_date", "开始日期", "date", required=True),
            Field("until_date", "结束日期（不含当天）", "date", help="最后一天的次日；进行中的留空。"),
        ),
    )


PERIOD: Final = ("enterprise", "enterprise_name", "from_date", "until_date")


@router.get("/{teacher_id}/practice/new", dependencies=OWN)
async def new_period(request: Request, gateway: Gateway, teacher_id: UUID) -> Response:
    """An empty form."""
    return (await _period_form(gateway, teacher_id, None)).shown(request, Form.of(request))


@router.post(
    "/{teacher_id}/practice/new",
    dependencies=[*OWN, performs("POST /api/registry/v1/teachers/{}/practice-periods")],
)
async def add_period(request: Request, gateway: Gateway, teacher_id: UUID) -> Response:
    """Record practice."""
    values = await submitted(request)
    page = await _period_form(gateway, teacher_id, None)
    address, key = f"{API}/teachers/{teacher_id}/practice-periods", values.get(KEY_FIELD)
    call = lambda: gateway.post(address, payload(values, *PERIOD), idempotency_key=key)  # noqa: E731
    return await page.sent(request, gateway, values, call, "已登记企业实践。")


async def _period(gateway: BoundGateway, teacher_id: UUID, period_id: UUID) -> dict[str, Any]:
    """One period of a teacher. Raises ApiProblem (404)."""
    periods = (await current(gateway, f"/teachers/{teacher_id}")).data["periods"]
    found: dict[str, Any] | None = next((one for one in periods if one["id"] == str(period_id)), None)
    if found is None:
        raise ApiProblem(404, "period_not_found", "没有找到", "这位教师没有这段企业实践。")
    return found


@router.get("/{teacher_id}/practice/{period_id}", dependencies=OWN)
async def edit_period(request: Request, gateway: Gateway, teacher_id: UUID, period_id: UUID) -> Response:
    """The form filled from the record, and the way to remove it."""
    found = await _period(gateway, teacher_id, period_id)
    shown = {**found, "enterprise_name": "" if found["enterprise"] else found["enterprise_name"]}
    form = Form.of(request, shown, etag=f'"{found["row_version"]}"')
    return (await _period_form(gateway, teacher_id, period_id)).shown(request, form)


@router.post(
    "/{teacher_id}/practice/{period_id}",
    dependencies=[*OWN, performs("PUT /api/registry/v1/teachers/{}/practice-periods/{}")],
)
async def update_period(request: Request, gateway: Gateway, teacher_id: UUID, period_id: UUID) -> Response:
    """Save."""
    values = await submitted(request)
    page = await _period_form(gateway, teacher_id, period_id)
    address, tag = f"{API}/teachers/{teacher_id}/practice-periods/{period_id}", values.get(ETAG_FIELD)
    call = lambda: gateway.put(address, payload(values, *PERIOD), if_match=tag)  # noqa: E731
    return await page.sent(request, gateway, values, call, "已保存。")


@router.post(
    "/{teacher_id}/practice/{period_id}/removal",
    dependencies=[*OWN, performs("DELETE /api/registry/v1/teachers/{}/practice-periods/{}")],
)
async def remove_period(request: Request, gateway: Gateway, teacher_id: UUID, period_id: UUID) -> Response:
    """Remove practice that was entered by mistake."""
    values = await submitted(request)
    address = f"{API}/teachers/{teacher_id}/practice-periods/{period_id}"
    await gateway.delete(address, if_match=values.get(ETAG_FIELD))
    return redirect(request, f"/teachers/{teacher_id}", toast="已删除这段企业实践。")
