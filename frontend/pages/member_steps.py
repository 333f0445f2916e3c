"""A member's life on its page: the steps so far, the steps that its status allows, and its yearly grades."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from frontend import filters
from frontend.access import CurrentUser, Gateway, needs, performs
from frontend.forms import ETAG_FIELD, KEY_FIELD, submitted
from frontend.gateway_client import Answer, ApiProblem, BoundGateway
from frontend.htmx import page_or_fragment, redirect
from frontend.pages.registry_words import API, FORM_REFUSALS, current, options
from frontend.pages.step_forms import CITATION, DOCUMENT, EFFECTIVE_ON, OPINION, Field, StepForm, StepPage, cited
from frontend.session import User
from services.kernel import registry_words as words
from services.kernel.permissions import Permission

router = APIRouter(prefix="/members", dependencies=[needs(Permission.REGISTRY_READ)])
WRITE, DECIDE = Permission.REGISTRY_WRITE, Permission.REGISTRY_DECIDE
ONE = "/members/{}"
TONES = {"rectification": "warning", "suspension": "warning", "exit": "danger", "admission": "success"}
PLAIN = (OPINION, EFFECTIVE_ON, DOCUMENT, *CITATION)

STEPS = {
    "rectification": StepForm(
        "rectification", "责令整改", "责令整改", f"{ONE}/rectification", WRITE,
        (
            Field("opinion", "整改事项", "textarea", required=True, wide=True, longest=1000),
            Field("deadline", "整改期限", "date", required=True), EFFECTIVE_ON, DOCUMENT, *CITATION,
        ),
    ),
    "rectified": StepForm(
        "rectified", "整改完成", "确认整改完成", f"{ONE}/rectification/closure", DECIDE, PLAIN,
    ),
    "suspension": StepForm("suspension", "暂停", "暂停", f"{ONE}/suspension", DECIDE, PLAIN),
    "resumption": StepForm("resumption", "恢复", "恢复", f"{ONE}/resumption", DECIDE, PLAIN),
    "exit": StepForm(
        "exit", "退出", "确认退出", f"{ONE}/exit", DECIDE,
        (Field("opinion", "退出原因", "textarea", required=True, wide=True, longest=1000),
         EFFECTIVE_ON, DOCUMENT, *CITATION),
        confirm="确认退出？此后只能重新申请入会。", done="已办理退出；未处理的席位和合作列在待办。",
    ),
}  # fmt: skip
GRADE = Field("grade", "考核等次", "radio", required=True, wide=True, options=options(words.REVIEW_GRADES))
REVIEW = StepForm(
    "reviews/new", "登记年度考核", "登记", f"{ONE}/reviews", WRITE,
    (
        Field("year", "考核年度", "number", required=True), GRADE,
        Field("opinion", "考核意见", "textarea", wide=True, longest=1000), DOCUMENT,
        Field("on_date", "考核日期", "date", help="不填为今天。"),
    ),
)  # fmt: skip
CORRECTION = StepForm(
    "reviews/{year}", "更正年度考核", "更正", f"{ONE}/reviews/{{}}", WRITE,
    (
        GRADE, Field("opinion", "更正原因", "textarea", required=True, wide=True, longest=1000), DOCUMENT,
        Field("on_date", "更正日期", "date", help="不填为今天。"),
    ),
)  # fmt: skip


@router.get("/{member_id}/life")
async def life(
    request: Request, gateway: Gateway, user: CurrentUser, member_id: UUID, as_of: date | None = None
) -> Response:
    """The member's life: what happened (until a day), its grades, and what may be done now."""
    path = f"{API}/members/{member_id}"
    then = {"as_of": as_of.isoformat() if as_of else None}
    member, steps, reviews = await asyncio.gather(
        gateway.get(path, then), gateway.get(f"{path}/steps", then), gateway.get(f"{path}/reviews", then)
    )
    values = {
        "member": member.data,
        "steps": [entry(step, as_of) for step in steps.data["items"]],
        "forms": forms_of(steps.data["allowed"], user),
        "reviews": reviews.data,
        "may_grade": user.may(WRITE) and "annual_review" in steps.data["allowed"],
        "may_correct": user.may(WRITE) and as_of is None,
        "as_of": as_of,
        "words": words,
    }
    return page_or_fragment(request, "life/page.html", "life/_life.html", values)


def forms_of(allowed: list[str], user: User) -> list[StepForm]:
    """The forms of the steps that are allowed, to whom they are."""
    return [STEPS[step] for step in allowed if step in STEPS and user.may(STEPS[step].needs)]


def entry(step: Mapping[str, Any], as_of: date | None = None) -> dict[str, Any]:
    """A step as the timeline shows it, its application as of the day that is looked at."""
    graded = f"{step['year']} 年度：{words.REVIEW_GRADES[step['grade']]}" if step["grade"] else ""
    deadline = filters.date_cn(step["deadline"]) if step["deadline"] else None
    named = [("期限", deadline), ("文件", step["document"]), ("决议", step["resolution_number"])]
    where = filters.on_day(f"/applications/{step['application']}", as_of)
    application = [("入会申请", where)] if step["application"] else []
    holds = f"生效日期：{filters.date_cn(step['effective_on'])}"
    told = [holds, graded, step["opinion"], *(f"{k}：{v}" for k, v in named if v)]
    return {
        "at": step["at"],
        "who": step["actor_name"],
        "title": words.MEMBER_STEPS[step["step"]],
        "detail": "；".join(text.rstrip("。") for text in told if text),
        "tone": TONES.get(step["step"], "info"),
        "links": [*application, *cited(step)],
    }


async def _page(gateway: BoundGateway, step: StepForm, member_id: UUID, where: str) -> tuple[StepPage, Answer]:
    path = f"/members/{member_id}"
    found = await current(gateway, path)
    crumbs = [("成员单位", "/members"), (found.data["name"], path), (step.title, None)]
    state = words.MEMBER_STATUSES[found.data["status"]]
    page = StepPage(step, crumbs, f"{path}/{where}", path, f"{found.data['name']}（{state}）")
    if step.path == "exit":
        page.extra = {"impact": (await current(gateway, f"{path}/exit-impact")).data}
    return page, found


def _body(step: StepForm, values: Mapping[str, Any]) -> dict[str, Any]:
    """What the service takes; an exit also says what was seen."""
    if step.path != "exit":
        return step.body(values)
    seen = {"impact": values.get("impact") or "-", "without_claims": values.get("without_claims") == "true"}
    return {**step.body(values), **seen}


def _handlers(step: StepForm) -> tuple[Callable[..., Awaitable[Response]], Callable[..., Awaitable[Response]]]:
    async def show(request: Request, gateway: Gateway, member_id: UUID) -> Response:
        """The form of one step."""
        page, found = await _page(gateway, step, member_id, f"steps/{step.path}")
        return page.show(request, {}, found.etag)

    async def take(request: Request, gateway: Gateway, member_id: UUID) -> Response:
        """Take the step, or show the form with its faults."""
        values = await submitted(request)
        page, found = await _page(gateway, step, member_id, f"steps/{step.path}")
        answer = await page.send(request, gateway, step.operation.format(member_id), values, _body(step, values))
        return page.refused(request, values, answer, found.etag) if isinstance(answer, ApiProblem) else answer

    return show, take


for one in STEPS.values():
    _show, _take = _handlers(one)
    _place = f"/{{member_id}}/steps/{one.path}"
    router.add_api_route(_place, _show, methods=["GET"], dependencies=[needs(one.needs)], response_model=None)
    router.add_api_route(
        _place, _take, methods=["POST"], dependencies=[needs(one.needs), performs(one.command)], response_model=None
    )


@router.get("/{member_id}/reviews/new", dependencies=[needs(WRITE)])
async def new_review(request: Request, gateway: Gateway, member_id: UUID) -> Response:
    """The form of one year's grade."""
    page, _ = await _page(gateway, REVIEW, member_id, REVIEW.path)
    return page.show(request, {}, None)


@router.post("/{member_id}/reviews/new", dependencies=[needs(WRITE), performs(REVIEW.command)])
async def grade(request: Request, gateway: Gateway, member_id: UUID) -> Response:
    """Record the grade, or show the form with its faults."""
    values = await submitted(request)
    page, _ = await _page(gateway, REVIEW, member_id, REVIEW.path)
    try:
        address = f"{API}{REVIEW.operation.format(member_id)}"
        await gateway.post(address, REVIEW.body(values), idempotency_key=values.get(KEY_FIELD))
    except ApiProblem as problem:
        if problem.status not in FORM_REFUSALS:
            raise
        return page.refused(request, values, problem, None)
    return redirect(request, page.back, toast="已登记考核结果。")


@router.get("/{member_id}/reviews/{year}", dependencies=[needs(WRITE)])
async def correct_review(request: Request, gateway: Gateway, member_id: UUID, year: int) -> Response:
    """The form that corrects a grade."""
    page, found = await _correction(gateway, member_id, year)
    return page.show(request, {"grade": found["grade"]}, f'"{found["row_version"]}"')


@router.post("/{member_id}/reviews/{year}", dependencies=[needs(WRITE), performs(f"PUT {API}{CORRECTION.operation}")])
async def save_correction(request: Request, gateway: Gateway, member_id: UUID, year: int) -> Response:
    """Correct the grade, or show the form with its faults."""
    values = await submitted(request)
    page, found = await _correction(gateway, member_id, year)
    try:
        address = f"{API}{CORRECTION.operation.format(member_id, year)}"
        await gateway.put(address, CORRECTION.body(values), if_match=values.get(ETAG_FIELD))
    except ApiProblem as problem:
        if problem.status not in {*FORM_REFUSALS, 412}:
            raise
        return page.refused(request, values, problem, f'"{found["row_version"]}"')
    return redirect(request, page.back, toast="已更正考核结果。")


async def _correction(gateway: BoundGateway, member_id: UUID, year: int) -> tuple[StepPage, dict[str, Any]]:
    page, _ = await _page(gateway, CORRECTION, member_id, f"reviews/{year}")
    known = (await current(gateway, f"/members/{member_id}/reviews")).data
    found = next((review for review in known if review["year"] == year), None)
    if found is None:
        raise ApiProblem(404, "review_not_found", "没有找到", "该单位这一年度还没有考核结果。")
    page.subtitle = f"{page.subtitle} {year} 年度，现为“{words.REVIEW_GRADES[found['grade']]}”"
    return page, found
