"""The pages of targets: indicators with lights, one with its chart and form, reports and their review, tasks."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from aiohttp import web
from pydantic import BaseModel

from frontend.pages.indicator_words import series_chart
from services.kernel.todos import Todo
from services.targets.schemas.indicators import (
    Citation,
    IndicatorDetail,
    IndicatorList,
    IndicatorRead,
    Known,
    MilestoneRead,
    TaskList,
    TaskRead,
    YearStatus,
)
from services.targets.schemas.reports import DecisionRead, ReportDetail, ReportRead
from tests.frontend.conftest import Browser
from tests.frontend.fake_gateway import FakeGateway, refuse, reply
from tests.frontend.html import Page

pytestmark = pytest.mark.anyio
ROOT = "/api/targets/v1"
HTMX = {"HX-Request": "true"}
ETAG = {"ETag": '"2"'}
REPORT = "3e0d8f5c-0f3e-4b7e-9a53-2b7d8a1c9e10"
REPORT_PATH = f"{ROOT}/reports/{REPORT}"
REPORT_PAGE = f"/targets/reports/{REPORT}"
AT = "2025-11-21T06:05:00Z"
CITED = Citation(pack="anqing-2024", number="宜政秘〔2024〕91号", article="二16")


def told(model: BaseModel) -> dict[str, Any]:
    """A model of the service as it goes over the wire."""
    return model.model_dump(mode="json")


def status(year: int, required: str | None, observed: str | None, light: str) -> YearStatus:
    return YearStatus(
        year=year,
        required=required,
        required_by=f"{year}-12-31" if required else None,
        numerator="2268" if observed else None,
        denominator="5400" if observed else None,
        observed=observed,
        gap=None,
        reports=1 if observed else 0,
        light=light,
        sentence="已达到要求。" if light == "green" else "落后于序时进度。",
    )


def indicator_facts(code: str = "local_employment", light: str = "green", **changes: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "code": code,
        "name": "留地就业率",
        "unit": "%",
        "kind": "ratio",
        "direction": "at_least",
        "aspirational": False,
        "per_member": False,
        "numerator_label": "留在本市就业的毕业生数",
        "denominator_label": "毕业生数",
        "responsible": ["市人社局", "各院校"],
        "citation": CITED,
        "milestones": [
            MilestoneRead(year=2024, value="40", text=None, article="二16", counts=True),
            MilestoneRead(year=2025, value="42", text=None, article="二16", counts=True),
        ],
        "status": status(2025, "42", "42.5", light),
        "latest": None,
        "in_conflict": False,
    }
    return {**facts, **changes}


def detail(**changes: Any) -> dict[str, Any]:
    series = [status(2024, "40", "39.1", "red"), status(2025, "42", "42.5", "green"), status(2026, None, None, "grey")]
    return told(IndicatorDetail(**indicator_facts(**changes), series=series, conflicts=[]))


def report(model: type[ReportRead] = ReportRead, state: str = "submitted", **changes: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "id": REPORT,
        "indicator": "local_employment",
        "indicator_name": "留地就业率",
        "unit": "%",
        "year": 2025,
        "owner": "division:340822",
        "reporter": "怀宁县教育局",
        "numerator": "2268",
        "denominator": "5400",
        "value": "42",
        "note": "以去向登记为准",
        "state": state,
        "state_label": "待审核",
        "reported_at": AT,
        "version": 2,
    }
    if model is ReportDetail:
        figures = {"numerator": "2268", "denominator": "5400", "value": None}
        step = {"at": AT, "actor_name": "怀宁县教育局", "figures": figures}
        facts["decisions"] = [
            DecisionRead(action="submit", action_label="填报", opinion="", **step),
            DecisionRead(action="return", action_label="退回", opinion="分母应含五年一贯制毕业生", **step),
        ]
    return told(model(**{**facts, **changes}))


@pytest.fixture
def fake(fake: FakeGateway) -> FakeGateway:
    """The gateway of every test, with the targets service as it answers the secretariat."""
    listed = [
        IndicatorRead(**indicator_facts()),
        IndicatorRead(**indicator_facts("training", "red", name="社会培训", unit="人次")),
    ]
    task = TaskRead(
        code="task-1",
        title="建设产教联合体",
        deliverable=None,
        lead=["市教体局"],
        responsible=["经开区", "高新区"],
        due=None,
        indicators=[],
        citation=CITED,
    )
    reports = {"items": [report()], "next_cursor": None, "total": 1}
    fake.answers = {
        ("GET", f"{ROOT}/indicators"): reply(told(IndicatorList(items=listed, total=2, year=2025))),
        ("GET", f"{ROOT}/indicators/local_employment"): reply(detail()),
        ("GET", f"{ROOT}/tasks"): reply(told(TaskList(items=[task], total=1))),
        ("GET", f"{ROOT}/reports"): reply(reports),
        ("GET", REPORT_PATH): reply(report(ReportDetail), headers=ETAG),
    }
    return fake


@pytest.fixture
async def bureau(stranger: Browser, fake: FakeGateway) -> Browser:
    """A browser signed in as the county bureau that owns the report."""
    fake.user |= {"role": "county_clerk", "division": "340822", "name": "怀宁县教育局"}
    await stranger.sign_in()
    return stranger


async def post(browser: Browser, path: str, data: dict[str, str], **more: Any) -> httpx.Response:
    fields = {"csrf_token": await browser.csrf(), "idempotency_key": "key-1", **data}
    return await browser.http.post(path, data=fields, **more)


def asked(fake: FakeGateway, path: str) -> dict[str, str]:
    """The query of the last call of a path."""
    return dict(parse_qsl([urlsplit(url).query for _, url, _ in fake.seen if urlsplit(url).path == path][-1]))


def taking(fake: FakeGateway, method: str, path: str, answer: Any, code: int = 200) -> list[tuple[Any, Any]]:
    """Let the service take a change; returns the list of (If-Match, body) that it will have been sent."""
    taken: list[tuple[Any, Any]] = []

    async def handler(request: web.Request) -> web.Response:
        taken.append((request.headers.get("If-Match"), await request.json()))
        return web.json_response(answer, status=code)

    fake.answers[method, path] = handler
    return taken


PAGES = ("/targets", "/targets/tasks", "/targets/reports", REPORT_PAGE, "/targets/local_employment")


@pytest.mark.parametrize("path", PAGES)
async def test_pages_are_sound_html_within_the_menu(browser: Browser, path: str) -> None:
    answer = await browser.http.get(path)
    assert answer.status_code == 200, answer.text
    page = Page(answer.text)
    assert page.faults == []
    assert len(page.having("h1")) == 1
    assert page.having("a", class_="menu-link", href="/targets", aria_current="page")


@pytest.mark.parametrize("path", PAGES)
async def test_htmx_gets_the_fragment_only(browser: Browser, path: str) -> None:
    assert "<html" not in (await browser.http.get(path, headers=HTMX)).text


# ---- indicators


async def test_indicators_are_listed_with_their_lights_counted(browser: Browser, fake: FakeGateway) -> None:
    page = Page((await browser.http.get("/targets?year=2025")).text)
    assert asked(fake, f"{ROOT}/indicators") == {"year": "2025"}
    assert "目标指标（2025年）" in page.text
    assert "指标总数 2" in page.text
    assert "逾期 1 期限已过" in page.text
    assert page.having("a", href="/targets/training")
    lights = [a["class"] for a in page.having("span") if a.get("class", "").startswith("light ")]
    assert lights == ["light light-green", "light light-red"]
    assert "≥ 42 %（2025年末）" in page.text
    assert page.having("a", class_="citation", href="/citations/anqing-2024/%E4%BA%8C16")


async def test_an_indicator_without_a_number_shows_its_words(browser: Browser, fake: FakeGateway) -> None:
    words = indicator_facts(
        milestones=[MilestoneRead(year=2027, value=None, text="全覆盖", article="二1", counts=True)],
        status=status(2025, None, None, "grey"),
    )
    listed = told(IndicatorList(items=[IndicatorRead(**words)], total=1, year=2025))
    fake.answers["GET", f"{ROOT}/indicators"] = reply(listed)
    page = Page((await browser.http.get("/targets")).text)
    assert "留地就业率 全覆盖 — " in page.text


async def test_a_year_without_a_report_shows_the_newest_value_with_its_year(
    browser: Browser, fake: FakeGateway
) -> None:
    facts = indicator_facts(status=status(2026, "45", None, "yellow"), latest=Known(year=2025, observed="42.5"))
    fake.answers["GET", f"{ROOT}/indicators"] = reply(
        told(IndicatorList(items=[IndicatorRead(**facts)], total=1, year=2026))
    )
    assert "42.5 %（2025年）" in (await browser.http.get("/targets")).text


async def test_no_policy_is_an_empty_list_that_says_what_to_do(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["GET", f"{ROOT}/indicators"] = reply(told(IndicatorList(items=[], total=0, year=2025)))
    assert "还没有应用政策文件" in (await browser.http.get("/targets")).text


async def test_an_indicator_shows_its_years_as_chart_and_table(browser: Browser) -> None:
    page = Page((await browser.http.get("/targets/local_employment")).text)
    assert page.having("figure", class_="chart", id="series")
    assert page.having("a", href="/targets/local_employment/series.xlsx", download="")
    assert "2024年 40 39.1 2025年 42 42.5 2026年 — —" in page.text
    assert "分子、分母分别相加后再相除" in page.text
    assert "市人社局、各院校" in page.text


async def test_the_chart_carries_the_same_numbers(browser: Browser) -> None:
    text = (await browser.http.get("/targets/local_employment")).text
    option = json.loads(text.split('id="series-option">')[1].split("</script>")[0])
    assert option["xAxis"]["data"] == ["2024年", "2025年", "2026年"]
    assert [one["data"] for one in option["series"]] == [[40.0, 42.0, None], [39.1, 42.5, None]]
    assert option["series"][0]["lineStyle"] == {"type": "dashed"}


def test_a_milestone_for_every_year_is_required_in_each() -> None:
    yearly = [MilestoneRead(year=None, value="40000", text=None, article="二14", counts=True)]
    chart = series_chart(detail(milestones=yearly))
    assert [str(value) for value in chart.series[0].values] == ["40000", "40000", "40000"]


async def test_the_spreadsheet_behind_the_chart_is_passed_through(browser: Browser, fake: FakeGateway) -> None:
    async def workbook(_request: web.Request) -> web.Response:
        return web.Response(body=b"PK", headers={"Content-Disposition": 'attachment; filename="series.xlsx"'})

    fake.answers["GET", f"{ROOT}/indicators/local_employment/series.xlsx"] = workbook
    answer = await browser.http.get("/targets/local_employment/series.xlsx")
    assert (answer.content, answer.headers["Content-Disposition"]) == (b"PK", 'attachment; filename="series.xlsx"')


async def test_an_unknown_indicator_is_not_found(browser: Browser) -> None:
    assert (await browser.http.get("/targets/nothing")).status_code == 404


async def test_tasks_are_listed_with_what_the_document_leaves_open(browser: Browser) -> None:
    page = Page((await browser.http.get("/targets/tasks")).text)
    assert "建设产教联合体 — 经开区、高新区 文件未规定" in page.text


# ---- reporting


async def test_a_ratio_asks_for_numerator_and_denominator(browser: Browser) -> None:
    page = Page((await browser.http.get("/targets/local_employment")).text)
    assert page.having("input", name="numerator", required="")
    assert page.having("input", name="denominator", required="")
    assert page.having("input", name="value") == []
    assert page.having("input", name="year", value="2025")


async def test_a_count_asks_for_its_value(browser: Browser, fake: FakeGateway) -> None:
    count = detail(code="training", name="社会培训", unit="人次", numerator_label=None, denominator_label=None)
    fake.answers["GET", f"{ROOT}/indicators/training"] = reply(count)
    page = Page((await browser.http.get("/targets/training")).text)
    assert page.having("input", name="value", required="")
    assert page.having("input", name="numerator") == []


async def test_a_report_is_handed_in(bureau: Browser, fake: FakeGateway) -> None:
    taken = taking(fake, "POST", f"{ROOT}/reports", report(), 201)
    figures = {"year": "2025", "numerator": "2268", "denominator": "5400", "note": ""}
    answer = await post(bureau, "/targets/local_employment/reports", figures)
    assert answer.headers["Location"] == REPORT_PAGE
    body = {**figures, "value": None, "indicator": "local_employment"}
    assert taken == [(None, body)]


@pytest.mark.parametrize("code", [409, 422])
async def test_a_refused_report_keeps_the_form(bureau: Browser, fake: FakeGateway, code: int) -> None:
    issue = {"field": "denominator", "code": "greater_than", "message": "应大于 0。"}
    errors = [issue] if code == 422 else []
    fake.answers["POST", f"{ROOT}/reports"] = refuse(code, "refused", "没有提交", "请改正后重新提交。", errors)
    figures = {"year": "2025", "numerator": "3", "denominator": "0", "note": "口径"}
    answer = await post(bureau, "/targets/local_employment/reports", figures, headers=HTMX)
    assert answer.status_code == code
    page = Page(answer.text)
    assert page.having("form", id="report-form")
    assert page.having("input", name="numerator", value="3")
    assert bool(page.having("input", name="denominator", aria_invalid="true")) == (code == 422)
    assert "请改正后重新提交。" in page.text


async def test_reports_are_listed_by_the_filters(browser: Browser, fake: FakeGateway) -> None:
    page = Page((await browser.http.get("/targets/reports?year=2025&state=submitted")).text)
    wanted = {"limit": "50", "year": "2025", "state": "submitted", "sort": "-reported_at"}
    assert asked(fake, f"{ROOT}/reports") == wanted
    assert "留地就业率 2025年 怀宁县教育局 42 % 待审核" in page.text


# ---- review


async def test_the_reviewer_sees_the_figures_the_life_and_both_decisions(browser: Browser) -> None:
    page = Page((await browser.http.get(REPORT_PAGE)).text)
    assert "留在本市就业的毕业生数 2,268 毕业生数 5,400 结果 42 %" in page.text
    assert "分子 2,268，分母 5,400；分母应含五年一贯制毕业生" in page.text
    steps = {a["formaction"] for a in page.having("button", type="submit") if "formaction" in a}
    assert steps == {f"{REPORT_PAGE}/acceptance", f"{REPORT_PAGE}/return"}
    assert page.having("form", id="revise-form") == []
    assert page.having("input", name="etag", value='"2"')


async def test_the_owner_may_correct_but_not_review(bureau: Browser) -> None:
    page = Page((await bureau.http.get(REPORT_PAGE)).text)
    assert page.having("form", id="revise-form")
    assert page.having("form", id="review-form") == []


async def test_an_accepted_report_is_closed_to_its_owner(bureau: Browser, fake: FakeGateway) -> None:
    fake.answers["GET", REPORT_PATH] = reply(report(ReportDetail, "accepted"), headers=ETAG)
    page = Page((await bureau.http.get(REPORT_PAGE)).text)
    assert page.having("form", id="revise-form") == []


async def test_another_units_report_cannot_be_corrected(stranger: Browser, fake: FakeGateway) -> None:
    fake.user |= {"role": "unit_reporter", "member": "5b0e2f83-7a0c-4a43-a3ad-2d1f2fd0a7e5"}
    await stranger.sign_in()
    page = Page((await stranger.http.get(REPORT_PAGE)).text)
    assert page.having("form", id="revise-form") == []


@pytest.mark.parametrize(("step", "opinion"), [("acceptance", ""), ("return", "分母应含五年一贯制毕业生")])
async def test_a_decision_sends_the_version_it_was_made_on(
    browser: Browser, fake: FakeGateway, step: str, opinion: str
) -> None:
    taken = taking(fake, "POST", f"{REPORT_PATH}/{step}", report(ReportDetail))
    answer = await post(browser, f"{REPORT_PAGE}/{step}", {"etag": '"2"', "opinion": opinion}, headers=HTMX)
    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"] == REPORT_PAGE
    assert taken == [('"2"', {"opinion": opinion})]


async def test_a_return_without_a_reason_is_refused_at_the_field(browser: Browser, fake: FakeGateway) -> None:
    issue = {"field": "opinion", "code": "missing", "message": "退回时请写明要改什么。"}
    fake.answers["POST", f"{REPORT_PATH}/return"] = refuse(422, "invalid_input", "有误", "请改正。", [issue])
    answer = await post(browser, f"{REPORT_PAGE}/return", {"etag": '"2"', "opinion": ""}, headers=HTMX)
    assert answer.status_code == 422
    page = Page(answer.text)
    assert page.having("div", id="report")
    assert page.having("textarea", name="opinion", aria_invalid="true")
    assert page.having("input", name="etag", value='"2"')


async def test_a_decision_on_what_others_changed_is_refused_as_it_is(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["POST", f"{REPORT_PATH}/acceptance"] = refuse(412, "version_stale", "已被修改", "内容已被他人修改。")
    answer = await post(browser, f"{REPORT_PAGE}/acceptance", {"etag": '"1"'}, headers=HTMX)
    assert answer.status_code == 412
    assert "内容已被他人修改。" in answer.text


async def test_a_correction_is_handed_in_again(bureau: Browser, fake: FakeGateway) -> None:
    taken = taking(fake, "PUT", REPORT_PATH, report(ReportDetail))
    figures = {"numerator": "2300", "denominator": "5400", "note": "已补充"}
    answer = await post(bureau, f"{REPORT_PAGE}/revision", {"etag": '"2"', **figures})
    assert answer.headers["Location"] == REPORT_PAGE
    assert taken == [('"2"', {**figures, "value": None})]


async def test_a_refused_correction_is_told_at_the_field(bureau: Browser, fake: FakeGateway) -> None:
    issue = {"field": "numerator", "code": "decimal_parsing", "message": "应为数字。"}
    fake.answers["PUT", REPORT_PATH] = refuse(422, "invalid_input", "有误", "请改正。", [issue])
    data = {"etag": '"2"', "numerator": "很多", "denominator": "5400"}
    answer = await post(bureau, f"{REPORT_PAGE}/revision", data, headers=HTMX)
    assert answer.status_code == 422
    assert Page(answer.text).having("input", name="numerator", aria_invalid="true")


async def test_todos_of_targets_lead_to_a_page_that_stands(browser: Browser, fake: FakeGateway) -> None:
    facts = {"id": "report-1", "kind": "report", "title": "审核指标填报", "detail": "", "due_on": None, "state": "open"}
    todo = Todo(**facts, href=REPORT_PAGE)
    fake.answers["GET", f"{ROOT}/todos"] = reply({"items": [told(todo)]})
    page = Page((await browser.http.get("/")).text)
    links = [a["href"] for a in page.having("a", class_="todo-title")]
    assert REPORT_PAGE in links
    assert (await browser.http.get(REPORT_PAGE)).status_code == 200
