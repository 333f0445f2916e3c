"""目标指标: the indicators with their lights, one indicator with its chart, reports and their review, the tasks."""

from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from markupsafe import Markup

from frontend import filters
from frontend.access import CurrentUser, Gateway, needs, performs
from frontend.charts import Chart, Series
from frontend.forms import ETAG_FIELD, KEY_FIELD, Form, payload, submitted
from frontend.gateway_client import ApiProblem, BoundGateway
from frontend.htmx import page_or_fragment, redirect
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


def _citation(row: dict[str, Any]) -> Markup:
    return filters.citation(row["citation"]["pack"], row["citation"]["article"])


def _value(row: dict[str, Any]) -> str:
    """The year's value, or else the newest one before it, marked with its year."""
    observed, latest = row["status"]["observed"], row["latest"]
    if observed is not None:
        return f"{filters.number(observed)} {row['unit']}"
    if latest is not None:
        return f"{filters.number(latest['observed'])} {row['unit']}（{latest['year']}年）"
    return filters.NOTHING


def _required(row: dict[str, Any]) -> str:
    status = row["status"]
    if status["required"] is None:
        return next((m["text"] for m in row["milestones"] if m["text"]), filters.NOTHING)
    when = f"{status['required_by'][:4]}年末" if status["required_by"] else "未规定时限"
    bound = "≤" if row["direction"] == "at_most" else "≥"
    return f"{bound} {filters.number(status['required'])} {row['unit']}（{when}）"


INDICATORS = Table(
    id="indicators",
    path="/targets",
    caption="目标指标",
    row_id="code",
    columns=(
        Column("status.light", "状态", "light"),
        Column("name", "指标", link="/targets/{code}", wide=True),
        Column("required", "要求", render=_required),
        Column("observed", "实际", render=_value),
        Column("status.sentence", "说明", wide=True, narrow_hidden=True),
        Column("citation", "依据", "markup", render=_citation),
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
        Column("citation", "依据", "markup", render=_citation),
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
async def indicator(code: str, request: Request, gateway: Gateway, user: CurrentUser, year: Year = None) -> Response:
    """One indicator: its years as a chart, its milestones, and the form to report it."""
    found = (await gateway.get(f"{API}/indicators/{code}", {"year": year})).data
    form = Form.of(request, {"year": found["status"]["year"]})
    return await _indicator_page(request, gateway, user, found, form)


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
        return await _indicator_page(request, gateway, user, found, form, problem.status)
    return redirect(request, f"/targets/reports/{answer.data['id']}", toast="已提交填报，等待秘书处审核。")


async def _indicator_page(
    request: Request, gateway: BoundGateway, user: User, found: dict[str, Any], form: Form, status: int = 200
) -> Response:
    recent = await gateway.get(f"{API}/reports", {"indicator": found["code"], "limit": 10, "sort": "-year"})
    values = {
        "indicator": found,
        "chart": series_chart(found),
        "reports": REPORTS.view(request, recent.data),
        "form": form,
        "labels": FORM_LABELS,
        "states": REPORT_STATES,
        "required": _required(found),
        "observed": _value(found),
        "may_report": user.may(Permission.TARGETS_REPORT),
    }
    return page_or_fragment(request, "targets/indicator.html", "targets/_report_form.html", values, status=status)


def series_chart(found: dict[str, Any]) -> Chart:
    """Requirement against fact, a category per year; a year that has none, or two undecided, no point."""
    milestones = {m["year"]: m["value"] for m in found["milestones"] if m["counts"]}
    years = [s["year"] for s in found["series"]]
    required = [_decimal(milestones.get(year, milestones.get(None))) for year in years]
    observed = [_decimal(s["observed"]) for s in found["series"]]
    return Chart(
        id="series",
        title=found["name"],
        categories=[f"{year}年" for year in years],
        series=(Series("要求", required, dashed=True), Series("实际", observed, "bar")),
        unit=found["unit"],
        category_label="年度",
        download=f"/targets/{found['code']}/series.xlsx",
    )


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
