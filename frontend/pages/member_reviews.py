"""年度考核: one year's grades of all members, and their entry for a whole category at once."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from frontend.access import CurrentUser, Gateway, needs, performs
from frontend.forms import KEY_FIELD, Form, submitted, whole_number
from frontend.gateway_client import ApiProblem, BoundGateway
from frontend.htmx import page_or_fragment, redirect
from frontend.pages.registry_words import API, FORM_REFUSALS, division_options, may_write, options, refused_form
from frontend.tables import Action, Column, Filter, Table
from services.kernel import registry_words as words
from services.kernel.errors import FieldIssue
from services.kernel.permissions import Permission

router = APIRouter(prefix="/member-reviews", dependencies=[needs(Permission.REGISTRY_READ)])
WRITES = [needs(Permission.REGISTRY_WRITE)]
PAGE = 200
GRADES = {"excellent": ("优秀", "success"), "qualified": ("合格", "success"), "barely": ("基本合格", "warning"),
          "unqualified": ("不合格", "danger")}  # fmt: skip
Year = Annotated[int | None, Query(ge=2000, le=2100)]

TABLE = Table(
    id="member-reviews",
    path="/member-reviews",
    caption="年度考核",
    default_sort="name",
    row_id="member",
    columns=(
        Column("year", "年度"),
        Column("name", "单位名称", sort="name", link="/members/{member}", wide=True),
        Column("category", "类别", labels=words.MEMBER_CATEGORIES, sort="category"),
        Column("division_name", "区划", narrow_hidden=True),
        Column("grade", "等次", "status", labels=GRADES),
        Column("on_date", "考核日期", "date", narrow_hidden=True),
        Column("opinion", "意见", narrow_hidden=True, wide=True),
    ),
    filters=(
        Filter("year", "年度", "number"),
        Filter("category", "类别", "select", options(words.MEMBER_CATEGORIES)),
        Filter("division", "区划", "select"),
        Filter("grade", "等次", "select", options(words.REVIEW_GRADES)),
        Filter("ungraded", "未考核", "select", (("true", "只看未考核"),)),
    ),
    export="/member-reviews/export",
)
ENTRY = (Action("成批登记", "/member-reviews/new", primary=True),)


@router.get("")
async def list_reviews(request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """One year's grades; last year's unless another is asked for."""
    answer, (divisions, _) = await asyncio.gather(
        gateway.get(f"{API}/member-reviews", TABLE.params(request)), division_options(gateway)
    )
    filters = [Filter("division", "区划", "select", divisions) if f.name == "division" else f for f in TABLE.filters]
    totals = {"name": f"{answer.data['total']} 家"}
    actions = ENTRY if may_write(user) else ()
    table = TABLE.view(request, answer.data, totals=totals, filters=filters, actions=actions)
    return page_or_fragment(request, "life/reviews.html", "_table.html", {"table": table})


@router.get("/export")
async def export(request: Request, gateway: Gateway) -> Response:
    """The workbook of the query that the list shows."""
    return await gateway.download(f"{API}/member-reviews/export.xlsx", TABLE.filled(request))


@router.get("/new", dependencies=WRITES)
async def new_reviews(request: Request, gateway: Gateway, year: Year = None, category: str | None = None) -> Response:
    """The members of a category that have no grade of the year yet, a choice beside each."""
    context = await _ungraded(gateway, year, category)
    return page_or_fragment(
        request, "life/grading.html", "life/_grading.html", {**context, "form": Form.of(request, {})}
    )


async def _ungraded(gateway: BoundGateway, year: int | None, category: str | None) -> dict[str, Any]:
    """The first 200 that wait: after they are sent, the next ones stand here."""
    asked = {"year": year, "category": category or None, "ungraded": "true", "limit": PAGE}
    found = (await gateway.get(f"{API}/member-reviews", asked)).data
    shown_year = found["items"][0]["year"] if found["items"] else year
    return {
        "rows": found["items"],
        "total": found["total"],
        "year": shown_year,
        "category": category or "",
        "categories": options(words.MEMBER_CATEGORIES),
        "grades": options(words.REVIEW_GRADES),
        "labels": {"year": "年度", "on_date": "考核日期", "document": "文件"},
        "words": words,
    }


@router.post("/new", dependencies=[*WRITES, performs("POST /api/registry/v1/member-reviews/batch")])
async def grade_all(request: Request, gateway: Gateway) -> Response:
    """Record what was chosen; members without a choice stay for later."""
    values = await submitted(request)
    chosen = [
        {"member": name.removeprefix("grade-"), "grade": grade, "opinion": values.get(f"opinion-{name[6:]}") or None}
        for name, grade in values.items()
        if name.startswith("grade-") and grade
    ]
    common = {"on_date": values.get("on_date") or None, "document": values.get("document") or None}
    body = {"year": values.get("year"), "items": chosen, **common}
    try:
        if not chosen:
            raise _nothing_chosen()
        await gateway.post(f"{API}/member-reviews/batch", body, idempotency_key=values.get(KEY_FIELD))
    except ApiProblem as problem:
        if problem.status not in FORM_REFUSALS:
            raise
        context = await _ungraded(gateway, whole_number(values.get("year")), values.get("category"))
        form = Form.refused(request, values, _by_member(problem, chosen))
        return refused_form(request, "life/grading.html", "life/_grading.html", context, form, "grading-form")
    where = f"/member-reviews?year={values['year']}&category={values.get('category') or ''}"
    return redirect(request, where, toast=f"已登记 {len(chosen)} 家单位的考核结果。")


def _nothing_chosen() -> ApiProblem:
    told = "还没有选择考核等次，请至少选择一家单位的等次。"
    return ApiProblem(422, "invalid_input", "填写内容有误", told)


def _by_member(problem: ApiProblem, chosen: list[dict[str, Any]]) -> ApiProblem:
    """The refusal with its places in the list told as the members' own fields."""
    issues = []
    for issue in problem.errors:
        parts = issue.field.split(".")
        placed = parts[0] == "items" and len(parts) > 1 and parts[1].isdigit() and int(parts[1]) < len(chosen)
        field = f"grade-{chosen[int(parts[1])]['member']}" if placed else issue.field
        issues.append(FieldIssue(field, issue.code, issue.message))
    return ApiProblem(problem.status, problem.code, problem.title, problem.detail, errors=issues)
