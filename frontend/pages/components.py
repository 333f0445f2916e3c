"""`/components`: every component in every state, for people who build pages and for the visual check."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from frontend.charts import Chart, Series
from frontend.error_pages import status_problem
from frontend.forms import Form, submitted, whole_number
from frontend.gateway_client import ApiProblem
from frontend.htmx import page_or_fragment, redirect, render, toast
from frontend.tables import Action, Batch, Column, Filter, Table, TableView
from services.kernel.errors import FieldIssue

router = APIRouter(prefix="/components")

CATEGORIES = {"higher_vocational": "高职院校", "secondary_vocational": "中职学校", "enterprise": "企业"}
SAMPLE = Table(
    id="sample",
    path="/components/table",
    caption="示例列表",
    columns=(
        Column("name", "名称", sort="name", link="/components?row={id}", wide=True),
        Column("category", "类别", labels=CATEGORIES, sort="category"),
        Column("joined_on", "加入日期", "date", narrow_hidden=True),
        Column("headcount", "人数", "number"),
        Column("granted", "奖补金额", "amount", sort="granted"),
        Column("light", "进度", "light"),
        Column("status", "状态", "status"),
    ),
    filters=(
        Filter("q", "名称", placeholder="名称中的任意几个字"),
        Filter("category", "类别", "select", tuple(CATEGORIES.items())),
        Filter("since", "加入日期不早于", "date"),
    ),
    actions=(Action("新增", "/components", primary=True), Action("导入", "/components", "file-import")),
    batch=(Batch("催办", "/components/batch", "bell", confirm="向所选单位发送催办通知，确认吗？"),),
    export="/components/table.csv",
    limit=6,
)
ROWS: tuple[dict[str, Any], ...] = tuple(
    {
        "id": str(place),
        "name": name,
        "category": category,
        "joined_on": f"2024-09-{place:02d}",
        "headcount": 20 * place,
        "granted": 10_000_000 * place + place,
        "light": light,
        "status": status,
    }
    for place, (name, category, light, status) in enumerate(
        (
            ("示例职业技术学院", "higher_vocational", "green", "active"),
            ("示例中等专业学校（名称较长时在单元格内换行，不撑开整张表）", "secondary_vocational", "blue", "submitted"),
            ("示例装备制造有限公司", "enterprise", "yellow", "returned"),
            ("示例汽车工业学校", "secondary_vocational", "red", "overdue"),
            ("示例纺织股份有限公司", "enterprise", "grey", "suspended"),
            ("示例旅游学校", "secondary_vocational", "green", "excluded"),
            ("示例化工技师学院", "higher_vocational", "blue", "draft"),
            ("示例建材集团", "enterprise", "green", "active"),
        ),
        start=1,
    )
)
TIMELINE = (
    {"at": "2026-11-21T06:05:00+00:00", "who": "秘书处 王琳", "title": "受理", "tone": "success"},
    {
        "at": "2026-11-20T02:30:00+00:00",
        "who": "示例县教育局 李明",
        "title": "重新提交",
        "detail": "已补充企业规模佐证材料。",
        "files": [("佐证材料.pdf", "/components")],
    },
    {
        "at": "2026-11-18T08:00:00+00:00",
        "who": "秘书处 王琳",
        "title": "退回修改",
        "detail": "第 12 行缺少企业规模佐证材料，请补充后重新提交。",
        "tone": "warning",
    },
    {"at": "2026-11-17T01:00:00+00:00", "who": "示例县教育局 李明", "title": "提交申报"},
)


@dataclass(frozen=True)
class SampleJob:
    """A job as a service would tell it."""

    id: str
    state: str
    done: int
    total: int
    message: str
    error: dict[str, str] | None = None


JOBS = (
    SampleJob("sample-1", "queued", 0, 0, "正在等待处理"),
    SampleJob("sample-2", "running", 3412, 8000, "正在核对第 3,412 行"),
    SampleJob("sample-3", "succeeded", 8000, 8000, "导入 7,982 行，退回 18 行"),
    SampleJob("sample-4", "failed", 120, 8000, "", {"detail": "文件中没有找到表头，请使用模板重新填写。"}),
)
CHART = Chart(
    id="sample-chart",
    title="指标完成情况",
    categories=("2024年", "2025年", "2026年", "2027年"),
    series=(
        Series("目标", (Decimal(40), Decimal(42), Decimal(45), Decimal(50)), dashed=True),
        Series("实际", (Decimal("40.6"), Decimal("41.3"), None, None)),
    ),
    unit="%",
    category_label="年度",
    download="/components/table.csv",
)
FORM_LABELS = {"name": "单位名称", "uscc": "统一社会信用代码", "joined_on": "加入日期"}
ISSUES = (
    FieldIssue("uscc", "uscc_check_digit", "校验位不正确，请核对第 18 位。"),
    FieldIssue("joined_on", "missing", "必填，请填写。"),
)


@router.get("")
async def show(request: Request) -> Response:
    """The whole set."""
    problem = ApiProblem(422, "invalid_input", "填写内容有误", "有 2 处需要修改，请改正后重新提交。", errors=ISSUES)
    filled = {"name": "示例职业技术学院", "uscc": "91350100M000100Y4Z", "category": "enterprise", "kinds": ["a", "c"]}
    nothing: dict[str, Any] = {"items": [], "next_cursor": None, "total": 0}
    empty = replace(SAMPLE, id="sample-empty", caption="空的示例列表").view(request, nothing, batch=(), actions=())
    values = {
        "table": sample_view(request),
        "empty": empty,
        "form": Form.refused(request, filled, problem),
        "plain_form": Form.of(request),
        "timeline_entries": TIMELINE,
        "jobs": [job for job in JOBS if job.state != "queued"],
        "waiting": JOBS[0],
        "sample_chart": CHART,
        "categories": tuple(CATEGORIES.items()),
        "labels": FORM_LABELS,
    }
    return render(request, "components/page.html", values)


@router.get("/table")
async def table(request: Request) -> Response:
    """The sample list alone: its query, sorting and pages work."""
    return page_or_fragment(request, "components/table.html", "_table.html", {"table": sample_view(request)})


@router.get("/table.csv")
async def table_csv() -> Response:
    """The sample list as a file."""
    lines = ["名称,人数", *(f"{row['name']},{row['headcount']}" for row in ROWS)]
    headers = {"Content-Disposition": 'attachment; filename="sample.csv"'}
    return Response("\ufeff" + "\r\n".join(lines), media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/batch")
async def batch(request: Request) -> Response:
    """What a batch action answers: the list again, and a toast."""
    chosen = (await submitted(request)).get("ids", [])
    count = len(chosen) if isinstance(chosen, list) else 1
    response = page_or_fragment(request, "components/table.html", "_table.html", {"table": sample_view(request)})
    toast(response, f"已向 {count} 家单位发送催办通知（示例，没有实际发送）。")
    return response


@router.post("/form")
async def form(request: Request) -> Response:
    """The sample form: refuses what has no name, else returns with a toast."""
    values = await submitted(request)
    if values.get("name"):
        return redirect(request, "/components", toast="已保存（示例，没有实际保存）。")
    issue = FieldIssue("name", "missing", "必填，请填写。")
    problem = ApiProblem(422, "invalid_input", "填写内容有误", "有 1 处需要修改。", errors=[issue])
    context = {"form": Form.refused(request, values, problem), "labels": FORM_LABELS, "form_id": "sample-form"}
    context["categories"] = tuple(CATEGORIES.items())
    return page_or_fragment(request, "components/form.html", "components/_form.html", context, status=422)


@router.get("/job")
async def job(request: Request, done: Annotated[int, Query(ge=0, le=8000)]) -> Response:
    """A job that moves on at each poll, and ends."""
    now = min(done + 700, 8000)
    state, words = ("succeeded", "已全部核对") if now == 8000 else ("running", f"正在核对第 {now:,} 行")
    values = {"job": SampleJob("sample-2", state, now, 8000, words), "poll": f"/components/job?done={now}"}
    return render(request, "components/_job.html", values)


@router.get("/error/{status}")
async def error(status: int) -> Response:
    """Each refusal as people see it."""
    raise status_problem(status)


def sample_view(request: Request) -> TableView:
    """One page of the sample rows, filtered, sorted and cut as a service would."""
    asked = SAMPLE.params(request)
    rows = [row for row in ROWS if str(asked.get("q", "")) in row["name"]]
    rows = [row for row in rows if asked.get("category") in (None, row["category"])]
    rows = [row for row in rows if row["joined_on"] >= str(asked.get("since", ""))]
    sort = str(asked.get("sort", "joined_on"))
    key = sort.removeprefix("-")
    rows.sort(key=lambda row: row.get(key, row["id"]), reverse=sort.startswith("-"))
    start = whole_number(asked.get("cursor")) or 0
    shown, rest = rows[start : start + SAMPLE.limit], rows[start + SAMPLE.limit :]
    answer = {"items": shown, "next_cursor": str(start + SAMPLE.limit) if rest else None, "total": len(rows)}
    totals = {key: sum(row[key] for row in rows) for key in ("headcount", "granted")}
    return SAMPLE.view(request, answer, totals=totals)
