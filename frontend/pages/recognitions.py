"""级别认定与奖牌: recognise and withdraw, the list of plates that lapse, one recognition of a member."""

import asyncio
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from frontend.access import CurrentUser, Gateway, needs, performs
from frontend.filters import on_day
from frontend.forms import KEY_FIELD, Form, payload, submitted
from frontend.gateway_client import ApiProblem, BoundGateway
from frontend.htmx import page_or_fragment, redirect
from frontend.pages.collaboration_fields import CHOICES
from frontend.pages.collaborations import GRANT_STATES, RESULTS, rights
from frontend.pages.registry_words import API, FORM_REFUSALS, current, member_options, options, refused_form
from frontend.tables import Action, Column, Filter, Table
from services.kernel import registry_words as words
from services.kernel.permissions import Permission

router = APIRouter(prefix="/collaborations", dependencies=[needs(Permission.REGISTRY_READ)])
WRITES = [needs(Permission.REGISTRY_WRITE)]
GRANT_LABELS = {
    "level": "认定级别",
    "granted_on": "认定日期",
    "document_number": "认定文号",
    "title": "荣誉名称",
    "lapses_on": "到期日",
}
MEMBER_LABELS = {"member": "成员单位", "kind": "认定类别", **GRANT_LABELS}
WITHDRAWAL_LABELS = {"withdrawn_on": "撤销日期", "reason": "撤销原因"}
PLATES_PATH = "/collaborations/plates"
TRUE = (("true", "是"),)


def _due(row: dict[str, Any]) -> str:
    return "、".join(f"{year}年" for year in row["due_years"]) or "—"


PLATES = Table(
    id="plates",
    path=PLATES_PATH,
    caption="奖牌和级别认定",
    default_sort="lapses_on",
    columns=(
        Column("subject.name", "单位或载体", link=PLATES_PATH + "/{id}", wide=True),
        Column("kind", "类别", labels=words.COLLABORATION_KINDS),
        Column("level", "级别", labels=words.RECOGNITION_LEVELS),
        Column("granted_on", "认定日期", "date", sort="granted_on"),
        Column("lapses_on", "到期日", "date", sort="lapses_on"),
        Column("document_number", "文号", wide=True, narrow_hidden=True),
        Column("due_years", "欠考核年度", render=_due),
        Column("state", "状态", "status", labels=GRANT_STATES),
    ),
    filters=(
        Filter("kind", "类别", "select", CHOICES["kinds"]),
        Filter("level", "级别", "select", CHOICES["levels"]),
        Filter("state", "状态", "select", options(words.RECOGNITION_STATES)),
        Filter("plates", "只看会到期的", "select", TRUE),
        Filter("lapsing", "90 天内到期", "select", TRUE),
        Filter("review_due", "欠年度考核", "select", TRUE),
        Filter("as_of", "截至日期", "date"),
    ),
    empty_hint="登记级别认定后在这里查看；会到期的奖牌到期自动失效。",
)


@router.get("/plates")
async def list_plates(request: Request, gateway: Gateway, user: CurrentUser, as_of: str = "") -> Response:
    """Every recognition with its lapse and the reviews it lacks, and the rules they follow."""
    asked = PLATES.params(request)
    if member := request.query_params.get("member"):
        asked["member"] = member
    answer, rules = await asyncio.gather(
        gateway.get(f"{API}/recognitions", asked),
        gateway.get(f"{API}/recognitions/plate-rules", {"as_of": as_of or None}),
    )
    new = Action("登记单位认定", f"{PLATES_PATH}/new", "certificate", primary=True)
    table = PLATES.view(
        request,
        answer.data,
        totals={"subject": {"name": f"{answer.data['total']} 项"}},
        actions=(new,) if rights(user, as_of)["writer"] else (),
    )
    context = {"table": table, "rules": rules.data["items"], "words": words, "as_of": as_of}
    return page_or_fragment(request, "collaborations/plates.html", "_table.html", context)


@router.get("/plates/new", dependencies=WRITES)
async def new_member_recognition(request: Request, gateway: Gateway, member: str = "") -> Response:
    """The form of a recognition of a member unit."""
    form = Form.of(request, {"member": member})
    return await _recognition_form(request, gateway, None, form)


@router.post("/plates/new", dependencies=[*WRITES, performs("POST /api/registry/v1/recognitions")])
async def recognise_member(request: Request, gateway: Gateway) -> Response:
    """Record a recognition of a member unit."""
    values = await submitted(request)
    sent = payload(values, *MEMBER_LABELS)
    try:
        answer = await gateway.post(f"{API}/recognitions", sent, idempotency_key=values.get(KEY_FIELD))
    except ApiProblem as problem:
        if problem.status not in FORM_REFUSALS:
            raise
        return await _recognition_form(request, gateway, None, Form.refused(request, values, problem))
    return redirect(request, f"{PLATES_PATH}/{answer.data['id']}", toast="已登记认定。")


@router.get("/plates/{recognition_id}")
async def plate(
    request: Request, gateway: Gateway, user: CurrentUser, recognition_id: UUID, as_of: str = ""
) -> Response:
    """One recognition; those of a collaboration are shown with it."""
    day = {"as_of": as_of} if as_of else {}
    found = (await gateway.get(f"{API}/recognitions/{recognition_id}", day)).data
    if found["subject"]["type"] == "collaboration":
        return redirect(request, on_day(f"/collaborations/{found['subject']['id']}", as_of))
    reviews = (await gateway.get(f"{API}/recognitions/{recognition_id}/reviews", day)).data
    base = f"{PLATES_PATH}/{recognition_id}"
    values = {
        "grant": found,
        "reviews": reviews,
        "base": base,
        "as_of": as_of,
        "words": words,
        "grant_states": GRANT_STATES,
        "results": RESULTS,
        **rights(user, as_of),
    }
    return page_or_fragment(request, "collaborations/plate.html", "collaborations/_plate.html", values)


@router.get("/plates/{recognition_id}/withdrawal", dependencies=WRITES)
async def new_plate_withdrawal(request: Request, gateway: Gateway, recognition_id: UUID) -> Response:
    """The form of a withdrawal from a member unit."""
    return await _withdrawal_form(request, gateway, recognition_id, PLATES_PATH, Form.of(request))


@router.post(
    "/plates/{recognition_id}/withdrawal",
    dependencies=[*WRITES, performs("POST /api/registry/v1/recognitions/{}/withdrawal")],
)
async def withdraw_plate(request: Request, gateway: Gateway, recognition_id: UUID) -> Response:
    """Record a withdrawal from a member unit."""
    address = f"{API}/recognitions/{recognition_id}/withdrawal"
    return await _withdraw(request, gateway, recognition_id, address, f"{PLATES_PATH}/{recognition_id}", PLATES_PATH)


@router.get("/{collaboration_id}/recognitions/new", dependencies=WRITES)
async def new_recognition(request: Request, gateway: Gateway, collaboration_id: UUID) -> Response:
    """The form of a recognition."""
    return await _recognition_form(request, gateway, collaboration_id, Form.of(request))


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
        return await _recognition_form(request, gateway, collaboration_id, Form.refused(request, values, problem))
    return redirect(request, f"/collaborations/{collaboration_id}", toast="已登记级别认定。")


@router.get("/{collaboration_id}/recognitions/{recognition_id}/withdrawal", dependencies=WRITES)
async def new_withdrawal(request: Request, gateway: Gateway, collaboration_id: UUID, recognition_id: UUID) -> Response:
    """The form of a withdrawal."""
    base = f"/collaborations/{collaboration_id}"
    return await _withdrawal_form(request, gateway, recognition_id, base, Form.of(request))


@router.post(
    "/{collaboration_id}/recognitions/{recognition_id}/withdrawal",
    dependencies=[*WRITES, performs("POST /api/registry/v1/collaborations/{}/recognitions/{}/withdrawal")],
)
async def withdraw_recognition(
    request: Request, gateway: Gateway, collaboration_id: UUID, recognition_id: UUID
) -> Response:
    """Record a withdrawal."""
    address = f"{API}/collaborations/{collaboration_id}/recognitions/{recognition_id}/withdrawal"
    base = f"/collaborations/{collaboration_id}"
    return await _withdraw(request, gateway, recognition_id, address, base, base)


async def _withdraw(
    request: Request, gateway: BoundGateway, recognition_id: UUID, address: str, then: str, base: str
) -> Response:
    values = await submitted(request)
    try:
        await gateway.post(address, payload(values, *WITHDRAWAL_LABELS))
    except ApiProblem as problem:
        if problem.status not in FORM_REFUSALS:
            raise
        form = Form.refused(request, values, problem)
        return await _withdrawal_form(request, gateway, recognition_id, base, form)
    return redirect(request, then, toast="已撤销认定。")


async def _withdrawal_form(
    request: Request, gateway: BoundGateway, recognition_id: UUID, base: str, form: Form
) -> Response:
    """The page of a withdrawal's form; `base` is the collaboration, or the list of plates for a member's."""
    grant = (await current(gateway, f"/recognitions/{recognition_id}")).data
    of_member = base == PLATES_PATH
    context = {
        "grant": grant,
        "action": f"{base}/{recognition_id}/withdrawal"
        if of_member
        else f"{base}/recognitions/{recognition_id}/withdrawal",
        "cancel": f"{base}/{recognition_id}" if of_member else base,
        "labels": WITHDRAWAL_LABELS,
        "words": words,
    }
    return _answer(request, "withdraw", context, form)


async def _recognition_form(
    request: Request, gateway: BoundGateway, collaboration_id: UUID | None, form: Form
) -> Response:
    """The page of a recognition's form: of a collaboration, or of a member unit to be chosen."""
    base = f"/collaborations/{collaboration_id}" if collaboration_id else PLATES_PATH
    context: dict[str, Any] = {
        **CHOICES,
        "found": (await current(gateway, base)).data if collaboration_id else None,
        "members": [] if collaboration_id else await member_options(gateway),
        "action": f"{base}/recognitions/new" if collaboration_id else f"{base}/new",
        "cancel": base,
        "labels": MEMBER_LABELS,
    }
    return _answer(request, "recognise", context, form)


def _answer(request: Request, name: str, context: dict[str, Any], form: Form) -> Response:
    page, fragment = f"collaborations/{name}.html", f"collaborations/_{name}.html"
    if form.problem is not None:
        return refused_form(request, page, fragment, context, form, "recognition-form")
    return page_or_fragment(request, page, fragment, {**context, "form": form})
