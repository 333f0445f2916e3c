"""会议: the list, one meeting from plan to archive, agenda, and attendance by seat with the quorum shown live."""

from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from frontend.access import CurrentUser, Gateway, needs, performs
from frontend.forms import ETAG_FIELD, KEY_FIELD, Form, payload, submitted
from frontend.gateway_client import Answer, ApiProblem, BoundGateway
from frontend.htmx import page_or_fragment, redirect, render
from frontend.pages.governance_forms import Field, FormPage, body_options, lines_of
from frontend.pages.registry_words import (
    API,
    FORM_REFUSALS,
    current,
    may_write,
    options,
    refused_form,
    timeline_of,
)
from frontend.tables import Action, Column, Filter, Table
from services.kernel import registry_words as words
from services.kernel.permissions import Permission

router = APIRouter(prefix="/governance/meetings", dependencies=[needs(Permission.REGISTRY_READ)])
WRITES = [needs(Permission.REGISTRY_WRITE)]
HOME: Final = ("会议", "/governance/meetings")
STATES: Final = {
    "planned": ("计划", "info"),
    "convened": ("召开", "warning"),
    "archived": ("归档", "success"),
    "cancelled": ("已取消", "secondary"),
}
LABELS: Final = {
    "title": "会议名称",
    "held_on": "会议日期",
    "starts_at": "开始时间",
    "place": "地点",
    "form": "形式",
    "state": "状态",
}
PLAIN: Final = ("title", "held_on", "starts_at", "place")
WAY: Final = "meeting_form"
"""The form's own name for `form`: an input of that name would hide the property by which scripts find its form."""
BETWEEN: Final = "｜"
ATTENDING: Final = ("present", "proxy")

MEETINGS = Table(
    id="meetings",
    path=HOME[1],
    caption="会议",
    default_sort="-held_on",
    columns=(
        Column("title", "会议名称", link="/governance/meetings/{id}", wide=True, sort="title"),
        Column("body.name", "机构", wide=True),
        Column("held_on", "日期", "date", sort="held_on"),
        Column("place", "地点", narrow_hidden=True),
        Column("form", "形式", labels=words.MEETING_FORMS, narrow_hidden=True),
        Column("state", "状态", "status", labels=STATES),
    ),
    filters=(
        Filter("body", "机构", "select"),
        Filter("state", "状态", "select", options(words.MEETING_STATES)),
        Filter("year", "年份", "number"),
        Filter("as_of", "截至日期", "date"),
    ),
)


@router.get("")
async def list_meetings(request: Request, gateway: Gateway, user: CurrentUser, as_of: str = "") -> Response:
    """The list, now or of what there was on a day."""
    answer = await gateway.get(f"{API}/meetings", MEETINGS.params(request))
    bodies = await body_options(gateway)
    filters = [Filter("body", "机构", "select", bodies) if f.name == "body" else f for f in MEETINGS.filters]
    actions = (Action("计划会议", f"{HOME[1]}/new", "plus", primary=True),) if may_write(user) and not as_of else ()
    table = MEETINGS.view(request, answer.data, filters=filters, actions=actions)
    return page_or_fragment(request, "governance/meetings.html", "_table.html", {"table": table})


@router.get("/new", dependencies=WRITES)
async def new_meeting(request: Request, gateway: Gateway) -> Response:
    """An empty form, for the body that the page before named."""
    page = await _meeting_form(gateway, None)
    values = {WAY: "onsite", "body": request.query_params.get("body", "")}
    return page.shown(request, Form.of(request, values))


@router.post("/new", dependencies=[*WRITES, performs("POST /api/registry/v1/meetings")])
async def plan_meeting(request: Request, gateway: Gateway) -> Response:
    """Plan, or show the form with its faults."""
    values = await submitted(request)
    page = await _meeting_form(gateway, None)
    sent = {**_body(values, []), **payload(values, "body")}
    call = lambda: gateway.post(f"{API}/meetings", sent, idempotency_key=values.get(KEY_FIELD))  # noqa: E731
    return await page.sent(
        request, gateway, values, call, "已登记会议计划。", lambda answer: f"{HOME[1]}/{answer.data['id']}"
    )


@router.get("/{meeting_id}")
async def meeting(request: Request, gateway: Gateway, user: CurrentUser, meeting_id: UUID) -> Response:
    """One meeting: agenda, attendance with the quorum, resolutions, minutes."""
    path = f"/meetings/{meeting_id}"
    record = await current(gateway, path)
    writer = may_write(user)
    context = {
        "meeting": record.data,
        "form": Form.of(request, etag=record.etag),
        "history": await timeline_of(gateway, path, LABELS) if writer else None,
        "writer": writer,
        "states": STATES,
        "words": words,
    }
    return page_or_fragment(request, "governance/meeting.html", "governance/_meeting.html", context)


@router.get("/{meeting_id}/edit", dependencies=WRITES)
async def edit_meeting(request: Request, gateway: Gateway, meeting_id: UUID) -> Response:
    """The form filled from the record, with the version that is being edited."""
    record = await current(gateway, f"/meetings/{meeting_id}")
    page = await _meeting_form(gateway, record.data)
    return page.shown(request, Form.of(request, _shown(record.data), etag=record.etag))


@router.post("/{meeting_id}/edit", dependencies=[*WRITES, performs("PUT /api/registry/v1/meetings/{}")])
async def update_meeting(request: Request, gateway: Gateway, meeting_id: UUID) -> Response:
    """Save, or show the form with its faults or with what somebody else changed meanwhile."""
    values = await submitted(request)
    record = (await current(gateway, f"/meetings/{meeting_id}")).data
    page = await _meeting_form(gateway, record)
    sent = _body(values, record["agenda"])
    call = lambda: gateway.put(f"{API}/meetings/{meeting_id}", sent, if_match=values.get(ETAG_FIELD))  # noqa: E731
    return await page.sent(request, gateway, values, call, "已保存。")


@router.post("/{meeting_id}/convening", dependencies=[*WRITES, performs("POST /api/registry/v1/meetings/{}/convening")])
async def convene(request: Request, gateway: Gateway, meeting_id: UUID) -> Response:
    """Record that the meeting takes place."""
    values = await submitted(request)
    await gateway.post(f"{API}/meetings/{meeting_id}/convening", if_match=values.get(ETAG_FIELD))
    return redirect(request, f"{HOME[1]}/{meeting_id}/attendance", toast="会议已召开，请登记到会。")


@router.get("/{meeting_id}/attendance", dependencies=WRITES)
async def new_attendance(request: Request, gateway: Gateway, meeting_id: UUID) -> Response:
    """The sheet of the seats, with what is recorded already."""
    record = await current(gateway, f"/meetings/{meeting_id}")
    return page_or_fragment(
        request,
        "governance/attendance.html",
        "governance/_attendance.html",
        _sheet(record.data, Form.of(request, _recorded(record.data), etag=record.etag)),
    )


@router.get("/{meeting_id}/attendance/count", dependencies=WRITES)
async def count_attendance(request: Request, gateway: Gateway, meeting_id: UUID) -> Response:
    """到会 and quorum by what is ticked now; nothing is saved."""
    record = (await current(gateway, f"/meetings/{meeting_id}")).data
    ticked = {row["seat"]: request.query_params.get(f"presence-{row['seat']}") for row in record["attendance"]}
    entitled = [row["seat"] for row in record["attendance"] if row["votes"] and not row["open_ended"]]
    present = sum(ticked[seat] in ATTENDING for seat in entitled)
    proxies = sum(ticked[seat] == "proxy" for seat in entitled)
    needed = record["quorum"]["needed"]
    met = None if needed is None else present >= needed
    quorum = {**record["quorum"], "present": present, "proxies": proxies, "met": met}
    return render(request, "governance/_quorum.html", {"quorum": quorum})


@router.post(
    "/{meeting_id}/attendance", dependencies=[*WRITES, performs("PUT /api/registry/v1/meetings/{}/attendance")]
)
async def attend(request: Request, gateway: Gateway, meeting_id: UUID) -> Response:
    """Save the sheet, or show it with its faults."""
    values = await submitted(request)
    record = (await current(gateway, f"/meetings/{meeting_id}")).data
    sheet = {"entries": [entry for row in record["attendance"] if (entry := _entry(row["seat"], values))]}
    address = f"{API}/meetings/{meeting_id}/attendance"
    try:
        await gateway.put(address, sheet, if_match=values.get(ETAG_FIELD))
    except ApiProblem as problem:
        if problem.status not in FORM_REFUSALS:
            raise
        context = _sheet(record, Form.refused(request, values, problem))
        page, fragment = "governance/attendance.html", "governance/_attendance.html"
        return refused_form(request, page, fragment, context, context["form"], "attendance-form")
    return redirect(request, f"{HOME[1]}/{meeting_id}", toast="已登记到会。")


@router.get("/{meeting_id}/archiving", dependencies=WRITES)
async def new_archiving(request: Request, gateway: Gateway, meeting_id: UUID) -> Response:
    """The form of the minutes."""
    record = await current(gateway, f"/meetings/{meeting_id}")
    return _archiving(record.data).shown(request, Form.of(request, etag=record.etag))


@router.post("/{meeting_id}/archiving", dependencies=[*WRITES, performs("POST /api/registry/v1/meetings/{}/archiving")])
async def archive(request: Request, gateway: Gateway, meeting_id: UUID) -> Response:
    """Archive the meeting with its minutes."""
    record = (await current(gateway, f"/meetings/{meeting_id}")).data
    return await _finish(request, gateway, _archiving(record), "archiving", "minutes", "会议已归档。")


@router.get("/{meeting_id}/cancellation", dependencies=WRITES)
async def new_cancellation(request: Request, gateway: Gateway, meeting_id: UUID) -> Response:
    """The form of a cancellation."""
    record = await current(gateway, f"/meetings/{meeting_id}")
    return _cancellation(record.data).shown(request, Form.of(request, etag=record.etag))


@router.post(
    "/{meeting_id}/cancellation", dependencies=[*WRITES, performs("POST /api/registry/v1/meetings/{}/cancellation")]
)
async def cancel(request: Request, gateway: Gateway, meeting_id: UUID) -> Response:
    """Cancel a planned meeting."""
    record = (await current(gateway, f"/meetings/{meeting_id}")).data
    return await _finish(request, gateway, _cancellation(record), "cancellation", "reason", "会议已取消。")


async def _finish(
    request: Request, gateway: BoundGateway, page: FormPage, step: str, name: str, toast: str
) -> Response:
    values = await submitted(request)
    address = f"{API}{page.record}/{step}"
    call: Callable[[], Awaitable[Answer]] = lambda: gateway.post(  # noqa: E731
        address, payload(values, name), if_match=values.get(ETAG_FIELD)
    )
    return await page.sent(request, gateway, values, call, toast)


def _entry(seat: str, values: dict[str, Any]) -> dict[str, Any] | None:
    """One seat's line; nothing ticked is nothing recorded. What belongs to a proxy is only sent for a proxy."""
    presence = values.get(f"presence-{seat}")
    if not presence:
        return None
    entry = {"seat": seat, "presence": presence, "attendee": values.get(f"attendee-{seat}") or None}
    if presence != "proxy":
        return entry
    more = {name: values.get(f"{name}-{seat}") or None for name in ("proxy_seat", "authorisation")}
    return {**entry, **more}


def _recorded(record: dict[str, Any]) -> dict[str, Any]:
    """What is recorded as the sheet shows it; before the first record everybody is ticked as present."""
    rows = record["attendance"]
    fresh = all(row["presence"] is None for row in rows)
    values: dict[str, Any] = {}
    for row in rows:
        values[f"presence-{row['seat']}"] = row["presence"] or ("present" if fresh else "absent")
        values[f"attendee-{row['seat']}"] = row["attendee"] or row["holder"] or ""
        values |= {f"{name}-{row['seat']}": row[name] or "" for name in ("proxy_seat", "authorisation")}
    return values


def _sheet(record: dict[str, Any], form: Form) -> dict[str, Any]:
    rows = [row for row in record["attendance"] if not row["open_ended"]]
    seats = [(row["seat"], " ".join(filter(None, (row["title"], row["unit"], row["holder"])))) for row in rows]
    return {"meeting": record, "rows": rows, "seats": seats, "form": form, "presences": options(words.PRESENCES)}


def _crumbs(record: dict[str, Any], last: str) -> list[tuple[str, str | None]]:
    return [HOME, (record["title"], f"{HOME[1]}/{record['id']}"), (last, None)]


def _archiving(record: dict[str, Any]) -> FormPage:
    path = f"{HOME[1]}/{record['id']}"
    fields = (Field("minutes", "会议纪要", "textarea", required=True, wide=True, rows=14, maxlength=20_000),)
    where: dict[str, Any] = {"action": f"{path}/archiving", "cancel": path, "record": f"/meetings/{record['id']}"}
    note = "归档后议程、到会和表决都不能再改。"
    return FormPage("归档会议", _crumbs(record, "归档"), fields=fields, submit="归档", note=note, **where)


def _cancellation(record: dict[str, Any]) -> FormPage:
    path = f"{HOME[1]}/{record['id']}"
    fields = (Field("reason", "取消原因", "textarea", required=True, wide=True, rows=3, maxlength=200),)
    where: dict[str, Any] = {"action": f"{path}/cancellation", "cancel": path, "record": f"/meetings/{record['id']}"}
    return FormPage("取消会议", _crumbs(record, "取消"), fields=fields, submit="取消会议", dialog=True, **where)


async def _meeting_form(gateway: BoundGateway, record: dict[str, Any] | None) -> FormPage:
    about = f"一行一个议题；提交单位写在“{BETWEEN}”之后，如“审议年度预算{BETWEEN}秘书处”。"
    fields = [
        Field("title", LABELS["title"], required=True, maxlength=100),
        Field("held_on", LABELS["held_on"], "date", required=True),
        Field("starts_at", LABELS["starts_at"], "time"),
        Field("place", LABELS["place"], maxlength=100),
        Field(WAY, LABELS["form"], "radio", required=True, options=options(words.MEETING_FORMS)),
        Field("agenda", "议程", "textarea", wide=True, rows=6, help=about),
    ]
    if record is not None:
        path = f"{HOME[1]}/{record['id']}"
        own = f"/meetings/{record['id']}"
        return FormPage("修改会议", _crumbs(record, "修改"), f"{path}/edit", path, fields, record=own)
    bodies = await body_options(gateway)
    fields.insert(0, Field("body", "机构", "select", required=True, options=bodies, blank="请选择"))
    return FormPage("计划会议", [HOME, ("计划会议", None)], f"{HOME[1]}/new", HOME[1], fields)


def _body(values: dict[str, Any], agenda: list[dict[str, Any]]) -> dict[str, Any]:
    """What the service takes. A line whose words stayed keeps its item, and with it the item's resolution."""
    ids = {item["title"]: item["id"] for item in agenda}
    items = []
    for line in lines_of(values.get("agenda")):
        title, _, proposer = (part.strip() for part in line.partition(BETWEEN))
        items.append({"id": ids.pop(title, None), "title": title, "proposer": proposer or None})
    return {**payload(values, *PLAIN), "form": values.get(WAY) or "onsite", "agenda": items}


def _shown(record: dict[str, Any]) -> dict[str, Any]:
    """A record as the form shows it."""
    lines = [BETWEEN.join(filter(None, (item["title"], item["proposer"]))) for item in record["agenda"]]
    starts = (record["starts_at"] or "")[:5]
    shown = {name: record[name] for name in PLAIN}
    return {**shown, "starts_at": starts, WAY: record["form"], "agenda": "\n".join(lines)}
