"""`/apply`: applying to join without an account, and looking after the application with the receipt.

The only pages beside the sign-in that ask for no session; they work without script.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from frontend.access import performs
from frontend.attachments import Refused, shown_file, size_words
from frontend.forms import payload, submitted
from frontend.gateway_client import ApiProblem, BoundGateway
from frontend.htmx import render
from frontend.pages.registry_words import API, FORM_REFUSALS, options
from frontend.public_access import (
    HeldReceipt,
    PublicGateway,
    drop_receipt,
    held_receipt,
    hold_receipt,
    keep_form_token,
    public_form,
)
from services.kernel import registry_words as words

router = APIRouter(prefix="/apply", include_in_schema=False)
PUBLIC = f"{API}/public"
FIELDS = {
    "name": "单位全称",
    "uscc": "统一社会信用代码",
    "category": "类别",
    "division": "所在区划",
    "address": "地址",
    "profile": "单位简介",
    "reason": "申请理由",
    "contact_person": "联系人",
    "contact_phone": "联系电话",
}
NEEDED = {"name", "category", "reason", "contact_person", "contact_phone"}
ASKED = {"alliance": "联盟", "number": "申请编号", "code": "查询码"}
REFUSED = FORM_REFUSALS | {404, 429}


@router.get("")
async def apply(request: Request, gateway: PublicGateway, alliance: str | None = None) -> Response:
    """The choice of the alliance, or the form of the one that was chosen (or is the only one)."""
    alliances = (await gateway.get(f"{PUBLIC}/alliances")).data
    chosen = alliance or (alliances[0]["code"] if len(alliances) == 1 else None)
    if chosen is None:
        return render(request, "apply/choose.html", {"alliances": alliances})
    return await _form(request, gateway, {"alliance": chosen})


@router.post("", dependencies=[performs(f"POST {PUBLIC}/applications")])
async def send(request: Request, gateway: PublicGateway) -> Response:
    """Send the application: the receipt, or the form with its faults."""
    values = await submitted(request)
    body = _told(values) | {name: values.get(name) or "" for name in ("alliance", "form_token", "website")}
    try:
        receipt = (await gateway.post(f"{PUBLIC}/applications", body)).data
    except ApiProblem as problem:
        if problem.status not in REFUSED:
            raise
        return await _form(request, gateway, values, problem)
    return render(request, "apply/receipt.html", {"receipt": receipt, "alliance": body["alliance"]})


def _told(values: dict[str, Any]) -> dict[str, Any]:
    """What the applicant filled in; what is needed and empty is left out, so that the service misses it."""
    sent = payload(values, *FIELDS)
    return {name: value for name, value in sent.items() if value is not None or name not in NEEDED}


async def _form(
    request: Request, gateway: BoundGateway, values: dict[str, Any], problem: ApiProblem | None = None
) -> Response:
    """The form; one that was refused keeps its token unless that was the fault."""
    opened = (await gateway.get(f"{PUBLIC}/applications/form", {"alliance": str(values["alliance"])})).data
    spoilt = problem is None or "form_token" in problem.field_errors
    token = opened["form_token"] if spoilt else values["form_token"]
    context = {
        "form": public_form(request, values, problem),
        "form_token": token,
        "opened": opened,
        "labels": FIELDS,
        "categories": options(words.MEMBER_CATEGORIES),
        "divisions": [(place["code"], place["name"]) for place in opened["divisions"]],
    }
    status = problem.status if problem else 200
    return keep_form_token(request, render(request, "apply/form.html", context, status=status))


@router.get("/status", dependencies=[performs(f"POST {PUBLIC}/applications/inquiry")])
async def status(request: Request, gateway: PublicGateway) -> Response:
    """The application of the receipt that this browser holds, else the question for one."""
    held = held_receipt(request)
    if held is None:
        return await _ask(request, gateway, {})
    try:
        found = (await inquire(gateway, held)).data
    except ApiProblem as problem:
        if problem.status != 404:
            raise
        return await _ask(request, gateway, {}, problem)
    return await shown(request, gateway, held, found)


@router.post("/status", dependencies=[performs(f"POST {PUBLIC}/applications/inquiry")])
async def show_receipt(request: Request, gateway: PublicGateway) -> Response:
    """Look at the receipt that was typed in, and remember it for half an hour."""
    values = await submitted(request)
    held = HeldReceipt(**{name: str(values.get(name) or "") for name in ASKED})
    try:
        await inquire(gateway, held)
    except ApiProblem as problem:
        if problem.status not in REFUSED:
            raise
        return await _ask(request, gateway, values, problem)
    response = RedirectResponse("/apply/status", 303)
    hold_receipt(request, response, held)
    return response


async def inquire(gateway: BoundGateway, held: HeldReceipt) -> Any:
    """What the service tells of a receipt's application. Raises ApiProblem (404) for one that is not right."""
    return await gateway.post(f"{PUBLIC}/applications/inquiry", held.model_dump())


async def _ask(
    request: Request, gateway: BoundGateway, values: dict[str, Any], problem: ApiProblem | None = None
) -> Response:
    alliances = (await gateway.get(f"{PUBLIC}/alliances")).data
    if len(alliances) == 1:
        values = {**values, "alliance": alliances[0]["code"]}
    context = {
        "form": public_form(request, {**values, "code": ""}, problem),
        "alliances": [(one["code"], one["name"]) for one in alliances],
        "labels": ASKED,
    }
    shown = render(request, "apply/ask.html", context, status=problem.status if problem else 200)
    return keep_form_token(request, shown)


async def shown(
    request: Request,
    gateway: BoundGateway,
    held: HeldReceipt,
    found: dict[str, Any],
    values: dict[str, Any] | None = None,
    problem: ApiProblem | None = None,
    refused: Sequence[Refused] = (),
) -> Response:
    """The application with what may be done; with the form's faults, or with the papers that were refused."""
    divisions = []
    if found["may_complete"]:
        opened = (await gateway.get(f"{PUBLIC}/applications/form", {"alliance": held.alliance})).data
        divisions = [(place["code"], place["name"]) for place in opened["divisions"]]
    context = {
        "found": found,
        "form": public_form(request, values or found["fields"], problem),
        "labels": FIELDS,
        "categories": options(words.MEMBER_CATEGORIES),
        "divisions": divisions,
        "words": words,
        "papers": papers_of(found["papers"]),
        "refused": refused,
    }
    status = problem.status if problem else 422 if refused else 200
    return keep_form_token(request, render(request, "apply/status.html", context, status=status))


def papers_of(told: dict[str, Any]) -> dict[str, Any]:
    """An application's papers, and what may be added, as the page says it."""
    return {
        "rows": [shown_file(one) for one in told["items"]],
        "open": told["token"] is not None,
        "accept": ",".join(f".{ending}" for ending in told["endings"]),
        "limit_files": told["limit_files"],
        "limit_words": size_words(told["limit_bytes"]),
        "together_words": size_words(told["limit_bytes_together"]),
    }


@router.post(
    "/status/completion",
    dependencies=[performs(f"POST {PUBLIC}/applications/completion", f"POST {PUBLIC}/applications/inquiry")],
)
async def complete(request: Request, gateway: PublicGateway) -> Response:
    """Send what was missing."""
    held = held_receipt(request)
    if held is None:
        return RedirectResponse("/apply/status", 303)
    values = await submitted(request)
    body = held.model_dump() | {"fields": _told(values)}
    try:
        await gateway.post(f"{PUBLIC}/applications/completion", body)
    except ApiProblem as problem:
        if problem.status not in REFUSED:
            raise
        found = (await inquire(gateway, held)).data
        return await shown(request, gateway, held, found, values, _of_the_fields(problem))
    return RedirectResponse("/apply/status", 303)


def _of_the_fields(problem: ApiProblem) -> ApiProblem:
    """The refusal with its issues told of the form's own fields (`fields.name` is `name` here)."""
    issues = [replace(issue, field=issue.field.removeprefix("fields.")) for issue in problem.errors]
    return ApiProblem(problem.status, problem.code, problem.title, problem.detail, errors=issues)


@router.post("/status/withdrawal", dependencies=[performs(f"POST {PUBLIC}/applications/withdrawal")])
async def withdraw(request: Request, gateway: PublicGateway) -> Response:
    """Withdraw the application."""
    held = held_receipt(request)
    if held is not None:
        values = await submitted(request)
        body = held.model_dump() | {"reason": values.get("withdrawal_reason") or None}
        await gateway.post(f"{PUBLIC}/applications/withdrawal", body)
    return RedirectResponse("/apply/status", 303)


@router.post("/status/leave")
async def leave(request: Request) -> Response:
    """Forget the receipt in this browser."""
    response = RedirectResponse("/apply/status", 303)
    drop_receipt(request, response)
    return response
