"""联系人: whom to reach at a member, by post; kept by the unit, its county and the secretariat."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from frontend.access import Gateway, needs, performs
from frontend.forms import ETAG_FIELD, KEY_FIELD, Form, payload, submitted
from frontend.gateway_client import ApiProblem, BoundGateway
from frontend.htmx import page_or_fragment, redirect
from frontend.pages.registry_words import API, FORM_REFUSALS, current, refused_form
from services.kernel.permissions import Permission

router = APIRouter(
    prefix="/members/{member_id}/contacts",
    dependencies=[needs(Permission.REGISTRY_READ), needs(Permission.REGISTRY_WRITE, Permission.REGISTRY_OWN)],
)
OPERATIONS = "/api/registry/v1/members/{}/contacts"
LABELS = {"post": "岗位", "person": "姓名", "phone": "电话", "email": "电子邮箱", "effective_on": "生效日期"}
TEMPLATES = "members/contact.html", "members/_contact.html"


@router.get("/new")
async def new_contact(request: Request, gateway: Gateway, member_id: UUID) -> Response:
    """An empty form."""
    context = await _context(gateway, member_id, None)
    return page_or_fragment(request, *TEMPLATES, {**context, "form": Form.of(request)})


@router.post("/new", dependencies=[performs(f"POST {OPERATIONS}")])
async def add_contact(request: Request, gateway: Gateway, member_id: UUID) -> Response:
    """Enter, or show the form with its faults."""
    values = await submitted(request)
    try:
        address = f"{API}/members/{member_id}/contacts"
        await gateway.post(address, payload(values, *LABELS), idempotency_key=values.get(KEY_FIELD))
    except ApiProblem as problem:
        return await _refused(request, gateway, member_id, None, values, problem)
    return redirect(request, f"/members/{member_id}", toast="已登记联系人。")


@router.get("/{contact_id}/edit")
async def edit_contact(request: Request, gateway: Gateway, member_id: UUID, contact_id: UUID) -> Response:
    """The form filled from the record, with the version that is being edited."""
    record = await current(gateway, f"/members/{member_id}/contacts/{contact_id}")
    context = await _context(gateway, member_id, contact_id)
    form = Form.of(request, record.data, etag=record.etag)
    return page_or_fragment(request, *TEMPLATES, {**context, "form": form})


@router.post("/{contact_id}/edit", dependencies=[performs(f"PUT {OPERATIONS}/{{}}")])
async def change_contact(request: Request, gateway: Gateway, member_id: UUID, contact_id: UUID) -> Response:
    """Save, or show the form with its faults."""
    values = await submitted(request)
    try:
        address = f"{API}/members/{member_id}/contacts/{contact_id}"
        await gateway.put(address, payload(values, *LABELS), if_match=values.get(ETAG_FIELD))
    except ApiProblem as problem:
        return await _refused(request, gateway, member_id, contact_id, values, problem)
    return redirect(request, f"/members/{member_id}", toast="已保存联系人。")


@router.post("/{contact_id}/removal", dependencies=[performs(f"DELETE {OPERATIONS}/{{}}")])
async def remove_contact(request: Request, gateway: Gateway, member_id: UUID, contact_id: UUID) -> Response:
    """Take a contact away; the button asked first."""
    values = await submitted(request)
    await gateway.delete(f"{API}/members/{member_id}/contacts/{contact_id}", if_match=values.get(ETAG_FIELD))
    return redirect(request, f"/members/{member_id}", toast="已移除联系人。")


async def _refused(
    request: Request,
    gateway: BoundGateway,
    member_id: UUID,
    contact_id: UUID | None,
    values: dict[str, Any],
    problem: ApiProblem,
) -> Response:
    if problem.status not in {*FORM_REFUSALS, 412}:
        raise problem
    context = await _context(gateway, member_id, contact_id)
    return refused_form(request, *TEMPLATES, context, Form.refused(request, values, problem), "contact-form")


async def _context(gateway: BoundGateway, member_id: UUID, contact_id: UUID | None) -> dict[str, Any]:
    found = (await current(gateway, f"/members/{member_id}")).data
    path = f"/members/{member_id}"
    action = f"{path}/contacts/{contact_id}/edit" if contact_id else f"{path}/contacts/new"
    return {"member": found, "action": action, "cancel": path, "labels": LABELS, "editing": contact_id is not None}
