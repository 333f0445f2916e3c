"""合并与拆分: what would go over is shown, then a day, a document and a reason are asked for."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from frontend.access import Gateway, needs, performs
from frontend.forms import KEY_FIELD, Form, payload, submitted
from frontend.gateway_client import ApiProblem, BoundGateway
from frontend.htmx import page_or_fragment, redirect
from frontend.pages.member_words import CHOICES
from frontend.pages.registry_words import API, FORM_REFUSALS, by_field, current, division_options, refused_form
from services.kernel import registry_words as words
from services.kernel.permissions import Permission

router = APIRouter(prefix="/members/{member_id}", dependencies=[needs(Permission.REGISTRY_DECIDE)])
ASKED = {"on_date": "日期", "document": "依据文件", "reason": "原因"}
LABELS = {**ASKED, "into": "并入的单位", "continues": "原单位", "heir": "承接单位", "parts": "分出的单位"}
MERGER = "members/merger.html", "members/_merger.html"
DIVISION = "members/division.html", "members/_division.html"
CHOICE_LENGTH = 20
ROWS = range(1, 5)


@router.get("/merger")
async def new_merger(
    request: Request, gateway: Gateway, member_id: UUID, into: UUID | None = None, q: str = ""
) -> Response:
    """First into which member, then what would go over, and the form."""
    context = await _merger_context(gateway, member_id, into, q)
    form = Form.of(request, {"into": str(into)} if into else {})
    return page_or_fragment(request, *MERGER, {**context, "form": form})


@router.post("/merger", dependencies=[performs("POST /api/registry/v1/members/{}/merger")])
async def merge(request: Request, gateway: Gateway, member_id: UUID) -> Response:
    """Carry it out, or show the form with its faults."""
    values = await submitted(request)
    try:
        body = payload(values, "into", *ASKED)
        path = f"{API}/members/{member_id}/merger"
        await gateway.post(path, {**body, "reason": body["reason"] or ""}, idempotency_key=values.get(KEY_FIELD))
    except ApiProblem as problem:
        if problem.status not in FORM_REFUSALS:
            raise
        context = await _merger_context(gateway, member_id, _uuid(values.get("into")), "")
        return refused_form(request, *MERGER, context, Form.refused(request, values, problem), "merger")
    return redirect(request, f"/members/{values['into']}", toast="已合并。")


def _uuid(text: Any) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None


async def _merger_context(gateway: BoundGateway, member_id: UUID, into: UUID | None, q: str) -> dict[str, Any]:
    found = (await current(gateway, f"/members/{member_id}")).data
    context = {"member": found, "labels": LABELS, "words": words, "path": f"/members/{member_id}", "q": q}
    preview, choices = None, []
    if into is not None:
        preview = (await gateway.get(f"{API}/members/{member_id}/merger-preview", {"into": str(into)})).data
    elif q:
        asked: dict[str, str | int] = {"q": q[:50], "belonging": "true", "limit": CHOICE_LENGTH}
        items = (await gateway.get(f"{API}/members", asked)).data["items"]
        choices = [item for item in items if item["id"] != str(member_id)]
    return {**context, "preview": preview, "choices": choices}


@router.get("/division")
async def new_division(request: Request, gateway: Gateway, member_id: UUID) -> Response:
    """An empty form, with the category and division of the member that is split."""
    context = await _division_context(gateway, member_id)
    same = {f"{field}_{row}": context["member"][field] for row in ROWS for field in ("category", "division")}
    return page_or_fragment(request, *DIVISION, {**context, "form": Form.of(request, {**same, "continues": "yes"})})


@router.post("/division", dependencies=[performs("POST /api/registry/v1/members/{}/division")])
async def divide(request: Request, gateway: Gateway, member_id: UUID) -> Response:
    """Carry it out, or show the form with its faults."""
    values = await submitted(request)
    rows = [row for row in ROWS if values.get(f"name_{row}")]
    try:
        body = payload(values, *ASKED) | {
            "reason": values.get("reason", ""),
            "continues": values.get("continues") == "yes",
        }
        heir = str(values.get("heir") or "")
        body["heir"] = rows.index(int(heir)) + 1 if heir in [str(row) for row in rows] else None
        body["parts"] = [await _part(gateway, values, row) for row in rows]
        path = f"{API}/members/{member_id}/division"
        await gateway.post(path, body, idempotency_key=values.get(KEY_FIELD))
    except ApiProblem as problem:
        if problem.status not in FORM_REFUSALS:
            raise
        context = await _division_context(gateway, member_id)
        form = Form.refused(request, values, by_field(problem))
        return refused_form(request, *DIVISION, context, form, "division-form")
    return redirect(request, f"/members/{member_id}", toast="已拆分。")


async def _part(gateway: BoundGateway, values: dict[str, Any], row: int) -> dict[str, Any]:
    """A unit that is on record under this very name, or a new one."""
    new = {field: values.get(f"{field}_{row}") or None for field in ("name", "category", "division")}
    known = (await gateway.get(f"{API}/members", {"q": str(new["name"])[:50], "limit": CHOICE_LENGTH})).data["items"]
    found = next((item["id"] for item in known if item["name"] == new["name"]), None)
    return {"member": found} if found else {"new": new}


async def _division_context(gateway: BoundGateway, member_id: UUID) -> dict[str, Any]:
    found = (await current(gateway, f"/members/{member_id}")).data
    divisions, _ = await division_options(gateway, str(found.get("division") or ""))
    heirs = [(str(row), f"第 {row} 个单位") for row in ROWS]
    choices = {"divisions": divisions, "categories": CHOICES["categories"], "heirs": heirs, "rows": ROWS}
    touches = (await gateway.get(f"{API}/members/{member_id}/exit-impact")).data["touches"]
    return {"member": found, "labels": LABELS, "path": f"/members/{member_id}", "touches": touches, **choices}
