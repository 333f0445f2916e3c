"""专业与产业: coverage as table, picture and workbook; leading industries, what was matched with them, suggestions."""

import asyncio
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from frontend.access import CurrentUser, Gateway, needs, performs
from frontend.forms import ETAG_FIELD, KEY_FIELD, Form, payload, submitted
from frontend.gateway_client import BoundGateway
from frontend.htmx import page_or_fragment, redirect
from frontend.pages.governance_forms import Field, FormPage, lines_of, several
from frontend.pages.registry_words import API, current, may_write
from services.kernel import registry_words as words
from services.kernel.permissions import Permission

router = APIRouter(prefix="/coverage", dependencies=[needs(Permission.REGISTRY_READ)])
WRITES = [needs(Permission.REGISTRY_WRITE)]
HOME: Final = ("专业对接产业", "/coverage")
INDUSTRIES: Final = ("主导产业", "/coverage/industries")
BY: Final = {"school": "按学校", "major": "按专业"}
TABLES: Final = {
    "matrix": "覆盖表",
    "unmatched": "未对接专业",
    "enterprises": "龙头企业对接",
    "members": "成员分县区",
}
ALL: Final = 200


def _asked(request: Request) -> dict[str, Any]:
    """Which day, and what the rows stand for."""
    by = request.query_params.get("by") or "school"
    return {"as_of": request.query_params.get("as_of") or None, "by": by if by in BY else "school"}


@router.get("")
async def coverage(request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """The coverage of a day: numbers, picture, matrix, what is missing, lead enterprises, members."""
    asked = _asked(request)
    found = (await gateway.get(f"{API}/coverage", asked)).data
    used = [code for code in words.MEMBER_CATEGORIES if code in found["category_totals"]]
    context = {
        "found": found,
        "asked": asked,
        "by": BY,
        "tables": TABLES,
        "query": f"by={asked['by']}" + (f"&as_of={found['as_of']}" if asked["as_of"] else ""),
        "categories": {code: words.MEMBER_CATEGORIES[code] for code in used},
        "writer": may_write(user),
    }
    return page_or_fragment(request, "coverage/page.html", "coverage/_page.html", context)


@router.get("/picture.svg")
async def picture(request: Request, gateway: Gateway) -> Response:
    """The picture of the matrix."""
    return await gateway.download(f"{API}/coverage/picture.svg", _asked(request))


@router.get("/export")
async def export(request: Request, gateway: Gateway) -> Response:
    """One of the tables as a workbook."""
    table = request.query_params.get("table", "matrix")
    chosen = table if table in TABLES else "matrix"
    return await gateway.download(f"{API}/coverage/export.xlsx", {**_asked(request), "table": chosen})


@router.get("/industries")
async def industries(request: Request, gateway: Gateway, user: CurrentUser, as_of: str = "") -> Response:
    """The leading industries with their enterprises, what was matched with them, and what may be; or as of a day."""
    writer, asked = may_write(user) and not as_of, {"limit": ALL, "as_of": as_of or None}
    listed, matches, suggested = await asyncio.gather(
        gateway.get(f"{API}/leading-industries", asked),
        gateway.get(f"{API}/leading-industries/matches", asked),
        gateway.get(f"{API}/leading-industries/suggestions"),
    )
    forms = {
        one["id"]: Form.of(request, etag=f'"{one["row_version"]}"')
        for one in [*listed.data["items"], *matches.data["items"]]
    }
    context = {
        "industries": listed.data["items"],
        "matches": matches.data["items"],
        "suggestions": suggested.data["items"] if writer else [],
        "writer": writer,
        "forms": forms,
        "confirm": Form.of(request),
        "as_of": as_of,
    }
    return page_or_fragment(request, "coverage/industries.html", "coverage/_industries.html", context)


async def _enterprises(gateway: BoundGateway) -> list[tuple[str, str]]:
    """Every enterprise among the members, for a select."""
    found: list[tuple[str, str]] = []
    cursor: str | None = None
    while True:
        asked: dict[str, Any] = {"category": "enterprise", "limit": ALL, "cursor": cursor}
        page = (await gateway.get(f"{API}/members", asked)).data
        found += [(item["id"], item["name"]) for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


async def _industry_form(gateway: BoundGateway, industry: dict[str, Any] | None) -> FormPage:
    action = f"/coverage/industries/{industry['id']}" if industry else "/coverage/industries/new"
    return FormPage(
        title="修改主导产业" if industry else "登记主导产业",
        crumbs=[HOME, INDUSTRIES, (industry["name"] if industry else "登记", None)],
        action=action,
        cancel=INDUSTRIES[1],
        record=f"/leading-industries/{industry['id']}" if industry else None,
        fields=(
            Field("name", "产业名称", required=True, maxlength=60),
            Field("position", "排列顺序", "number", minimum=0, step="1"),
            Field(
                "industry_codes",
                "行业代码",
                "textarea",
                rows=4,
                help="国民经济行业分类的代码，一行一个，如 36、3670；可不填。",
            ),
            Field(
                "enterprises",
                "龙头企业",
                "multiselect",
                options=await _enterprises(gateway),
                wide=True,
                help="按住 Ctrl 可选多家。",
            ),
            Field("pack", "依据的政策包", maxlength=60, help="如 anqing-2024；可不填。"),
            Field("article", "依据的条款", maxlength=30, help="如 二13；可不填。"),
            Field("effective_on", "生效日期", "date", help="默认从今天起；可填以前的日期，不能晚于今天。"),
        ),
    )


def _industry_body(values: dict[str, Any]) -> dict[str, Any]:
    body = payload(values, "name", "pack", "article", "effective_on")
    codes = lines_of(values.get("industry_codes"))
    chosen = several(values.get("enterprises"))
    return {**body, "position": values.get("position") or 0, "industry_codes": codes, "enterprises": chosen}


@router.get("/industries/new", dependencies=WRITES)
async def new_industry(request: Request, gateway: Gateway) -> Response:
    """An empty form."""
    return (await _industry_form(gateway, None)).shown(request, Form.of(request))


@router.post("/industries/new", dependencies=[*WRITES, performs("POST /api/registry/v1/leading-industries")])
async def create_industry(request: Request, gateway: Gateway) -> Response:
    """Record a leading industry."""
    values = await submitted(request)
    page = await _industry_form(gateway, None)
    sent, key = _industry_body(values), values.get(KEY_FIELD)
    call = lambda: gateway.post(f"{API}/leading-industries", sent, idempotency_key=key)  # noqa: E731
    return await page.sent(request, gateway, values, call, "已登记主导产业。")


@router.get("/industries/adoption", dependencies=WRITES)
async def new_adoption(request: Request) -> Response:
    """Which policy document names them."""
    return _adoption().shown(request, Form.of(request))


def _adoption() -> FormPage:
    return FormPage(
        title="按政策文件登记主导产业",
        crumbs=[HOME, INDUSTRIES, ("按文件登记", None)],
        action="/coverage/industries/adoption",
        cancel=INDUSTRIES[1],
        note="只登记文件列出而还没有的产业，已有的不变。",
        fields=(Field("pack", "政策包", required=True, maxlength=60, help="如 anqing-2024。"),),
        submit="登记",
    )


@router.post(
    "/industries/adoption", dependencies=[*WRITES, performs("POST /api/registry/v1/leading-industries/adoption")]
)
async def adopt(request: Request, gateway: Gateway) -> Response:
    """Record what the document names and is missing."""
    values = await submitted(request)
    sent, key = payload(values, "pack"), values.get(KEY_FIELD)
    call = lambda: gateway.post(f"{API}/leading-industries/adoption", sent, idempotency_key=key)  # noqa: E731
    return await _adoption().sent(request, gateway, values, call, "已按文件登记主导产业。")


@router.get("/industries/{industry_id}", dependencies=WRITES)
async def edit_industry(request: Request, gateway: Gateway, industry_id: UUID) -> Response:
    """The form filled from the record."""
    record = await current(gateway, f"/leading-industries/{industry_id}")
    shown = {
        **record.data,
        "industry_codes": "\n".join(one["code"] for one in record.data["industry_codes"]),
        "enterprises": [one["id"] for one in record.data["enterprises"]],
    }
    return (await _industry_form(gateway, record.data)).shown(request, Form.of(request, shown, etag=record.etag))


@router.post(
    "/industries/{industry_id}", dependencies=[*WRITES, performs("PUT /api/registry/v1/leading-industries/{}")]
)
async def update_industry(request: Request, gateway: Gateway, industry_id: UUID) -> Response:
    """Save."""
    values = await submitted(request)
    page = await _industry_form(gateway, (await current(gateway, f"/leading-industries/{industry_id}")).data)
    address, tag = f"{API}/leading-industries/{industry_id}", values.get(ETAG_FIELD)
    call = lambda: gateway.put(address, _industry_body(values), if_match=tag)  # noqa: E731
    return await page.sent(request, gateway, values, call, "已保存。")


@router.post(
    "/industries/{industry_id}/ending",
    dependencies=[*WRITES, performs("DELETE /api/registry/v1/leading-industries/{}")],
)
async def end_industry(request: Request, gateway: Gateway, industry_id: UUID) -> Response:
    """End a leading industry with its matches."""
    values = await submitted(request)
    await gateway.delete(f"{API}/leading-industries/{industry_id}", if_match=values.get(ETAG_FIELD))
    return redirect(request, INDUSTRIES[1], toast="已取消这个主导产业。")


async def _match_form(gateway: BoundGateway) -> FormPage:
    listed = (await gateway.get(f"{API}/leading-industries", {"limit": ALL})).data["items"]
    return FormPage(
        title="登记专业与产业对接",
        crumbs=[HOME, INDUSTRIES, ("登记对接", None)],
        action="/coverage/matches/new",
        cancel=INDUSTRIES[1],
        fields=(
            Field("major_code", "专业代码", required=True, maxlength=10, help="填专业类的代码（如 6607）就对接整类。"),
            Field(
                "industry",
                "主导产业",
                "select",
                required=True,
                options=[(one["id"], one["name"]) for one in listed],
                blank="请选择",
            ),
            Field("reason", "理由", required=True, maxlength=200, wide=True),
            Field("effective_on", "生效日期", "date", help="默认从今天起。"),
        ),
    )


@router.get("/matches/new", dependencies=WRITES)
async def new_match(request: Request, gateway: Gateway) -> Response:
    """The form, filled from a suggestion when one was chosen."""
    chosen = {name: request.query_params.get(name, "") for name in ("major_code", "industry", "reason")}
    return (await _match_form(gateway)).shown(request, Form.of(request, chosen))


@router.post("/matches/new", dependencies=[*WRITES, performs("POST /api/registry/v1/leading-industries/matches")])
async def create_match(request: Request, gateway: Gateway) -> Response:
    """Record the decision."""
    values = await submitted(request)
    page = await _match_form(gateway)
    sent, key = payload(values, "major_code", "industry", "reason", "effective_on"), values.get(KEY_FIELD)
    call = lambda: gateway.post(f"{API}/leading-industries/matches", sent, idempotency_key=key)  # noqa: E731
    return await page.sent(request, gateway, values, call, "已登记对接。")


@router.post(
    "/matches/{match_id}/ending",
    dependencies=[*WRITES, performs("DELETE /api/registry/v1/leading-industries/matches/{}")],
)
async def end_match(request: Request, gateway: Gateway, match_id: UUID) -> Response:
    """Take a match back."""
    values = await submitted(request)
    await gateway.delete(f"{API}/leading-industries/matches/{match_id}", if_match=values.get(ETAG_FIELD))
    return redirect(request, INDUSTRIES[1], toast="已取消这条对接。")
