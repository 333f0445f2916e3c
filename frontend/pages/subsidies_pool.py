"""结算: register what was decided on what lies above a pool, and what the decision rests on."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from frontend.access import CurrentUser, Gateway, needs, performs
from frontend.forms import KEY_FIELD, Form, payload, submitted
from frontend.gateway_client import ApiProblem, BoundGateway
from frontend.htmx import hx_retarget, redirect
from frontend.pages.subsidies_common import API
from frontend.pages.subsidies_settlements import settlement_page
from frontend.pages.subsidies_shortfall import FIELDS, about, to_decide
from frontend.session import User
from services.kernel.permissions import Permission

router = APIRouter(prefix="/subsidies/settlements", dependencies=[needs(Permission.SUBSIDIES_READ)])
CONFIRMS = [needs(Permission.SUBSIDIES_CONFIRM)]
REFUSALS = {409, 422, 503}
"""What gives the form back: a rule against it, faults in its fields, or a registry that could not check the basis."""


@router.post(
    "/{settlement_id}/pool-decisions",
    dependencies=[*CONFIRMS, performs("POST /api/subsidies/v1/settlements/{}/pool-decisions")],
)
async def decide(settlement_id: UUID, request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """Register a decision, or a new one in place of the one that stands."""
    values = await submitted(request)
    path = f"{API}/settlements/{settlement_id}"
    try:
        await gateway.post(f"{path}/pool-decisions", _body(values), idempotency_key=values.get(KEY_FIELD))
    except ApiProblem as problem:
        if problem.status not in REFUSALS:
            raise
        return await _refused(request, gateway, user, path, values, problem)
    return redirect(request, f"/subsidies/settlements/{settlement_id}", toast="已登记决定，拨付表按此方案。")


def _body(values: dict[str, Any]) -> dict[str, Any]:
    """What the service takes; what is needed and empty is left out, and missed as such."""
    sent = payload(values, *(field.name for field in FIELDS))
    return {field.name: sent[field.name] for field in FIELDS if sent[field.name] is not None or not field.required}


async def _refused(
    request: Request, gateway: BoundGateway, user: User, path: str, values: dict[str, Any], problem: ApiProblem
) -> Response:
    """The settlement as it stands now, with the form as it was sent; one that was overtaken takes the new decision.

    Raises the problem itself where there is no longer anything to decide.
    """
    answer = await gateway.get(path)
    budget = str(values.get("budget"))
    begun = to_decide(answer.data, budget)
    if begun is None or begun["budget"] != budget:
        raise problem
    form = Form.refused(request, {**values, **about(answer.data, budget)}, problem)
    response = await settlement_page(request, gateway, user, answer, decision_form=form, status=problem.status)
    hx_retarget(response, "#settlement", "outerHTML")
    return response
