"""目标指标: the indicators with their lights, one indicator with its chart, reports and their review, the tasks."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from frontend import filters
from frontend.access import CurrentUser, Gateway, needs, performs
from frontend.forms import ETAG_FIELD, KEY_FIELD, Form, payload, submitted
from frontend.gateway_client import ApiProblem, BoundGateway
from frontend.htmx import hx_retarget, page_or_fragment, redirect
from frontend.pages.indicator_words import citation, named, observed, required, series_chart, set_aside
from frontend.pages.source_conflicts import LABELS as CONFLICT_LABELS
from frontend.pages.source_conflicts import STATES as CONFLICT_STATES
from frontend.pages.source_conflicts import WRITTEN, Deciding, cards, decision_body
from frontend.session import User
from frontend.tables import Action, Column, Filter, Table
from services.kernel.permissions import Permission

router = APIRouter(prefix="/targets", dependencies=[needs(Permission.TARGETS_READ)])
WHO_REPORTS = [needs(Permission.TARGETS_REPORT)]
WHO_ASSESSES = [needs(Permission.TARGETS_ASSESS)]
API = "/api/targets/v1"
Year = Annotated[int | None, Query(ge=2000, le=2100)]

REPORT_STATES = {
    "submitted": ("待审核", "info"),
    "accepted": ("已采纳", "success"),
    "returned": ("退回修改", "warning"),
}
TONES = {"accept": "success", "return": "warning"}


INDICATORS = Table(
    id="indicators",
    path="/targets",
    caption="目标指标",
    row_id="code",
    columns=(
        Column("status.light", "状态", "light"),
        Column("name", "指标", "markup", render=named, wide=True),
        Column("required", "要求", render=required),
        Column("observed", "实际", render=observed),
        Column("status.sentence", "说明", wide=True, narrow_hidden=True),
        Column("citation", "依据", "markup", render=citation),
    ),
    filters=(Filter("year", "考核年度", "number"),),
    actions=(
        Action("文件规定的任务", "/targets/tasks", "checklist"),
        Action("填报记录", "/targets/reports", "file-text"),
    ),
    empty_title="还没有应用政策文件",
    empty_hint="请系统管理员应用政策包后再查看。",
)
TASKS = Table(
    id="tasks",
    path="/targets/tasks",
    caption="文件规定的任务",
    row_id="code",
    columns=(
        Column("title", "任务", wide=True),
        Column("deliverable", "成果", wide=True),
        Column("responsible", "责任单位", render=lambda row: "、".join(row["responsible"])),
        Column("due", "时限", render=lambda row: row["due"] or "文件未规定"),
        Column("citation", "依据", "markup", render=citation),
    ),
)
REPORTS = Table(
    id="reports",
    path="/targets/reports",
    caption="指标填报",
    default_sort="-reported_at",
    columns=(
        Column("indicator_name", "指标", sort="indicator", link="/targets/reports/{id}", wide=True),
        Column("year", "年度", sort="year", render=lambda row: f"{row['year']}年"),
        Column("reporter", "填报人"),
        Column("value", "填报值", render=lambda row: f"{filters.number(row['value'])} {row['unit']}"),
        Column("state", "状态", "status", labels=REPORT_STATES),
        Column("reported_at", "填报时间", "datetime", sort="reported_at", narrow_hidden=True),
    ),
    filters=(
        Filter("year", "年度", "number"),
        Filter("state", "状态", "select", tuple((k, v[0]) for k, v in REPORT_STATES.items())),
    ),
    empty_title="没有填报记录",
)
FORM_LABELS = {"year": "年度", "numerator": "分子", "denominator": "分母", "value": "数值", "note": "说明"}


@router.get("")
async def indicators(request: Request, gateway: Gateway) -> Response:
    """All indicators with their light in the chosen year."""
    asked = {k: v for k, v in INDICATORS.params(request).items() if k == "year"}
    answer = await gateway.get(f"{API}/indicators", asked)
    lights = [item["status"]["light"] for item in answer.data["items"]]
    counts = {colour: lights.count(colour) for colour in filters.LIGHTS}
    year_filter = Filter("year", "考核年度", "number", placeholder=str(answer.data["year"]))
    table = INDICATORS.view(request, answer.data, filters=(year_filter,))
    values = {"table": table, "counts": counts, "year": answer.data["year"]}
    return page_or_fragment(request, "targets/list.html", "_table.html", values)


@router.get("/tasks")
async def tasks(request: Request, gateway: Gateway) -> Response:
    """The tasks that the document sets."""
    table = TASKS.view(request, (await gateway.get(f"{API}/tasks")).data)
    return page_or_fragment(request, "targets/tasks.html", "_table.html", {"table": table})


@router.get("/reports")
async def reports(request: Request, gateway: Gateway) -> Response:
    """The reports that the person may see."""
    table = REPORTS.view(request, (await gateway.get(f"{API}/reports", REPORTS.params(request))).data)
    return page_or_fragment(request, "targets/reports.html", "_table.html", {"table": table})


@router.get("/reports/{report_id}")
async def report(report_id: str, request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """One report with its life, and what the person may do with it."""
    answer = await gateway.get(f"{API}/reports/{report_id}")
    form = Form.of(request, answer.data, etag=answer.etag)
    return await _report_page(request, gateway, user, answer.data, form)


async def _report_page(
    request: Request, gateway: BoundGateway, user: User, found: dict[str, Any], form: Form, status: int = 200
) -> Response:
    indicator = (await gateway.get(f"{API}/indicators/{found['indicator']}", {"year": found["year"]})).data
    values = {
        "report": found,
        "indicator": indicator,
        "form": form,
        "labels": FORM_LABELS,
        "states": REPORT_STATES,
        "life": [_step(d) for d in reversed(found["decisions"])],
        "reviews": user.may(Permission.TARGETS_ASSESS),
        "own": user.owner == found["owner"],
    }
    return page_or_fragment(request, "targets/report.html", "targets/_report.html", values, status=status)


def _step(decision: dict[str, Any]) -> dict[str, Any]:
    figures = {k: v for k, v in decision["figures"].items() if v is not None}
    told = "，".join(f"{FORM_LABELS[k]} {filters.number(v)}" for k, v in figures.items())
    detail = "；".join(filter(None, (told, decision["opinion"])))
    tone = TONES.get(decision["action"], "info")
    return {
        "at": decision["at"],
        "who": decision["actor_name"],
        "title": decision["action_label"],
        "detail": detail,
        "tone": tone,
    }


@router.post("/reports/{report_id}/revision", dependencies=[*WHO_REPORTS, performs("PUT /api/targets/v1/reports/{}")])
async def revise(report_id: str, request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """Hand a corrected report in again."""
    values = await submitted(request)
    figures = payload(values, "numerator", "denominator", "value") | {"note": values.get("note", "")}
    try:
        await gateway.put(f"{API}/reports/{report_id}", figures, if_match=values.get(ETAG_FIELD))
    except ApiProblem as problem:
        if problem.status != 422:
            raise
        found = (await gateway.get(f"{API}/reports/{report_id}")).data
        form = Form.refused(request, values, problem)
        return await _report_page(request, gateway, user, found, form, problem.status)
    return redirect(request, f"/targets/reports/{report_id}", toast="已重新提交，等待审核。")


@router.post(
    "/reports/{report_id}/acceptance",
    dependencies=[*WHO_ASSESSES, performs("POST /api/targets/v1/reports/{}/acceptance")],
)
async def accept(report_id: str, request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """Accept a report: it counts from now on."""
    return await _decide(report_id, "acceptance", "已采纳，指标状态已更新。", request, gateway, user)


@router.post(
    "/reports/{report_id}/return", dependencies=[*WHO_ASSESSES, performs("POST /api/targets/v1/reports/{}/return")]
)
async def send_back(report_id: str, request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """Return a report with the reason."""
    return await _decide(report_id, "return", "已退回，填报单位会在待办里看到。", request, gateway, user)


async def _decide(
    report_id: str, step: str, told: str, request: Request, gateway: BoundGateway, user: User
) -> Response:
    values = await submitted(request)
    path = f"{API}/reports/{report_id}"
    try:
        await gateway.post(f"{path}/{step}", {"opinion": values.get("opinion", "")}, if_match=values.get(ETAG_FIELD))
    except ApiProblem as problem:
        if problem.status != 422:
            raise
        found = (await gateway.get(path)).data
        form = Form.refused(request, {**found, **values}, problem)
        return await _report_page(request, gateway, user, found, form, problem.status)
    return redirect(request, f"/targets/reports/{report_id}", toast=told)


@router.get("/{code}")
async def indicator(
    code: str, request: Request, gateway: Gateway, user: CurrentUser, year: Year = None, decide: str | None = None
) -> Response:
    """One indicator: its years as a chart, conflicts of its sources (`decide` opens a form), the form to report it."""
    found = (await gateway.get(f"{API}/indicators/{code}", {"year": year})).data
    return await _indicator_page(request, gateway, user, found, deciding=Deciding(decide, Form.of(request)))


@router.get("/{code}/series.xlsx")
async def series(code: str, gateway: Gateway) -> Response:
    """The spreadsheet behind the chart."""
    return await gateway.download(f"{API}/indicators/{code}/series.xlsx")


@router.post("/{code}/reports", dependencies=[*WHO_REPORTS, performs("POST /api/targets/v1/reports")])
async def create_report(code: str, request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """Report an indicator for a year."""
    values = await submitted(request)
    body = payload(values, "year", "numerator", "denominator", "value")
    body |= {"indicator": code, "note": values.get("note", "")}
    try:
        answer = await gateway.post(f"{API}/reports", body, idempotency_key=values.get(KEY_FIELD))
    except ApiProblem as problem:
        if problem.status not in (409, 422):
            raise
        found = (await gateway.get(f"{API}/indicators/{code}")).data
        form = Form.refused(request, values, problem)
        return await _indicator_page(request, gateway, user, found, form=form)
    return redirect(request, f"/targets/reports/{answer.data['id']}", toast="已提交填报，等待秘书处审核。")


@router.post(
    "/{code}/source-decisions",
    dependencies=[*WHO_ASSESSES, performs("POST /api/targets/v1/indicators/{}/source-decisions")],
)
async def decide_source(code: str, request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """Say which of two places of the document counts in a year."""
    values = await submitted(request)
    path, key = f"{API}/indicators/{code}", values.get(KEY_FIELD)
    try:
        await gateway.post(f"{path}/source-decisions", decision_body(values), idempotency_key=key)
    except ApiProblem as problem:
        found = (await gateway.get(path)).data
        deciding = Deciding.refused(request, values, problem, found)
        response = await _indicator_page(request, gateway, user, found, deciding=deciding)
        hx_retarget(response, f"#conflict-{deciding.place}", "outerHTML")
        return response
    return redirect(request, f"/targets/{code}", toast="已确定考核口径，指标状态已更新。")


async def _indicator_page(
    request: Request,
    gateway: BoundGateway,
    user: User,
    found: dict[str, Any],
    *,
    form: Form | None = None,
    deciding: Deciding | None = None,
) -> Response:
    """The page with its two forms, to report and to decide; of a refused one, htmx gets just that."""
    recent = await gateway.get(f"{API}/reports", {"indicator": found["code"], "limit": 10, "sort": "-year"})
    report = form or Form.of(request, {"year": found["status"]["year"]})
    decision = deciding or Deciding(None, Form.of(request))
    problem = report.problem or decision.form.problem
    conflicts = cards(found, decision if user.may(Permission.TARGETS_ASSESS) else None)
    values = {
        "indicator": found,
        "chart": series_chart(found),
        "reports": REPORTS.view(request, recent.data),
        "form": report,
        "labels": FORM_LABELS,
        "states": REPORT_STATES,
        "required": required(found),
        "observed": observed(found),
        "set_aside": list(set_aside(found)),
        "conflicts": conflicts,
        "conflict": next((card for card in conflicts if card["form"]), None),
        "conflict_states": CONFLICT_STATES,
        "conflict_fields": WRITTEN,
        "conflict_labels": CONFLICT_LABELS,
        "may_report": user.may(Permission.TARGETS_REPORT),
    }
    fragment = "targets/_conflict.html" if decision.form.problem else "targets/_report_form.html"
    status = problem.status if problem else 200
    return page_or_fragment(request, "targets/indicator.html", fragment, values, status=status)
