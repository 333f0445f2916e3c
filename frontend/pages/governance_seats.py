"""席位: a new seat, its change, succession (换任), vacancy and end; one seat with everybody who held it; the export."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from frontend.access import CurrentUser, Gateway, needs, performs
from frontend.filters import date_cn
from frontend.forms import ETAG_FIELD, KEY_FIELD, Form, payload, submitted
from frontend.gateway_client import BoundGateway
from frontend.htmx import page_or_fragment
from frontend.pages.governance_bodies import HOME, SUCCESSIONS
from frontend.pages.governance_forms import Field, FormPage
from frontend.pages.registry_words import API, current, may_write, member_options, options, timeline_of
from services.kernel.permissions import Permission

router = APIRouter(prefix="/governance", dependencies=[needs(Permission.REGISTRY_READ)])
WRITES = [needs(Permission.REGISTRY_WRITE)]
BY_NOTICE: Final = "by_notice"
LABELS: Final = {
    "title": "席位名称",
    "member": "成员单位",
    "unit_name": "单位写法",
    "post": "职务",
    "votes": "表决权",
    "succession": "接任办法",
    "position": "排列次序",
}
PLAIN: Final = ("title", "member", "unit_name", "post", "succession", "established_on")
VOTES: Final = (("yes", "有"), ("no", "没有"))


@router.get("/seats/export")
async def export(request: Request, gateway: Gateway) -> Response:
    """The workbook of the seats of a body, or of all, as of the day that the page shows."""
    asked = {name: request.query_params.get(name) or None for name in ("body", "as_of")}
    return await gateway.download(f"{API}/seats/export.xlsx", asked)


@router.get("/bodies/{body_id}/seats/new", dependencies=WRITES)
async def new_seat(request: Request, gateway: Gateway, body_id: UUID) -> Response:
    """An empty form."""
    body = (await current(gateway, f"/bodies/{body_id}")).data
    page = await _seat_form(gateway, body, None)
    values = {"votes": "yes", "succession": body["succession"] or BY_NOTICE, "position": len(body["seat_list"]) + 1}
    return page.shown(request, Form.of(request, values))


@router.post("/bodies/{body_id}/seats/new", dependencies=[*WRITES, performs("POST /api/registry/v1/bodies/{}/seats")])
async def create_seat(request: Request, gateway: Gateway, body_id: UUID) -> Response:
    """Create, or show the form with its faults."""
    values = await submitted(request)
    page = await _seat_form(gateway, (await current(gateway, f"/bodies/{body_id}")).data, None)
    sent = _body(values)
    address = f"{API}/bodies/{body_id}/seats"
    call = lambda: gateway.post(address, sent, idempotency_key=values.get(KEY_FIELD))  # noqa: E731
    return await page.sent(request, gateway, values, call, "已新设席位。")


@router.get("/seats/{seat_id}")
async def seat(request: Request, gateway: Gateway, user: CurrentUser, seat_id: UUID, as_of: str = "") -> Response:
    """One seat, now or as of a day, with everybody who held it and, for the secretariat, recorded changes."""
    path = f"/seats/{seat_id}"
    record = (await gateway.get(f"{API}{path}", {"as_of": as_of or None})).data
    writer = may_write(user)
    context = {
        "seat": record,
        "history": await timeline_of(gateway, path, LABELS) if writer else None,
        "writer": writer and not as_of and record["abolished_on"] is None,
        "as_of": as_of,
        "successions": SUCCESSIONS,
    }
    return page_or_fragment(request, "governance/seat.html", "governance/_seat.html", context)


@router.get("/seats/{seat_id}/edit", dependencies=WRITES)
async def edit_seat(request: Request, gateway: Gateway, seat_id: UUID) -> Response:
    """The form filled from the record, with the version that is being edited."""
    record = await current(gateway, f"/seats/{seat_id}")
    page = await _seat_form(gateway, record.data["body"], record.data)
    return page.shown(request, Form.of(request, _shown(record.data), etag=record.etag))


@router.post("/seats/{seat_id}/edit", dependencies=[*WRITES, performs("PUT /api/registry/v1/seats/{}")])
async def update_seat(request: Request, gateway: Gateway, seat_id: UUID) -> Response:
    """Save, or show the form with its faults or with what somebody else changed meanwhile."""
    values = await submitted(request)
    record = (await current(gateway, f"/seats/{seat_id}")).data
    page = await _seat_form(gateway, record["body"], record)
    sent = {**_body(values), **payload(values, "effective_on")}
    call = lambda: gateway.put(f"{API}/seats/{seat_id}", sent, if_match=values.get(ETAG_FIELD))  # noqa: E731
    return await page.sent(request, gateway, values, call, "已保存。")


@router.get("/seats/{seat_id}/succession", dependencies=WRITES)
async def new_succession(request: Request, gateway: Gateway, seat_id: UUID) -> Response:
    """The form of 换任; it says whether the seat needs a document."""
    page = _succession((await current(gateway, f"/seats/{seat_id}")).data)
    return page.shown(request, Form.of(request))


@router.post(
    "/seats/{seat_id}/succession", dependencies=[*WRITES, performs("POST /api/registry/v1/seats/{}/succession")]
)
async def succeed(request: Request, gateway: Gateway, seat_id: UUID) -> Response:
    """Record who takes the seat."""
    values = await submitted(request)
    page = _succession((await current(gateway, f"/seats/{seat_id}")).data)
    sent = payload(values, "holder", "from_date", "document")
    address = f"{API}/seats/{seat_id}/succession"
    call = lambda: gateway.post(address, sent, idempotency_key=values.get(KEY_FIELD))  # noqa: E731
    return await page.sent(request, gateway, values, call, "已换任，历任记录已保留。")


@router.get("/seats/{seat_id}/vacancy", dependencies=WRITES)
async def new_vacancy(request: Request, gateway: Gateway, seat_id: UUID) -> Response:
    """The form of a vacancy."""
    page = _vacancy((await current(gateway, f"/seats/{seat_id}")).data)
    return page.shown(request, Form.of(request))


@router.post("/seats/{seat_id}/vacancy", dependencies=[*WRITES, performs("POST /api/registry/v1/seats/{}/vacancy")])
async def vacate(request: Request, gateway: Gateway, seat_id: UUID) -> Response:
    """Record that the holder left."""
    values = await submitted(request)
    page = _vacancy((await current(gateway, f"/seats/{seat_id}")).data)
    sent = payload(values, "until_date", "reason")
    address = f"{API}/seats/{seat_id}/vacancy"
    call = lambda: gateway.post(address, sent, idempotency_key=values.get(KEY_FIELD))  # noqa: E731
    return await page.sent(request, gateway, values, call, "已登记空缺。")


@router.get("/seats/{seat_id}/abolition", dependencies=WRITES)
async def new_abolition(request: Request, gateway: Gateway, seat_id: UUID) -> Response:
    """The form of a seat's end."""
    record = await current(gateway, f"/seats/{seat_id}")
    return _abolition(record.data).shown(request, Form.of(request, etag=record.etag))


@router.post("/seats/{seat_id}/abolition", dependencies=[*WRITES, performs("POST /api/registry/v1/seats/{}/abolition")])
async def abolish(request: Request, gateway: Gateway, seat_id: UUID) -> Response:
    """Record the end of a seat."""
    values = await submitted(request)
    page = _abolition((await current(gateway, f"/seats/{seat_id}")).data)
    sent = payload(values, "abolished_on", "reason")
    address = f"{API}/seats/{seat_id}/abolition"
    call = lambda: gateway.post(address, sent, if_match=values.get(ETAG_FIELD))  # noqa: E731
    return await page.sent(request, gateway, values, call, "已撤销席位。")


def seat_words(record: dict[str, Any]) -> str:
    """A seat as people call it: title, unit, post."""
    unit = record["member"]["name"] if record["member"] else record["unit_name"]
    return " ".join(part for part in (record["title"], unit, record["post"]) if part)


def _small(record: dict[str, Any], name: str, title: str, submit: str, fields: tuple[Field, ...]) -> FormPage:
    """A form about one seat, which a dialog shows."""
    body = f"/governance/bodies/{record['body']['id']}"
    crumbs = [HOME, (record["body"]["name"], body), (title, None)]
    holder = f"现任：{record['holder']}（{date_cn(record['since'])}起）" if record["holder"] else "现在空缺"
    return FormPage(
        title,
        crumbs,
        f"/governance/seats/{record['id']}/{name}",
        body,
        fields,
        submit=submit,
        note=f"{seat_words(record)}；{holder}。",
        record=f"/seats/{record['id']}",
        dialog=True,
    )


def _succession(record: dict[str, Any]) -> FormPage:
    by_notice = record["succession"] == BY_NOTICE
    about = "这个席位须另行文调整，请填写任职文件。" if by_notice else "由接任者替补、不另行文，可以不填。"
    fields = (
        Field("holder", "接任人", required=True, maxlength=50),
        Field("from_date", "自哪一天起任职", "date", required=True, help="现任的任期在这一天截止。"),
        Field("document", "任职文件文号", required=by_notice, maxlength=100, help=about),
    )
    return _small(record, "succession", "换任", "换任", fields)


def _vacancy(record: dict[str, Any]) -> FormPage:
    fields = (
        Field("until_date", "自哪一天起空缺", "date", required=True),
        Field("reason", "原因和依据", "textarea", required=True, wide=True, rows=3, maxlength=200),
    )
    return _small(record, "vacancy", "登记空缺", "登记", fields)


def _abolition(record: dict[str, Any]) -> FormPage:
    fields = (
        Field("abolished_on", "撤销日期", "date", required=True, help="自这一天起不再设，历任记录会保留。"),
        Field("reason", "撤销原因和依据", "textarea", required=True, wide=True, rows=3, maxlength=200),
    )
    return _small(record, "abolition", "撤销席位", "撤销", fields)


async def _seat_form(gateway: BoundGateway, body: dict[str, Any], record: dict[str, Any] | None) -> FormPage:
    path = f"/governance/bodies/{body['id']}"
    fields = [
        Field("title", LABELS["title"], required=True, maxlength=50, help="如“理事长”“副组长”“委员”。"),
        Field("member", LABELS["member"], "select", options=await member_options(gateway)),
        Field("unit_name", LABELS["unit_name"], maxlength=100, help="未登记的单位，或文件中的写法。"),
        Field("post", LABELS["post"], maxlength=100, help="如“分管负责同志”。"),
        Field("votes", LABELS["votes"], "radio", required=True, options=VOTES),
        Field("succession", LABELS["succession"], "radio", required=True, options=options(SUCCESSIONS)),
        Field("position", LABELS["position"], "number", minimum=0, step="1", help="从小到大排列。"),
        Field("established_on", "设立日期", "date", help="留空的自登记之日起。"),
    ]
    title = "修改席位" if record else "新设席位"
    crumbs = [HOME, (body["name"], path), (title, None)]
    if record is None:
        return FormPage(title, crumbs, f"{path}/seats/new", path, fields)
    fields.append(Field("effective_on", "自哪一天起生效", "date", help="留空为今天。"))
    own = f"/seats/{record['id']}"
    return FormPage(title, crumbs, f"/governance{own}/edit", path, fields, record=own)


def _body(values: dict[str, Any]) -> dict[str, Any]:
    """What the service takes."""
    return {
        **payload(values, *PLAIN),
        "votes": values.get("votes") != "no",
        "position": values.get("position") or 0,
    }


def _shown(record: dict[str, Any]) -> dict[str, Any]:
    """A record as the form shows it."""
    shown = {name: record[name] for name in ("title", "unit_name", "post", "succession", "position", "established_on")}
    return {**shown, "member": (record["member"] or {}).get("id"), "votes": "yes" if record["votes"] else "no"}
