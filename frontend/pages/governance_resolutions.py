"""决议: the list with export, one resolution to read and print, drafting, votes, and options for pickers elsewhere."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from frontend.access import CurrentUser, Gateway, needs, performs
from frontend.forms import ETAG_FIELD, KEY_FIELD, Form, payload, submitted
from frontend.gateway_client import ApiProblem, BoundGateway
from frontend.htmx import page_or_fragment, render
from frontend.htmx import redirect as go
from frontend.pages.governance_forms import Field, FormPage, body_options
from frontend.pages.registry_words import (
    API,
    FORM_REFUSALS,
    current,
    may_write,
    options,
    refused_form,
    timeline_of,
)
from frontend.parts import faults_of, lines_of, parts_of
from frontend.session import User
from frontend.tables import Column, Filter, Table
from services.kernel import registry_words as words
from services.kernel.permissions import Permission

router = APIRouter(prefix="/governance/resolutions", dependencies=[needs(Permission.REGISTRY_READ)])
WRITES = [needs(Permission.REGISTRY_WRITE)]
HOME: Final = ("决议", "/governance/resolutions")
OUTCOMES: Final = {
    "pending": ("待表决", "info"),
    "passed": ("通过", "success"),
    "rejected": ("未通过", "danger"),
    "inquorate": ("未达法定人数", "warning"),
}
LABELS: Final = {"title": "标题", "agenda_item": "对应议题", "content": "正文", "outcome": "结果"}
COUNTS: Final = (("in_favour", "赞成"), ("against", "反对"), ("abstained", "弃权"))

RESOLUTIONS = Table(
    id="resolutions",
    path=HOME[1],
    caption="决议",
    default_sort="-resolved_on",
    columns=(
        Column("number", "文号"),
        Column("title", "标题", link="/governance/resolutions/{id}", wide=True),
        Column("body.name", "机构", wide=True, narrow_hidden=True),
        Column("resolved_on", "表决日期", "date", sort="resolved_on"),
        Column("in_favour", "赞成", "number", narrow_hidden=True),
        Column("against", "反对", "number", narrow_hidden=True),
        Column("abstained", "弃权", "number", narrow_hidden=True),
        Column("outcome", "结果", "status", labels=OUTCOMES),
    ),
    filters=(
        Filter("q", "标题或文号", placeholder="标题、拼音或文号"),
        Filter("body", "机构", "select"),
        Filter("outcome", "结果", "select", options(words.OUTCOMES)),
        Filter("year", "年份", "number"),
        Filter("as_of", "截至日期", "date"),
    ),
    export="/governance/resolutions/export",
)


@router.get("")
async def list_resolutions(request: Request, gateway: Gateway) -> Response:
    """The list, now or of what there was on a day."""
    answer = await gateway.get(f"{API}/resolutions", RESOLUTIONS.params(request))
    bodies = await body_options(gateway)
    filters = [Filter("body", "机构", "select", bodies) if f.name == "body" else f for f in RESOLUTIONS.filters]
    table = RESOLUTIONS.view(request, answer.data, filters=filters)
    return page_or_fragment(request, "governance/resolutions.html", "_table.html", {"table": table})


@router.get("/export")
async def export(request: Request, gateway: Gateway) -> Response:
    """The workbook of the query that the list shows."""
    return await gateway.download(f"{API}/resolutions/export.xlsx", RESOLUTIONS.filled(request))


@router.get("/options")
async def resolution_options(request: Request, gateway: Gateway) -> Response:
    """The options of a picker: what fits `q`, and what is `selected` whether it fits or not."""
    query = request.query_params
    found = (await gateway.get(f"{API}/resolutions/options", {"q": query.get("q") or None})).data["items"]
    selected = query.get("selected", "")
    if selected and selected not in {one["id"] for one in found}:
        kept = (await gateway.get(f"{API}/resolutions/{UUID(selected)}")).data if _is_id(selected) else None
        if kept is not None:
            found.append({"id": kept["id"], "label": f"{kept['number'] or '未编号'} {kept['title']}"})
    return render(request, "governance/_options.html", {"options": found, "selected": selected})


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


@router.get("/new", dependencies=WRITES)
async def new_resolution(request: Request, gateway: Gateway, meeting: UUID) -> Response:
    """An empty form for a resolution of a meeting."""
    record = (await current(gateway, f"/meetings/{meeting}")).data
    return _resolution_form(record, None).shown(request, Form.of(request))


@router.post("/new", dependencies=[*WRITES, performs("POST /api/registry/v1/resolutions")])
async def propose(request: Request, gateway: Gateway, meeting: UUID) -> Response:
    """Draft, or show the form with its faults."""
    values = await submitted(request)
    page = _resolution_form((await current(gateway, f"/meetings/{meeting}")).data, None)
    sent = {**payload(values, "agenda_item", "title", "content"), "meeting": str(meeting)}
    call = lambda: gateway.post(f"{API}/resolutions", sent, idempotency_key=values.get(KEY_FIELD))  # noqa: E731
    return await page.sent(
        request, gateway, values, call, "已起草决议。", lambda answer: f"{HOME[1]}/{answer.data['id']}"
    )


@router.get("/{resolution_id}")
async def resolution(request: Request, gateway: Gateway, user: CurrentUser, resolution_id: UUID) -> Response:
    """One resolution with its vote; printed it is the resolution's paper."""
    path = f"/resolutions/{resolution_id}"
    record = (await current(gateway, path)).data
    meeting = (await current(gateway, f"/meetings/{record['meeting']}")).data
    writer = may_write(user)
    context = {
        "resolution": record,
        "meeting": meeting,
        "history": await timeline_of(gateway, path, LABELS) if writer else None,
        "writer": writer,
        "votable": writer and meeting["state"] == "convened",
        "outcomes": OUTCOMES,
        "words": words,
        "counts": COUNTS,
        "citing": await _citing(gateway, user, record),
    }
    return page_or_fragment(request, "governance/resolution.html", "governance/_resolution.html", context)


async def _citing(gateway: BoundGateway, user: User, record: dict[str, Any]) -> dict[str, Any] | None:
    """What every service decided on the strength of it, newest first; nothing can rest on what was not passed."""
    if record["outcome"] != "passed":
        return None
    parts = await parts_of(gateway, user, "/citing-decisions", {"resolution": record["id"]}, called="依据本决议的决定")
    rows = sorted(lines_of(parts), key=lambda one: str(one["on"]), reverse=True)
    more = sum(part.total for part in parts) - len(rows)
    return {"rows": rows, "more": more, "faults": faults_of(parts)}


@router.get("/{resolution_id}/edit", dependencies=WRITES)
async def edit_resolution(request: Request, gateway: Gateway, resolution_id: UUID) -> Response:
    """The form filled from the record, with the version that is being edited."""
    record = await current(gateway, f"/resolutions/{resolution_id}")
    meeting = (await current(gateway, f"/meetings/{record.data['meeting']}")).data
    values = {name: record.data[name] for name in ("agenda_item", "title", "content")}
    return _resolution_form(meeting, record.data).shown(request, Form.of(request, values, etag=record.etag))


@router.post("/{resolution_id}/edit", dependencies=[*WRITES, performs("PUT /api/registry/v1/resolutions/{}")])
async def update_resolution(request: Request, gateway: Gateway, resolution_id: UUID) -> Response:
    """Save, or show the form with its faults or with what somebody else changed meanwhile."""
    values = await submitted(request)
    record = (await current(gateway, f"/resolutions/{resolution_id}")).data
    page = _resolution_form((await current(gateway, f"/meetings/{record['meeting']}")).data, record)
    sent = payload(values, "agenda_item", "title", "content")
    address = f"{API}/resolutions/{resolution_id}"
    call = lambda: gateway.put(address, sent, if_match=values.get(ETAG_FIELD))  # noqa: E731
    return await page.sent(request, gateway, values, call, "已保存。")


@router.get("/{resolution_id}/vote", dependencies=WRITES)
async def new_vote(request: Request, gateway: Gateway, resolution_id: UUID) -> Response:
    """The sheet of a vote: counts, or one vote for each seat that is present."""
    record = await current(gateway, f"/resolutions/{resolution_id}")
    meeting = (await current(gateway, f"/meetings/{record.data['meeting']}")).data
    values = {name: record.data[name] for name, _ in COUNTS}
    values |= {f"vote-{vote['seat']}": vote["vote"] for vote in record.data["votes"]}
    context = _ballot(request, record.data, meeting, Form.of(request, values, etag=record.etag))
    return page_or_fragment(request, "governance/vote.html", "governance/_vote.html", context)


@router.post("/{resolution_id}/vote", dependencies=[*WRITES, performs("PUT /api/registry/v1/resolutions/{}/vote")])
async def vote(request: Request, gateway: Gateway, resolution_id: UUID) -> Response:
    """Record the vote; the service says what came of it."""
    values = await submitted(request)
    record = (await current(gateway, f"/resolutions/{resolution_id}")).data
    meeting = (await current(gateway, f"/meetings/{record['meeting']}")).data
    address = f"{API}/resolutions/{resolution_id}/vote"
    try:
        answer = await gateway.put(address, _votes(values, meeting), if_match=values.get(ETAG_FIELD))
    except ApiProblem as problem:
        if problem.status not in FORM_REFUSALS:
            raise
        context = _ballot(request, record, meeting, Form.refused(request, values, problem))
        page, fragment = "governance/vote.html", "governance/_vote.html"
        return refused_form(request, page, fragment, context, context["form"], "ballot")
    outcome = words.OUTCOMES[answer.data["outcome"]]
    numbered = f"，编号 {answer.data['number']}" if answer.data["number"] else ""
    return go(request, f"{HOME[1]}/{resolution_id}", toast=f"表决结果：{outcome}{numbered}。")


def _votes(values: dict[str, Any], meeting: dict[str, Any]) -> dict[str, Any]:
    """What the service takes, by the method that was chosen."""
    if values.get("method") != "by_name":
        return {"method": "show_of_hands", **payload(values, *(name for name, _ in COUNTS))}
    cast = {row["seat"]: values.get(f"vote-{row['seat']}") for row in meeting["attendance"]}
    return {"method": "by_name", "votes": [{"seat": seat, "vote": one} for seat, one in cast.items() if one]}


def _ballot(request: Request, record: dict[str, Any], meeting: dict[str, Any], form: Form) -> dict[str, Any]:
    chosen = request.query_params.get("method") or form.values.get("method") or record["method"] or "show_of_hands"
    present = [row for row in meeting["attendance"] if row["votes"] and row["presence"] in ("present", "proxy")]
    return {
        "resolution": record,
        "meeting": meeting,
        "form": form,
        "rows": present,
        "counts": COUNTS,
        "method": chosen if chosen in words.VOTE_METHODS else "show_of_hands",
        "methods": words.VOTE_METHODS,
        "votes": options(words.VOTES),
    }


def _resolution_form(meeting: dict[str, Any], record: dict[str, Any] | None) -> FormPage:
    items = [(item["id"], item["title"]) for item in meeting["agenda"]]
    fields = (
        Field("title", LABELS["title"], required=True, wide=True, maxlength=200, help="如“关于通过年度预算的决议”。"),
        Field("agenda_item", LABELS["agenda_item"], "select", options=items),
        Field("content", LABELS["content"], "textarea", required=True, wide=True, rows=10, maxlength=20_000),
    )
    place = ("会议", "/governance/meetings")
    own = (meeting["title"], f"/governance/meetings/{meeting['id']}")
    if record is None:
        action = f"{HOME[1]}/new?meeting={meeting['id']}"
        return FormPage("起草决议", [place, own, ("起草决议", None)], action, str(own[1]), fields)
    path = f"{HOME[1]}/{record['id']}"
    crumbs = [HOME, (record["title"], path), ("修改", None)]
    return FormPage("修改决议", crumbs, f"{path}/edit", path, fields, record=f"/resolutions/{record['id']}")
