"""入会申请: the list with its states, one application with its timeline, and the steps that its state allows."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from frontend import filters
from frontend.access import CurrentUser, Gateway, needs, performs
from frontend.forms import KEY_FIELD, submitted
from frontend.gateway_client import Answer, ApiProblem, BoundGateway
from frontend.htmx import page_or_fragment, redirect
from frontend.pages.application_steps import ANSWER, ENTRY, STEPS, WRITE, forms_of
from frontend.pages.registry_words import API, FORM_REFUSALS, current, division_options, may_write, options
from frontend.pages.step_forms import StepForm, StepPage, cited
from frontend.tables import Action, Column, Filter, Table
from services.kernel import registry_words as words
from services.kernel.permissions import Permission

router = APIRouter(prefix="/applications", dependencies=[needs(Permission.REGISTRY_READ)])
STATES = {
    "submitted": ("待初审", "warning"),
    "returned": ("退回补正", "secondary"),
    "deliberation": ("待审议", "warning"),
    "approved": ("待公示", "info"),
    "publicity": ("公示中", "info"),
    "admitted": ("已入会", "success"),
    "rejected": ("未通过", "danger"),
    "withdrawn": ("已撤回", "secondary"),
}
TONES = {"endorse": "success", "approve": "success", "admit": "success", "return": "warning", "object": "warning"}
OUTCOMES = {"dismissed": "异议不成立", "upheld": "异议成立"}

TABLE = Table(
    id="applications",
    path="/applications",
    caption="入会申请",
    columns=(
        Column("number", "编号"),
        Column("name", "单位名称", link="/applications/{id}", wide=True),
        Column("category", "类别", labels=words.MEMBER_CATEGORIES, narrow_hidden=True),
        Column("division_name", "区划", narrow_hidden=True),
        Column("submitted_on", "申请日期", "date", sort="submitted_on"),
        Column("publicity_ends_on", "公示截止", "date", narrow_hidden=True),
        Column("state", "状态", "status", labels=STATES),
    ),
    filters=(
        Filter("q", "名称", placeholder="名称、拼音、代码或编号"),
        Filter("state", "状态", "select", options(words.APPLICATION_STATES)),
        Filter("division", "区划", "select"),
        Filter("as_of", "截至日期", "date"),
    ),
    export="/applications/export",
)


@router.get("")
async def list_applications(request: Request, gateway: Gateway, user: CurrentUser, as_of: str = "") -> Response:
    """The list, now or as of a day; a bureau sees its own county's."""
    answer, (divisions, _) = await asyncio.gather(
        gateway.get(f"{API}/applications", TABLE.params(request)), division_options(gateway)
    )
    filters = [Filter("division", "区划", "select", divisions) if f.name == "division" else f for f in TABLE.filters]
    totals = {"name": f"{answer.data['total']} 份"}
    actions = (Action(ENTRY.title, "/applications/new", primary=True),) if may_write(user) and not as_of else ()
    shown: dict[str, Any] = {"totals": totals, "filters": filters, "actions": actions}
    table = TABLE.view(request, answer.data, **shown)
    return page_or_fragment(request, "applications/list.html", "_table.html", {"table": table})


@router.get("/export")
async def export(request: Request, gateway: Gateway) -> Response:
    """The workbook of the query that the list shows."""
    return await gateway.download(f"{API}/applications/export.xlsx", TABLE.filled(request))


@router.get("/new", dependencies=[needs(WRITE)])
async def new_application(request: Request, gateway: Gateway) -> Response:
    """The form into which the office enters an application that came on paper."""
    return (await _entry(gateway)).show(request, {}, None)


@router.post("/new", dependencies=[needs(WRITE), performs(f"POST {API}/applications")])
async def enter_application(request: Request, gateway: Gateway) -> Response:
    """Put it in, or show the form with its faults."""
    values = await submitted(request)
    page = await _entry(gateway)
    try:
        key = values.get(KEY_FIELD)
        made = await gateway.post(f"{API}/applications", ENTRY.body(values), idempotency_key=key)
    except ApiProblem as problem:
        if problem.status not in FORM_REFUSALS:
            raise
        return page.refused(request, values, problem, None)
    return redirect(request, f"/applications/{made.data['id']}", toast="已录入申请。")


async def _entry(gateway: BoundGateway) -> StepPage:
    divisions, _ = await division_options(gateway)
    crumbs = [("入会申请", "/applications"), (ENTRY.title, None)]
    told = "单位送来纸质申请时由秘书处录入；没有查询码，进度由秘书处告知。"
    return StepPage(ENTRY, crumbs, "/applications/new", "/applications", told, {"division": divisions})


@router.get("/{application_id}")
async def application(
    request: Request, gateway: Gateway, user: CurrentUser, application_id: UUID, as_of: str = ""
) -> Response:
    """One application, now or as of a day, with its timeline and the steps that its state and the post allow."""
    path = f"/applications/{application_id}"
    found = (await gateway.get(f"{API}{path}", {"as_of": as_of or None})).data
    values = {
        "found": found,
        "steps": [entry(step) for step in reversed(found["steps"])],
        "forms": forms_of(found, user),
        "objections": [step for step in found["steps"] if step["id"] in found["open_objections"]],
        "may_answer": user.may(WRITE) and not as_of,
        "path": path,
        "as_of": as_of,
        "words": words,
        "states": STATES,
    }
    return page_or_fragment(request, "applications/detail.html", "applications/_detail.html", values)


def entry(step: Mapping[str, Any]) -> dict[str, Any]:
    """A step as the timeline shows it."""
    named = [("文件", step["document"]), ("决议", step["resolution_number"])]
    told = [OUTCOMES.get(step["outcome"] or ""), step["opinion"], *(f"{name}：{text}" for name, text in named if text)]
    return {
        "at": step["at"],
        "who": step["actor_name"],
        "title": words.APPLICATION_STEPS[step["step"]],
        "detail": "；".join(filter(None, [f"日期：{filters.date_cn(step['on_date'])}", *told])),
        "tone": TONES.get(step["step"], "danger" if step["to_state"] == "rejected" else "info"),
        "links": cited(step),
    }


async def _page(gateway: BoundGateway, step: StepForm, application_id: UUID, where: str) -> tuple[StepPage, Answer]:
    found = await current(gateway, f"/applications/{application_id}")
    back = f"/applications/{application_id}"
    crumbs = [("入会申请", "/applications"), (found.data["name"], back), (step.title, None)]
    page = StepPage(step, crumbs, f"{back}/{where}", back, f"{found.data['number']} {found.data['name']}")
    if step.path == "admission":
        page.extra = {"candidates": await candidates_of(gateway, found.data)}
        page.choices = {"into": [(one["id"], f"绑定：{one['name']}") for one in page.extra["candidates"]]}
    return page, found


async def candidates_of(gateway: BoundGateway, found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Units on record that may be the applicant: of the same code, or with a name like it."""
    asked = {"name": found["name"], "uscc": found["uscc"]}
    told = (await gateway.get(f"{API}/member-duplicates/candidates", asked)).data
    return [one["member"] for one in told["items"]]


def _handlers(step: StepForm) -> tuple[Callable[..., Awaitable[Response]], Callable[..., Awaitable[Response]]]:
    async def show(request: Request, gateway: Gateway, application_id: UUID) -> Response:
        """The form of one step."""
        page, found = await _page(gateway, step, application_id, step.path)
        proposed = {"working_days": found.data["proposed_publicity_days"]} if step.path == "publicity" else {}
        return page.show(request, proposed, found.etag)

    async def take(request: Request, gateway: Gateway, application_id: UUID) -> Response:
        """Take the step, or show the form with its faults."""
        values = await submitted(request)
        page, found = await _page(gateway, step, application_id, step.path)
        address = step.operation.format(application_id)
        answer = await page.send(request, gateway, address, values, step.body(values))
        return page.refused(request, values, answer, found.etag) if isinstance(answer, ApiProblem) else answer

    return show, take


for one in STEPS.values():
    _show, _take = _handlers(one)
    _place = f"/{{application_id}}/{one.path}"
    router.add_api_route(_place, _show, methods=["GET"], dependencies=[needs(one.needs)], response_model=None)
    router.add_api_route(
        _place, _take, methods=["POST"], dependencies=[needs(one.needs), performs(one.command)], response_model=None
    )


@router.get("/{application_id}/objections/{objection_id}", dependencies=[needs(WRITE)])
async def objection(request: Request, gateway: Gateway, application_id: UUID, objection_id: UUID) -> Response:
    """The form that answers an objection."""
    page, found = await _page(gateway, ANSWER, application_id, f"objections/{objection_id}")
    page.extra = {"objection": _objection(found.data, objection_id)}
    return page.show(request, {}, found.etag)


@router.post("/{application_id}/objections/{objection_id}", dependencies=[needs(WRITE), performs(ANSWER.command)])
async def answer_objection(request: Request, gateway: Gateway, application_id: UUID, objection_id: UUID) -> Response:
    """Answer it, or show the form with its faults."""
    values = await submitted(request)
    page, found = await _page(gateway, ANSWER, application_id, f"objections/{objection_id}")
    page.extra = {"objection": _objection(found.data, objection_id)}
    address = ANSWER.operation.format(application_id, objection_id)
    answer = await page.send(request, gateway, address, values, ANSWER.body(values))
    return page.refused(request, values, answer, found.etag) if isinstance(answer, ApiProblem) else answer


def _objection(found: Mapping[str, Any], objection_id: UUID) -> str:
    return next((str(step["opinion"]) for step in found["steps"] if step["id"] == str(objection_id)), "")
