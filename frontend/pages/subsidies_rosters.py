"""名册: upload with live progress and result, imports, the year's summary, the masked lists of students and classes."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from frontend.access import CurrentUser, Gateway, needs, performs
from frontend.forms import KEY_FIELD, Form, submitted
from frontend.gateway_client import ApiProblem, BoundGateway
from frontend.htmx import page_or_fragment, redirect
from frontend.pages.subsidies_common import API, Year, rules_of, this_year, year_text
from frontend.session import User
from frontend.tables import Column, Filter, Table
from services.kernel.errors import FieldIssue
from services.kernel.permissions import Permission

router = APIRouter(prefix="/subsidies/rosters", dependencies=[needs(Permission.SUBSIDIES_READ)])
SUBMITS = [needs(Permission.SUBSIDIES_SUBMIT)]

KINDS = {"students": "学生名册", "classes": "校企合作班名册"}
IMPORT_STATES = {
    "queued": ("处理中", "info"),
    "done": ("已导入", "success"),
    "refused": ("整份退回", "warning"),
    "failed": ("导入失败", "danger"),
}
STUDENT_STATES = {"enrolled": ("在籍", "success"), "left": ("离校", "secondary")}
UPLOAD_LABELS = {"kind": "名册种类", "year": "年度", "file": "名册文件"}
NOT_CLAIMED = ("none", "不申报")
LINES_SHOWN = 12

IMPORTS = Table(
    id="imports",
    path="/subsidies/rosters",
    caption="名册导入记录",
    default_sort="-created_at",
    columns=(
        Column("file_name", "文件", link="/subsidies/rosters/imports/{id}", wide=True),
        Column("kind_label", "种类", narrow_hidden=True),
        Column("year", "年度", render=year_text, narrow_hidden=True),
        Column("owner_name", "报送单位", narrow_hidden=True),
        Column("state", "状态", "status", labels=IMPORT_STATES),
        Column("total_rows", "总行数", "number", narrow_hidden=True),
        Column("new_rows", "新增", "number"),
        Column("changed_rows", "变更", "number", narrow_hidden=True),
        Column("unchanged_rows", "未变", "number", narrow_hidden=True),
        Column("rejected_rows", "退回", "number"),
        Column("created_at", "导入时间", "date", sort="created_at", narrow_hidden=True),
    ),
    filters=(Filter("year", "年度", "number"),),
    limit=20,
    empty_title="还没有导入名册",
    empty_hint="下载模板填写后，从上方上传。",
)
STUDENTS = Table(
    id="students",
    path="/subsidies/rosters/students",
    caption="学生名册",
    columns=(
        Column("name", "姓名"),
        Column("id_number", "身份证号"),
        Column("school_name", "就读学校", sort="school_name"),
        Column("claimed_rule_name", "申报项目"),
        Column("status", "在籍状态", "status", labels=STUDENT_STATES),
        Column("enrolled_on", "入学日期", "date", sort="enrolled_on"),
        Column("origin", "生源地", render=lambda row: row["origin_name"] or row["origin_division"]),
        Column("sending_school_name", "生源学校", narrow_hidden=True),
        Column("major", "专业", narrow_hidden=True),
        Column("class_code", "班级编号", narrow_hidden=True),
        Column("owner_name", "报送单位", narrow_hidden=True),
    ),
    filters=(
        Filter("year", "年度", "number"),
        Filter("school", "就读学校", "select"),
        Filter("claimed_rule", "申报项目", "select"),
        Filter("owner", "报送单位", "select"),
        Filter("class_code", "班级编号"),
    ),
    empty_title="没有符合条件的学生",
)
CLASSES = Table(
    id="classes",
    path="/subsidies/rosters/classes",
    caption="校企合作班名册",
    columns=(
        Column("class_code", "班级编号", sort="class_code"),
        Column("class_name", "班级名称", wide=True),
        Column("school_name", "办学学校", sort="school_name"),
        Column("opened_on", "开班日期", "date", narrow_hidden=True),
        Column("format", "合作形式"),
        Column("enterprise", "合作企业", wide=True),
        Column("enterprise_size_label", "企业规模"),
        Column("size_evidence", "规模佐证材料", narrow_hidden=True),
        Column("score", "考核得分", "number"),
        Column("major", "专业", narrow_hidden=True),
        Column("owner_name", "报送单位", narrow_hidden=True),
    ),
    filters=(
        Filter("year", "年度", "number"),
        Filter("school", "办学学校", "select"),
        Filter("owner", "报送单位", "select"),
        Filter("class_code", "班级编号"),
    ),
    empty_title="没有符合条件的班级",
)


@router.get("")
async def rosters(request: Request, gateway: Gateway, user: CurrentUser, year: Year = None) -> Response:
    """Upload, the year in numbers, and the imports."""
    form = Form.of(request, {"kind": "students", "year": year or this_year(request)})
    return await _rosters_page(request, gateway, user, form, year)


async def _rosters_page(
    request: Request, gateway: BoundGateway, user: User, form: Form, year: int | None, status: int = 200
) -> Response:
    imports = (await gateway.get(f"{API}/roster-imports", IMPORTS.params(request))).data
    newest = imports["items"][0]["year"] if imports["items"] else this_year(request)
    summary = (await gateway.get(f"{API}/rosters/summary", {"year": year or newest})).data
    values = {
        "form": form,
        "labels": UPLOAD_LABELS,
        "kinds": tuple(KINDS.items()),
        "summary": summary,
        "rules": await _student_rules(gateway),
        "schools": len({school["school"] for school in summary["schools"]}),
        "table": IMPORTS.view(request, imports),
        "may_submit": user.may(Permission.SUBSIDIES_SUBMIT),
    }
    fragment = "_table.html" if request.method == "GET" else "subsidies/rosters/_upload.html"
    return page_or_fragment(request, "subsidies/rosters/page.html", fragment, values, status=status)


async def _student_rules(gateway: BoundGateway) -> list[tuple[str, str]]:
    """(code, name) of what a student row may claim; none while no document is applied."""
    try:
        rules = await rules_of(gateway)
    except ApiProblem as problem:
        if problem.status != 409:
            raise
        return []
    return [(rule["code"], rule["name"]) for rule in rules["rules"] if rule["kind"] == "student_award"]


@router.post("/imports", dependencies=[*SUBMITS, performs("POST /api/subsidies/v1/roster-imports")])
async def upload(request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """Hand one file on; the page of the import shows how far it is."""
    values = await submitted(request)
    file = values.pop("file", None)
    try:
        if not isinstance(file, UploadFile) or not file.filename:
            raise _no_file()
        answer = await gateway.upload(
            f"{API}/roster-imports",
            BytesIO(await file.read()),  # a spooled file would be rolled over to the disk to be measured
            filename=file.filename,
            fields={"kind": str(values.get("kind", "")), "year": str(values.get("year", ""))},
            idempotency_key=values.get(KEY_FIELD),
        )
    except ApiProblem as problem:
        if problem.status not in (409, 413, 422):
            raise
        form = Form.refused(request, values, _on_the_file(problem))
        return await _rosters_page(request, gateway, user, form, None, 422)
    finally:
        await request.close()
    return redirect(request, f"/subsidies/rosters/imports/{answer.data['id']}")


def _no_file() -> ApiProblem:
    issue = FieldIssue("file", "missing", "请选择要导入的 .xlsx 或 .csv 文件。")
    return ApiProblem(422, "invalid_input", "填写内容有误", "有 1 处需要修改，请改正后重新提交。", errors=[issue])


def _on_the_file(problem: ApiProblem) -> ApiProblem:
    """A file that is too large is told at its field, like any other fault of the form."""
    if problem.errors or problem.status != 413:
        return problem
    issue = FieldIssue("file", problem.code, problem.detail)
    return ApiProblem(422, problem.code, problem.title, problem.detail, errors=[issue], request_id=problem.request_id)


@router.get("/imports/{import_id}")
async def one_import(import_id: UUID, request: Request, gateway: Gateway) -> Response:
    """One import: its progress while it runs, then its result; the rejected rows by reason."""
    found = (await gateway.get(f"{API}/roster-imports/{import_id}")).data
    running = found["state"] == "queued" and found["job"]
    job = (await gateway.get(f"{API}/jobs/{found['job']}")).data if running else None
    faults = faults_by_reason(found["issues"])
    values = {"found": found, "job": job, "states": IMPORT_STATES, "faults": faults}
    values["shown_rows"] = len({issue["line"] for issue in found["issues"]})
    return page_or_fragment(request, "subsidies/rosters/import.html", "subsidies/rosters/_import.html", values)


def faults_by_reason(issues: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Faults of single cells gathered by column and sentence, the most frequent first, with their line numbers."""
    found: dict[tuple[str, str], list[int]] = {}
    for issue in issues:
        found.setdefault((issue["header"], issue["message"]), []).append(issue["line"])
    groups = [
        {"header": header, "message": message, "count": len(lines), "lines": _lines_text(lines)}
        for (header, message), lines in found.items()
    ]
    return sorted(groups, key=lambda group: -int(group["count"]))


def _lines_text(lines: Sequence[int]) -> str:
    shown = "、".join(str(line) for line in sorted(lines)[:LINES_SHOWN])
    return f"第 {shown} 行" if len(lines) <= LINES_SHOWN else f"第 {shown} 行等"


@router.get("/imports/{import_id}/errors.xlsx")
async def errors(import_id: UUID, gateway: Gateway) -> Response:
    """The workbook of the rejected rows, each with its reason."""
    return await gateway.download(f"{API}/roster-imports/{import_id}/errors.xlsx")


@router.get("/templates/{kind}.xlsx")
async def template(kind: Literal["students", "classes"], gateway: Gateway) -> Response:
    """The empty workbook of a roster."""
    return await gateway.download(f"{API}/rosters/template.xlsx", {"kind": kind})


@router.get("/students")
async def students(request: Request, gateway: Gateway, year: Year = None) -> Response:
    """The students as they stand, masked."""
    answer = await gateway.get(f"{API}/students", STUDENTS.params(request))
    options = await _roster_options(gateway, year or this_year(request))
    options["claimed_rule"] = [*await _student_rules(gateway), NOT_CLAIMED]
    table = STUDENTS.view(request, answer.data, filters=_with_options(STUDENTS.filters, options))
    return page_or_fragment(request, "subsidies/rosters/rows.html", "_table.html", {"table": table})


@router.get("/classes")
async def classes(request: Request, gateway: Gateway, year: Year = None) -> Response:
    """The classes run with enterprises, as they stand."""
    answer = await gateway.get(f"{API}/classes", CLASSES.params(request))
    options = await _roster_options(gateway, year or this_year(request))
    table = CLASSES.view(request, answer.data, filters=_with_options(CLASSES.filters, options))
    return page_or_fragment(request, "subsidies/rosters/rows.html", "_table.html", {"table": table})


async def _roster_options(gateway: BoundGateway, year: int) -> dict[str, Sequence[tuple[str, str]]]:
    """Schools and senders to choose from: those on the year's rosters."""
    schools = (await gateway.get(f"{API}/rosters/summary", {"year": year})).data["schools"]
    return {
        "school": sorted({(row["school"], row["school_name"]) for row in schools}, key=lambda option: option[1]),
        "owner": sorted({(row["owner"], row["owner_name"]) for row in schools}, key=lambda option: option[0]),
    }


def _with_options(declared: Sequence[Filter], options: Mapping[str, Sequence[tuple[str, str]]]) -> list[Filter]:
    return [Filter(f.name, f.label, f.kind, options.get(f.name, f.options), f.placeholder) for f in declared]
