"""`/jobs/<service>/<id>`: the fragment that a running job's progress replaces itself with, each second."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from frontend.access import Gateway
from frontend.gateway_client import ApiProblem
from frontend.htmx import HtmxDetails, hx_trigger, page_or_fragment, safe_next

router = APIRouter()

Service = Literal["registry", "targets", "subsidies"]
ENDED = {"succeeded", "failed"}
PASSING = {429, 502, 503, 504}


@router.get("/jobs/{service}/{job_id}")
async def job(
    request: Request,
    gateway: Gateway,
    service: Service,
    job_id: UUID,
    then: Annotated[str, Query(max_length=500)] = "",
    label: Annotated[str, Query(max_length=40)] = "查看结果",
) -> Response:
    """How far the job is; `then` is where its result stands. Fires `hub:job-done` when it has ended.

    While the service is away htmx gets 204, which swaps nothing, so that the polling goes on.
    """
    try:
        answer = await gateway.get(f"/api/{service}/v1/jobs/{job_id}")
    except ApiProblem as problem:
        if problem.status in PASSING and HtmxDetails.of(request).wants_fragment:
            return Response(status_code=204)
        raise
    values = {"job": answer.data, "service": service, "then": safe_next(then) if then else None, "then_label": label}
    response = page_or_fragment(request, "job.html", "_job.html", values)
    if answer.data["state"] in ENDED:
        hx_trigger(response, "hub:job-done", {"id": str(job_id), "state": answer.data["state"]})
    return response
