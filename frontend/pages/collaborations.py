"""合作载体: list, one collaboration with its recognitions, create and edit, recognise and withdraw."""

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
    may_write,
    member_options,
    options,
    refused_form,
    timeline_of,
)
from frontend.tables import Action, Column, Filter, Table
from services.kernel import registry_words as words
from services.kernel.permissions import Permission

router = APIRouter(prefix="/collaborations", dependencies=[needs(Permission.REGISTRY_READ)])
WRITES = [needs(Permission.REGISTRY_WRITE)]

LABELS = {
    "kind": "载体类型",
    "name": "名称",
    "host_member": "办学（承办）单位",
    "lead_member": "牵头单位",
    "participants": "参与单位",
    "founded_on": "成立日期",
    "status": "状态",
}
GRANT_LABELS = {"level": "认定级别", "granted_on": "认定日期", "document_number": "认定文号"}
WITHDRAWAL_LABELS = {"withdrawn_on": "撤销日期", "reason": "撤销原因"}
STATUSES = {"active": ("运行中", "success"), "ended": ("已终止", "secondary")}
CHOICES = {
    "kinds": options(words.COLLABORATION_KINDS),
    "statuses": options(words.COLLABORATION_STATUSES),
    "levels": options(words.RECOGNITION_LEVELS),
}
COLLABORATIONS = Table(
    id="collaborations",
    path="/collaborations",
    caption="合作载体",
    default_sort="name",
    columns=(
        Column("name", "名称", sort="name", link="/collaborations/{id}", wide=True),
        Column("kind", "类型", labels=words.COLLABORATION_KINDS, sort="kind"),
        Column("host_member.name", "办学单位", wide=True, narrow_hidden=True),
        Column("lead_member.name", "牵头单位", wide=True, narrow_hidden=True),
        Column("level", "现有级别", labels=words.RECOGNITION_LEVELS),
        Column("recognised_on", "认定日期", "date", narrow_hidden=True),
        Column("status", "状态", "status", labels=STATUSES),
    ),
    filters=(
        Filter("q", "名称", placeholder="名称或拼音"),
        Filter("kind", "类型", "select", CHOICES["kinds"]),
        Filter("level", "现有级别", "select", CHOICES["levels"]),
        Filter("status", "状态", "select", CHOICES["statuses"]),
    ),
)


@router.get("")
async def list_collaborations(request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """The list."""
    answer = await gateway.get(f"{API}/collaborations", COLLABORATIONS.params(request))
    actions = (Action("新增", "/collaborations/new", primary=True),) if may_write(user) else ()
    totals = {"name": f"{answer.data['total']} 个"}
    table = COLLABORATIONS.view(request, answer.data, totals=totals, actions=actions)
    return page_or_fragment(request, "collaborations/list.html", "_table.html", {"table": table})


@router.get("/new", dependencies=WRITES)
async def new_collaboration(request: Request, gateway: Gateway) -> Response:
    """An empty form."""
    form = Form.of(request, {"status": "active"})
    context = {**await _form_context(gateway, None), "form": form}
    return page_or_fragment(request, "collaborations/form.html", "collaborations/_form.html", context)


@router.post("/new", dependencies=[*WRITES, performs("POST /api/registry/v1/collaborations")])
async def create_collaboration(request: Request, gateway: Gateway) -> Response:
    """Create, or show the form with its faults."""
    values = await submitted(request)
    try:
        answer = await gateway.post(f"{API}/collaborations", _body(values), idempotency_key=values.get(KEY_FIELD))
    except ApiProblem as problem:
        return await _refused(request, gateway, None, values, problem)
    return redirect(request, f"/collaborations/{answer.data['id']}", toast="已新增合作载体。")


@router.get("/{collaboration_id}")
async def collaboration(request: Request, gateway: Gateway, user: CurrentUser, collaboration_id: UUID) -> Response:
    """One collaboration with its participants, recognitions and, for the secretariat, recorded changes."""
    path = f"/collaborations/{collaboration_id}"
    record = await current(gateway, path)
    writer = may_write(user)
    values = {
        "found": record.data,
        "history": await timeline_of(gateway, path, LABELS) if writer else None,
        "writer": writer,
        "words": words,
        "states": STATUSES,
    }
    return page_or_fragment(request, "collaborations/detail.html", "collaborations/_detail.html", values)


@router.get("/{collaboration_id}/edit", dependencies=WRITES)
async def edit_collaboration(request: Request, gateway: Gateway, collaboration_id: UUID) -> Response:
    """The form filled from the record, with the version that is being edited."""
    record = await current(gateway, f"/collaborations/{collaboration_id}")
    form = Form.of(request, _shown(record.data), etag=record.etag)
    context = {**await _form_context(gateway, collaboration_id), "form": form}
    return page_or_fragment(request, "collaborations/form.html", "collaborations/_form.html", context)


@router.post("/{collaboration_id}/edit", dependencies=[*WRITES, performs("PUT /api/registry/v1/collaborations/{}")])
async def update_collaboration(request: Request, gateway: Gateway, collaboration_id: UUID) -> Response:
    """Save, or show the form with its faults or with what somebody else changed meanwhile."""
    values = await submitted(request)
    address = f"{API}/collaborations/{collaboration_id}"
    try:
        await gateway.put(address, _body(values), if_match=values.get(ETAG_FIELD))
    except ApiProblem as problem:
        return await _refused(request, gateway, collaboration_id, values, problem)
    return redirect(request, f"/collaborations/{collaboration_id}", toast="已保存。")


@router.get("/{collaboration_id}/recognitions/new", dependencies=WRITES)
async def new_recognition(request: Request, gateway: Gateway, collaboration_id: UUID) -> Response:
    """The form of a recognition."""
    return await _small_form(request, gateway, collaboration_id, "recognise", Form.of(request))


@router.post(
    "/{collaboration_id}/recognitions/new",
    dependencies=[*WRITES, performs("POST /api/registry/v1/collaborations/{}/recognitions")],
)
async def add_recognition(request: Request, gateway: Gateway, collaboration_id: UUID) -> Response:
    """Record a recognition."""
    values = await submitted(request)
    address = f"{API}/collaborations/{collaboration_id}/recognitions"
    try:
        await gateway.post(address, payload(values, *GRANT_LABELS), idempotency_key=values.get(KEY_FIELD))
    except ApiProblem as problem:
        if problem.status not in FORM_REFUSALS:
            raise
        form = Form.refused(request, values, problem)
        return await _small_form(request, gateway, collaboration_id, "recognise", form)
    return redirect(request, f"/collaborations/{collaboration_id}", toast="已登记级别认定。")


@router.get("/{collaboration_id}/recognitions/{recognition_id}/withdrawal", dependencies=WRITES)
async def new_withdrawal(request: Request, gateway: Gateway, collaboration_id: UUID, recognition_id: UUID) -> Response:
    """The form of a withdrawal."""
    return await _small_form(request, gateway, collaboration_id, "withdraw", Form.of(request), recognition_id)


@router.post(
    "/{collaboration_id}/recognitions/{recognition_id}/withdrawal",
    dependencies=[*WRITES, performs("POST /api/registry/v1/collaborations/{}/recognitions/{}/withdrawal")],
)
async def withdraw_recognition(
    request: Request, gateway: Gateway, collaboration_id: UUID, recognition_id: UUID
) -> Response:
    """Record a withdrawal."""
    values = await submitted(request)
    address = f"{API}/collaborations/{collaboration_id}/recognitions/{recognition_id}/withdrawal"
    try:
        await gateway.post(address, payload(values, *WITHDRAWAL_LABELS))
    except ApiProblem as problem:
        if problem.status not in FORM_REFUSALS:
            raise
        form = Form.refused(request, values, problem)
        return await _small_form(request, gateway, collaboration_id, "withdraw", form, recognition_id)
    return redirect(request, f"/collaborations/{collaboration_id}", toast="已撤销级别认定。")


async def _small_form(
    request: Request,
    gateway: BoundGateway,
    collaboration_id: UUID,
    name: str,
    form: Form,
    recognition_id: UUID | None = None,
) -> Response:
    """The page of a recognition's or a withdrawal's form."""
    record = (await current(gateway, f"/collaborations/{collaboration_id}")).data
    grant = next((one for one in record["recognitions"] if one["id"] == str(recognition_id)), None)
    base = f"/collaborations/{collaboration_id}"
    action = f"{base}/recognitions/{recognition_id}/withdrawal" if recognition_id else f"{base}/recognitions/new"
    context = {"found": record, "grant": grant, "action": action, "words": words, "cancel": base, **CHOICES}
    context["labels"] = {**GRANT_LABELS, **WITHDRAWAL_LABELS}
    page, fragment = f"collaborations/{name}.html", f"collaborations/_{name}.html"
    if form.problem is not None:
        return refused_form(request, page, fragment, context, form, "recognition-form")
    return page_or_fragment(request, page, fragment, {**context, "form": form})


async def _refused(
    request: Request,
    gateway: BoundGateway,
    collaboration_id: UUID | None,
    values: dict[str, Any],
    problem: ApiProblem,
) -> Response:
    context = await _form_context(gateway, collaboration_id)
    if problem.status == 412 and collaboration_id is not None:
        record = await current(gateway, f"/collaborations/{collaboration_id}")
        names = dict(context["members"])
        problem = conflict(problem, _in_words(values, names), _in_words(_shown(record.data), names))
        values = {**values, ETAG_FIELD: record.etag}
    elif problem.status not in FORM_REFUSALS:
        raise problem
    form = Form.refused(request, values, by_field(problem))
    page, fragment = "collaborations/form.html", "collaborations/_form.html"
    return refused_form(request, page, fragment, context, form, "collaboration-form")


async def _form_context(gateway: BoundGateway, collaboration_id: UUID | None) -> dict[str, Any]:
    base = f"/collaborations/{collaboration_id}" if collaboration_id else "/collaborations"
    action = f"{base}/edit" if collaboration_id else f"{base}/new"
    where = {"action": action, "cancel": base, "editing": collaboration_id is not None}
    return {**CHOICES, **where, "members": await member_options(gateway), "labels": LABELS}


def _several(value: Any) -> list[str]:
    return [one for one in (value if isinstance(value, list) else [value]) if one]


def _body(values: dict[str, Any]) -> dict[str, Any]:
    """What the service takes: empty texts as null, the participants as a list."""
    body = payload(values, *(name for name in LABELS if name != "participants"))
    return {**body, "participants": _several(values.get("participants")), "status": body["status"] or "active"}


def _shown(record: dict[str, Any]) -> dict[str, Any]:
    """A record as the form shows it: members by id."""
    members = {name: (record[name] or {}).get("id") for name in ("host_member", "lead_member")}
    plain = {name: record[name] for name in ("kind", "name", "founded_on", "status")}
    return {**plain, **members, "participants": [part["id"] for part in record["participants"]]}


def _in_words(values: dict[str, Any], names: dict[str, str]) -> dict[str, str]:
    """The fields of a form as people read them, for telling two versions apart."""
    told = {name: str(values.get(name) or "") for name in ("name", "founded_on")}
    told["kind"] = words.COLLABORATION_KINDS.get(str(values.get("kind")), "")
    told["status"] = words.COLLABORATION_STATUSES.get(str(values.get("status")), "")
    for field in ("host_member", "lead_member"):
        told[field] = names.get(str(values.get(field) or ""), "")
    told["participants"] = "、".join(sorted(names.get(one, one) for one in _several(values.get("participants"))))
    return told
