"""架构图 with the same content as a table, building the structure from a policy document, and 牵头单位."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from frontend.access import CurrentUser, Gateway, needs, performs
from frontend.forms import ETAG_FIELD, KEY_FIELD, Form, payload, submitted
from frontend.gateway_client import BoundGateway
from frontend.htmx import page_or_fragment, redirect
from frontend.pages.governance_bodies import HOME, KINDS, tree_of
from frontend.pages.governance_forms import Field, FormPage
from frontend.pages.registry_words import API, current, may_write, member_options, options
from services.kernel import registry_words as words
from services.kernel.permissions import Permission

router = APIRouter(prefix="/governance", dependencies=[needs(Permission.REGISTRY_READ)])
WRITES = [needs(Permission.REGISTRY_WRITE)]
PAPERS: Final = {"a4": "A4 横向", "a3": "A3 横向"}
ITEM_KINDS: Final = {
    "member": "成员单位",
    "body": "机构",
    "seat": "席位",
    "holder": "任职人",
    "lead": "牵头",
    "role": "架构角色",
    "collaboration": "合作载体",
}
CATEGORY_FIELD: Final = "category:"


@router.get("/picture")
async def picture(request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """The picture of the structure as of a day, for the wall: A4 or A3, and everything in it as tables."""
    as_of = request.query_params.get("as_of") or None
    paper = request.query_params.get("paper", "a4")
    structure = (await gateway.get(f"{API}/structure", {"as_of": as_of})).data
    context = {
        "structure": structure,
        "tree": tree_of(structure["bodies"]),
        "as_of": as_of,
        "paper": paper if paper in PAPERS else "a4",
        "papers": PAPERS,
        "kinds": KINDS,
        "writer": may_write(user),
    }
    return page_or_fragment(request, "governance/picture.html", "governance/_picture.html", context)


@router.get("/picture.svg")
async def picture_file(request: Request, gateway: Gateway) -> Response:
    """The picture itself."""
    return await gateway.download(f"{API}/structure/picture.svg", {"as_of": request.query_params.get("as_of") or None})


@router.get("/adoption", dependencies=WRITES)
async def preview_adoption(request: Request, gateway: Gateway) -> Response:
    """Which documents are applied, and what building the structure from one of them would make."""
    packs = (await gateway.get(f"{API}/structure")).data["packs"]
    chosen = request.query_params.get("pack") or (packs[0]["pack"] if packs else "")
    report = (await gateway.get(f"{API}/structure/adoption", {"pack": chosen})).data if chosen else None
    return page_or_fragment(
        request, "governance/adoption.html", "governance/_adoption.html", _adoption(request, packs, chosen, report)
    )


@router.post("/adoption", dependencies=[*WRITES, performs("POST /api/registry/v1/structure/adoption")])
async def adopt(request: Request, gateway: Gateway) -> Response:
    """Build what is missing and go to the bodies."""
    values = await submitted(request)
    chosen = {
        name.removeprefix(CATEGORY_FIELD): value
        for name, value in values.items()
        if name.startswith(CATEGORY_FIELD) and value
    }
    sent = {**payload(values, "pack", "since"), "categories": chosen}
    answer = await gateway.post(f"{API}/structure/adoption", sent, idempotency_key=values.get(KEY_FIELD))
    done = answer.data
    told = (
        f"已按 {done['title']} 建立架构：新增 {done['made']} 项，补全 {done['changed']} 项，跳过 {done['skipped']} 项。"
    )
    return redirect(request, HOME[1], toast=told)


def _adoption(request: Request, packs: list[Any], chosen: str, report: dict[str, Any] | None) -> dict[str, Any]:
    items = report["items"] if report else []
    waiting = [one for one in items if (one["kind"], one["outcome"]) == ("member", "skipped")]
    return {
        "packs": packs,
        "chosen": chosen,
        "report": report,
        "waiting": waiting,
        "missing": [one for one in items if one["outcome"] in ("made", "changed")],
        "skipped": [one for one in items if one["outcome"] == "skipped" and one["kind"] != "member"],
        "item_kinds": ITEM_KINDS,
        "categories": options(words.MEMBER_CATEGORIES),
        "category_field": CATEGORY_FIELD,
        "form": Form.of(request),
    }


@router.get("/leads/new", dependencies=WRITES)
async def new_lead(request: Request, gateway: Gateway) -> Response:
    """An empty form."""
    return (await _lead_form(gateway)).shown(request, Form.of(request))


@router.post("/leads/new", dependencies=[*WRITES, performs("POST /api/registry/v1/leads")])
async def create_lead(request: Request, gateway: Gateway) -> Response:
    """Record a lead."""
    values = await submitted(request)
    page = await _lead_form(gateway)
    sent = payload(values, "member", "unit_name", "scope", "from_date")
    call = lambda: gateway.post(f"{API}/leads", sent, idempotency_key=values.get(KEY_FIELD))  # noqa: E731
    return await page.sent(request, gateway, values, call, "已登记牵头单位。")


@router.get("/leads/{lead_id}/ending", dependencies=WRITES)
async def new_ending(request: Request, gateway: Gateway, lead_id: UUID) -> Response:
    """The form of a lead's end."""
    record = await current(gateway, f"/leads/{lead_id}")
    return _ending(record.data).shown(request, Form.of(request, etag=record.etag))


@router.post("/leads/{lead_id}/ending", dependencies=[*WRITES, performs("POST /api/registry/v1/leads/{}/ending")])
async def end_lead(request: Request, gateway: Gateway, lead_id: UUID) -> Response:
    """Record the end of a lead."""
    values = await submitted(request)
    page = _ending((await current(gateway, f"/leads/{lead_id}")).data)
    sent = payload(values, "ended_on", "reason")
    address = f"{API}/leads/{lead_id}/ending"
    call = lambda: gateway.post(address, sent, if_match=values.get(ETAG_FIELD))  # noqa: E731
    return await page.sent(request, gateway, values, call, "已终止牵头登记。")


async def _lead_form(gateway: BoundGateway) -> FormPage:
    fields = (
        Field("member", "成员单位", "select", options=await member_options(gateway)),
        Field("unit_name", "单位写法", maxlength=100, help="未登记的单位填写名称。"),
        Field("scope", "牵头事项", required=True, wide=True, maxlength=200),
        Field("from_date", "自哪一天起", "date"),
    )
    crumbs = [HOME, ("登记牵头单位", None)]
    return FormPage("登记牵头单位", crumbs, "/governance/leads/new", HOME[1], fields, submit="登记", dialog=True)


def _ending(record: dict[str, Any]) -> FormPage:
    fields = (
        Field("ended_on", "自哪一天起不再牵头", "date", required=True),
        Field("reason", "原因和依据", "textarea", required=True, wide=True, rows=3, maxlength=200),
    )
    unit = record["member"]["name"] if record["member"] else record["unit_name"]
    own = f"/leads/{record['id']}"
    return FormPage(
        "终止牵头",
        [HOME, ("终止牵头", None)],
        f"/governance{own}/ending",
        HOME[1],
        fields,
        submit="终止",
        note=f"{unit}：{record['scope']}",
        record=own,
        dialog=True,
    )
