"""附件: the panel of a record, uploading several files, downloading one, removing one with a reason."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from frontend.access import Gateway, needs, performs
from frontend.attachments import API, NOTHING_CHOSEN, Refused, attachments_of, chosen_files, send_files
from frontend.forms import KEY_FIELD, Form, payload, submitted
from frontend.gateway_client import ApiProblem, BoundGateway
from frontend.htmx import HtmxDetails, page_or_fragment, redirect, toast
from frontend.pages.registry_words import FORM_REFUSALS, refused_form
from services.kernel.ids import new_id
from services.kernel.permissions import Permission

router = APIRouter(prefix="/attachments", dependencies=[needs(Permission.REGISTRY_READ)])
KEEPS = needs(Permission.REGISTRY_WRITE, Permission.REGISTRY_OWN)
SubjectKind = Annotated[str, Path(max_length=36, pattern=r"^[a-z0-9_-]+$")]
REMOVAL = "attachments/removal.html", "attachments/_removal.html"
REASON = {"reason": "移除原因"}


@router.get("/{subject_kind}/{subject}")
async def panel(
    request: Request, gateway: Gateway, subject_kind: SubjectKind, subject: UUID, as_of: str | None = None
) -> Response:
    """The attachments of one record, within its page or alone."""
    return await _panel(request, gateway, subject_kind, subject, as_of=as_of)


@router.post("/{subject_kind}/{subject}", dependencies=[KEEPS, performs(f"POST {API}")])
async def upload(request: Request, gateway: Gateway, subject_kind: SubjectKind, subject: UUID) -> Response:
    """Keep the chosen files; those that are refused are told one by one."""
    files = await chosen_files(request)
    if not files:
        return await _panel(request, gateway, subject_kind, subject, [NOTHING_CHOSEN])
    key = str((await request.form()).get(KEY_FIELD) or new_id())
    refused = await send_files(gateway, subject_kind, subject, files, key)
    done = f"已上传 {len(files) - len(refused)} 份附件。"
    if not refused and not HtmxDetails.of(request).request:
        return redirect(request, f"/attachments/{subject_kind}/{subject}", toast=done)
    response = await _panel(request, gateway, subject_kind, subject, refused)
    if len(refused) < len(files):
        toast(response, done)
    return response


async def _panel(
    request: Request,
    gateway: BoundGateway,
    subject_kind: str,
    subject: UUID,
    refused: list[Refused] | None = None,
    as_of: str | None = None,
) -> Response:
    values = await attachments_of(gateway, subject_kind, subject, as_of)
    context = {**values, "refused": refused or [], "form": Form.of(request)}
    status = 422 if refused else 200
    return page_or_fragment(request, "attachments/page.html", "attachments/_panel.html", context, status=status)


@router.get("/{subject_kind}/{subject}/{attachment_id}/content")
async def content(gateway: Gateway, attachment_id: UUID, as_of: str = "") -> Response:
    """One attachment, to be saved; a browser is told to do nothing else with it."""
    response = await gateway.download(f"{API}/{attachment_id}/content", {"as_of": as_of or None})
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["Cache-Control"] = "no-store"
    return response


@router.get("/{subject_kind}/{subject}/{attachment_id}/removal", dependencies=[KEEPS])
async def removal(
    request: Request, gateway: Gateway, subject_kind: SubjectKind, subject: UUID, attachment_id: UUID
) -> Response:
    """Where the reason is given."""
    context = await _removal(gateway, subject_kind, subject, attachment_id)
    return page_or_fragment(request, *REMOVAL, {**context, "form": Form.of(request)})


@router.post(
    "/{subject_kind}/{subject}/{attachment_id}/removal",
    dependencies=[KEEPS, performs(f"DELETE {API}/{{}}")],
)
async def remove(
    request: Request, gateway: Gateway, subject_kind: SubjectKind, subject: UUID, attachment_id: UUID
) -> Response:
    """Remove it, and go back to the record."""
    values = await submitted(request)
    reason = payload(values, "reason")["reason"] or ""
    context = await _removal(gateway, subject_kind, subject, attachment_id)
    try:
        await gateway.request("DELETE", f"{API}/{attachment_id}", params={"reason": reason})
    except ApiProblem as problem:
        if problem.status not in FORM_REFUSALS:
            raise
        return refused_form(request, *REMOVAL, context, Form.refused(request, values, problem), "removal-form")
    return redirect(request, context["href"], toast="已移除附件。")


async def _removal(gateway: BoundGateway, subject_kind: str, subject: UUID, attachment_id: UUID) -> dict[str, Any]:
    values = await attachments_of(gateway, subject_kind, subject)
    found = next((row for row in values["rows"] if row["id"] == str(attachment_id)), None)
    if found is None:
        raise ApiProblem(404, "attachment_not_found", "没有找到", "没有这份附件，可能已被移除。")
    action = f"{values['base']}/{attachment_id}/removal"
    return {**values, "found": found, "action": action, "labels": REASON}
