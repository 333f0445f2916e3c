"""合作协议: the list with what ends soon, one agreement, recording, changing, renewing, ending early, export."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from frontend.access import CurrentUser, Gateway, needs, performs
from frontend.filters import last_day
from frontend.forms import ETAG_FIELD, KEY_FIELD, Form, payload, submitted
from frontend.gateway_client import ApiProblem, BoundGateway
from frontend.htmx import page_or_fragment, redirect
from frontend.pages.agreement_forms import LABELS, body_of, form_context, in_words, renewal_of, shown
from frontend.pages.registry_words import (
    AGREEMENT_PHASES,
    API,
    FORM_REFUSALS,
    by_field,
    conflict,
    current,
    member_options,
    options,
    refused_form,
    timeline_of,
)
from frontend.tables import Action, Column, Filter, Table
from services.kernel import registry_words as words
from services.kernel.permissions import Permission

router = APIRouter(prefix="/agreements", dependencies=[needs(Permission.REGISTRY_READ)])
WRITES = [needs(Permission.REGISTRY_WRITE)]
FORM = "agreements/form.html", "agreements/_form.html"
RENEWAL = "agreements/renewal.html", "agreements/_renewal.html"
ENDING = "agreements/ending.html", "agreements/_ending.html"
ENDING_LABELS = {"ended_on": "终止日期", "reason": "终止原因"}
WITHIN: Final = (("7", "7 天内"), ("30", "30 天内"), ("90", "90 天内"), ("180", "180 天内"))


def parties_words(row: Mapping[str, Any]) -> str:
    """甲方 and the others in one line."""
    return "；".join(f"{party['label']}：{party['name']}" for party in row["parties"])


AGREEMENTS = Table(
    id="agreements",
    path="/agreements",
    caption="合作协议",
    default_sort="until_date",
    export="/agreements/export",
    columns=(
        Column("title", "名称", sort="title", link="/agreements/{id}", wide=True),
        Column("kind", "类型", labels=words.AGREEMENT_KINDS, narrow_hidden=True),
        Column("parties", "签约单位", render=parties_words, wide=True),
        Column("signed_on", "签订日期", "date", sort="signed_on", narrow_hidden=True),
        Column("last_day", "有效期至", "date", sort="until_date"),
        Column("days_left", "剩余天数", "number", narrow_hidden=True),
        Column("phase", "状态", "status", labels=AGREEMENT_PHASES),
    ),
    filters=(
        Filter("q", "名称", placeholder="名称、编号或拼音"),
        Filter("kind", "类型", "select", options(words.AGREEMENT_KINDS)),
        Filter("party", "签约单位", "select"),
        Filter("phase", "状态", "select", options(words.AGREEMENT_PHASES)),
        Filter("expiring_within", "到期", "select", WITHIN),
        Filter("unrenewed", "续签", "select", (("true", "还没有续签"),)),
        Filter("as_of", "截至日期", "date"),
    ),
)


@router.get("")
async def list_agreements(request: Request, gateway: Gateway, user: CurrentUser, as_of: str = "") -> Response:
    """The list, now or as of a day."""
    answer = (await gateway.get(f"{API}/agreements", AGREEMENTS.params(request))).data
    rows = [{**row, "last_day": last_day(row["until_date"])} for row in answer["items"]]
    members = await member_options(gateway)
    filters = [Filter(f.name, f.label, f.kind, members) if f.name == "party" else f for f in AGREEMENTS.filters]
    writer = user.may(Permission.REGISTRY_WRITE) and not as_of
    actions = (Action("登记", "/agreements/new", primary=True),) if writer else ()
    table = AGREEMENTS.view(request, {**answer, "items": rows}, filters=filters, actions=actions)
    return page_or_fragment(request, "agreements/list.html", "_table.html", {"table": table})


@router.get("/export")
async def export(request: Request, gateway: Gateway) -> Response:
    """The workbook of the query that the list shows."""
    return await gateway.download(f"{API}/agreements/export.xlsx", AGREEMENTS.filled(request))


@router.get("/new", dependencies=WRITES)
async def new_agreement(request: Request, gateway: Gateway) -> Response:
    """An empty form."""
    context = await form_context(gateway, None, {})
    return page_or_fragment(request, *FORM, {**context, "form": Form.of(request, {"kind": "framework"})})


@router.post("/new", dependencies=[*WRITES, performs("POST /api/registry/v1/agreements")])
async def create_agreement(request: Request, gateway: Gateway) -> Response:
    """Record, or show the form with its faults."""
    values = await submitted(request)
    try:
        answer = await gateway.post(f"{API}/agreements", body_of(values), idempotency_key=values.get(KEY_FIELD))
    except ApiProblem as problem:
        return await _refused(request, gateway, None, values, problem)
    return redirect(request, f"/agreements/{answer.data['id']}", toast="已登记协议，可在下方上传扫描件。")


@router.get("/{agreement_id}")
async def agreement(
    request: Request, gateway: Gateway, user: CurrentUser, agreement_id: UUID, as_of: str = ""
) -> Response:
    """One agreement, today or as of a day, with its attachments, the chain of renewals and recorded changes."""
    path = f"/agreements/{agreement_id}"
    found = (await gateway.get(f"{API}{path}", {"as_of": as_of or None})).data
    writer = user.may(Permission.REGISTRY_WRITE)
    values = {
        "found": {**found, "last_day": last_day(found["until_date"])},
        "history": await timeline_of(gateway, path, LABELS) if writer else None,
        "writer": writer and not as_of,
        "as_of": as_of,
        "words": words,
        "phases": AGREEMENT_PHASES,
    }
    return page_or_fragment(request, "agreements/detail.html", "agreements/_detail.html", values)


@router.get("/{agreement_id}/edit", dependencies=WRITES)
async def edit_agreement(request: Request, gateway: Gateway, agreement_id: UUID) -> Response:
    """The form filled from the record, with the version that is being edited."""
    record = await current(gateway, f"/agreements/{agreement_id}")
    values = shown(record.data)
    context = await form_context(gateway, agreement_id, values)
    return page_or_fragment(request, *FORM, {**context, "form": Form.of(request, values, etag=record.etag)})


@router.post("/{agreement_id}/edit", dependencies=[*WRITES, performs("PUT /api/registry/v1/agreements/{}")])
async def update_agreement(request: Request, gateway: Gateway, agreement_id: UUID) -> Response:
    """Save, or show the form with its faults or with what somebody else changed meanwhile."""
    values = await submitted(request)
    body = {**body_of(values), **payload(values, "effective_on")}
    try:
        await gateway.put(f"{API}/agreements/{agreement_id}", body, if_match=values.get(ETAG_FIELD))
    except ApiProblem as problem:
        return await _refused(request, gateway, agreement_id, values, problem)
    return redirect(request, f"/agreements/{agreement_id}", toast="已保存。")


async def _refused(
    request: Request, gateway: BoundGateway, agreement_id: UUID | None, values: dict[str, Any], problem: ApiProblem
) -> Response:
    context = await form_context(gateway, agreement_id, values)
    if problem.status == 412 and agreement_id is not None:
        record = await current(gateway, f"/agreements/{agreement_id}")
        names = {**dict(context["members"]), **dict(context["collaborations"])}
        problem = conflict(problem, in_words(values, names), in_words(shown(record.data), names))
        values = {**values, ETAG_FIELD: record.etag}
    elif problem.status not in FORM_REFUSALS:
        raise problem
    form = Form.refused(request, values, by_field(problem))
    return refused_form(request, *FORM, context, form, "agreement-form")


@router.get("/{agreement_id}/renewal", dependencies=WRITES)
async def new_renewal(request: Request, gateway: Gateway, agreement_id: UUID) -> Response:
    """The form of the next agreement, begun where this one ends."""
    found = (await current(gateway, f"/agreements/{agreement_id}")).data
    begun = {"title": found["title"], "terms": found["terms"], "from_date": found["until_date"]}
    context = _small(found, "renewal")
    return page_or_fragment(request, *RENEWAL, {**context, "form": Form.of(request, begun)})


@router.post("/{agreement_id}/renewal", dependencies=[*WRITES, performs("POST /api/registry/v1/agreements/{}/renewal")])
async def renew_agreement(request: Request, gateway: Gateway, agreement_id: UUID) -> Response:
    """Record the next agreement of the same parties."""
    values = await submitted(request)
    address = f"{API}/agreements/{agreement_id}/renewal"
    try:
        answer = await gateway.post(address, renewal_of(values), idempotency_key=values.get(KEY_FIELD))
    except ApiProblem as problem:
        return await _refused_small(request, gateway, agreement_id, values, problem, "renewal")
    return redirect(request, f"/agreements/{answer.data['id']}", toast="已续签，可在下方上传扫描件。")


@router.get("/{agreement_id}/ending", dependencies=WRITES)
async def new_ending(request: Request, gateway: Gateway, agreement_id: UUID) -> Response:
    """The form of an early end."""
    record = await current(gateway, f"/agreements/{agreement_id}")
    context = _small(record.data, "ending")
    return page_or_fragment(request, *ENDING, {**context, "form": Form.of(request, etag=record.etag)})


@router.post("/{agreement_id}/ending", dependencies=[*WRITES, performs("POST /api/registry/v1/agreements/{}/ending")])
async def end_agreement(request: Request, gateway: Gateway, agreement_id: UUID) -> Response:
    """End it from a day on."""
    values = await submitted(request)
    address = f"{API}/agreements/{agreement_id}/ending"
    try:
        await gateway.post(address, payload(values, *ENDING_LABELS), if_match=values.get(ETAG_FIELD))
    except ApiProblem as problem:
        return await _refused_small(request, gateway, agreement_id, values, problem, "ending")
    return redirect(request, f"/agreements/{agreement_id}", toast="已登记提前终止。")


def _small(found: Mapping[str, Any], name: str) -> dict[str, Any]:
    base = f"/agreements/{found['id']}"
    where = {"action": f"{base}/{name}", "cancel": base, "labels": {**LABELS, **ENDING_LABELS}}
    return {"found": {**found, "last_day": last_day(found["until_date"])}, **where}


async def _refused_small(
    request: Request,
    gateway: BoundGateway,
    agreement_id: UUID,
    values: dict[str, Any],
    problem: ApiProblem,
    name: str,
) -> Response:
    """The form of a renewal or an end again; of an end also when somebody else changed the agreement meanwhile."""
    if problem.status not in {*FORM_REFUSALS, 412}:
        raise problem
    record = await current(gateway, f"/agreements/{agreement_id}")
    form = Form.refused(request, {**values, ETAG_FIELD: record.etag}, problem)
    page = RENEWAL if name == "renewal" else ENDING
    return refused_form(request, *page, _small(record.data, name), form, f"{name}-form")
