"""合作载体: create and edit; the form's own fields follow the chosen kind."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from frontend.access import Gateway, needs, performs
from frontend.forms import ETAG_FIELD, KEY_FIELD, Form, submitted
from frontend.gateway_client import ApiProblem, BoundGateway
from frontend.htmx import page_or_fragment, redirect, render
from frontend.pages.collaboration_fields import (
    BLANK_ROWS,
    CHOICES,
    body,
    by_place,
    fields_of,
    in_words,
    labels_with,
    rows_of,
    shown,
    takings,
)
from frontend.pages.registry_words import API, FORM_REFUSALS, conflict, current, member_options, refused_form
from services.kernel.permissions import Permission

router = APIRouter(prefix="/collaborations", dependencies=[needs(Permission.REGISTRY_READ)])
WRITES = [needs(Permission.REGISTRY_WRITE)]
TEMPLATES = "collaborations/form.html", "collaborations/_form.html"


@router.get("/new", dependencies=WRITES)
async def new_collaboration(request: Request, gateway: Gateway, kind: str = "") -> Response:
    """An empty form."""
    values = {"status": "active", "kind": kind}
    context = await _context(gateway, None, values)
    return page_or_fragment(request, *TEMPLATES, {**context, "form": Form.of(request, values)})


@router.post("/new", dependencies=[*WRITES, performs("POST /api/registry/v1/collaborations")])
async def create_collaboration(request: Request, gateway: Gateway) -> Response:
    """Create, or show the form with its faults."""
    values = await submitted(request)
    context = await _context(gateway, None, values)
    sent = body(values, context["fields"], dict(context["members"]))
    try:
        answer = await gateway.post(f"{API}/collaborations", sent, idempotency_key=values.get(KEY_FIELD))
    except ApiProblem as problem:
        return _refused(request, context, values, problem)
    return redirect(request, f"/collaborations/{answer.data['id']}", toast="已新增合作载体。")


@router.get("/kind-fields", dependencies=WRITES)
async def kind_fields(request: Request, gateway: Gateway) -> Response:
    """The part of the form that follows the kind; what was filled in under the same name stays."""
    query = request.query_params
    values = {name: found if len(found := query.getlist(name)) > 1 else found[0] for name in query}
    context = _own_part(await fields_of(gateway, str(values.get("kind", ""))), values)
    return render(request, "collaborations/_kind_fields.html", {**context, "form": Form.of(request, values)})


@router.get("/{collaboration_id}/edit", dependencies=WRITES)
async def edit_collaboration(request: Request, gateway: Gateway, collaboration_id: UUID) -> Response:
    """The form filled from the record, with the version that is being edited."""
    record = await current(gateway, f"/collaborations/{collaboration_id}")
    values = shown(record.data)
    context = await _context(gateway, collaboration_id, values)
    return page_or_fragment(request, *TEMPLATES, {**context, "form": Form.of(request, values, etag=record.etag)})


@router.post("/{collaboration_id}/edit", dependencies=[*WRITES, performs("PUT /api/registry/v1/collaborations/{}")])
async def update_collaboration(request: Request, gateway: Gateway, collaboration_id: UUID) -> Response:
    """Save, or show the form with its faults or with what somebody else changed meanwhile."""
    values = await submitted(request)
    context = await _context(gateway, collaboration_id, values)
    members = dict(context["members"])
    try:
        sent = body(values, context["fields"], members)
        await gateway.put(f"{API}/collaborations/{collaboration_id}", sent, if_match=values.get(ETAG_FIELD))
    except ApiProblem as problem:
        if problem.status != 412:
            return _refused(request, context, values, problem)
        record = await current(gateway, f"/collaborations/{collaboration_id}")
        now = in_words(shown(record.data), context["fields"], members)
        told = conflict(problem, in_words(values, context["fields"], members), now)
        form = Form.refused(request, {**values, ETAG_FIELD: record.etag}, told)
        return refused_form(request, *TEMPLATES, context, form, "collaboration-form")
    return redirect(request, f"/collaborations/{collaboration_id}", toast="已保存。")


def _refused(request: Request, context: dict[str, Any], values: dict[str, Any], problem: ApiProblem) -> Response:
    if problem.status not in FORM_REFUSALS:
        raise problem
    form = Form.refused(request, values, by_place(problem))
    return refused_form(request, *TEMPLATES, context, form, "collaboration-form")


def _own_part(fields: list[dict[str, Any]], values: dict[str, Any]) -> dict[str, Any]:
    """What the fields of the kind are drawn from, with blank rows to fill in."""
    blank: list[dict[str, str]] = [{}] * BLANK_ROWS
    rows = {field["name"]: [*rows_of(values, field), *blank] for field in fields if field["type"] == "rows"}
    return {"fields": fields, "rows": rows}


async def _context(gateway: BoundGateway, collaboration_id: UUID | None, values: dict[str, Any]) -> dict[str, Any]:
    base = f"/collaborations/{collaboration_id}" if collaboration_id else "/collaborations"
    fields = await fields_of(gateway, str(values.get("kind") or ""))
    return {
        **CHOICES,
        **_own_part(fields, values),
        "action": f"{base}/edit" if collaboration_id else f"{base}/new",
        "cancel": base,
        "editing": collaboration_id is not None,
        "members": await member_options(gateway),
        "takings": [*takings(values), *([None] * BLANK_ROWS)],
        "labels": labels_with(fields),
    }
