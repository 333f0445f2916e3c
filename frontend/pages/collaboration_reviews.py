"""年度考核: record the assessment of a year, decide on a failed one, take back a wrong entry.

The same forms serve a collaboration (`/collaborations/{id}`) and a plate of a member (`/collaborations/plates/{id}`).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from frontend.access import Gateway, needs, performs
from frontend.forms import ETAG_FIELD, KEY_FIELD, Form, payload, submitted
from frontend.gateway_client import ApiProblem, BoundGateway
from frontend.htmx import page_or_fragment, redirect
from frontend.pages.registry_words import API, FORM_REFUSALS, options, refused_form
from services.kernel import registry_words as words
from services.kernel.permissions import Permission

router = APIRouter(prefix="/collaborations", dependencies=[needs(Permission.REGISTRY_READ)])
WRITES = [needs(Permission.REGISTRY_WRITE)]
DECIDES = [needs(Permission.REGISTRY_DECIDE)]
REVIEW_LABELS = {
    "year": "考核年度",
    "result": "考核结果",
    "reviewed_on": "考核日期",
    "opinion": "考核意见",
    "document_number": "考核文件",
}
DECISION_LABELS = {
    "decision": "处理决定",
    "decided_on": "决定日期",
    "document_number": "决定文号",
    "resolution": "所依据的决议",
    "rectify_until": "整改期限",
    "reason": "理由",
}
REASON = {"reason": "更正原因"}


@dataclass(frozen=True)
class Place:
    """Where reviews hang: pages and API of a collaboration, or of a member's plate."""

    page: str
    api: str
    plate: bool

    async def title(self, gateway: BoundGateway) -> str:
        found = (await gateway.get(self.api)).data
        return str(found["subject"]["name"] if self.plate else found["name"])


def of_collaboration(thing: UUID) -> Place:
    return Place(f"/collaborations/{thing}", f"{API}/collaborations/{thing}", plate=False)


def of_plate(thing: UUID) -> Place:
    return Place(f"/collaborations/plates/{thing}", f"{API}/recognitions/{thing}", plate=True)


Sender = Callable[[Request, BoundGateway, Place, UUID], Awaitable[Response]]
"""Takes a step on an assessment that is there."""


async def _add(request: Request, gateway: BoundGateway, place: Place) -> Response:
    values = await submitted(request)
    sent = payload(values, *REVIEW_LABELS)
    try:
        await gateway.post(f"{place.api}/reviews", sent, idempotency_key=values.get(KEY_FIELD))
    except ApiProblem as problem:
        return await _refused(request, gateway, place, "review", values, problem)
    told = "已登记考核；不合格的请报负责人决定。" if values.get("result") == "failed" else "已登记考核。"
    return redirect(request, place.page, toast=told)


async def _decide(request: Request, gateway: BoundGateway, place: Place, review: UUID) -> Response:
    values = await submitted(request)
    sent = payload(values, *DECISION_LABELS)
    address = f"{place.api}/reviews/{review}/decision"
    try:
        await gateway.post(address, sent, if_match=values.get(ETAG_FIELD))
    except ApiProblem as problem:
        return await _refused(request, gateway, place, "decision", values, problem, review)
    return redirect(request, place.page, toast="已登记处理决定。")


async def _remove(request: Request, gateway: BoundGateway, place: Place, review: UUID) -> Response:
    values = await submitted(request)
    asked, headers = {"reason": values.get("reason", "")}, {"If-Match": values.get(ETAG_FIELD)}
    try:
        await gateway.request("DELETE", f"{place.api}/reviews/{review}", params=asked, headers=headers)
    except ApiProblem as problem:
        return await _refused(request, gateway, place, "removal", values, problem, review)
    return redirect(request, place.page, toast="已更正：这次考核记录已删去。")


async def _open(request: Request, gateway: BoundGateway, place: Place, name: str, review: UUID) -> Response:
    found = await _find(gateway, place, review)
    return await _form(request, gateway, place, name, Form.of(request, etag=f'"{found["row_version"]}"'), review)


async def _find(gateway: BoundGateway, place: Place, review: UUID) -> dict[str, Any]:
    items = (await gateway.get(f"{place.api}/reviews")).data["items"]
    found: dict[str, Any] | None = next((item for item in items if item["id"] == str(review)), None)
    if found is None:
        raise ApiProblem(404, "review_not_found", "没有找到", "没有这次考核，可能已经更正删去。")
    return found


async def _refused(
    request: Request,
    gateway: BoundGateway,
    place: Place,
    name: str,
    values: dict[str, Any],
    problem: ApiProblem,
    review: UUID | None = None,
) -> Response:
    if problem.status not in {*FORM_REFUSALS, 412}:
        raise problem
    return await _form(request, gateway, place, name, Form.refused(request, values, problem), review)


async def _form(
    request: Request, gateway: BoundGateway, place: Place, name: str, form: Form, review: UUID | None = None
) -> Response:
    """The page of one of the three forms."""
    labels = {"review": REVIEW_LABELS, "decision": DECISION_LABELS, "removal": REASON}[name]
    tail = {"review": "new", "decision": f"{review}/decision", "removal": f"{review}/removal"}[name]
    context = {
        "title": await place.title(gateway),
        "entry": await _find(gateway, place, review) if review else None,
        "action": f"{place.page}/reviews/{tail}",
        "cancel": place.page,
        "labels": labels,
        "results": options(words.REVIEW_RESULTS),
        "decisions": options(words.REVIEW_DECISIONS),
        "words": words,
    }
    page, fragment = f"collaborations/{name}.html", f"collaborations/_{name}.html"
    if form.problem is not None:
        return refused_form(request, page, fragment, context, form, "review-form")
    return page_or_fragment(request, page, fragment, {**context, "form": form})


def add_pages(path: str, api: str, place_of: Callable[[UUID], Place]) -> None:
    """The pages of reviews at one place; `api` is where their commands go."""
    here = Annotated[Place, Depends(place_of)]

    @router.get(f"{path}/new", dependencies=WRITES)
    async def new_review(request: Request, gateway: Gateway, place: here) -> Response:
        """The form of an assessment."""
        due = (await gateway.get(f"{place.api}/reviews")).data["due_years"]
        return await _form(request, gateway, place, "review", Form.of(request, {"year": due[0] if due else None}))

    @router.post(f"{path}/new", dependencies=[*WRITES, performs(f"POST {api}")])
    async def add_review(request: Request, gateway: Gateway, place: here) -> Response:
        """Record an assessment."""
        return await _add(request, gateway, place)

    def add_form(name: str, guards: list[Any], command: str, send: Sender) -> None:
        """The form of one step on an assessment that is there, and the step."""

        @router.get(f"{path}/{{review_id}}/{name}", dependencies=guards)
        async def open_form(request: Request, gateway: Gateway, place: here, review_id: UUID) -> Response:
            """The form, of the version that is there."""
            return await _open(request, gateway, place, name, review_id)

        @router.post(f"{path}/{{review_id}}/{name}", dependencies=[*guards, performs(command)])
        async def send_form(request: Request, gateway: Gateway, place: here, review_id: UUID) -> Response:
            """Take the step, or show the form with its faults."""
            return await send(request, gateway, place, review_id)

    add_form("decision", DECIDES, f"POST {api}/{{}}/decision", _decide)
    add_form("removal", WRITES, f"DELETE {api}/{{}}", _remove)


add_pages("/plates/{thing}/reviews", f"{API}/recognitions/{{}}/reviews", of_plate)
add_pages("/{thing}/reviews", f"{API}/collaborations/{{}}/reviews", of_collaboration)
