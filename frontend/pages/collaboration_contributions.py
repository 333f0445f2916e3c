"""投入: what members put into a collaboration; the secretariat for all, a unit or county for its own."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from frontend.access import CurrentUser, Gateway, needs, performs
from frontend.forms import ETAG_FIELD, KEY_FIELD, Form, payload, submitted
from frontend.gateway_client import ApiProblem, BoundGateway
from frontend.htmx import page_or_fragment, redirect
from frontend.pages.registry_words import API, FORM_REFUSALS, current, options, refused_form
from frontend.session import User
from services.kernel import registry_words as words
from services.kernel.permissions import Permission

router = APIRouter(
    prefix="/collaborations/{collaboration_id}/contributions",
    dependencies=[needs(Permission.REGISTRY_READ), needs(Permission.REGISTRY_WRITE, Permission.REGISTRY_OWN)],
)
OPERATIONS = "/api/registry/v1/collaborations/{}/contributions"
LABELS = {
    "member": "投入单位",
    "kind": "类别",
    "description": "投入内容",
    "value": "估值（元）",
    "on_date": "投入日期",
    "evidence": "佐证材料",
}
REASON = {"reason": "更正原因"}
TEMPLATES = "collaborations/contribution.html", "collaborations/_contribution.html"
REMOVAL = "collaborations/contribution_removal.html", "collaborations/_contribution_removal.html"


@router.get("/new")
async def new_contribution(request: Request, gateway: Gateway, user: CurrentUser, collaboration_id: UUID) -> Response:
    """An empty form."""
    context = await _context(gateway, user, collaboration_id)
    values = {"member": user.member}
    return page_or_fragment(request, *TEMPLATES, {**context, "form": Form.of(request, values)})


@router.post("/new", dependencies=[performs(f"POST {OPERATIONS}")])
async def add_contribution(request: Request, gateway: Gateway, user: CurrentUser, collaboration_id: UUID) -> Response:
    """Record, or show the form with its faults."""
    values = await submitted(request)
    sent = payload(values, *LABELS)
    try:
        await gateway.post(_address(collaboration_id), sent, idempotency_key=values.get(KEY_FIELD))
    except ApiProblem as problem:
        context = await _context(gateway, user, collaboration_id)
        return _refused(request, TEMPLATES, context, values, problem)
    return redirect(request, f"/collaborations/{collaboration_id}", toast="已登记投入。")


@router.get("/{contribution_id}/edit")
async def edit_contribution(
    request: Request, gateway: Gateway, user: CurrentUser, collaboration_id: UUID, contribution_id: UUID
) -> Response:
    """The form filled from the record."""
    found = await _find(gateway, collaboration_id, contribution_id)
    context = await _context(gateway, user, collaboration_id, contribution_id)
    values = {**found, "member": found["member"]["id"]}
    form = Form.of(request, values, etag=f'"{found["row_version"]}"')
    return page_or_fragment(request, *TEMPLATES, {**context, "form": form})


@router.post("/{contribution_id}/edit", dependencies=[performs(f"PUT {OPERATIONS}/{{}}")])
async def change_contribution(
    request: Request, gateway: Gateway, user: CurrentUser, collaboration_id: UUID, contribution_id: UUID
) -> Response:
    """Save, or show the form with its faults."""
    values = await submitted(request)
    address = f"{_address(collaboration_id)}/{contribution_id}"
    try:
        await gateway.put(address, payload(values, *LABELS), if_match=values.get(ETAG_FIELD))
    except ApiProblem as problem:
        context = await _context(gateway, user, collaboration_id, contribution_id)
        return _refused(request, TEMPLATES, context, values, problem)
    return redirect(request, f"/collaborations/{collaboration_id}", toast="已保存。")


@router.get("/{contribution_id}/removal")
async def new_removal(
    request: Request, gateway: Gateway, user: CurrentUser, collaboration_id: UUID, contribution_id: UUID
) -> Response:
    """The form that asks why an entry is taken back."""
    found = await _find(gateway, collaboration_id, contribution_id)
    context = {**await _context(gateway, user, collaboration_id, contribution_id), "entry": found}
    form = Form.of(request, etag=f'"{found["row_version"]}"')
    return page_or_fragment(request, *REMOVAL, {**context, "form": form})


@router.post("/{contribution_id}/removal", dependencies=[performs(f"DELETE {OPERATIONS}/{{}}")])
async def remove_contribution(
    request: Request, gateway: Gateway, user: CurrentUser, collaboration_id: UUID, contribution_id: UUID
) -> Response:
    """Take it back, or show the form with its faults."""
    values = await submitted(request)
    address = f"{_address(collaboration_id)}/{contribution_id}"
    asked, headers = {"reason": values.get("reason", "")}, {"If-Match": values.get(ETAG_FIELD)}
    try:
        await gateway.request("DELETE", address, params=asked, headers=headers)
    except ApiProblem as problem:
        found = await _find(gateway, collaboration_id, contribution_id)
        context = {**await _context(gateway, user, collaboration_id, contribution_id), "entry": found}
        return _refused(request, REMOVAL, context, values, problem)
    return redirect(request, f"/collaborations/{collaboration_id}", toast="已更正：这项投入已删去。")


def _address(collaboration_id: UUID) -> str:
    return f"{API}/collaborations/{collaboration_id}/contributions"


async def _find(gateway: BoundGateway, collaboration_id: UUID, contribution_id: UUID) -> dict[str, Any]:
    """The entry, if the caller may change it."""
    items = (await gateway.get(_address(collaboration_id))).data["items"]
    found = next((item for item in items if item["id"] == str(contribution_id) and item["own"]), None)
    if found is None:
        raise ApiProblem(404, "contribution_not_found", "没有找到", "没有这项投入，或它不是本单位（本县区单位）的。")
    one: dict[str, Any] = found
    return one


def _refused(
    request: Request, templates: tuple[str, str], context: dict[str, Any], values: dict[str, Any], problem: ApiProblem
) -> Response:
    if problem.status not in {*FORM_REFUSALS, 412}:
        raise problem
    form = Form.refused(request, values, problem)
    return refused_form(request, *templates, context, form, "contribution-form")


async def _context(
    gateway: BoundGateway, user: User, collaboration_id: UUID, contribution_id: UUID | None = None
) -> dict[str, Any]:
    record = (await current(gateway, f"/collaborations/{collaboration_id}")).data
    parties = [one for one in (record["host_member"], record["lead_member"], *record["participants"]) if one]
    choices = {one["id"]: one["name"] for one in parties if user.member in (None, one["id"])}
    base = f"/collaborations/{collaboration_id}"
    place = f"{base}/contributions/{contribution_id}" if contribution_id else f"{base}/contributions"
    return {
        "found": record,
        "parties": tuple(choices.items()),
        "kinds": options(words.CONTRIBUTION_KINDS),
        "action": f"{place}/edit" if contribution_id else f"{place}/new",
        "removal": f"{place}/removal",
        "editing": contribution_id is not None,
        "cancel": base,
        "words": words,
        "labels": {**LABELS, **REASON},
    }
