"""The pages of rosters, claims and settlements, through the whole application and a gateway that answers as the API."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from frontend.pages.subsidies_lines import line_totals
from frontend.pages.subsidies_rosters import faults_by_reason
from services.kernel.clock import FixedClock
from tests.frontend import subsidies_answers as api
from tests.frontend.conftest import Browser
from tests.frontend.fake_gateway import FakeGateway, problem, refuse, reply
from tests.frontend.html import Page

pytestmark = pytest.mark.anyio
ROOT = "/api/subsidies/v1"
HTMX = {"HX-Request": "true"}
CLAIM_PATH = f"{ROOT}/claims/{api.CLAIM}"
SETTLEMENT_PATH = f"{ROOT}/settlements/{api.SETTLEMENT}"
SETTLEMENT_PAGE = f"/subsidies/settlements/{api.SETTLEMENT}"
ETAG = {"ETag": '"3"'}


@dataclass
class Recorder:
    """A handler that keeps what it was sent and answers `answer`."""

    answer: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    bodies: list[Any] = field(default_factory=list)
    sent: list[dict[str, str]] = field(default_factory=list)

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.sent.append(dict(request.headers))
        if request.content_type == "multipart/form-data":
            parts = await request.post()
            self.bodies.append({name: _part(part) for name, part in parts.items()})
        else:
            self.bodies.append(await request.json() if request.can_read_body else None)
        return web.json_response(self.answer, status=self.status, headers=self.headers)


def _part(part: Any) -> Any:
    if not isinstance(part, web.FileField):
        return part
    with part.file:
        return part.filename, part.file.read()


@pytest.fixture
def fake(fake: FakeGateway) -> FakeGateway:
    """The gateway of every test, with the subsidies service as it answers the secretariat."""
    collaborations = api.page_of([{"id": api.COLLABORATION, "name": "汽车产业学院", "kind": "industry_college"}])
    answers = {
        f"{ROOT}/roster-imports": api.page_of([api.roster_import()]),
        f"{ROOT}/roster-imports/{api.IMPORT}": api.roster_import(),
        f"{ROOT}/rosters/summary": api.summary(),
        f"{ROOT}/students": api.page_of([api.student()]),
        f"{ROOT}/classes": api.page_of([api.school_class()]),
        f"{ROOT}/rules": api.rules(),
        f"{ROOT}/jobs/{api.JOB}": api.job(),
        f"{ROOT}/claims": api.page_of([api.claim()]),
        f"{ROOT}/settlements": api.page_of([api.settlement_summary()]),
        f"{SETTLEMENT_PATH}/lines": api.page_of([api.line(), api.line(no=215, **api.EXCLUDED)], total=400, cursor="n"),
        f"{SETTLEMENT_PATH}/lines/214": api.explained_line(),
        "/api/registry/v1/collaborations": collaborations,
    }
    fake.answers = {("GET", path): reply(answer) for path, answer in answers.items()}
    fake.answers["GET", CLAIM_PATH] = reply(api.claim(), headers=ETAG)
    fake.answers["GET", SETTLEMENT_PATH] = reply(api.settlement(), headers=ETAG)
    return fake


@pytest.fixture
async def bureau(stranger: Browser, fake: FakeGateway) -> Browser:
    """A browser signed in as a county bureau."""
    fake.user |= {"role": "county_bureau", "division": "340822", "name": "怀宁县教育局"}
    await stranger.sign_in()
    return stranger


async def post(browser: Browser, path: str, data: dict[str, Any] | None = None, **more: Any) -> httpx.Response:
    """Post a form as the browser would, with its token and key."""
    fields = {"csrf_token": await browser.csrf(), "idempotency_key": "key-1", **(data or {})}
    return await browser.http.post(path, data=fields, **more)


def asked(fake: FakeGateway, path: str) -> dict[str, str]:
    """The query of the last call of a path."""
    found = [urlsplit(url).query for method, url, _ in fake.seen if urlsplit(url).path == path]
    return dict(parse_qsl(found[-1]))


def fen(page: Page) -> list[str]:
    return [a["data-fen"] for a in page.having("span", class_="amount")]


# ---- every page

PAGES = (
    "/subsidies/rosters",
    f"/subsidies/rosters/imports/{api.IMPORT}",
    "/subsidies/rosters/students",
    "/subsidies/rosters/classes",
    "/subsidies/claims",
    "/subsidies/claims/new",
    f"/subsidies/claims/{api.CLAIM}",
    "/subsidies/settlements",
    "/subsidies/settlements/new",
    SETTLEMENT_PAGE,
    f"{SETTLEMENT_PAGE}/lines",
    f"{SETTLEMENT_PAGE}/lines/214",
)


@pytest.mark.parametrize("path", PAGES)
async def test_pages_are_sound_html_within_the_menu(browser: Browser, path: str) -> None:
    answer = await browser.http.get(path)
    assert answer.status_code == 200, answer.text
    page = Page(answer.text)
    assert page.faults == []
    assert len(page.having("h1")) == 1
    current = page.having("a", class_="menu-link", aria_current="page")
    assert [a["href"] for a in current] == ["/".join(path.split("/")[:3])]


@pytest.mark.parametrize("path", PAGES)
async def test_htmx_gets_the_fragment_only(browser: Browser, path: str) -> None:
    answer = await browser.http.get(path, headers=HTMX)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert answer.headers["Vary"] == "HX-Request"


@pytest.mark.parametrize("path", PAGES)
async def test_strangers_are_sent_to_sign_in(stranger: Browser, fake: FakeGateway, path: str) -> None:
    answer = await stranger.http.get(path)
    assert answer.headers["Location"].startswith("/login?next=%2Fsubsidies%2F")
    assert fake.seen == []


async def test_an_id_that_is_none_is_refused_without_asking_the_service(browser: Browser, fake: FakeGateway) -> None:
    answer = await browser.http.get("/subsidies/claims/not-an-id")
    assert answer.status_code == 422
    assert [url for _, url, _ in fake.seen if "not-an-id" in url] == []


# ---- rosters


async def test_the_roster_page_sums_the_year_and_lists_the_imports(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["GET", f"{ROOT}/roster-imports"] = reply(api.page_of([api.roster_import(year=2024)]))
    page = Page((await browser.http.get("/subsidies/rosters")).text)
    assert asked(fake, f"{ROOT}/rosters/summary") == {"year": "2024"}  # of the newest import
    assert asked(fake, f"{ROOT}/roster-imports") == {"limit": "20", "sort": "-created_at"}
    assert "合计 722 683 12 3 9" in page.text  # students, 生源, 跨市, left, classes
    assert page.having("a", href=f"/subsidies/rosters/imports/{api.IMPORT}")
    assert page.having("a", href="/subsidies/rosters/templates/students.xlsx", download="")
    assert page.having("input", type="radio", name="kind", value="classes")


async def test_the_roster_page_stands_before_any_policy_and_any_import(
    browser: Browser, fake: FakeGateway, clock: FixedClock
) -> None:
    fake.answers["GET", f"{ROOT}/roster-imports"] = reply(api.page_of([]))
    fake.answers["GET", f"{ROOT}/rules"] = refuse(409, "policy_missing", "没有文件", "还没有应用奖补文件。")
    answer = await browser.http.get("/subsidies/rosters")
    assert answer.status_code == 200
    assert asked(fake, f"{ROOT}/rosters/summary") == {"year": str(clock.now().year)}
    assert "还没有导入名册" in answer.text


async def test_an_upload_is_passed_on_and_leads_to_its_import(browser: Browser, fake: FakeGateway) -> None:
    recorder = Recorder({"job": api.JOB, "id": api.IMPORT}, 202, {"Location": f"{ROOT}/jobs/{api.JOB}"})
    fake.answers["POST", f"{ROOT}/roster-imports"] = recorder
    file = ("怀宁县名册.xlsx", b"rows" * 400_000)
    answer = await post(
        browser, "/subsidies/rosters/imports", {"kind": "students", "year": "2025"}, files={"file": file}
    )
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/subsidies/rosters/imports/{api.IMPORT}"
    assert recorder.bodies == [{"kind": "students", "year": "2025", "file": file}]
    assert recorder.sent[0]["Idempotency-Key"] == "key-1"


async def test_an_uploaded_roster_never_lies_on_the_disk(
    browser: Browser, fake: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse_to_roll(_file: Any) -> None:
        raise AssertionError("rolled over to a temporary file")

    async def take(request: web.Request) -> web.Response:
        assert len(await request.read()) > len(file[1])
        return web.json_response({"job": api.JOB, "id": api.IMPORT}, status=202)

    fake.answers["POST", f"{ROOT}/roster-imports"] = take
    monkeypatch.setattr("tempfile.SpooledTemporaryFile.rollover", refuse_to_roll)
    file = ("名册.csv", b"0" * (3 << 20))
    answer = await post(
        browser, "/subsidies/rosters/imports", {"kind": "students", "year": "2025"}, files={"file": file}
    )
    assert answer.status_code == 303


async def test_an_upload_without_a_file_is_refused_at_its_field(browser: Browser, fake: FakeGateway) -> None:
    answer = await post(browser, "/subsidies/rosters/imports", {"kind": "classes", "year": "2025"}, headers=HTMX)
    assert answer.status_code == 422
    page = Page(answer.text)
    assert page.having("input", name="file", aria_invalid="true")
    assert page.having("input", name="kind", value="classes", checked="")  # what was chosen stays
    assert [method for method, _, _ in fake.seen if method == "POST"] == []


@pytest.mark.parametrize(
    ("status", "code", "field", "errors"),
    [
        (422, "invalid_input", "year", [{"field": "year", "code": "int_parsing", "message": "应为整数。"}]),
        (413, "file_too_large", "file", []),
    ],
)
async def test_what_the_service_finds_wrong_is_told_at_the_field(
    browser: Browser, fake: FakeGateway, status: int, code: str, field: str, errors: list[dict[str, str]]
) -> None:
    fake.answers["POST", f"{ROOT}/roster-imports"] = refuse(status, code, "有误", "文件超过了允许的大小。", errors)
    data = {"kind": "students", "year": "20x5"}
    files = {"file": ("名册.xlsx", b"rows")}
    answer = await post(browser, "/subsidies/rosters/imports", data, files=files, headers=HTMX)
    assert answer.status_code == 422
    page = Page(answer.text)
    assert page.having("input", name=field, aria_invalid="true")
    assert page.having("input", name="year", value="20x5")


async def test_a_running_import_shows_its_job_and_reloads_when_it_ends(browser: Browser, fake: FakeGateway) -> None:
    running = api.roster_import("queued", issues=[], rejected_rows=0, finished_at=None, sequence=None)
    fake.answers["GET", f"{ROOT}/roster-imports/{api.IMPORT}"] = reply(running)
    page = Page((await browser.http.get(f"/subsidies/rosters/imports/{api.IMPORT}")).text)
    block = page.having("div", id="import")[0]
    assert block["hx-trigger"] == "hub:job-done from:body"
    assert page.having("div", id=f"job-{api.JOB}")
    assert "300 / 812" in page.text


async def test_a_finished_import_tells_its_rejected_rows_by_reason(browser: Browser) -> None:
    page = Page((await browser.http.get(f"/subsidies/rosters/imports/{api.IMPORT}")).text)
    assert "身份证号 身份证号不正确，请核对后重填。 3 第 9、17、44 行" in page.text
    assert "就读学校 没有登记过这所学校，请核对校名。 1 第 31 行" in page.text
    assert page.having("a", href=f"/subsidies/rosters/imports/{api.IMPORT}/errors.xlsx", download="")
    assert "hx-trigger" not in page.having("div", id="import")[0]


async def test_more_rejected_rows_than_are_listed_is_said(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["GET", f"{ROOT}/roster-imports/{api.IMPORT}"] = reply(api.roster_import(rejected_rows=950))
    assert "共退回 950 行" in (await browser.http.get(f"/subsidies/rosters/imports/{api.IMPORT}")).text


async def test_an_import_checked_on_old_registry_data_says_so(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["GET", f"{ROOT}/roster-imports/{api.IMPORT}"] = reply(api.roster_import(registry_fresh=False))
    assert "登记服务没有应答" in (await browser.http.get(f"/subsidies/rosters/imports/{api.IMPORT}")).text


async def test_a_failed_import_tells_why(browser: Browser, fake: FakeGateway) -> None:
    failed = api.roster_import("failed", failure="没有找到表头，请使用模板。", issues=[], has_rejects=False)
    fake.answers["GET", f"{ROOT}/roster-imports/{api.IMPORT}"] = reply(failed)
    answer = await browser.http.get(f"/subsidies/rosters/imports/{api.IMPORT}")
    assert "没有找到表头，请使用模板。" in answer.text
    assert "errors.xlsx" not in answer.text


@pytest.mark.parametrize(
    ("page", "path"),
    [
        (f"/subsidies/rosters/imports/{api.IMPORT}/errors.xlsx", f"{ROOT}/roster-imports/{api.IMPORT}/errors.xlsx"),
        ("/subsidies/rosters/templates/classes.xlsx", f"{ROOT}/rosters/template.xlsx"),
        (f"{SETTLEMENT_PAGE}/payment-table.xlsx", f"{SETTLEMENT_PATH}/payment-table.xlsx"),
    ],
)
async def test_workbooks_are_passed_through_with_their_names(
    browser: Browser, fake: FakeGateway, page: str, path: str
) -> None:
    name = "attachment; filename*=UTF-8''%E5%90%8D%E5%86%8C.xlsx"

    async def workbook(_request: web.Request) -> web.Response:
        return web.Response(body=b"PK workbook", headers={"Content-Disposition": name})

    fake.answers["GET", path] = workbook
    answer = await browser.http.get(page)
    assert answer.content == b"PK workbook"
    assert answer.headers["Content-Disposition"] == name


async def test_the_template_asked_for_is_of_that_kind(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["GET", f"{ROOT}/rosters/template.xlsx"] = reply({})
    await browser.http.get("/subsidies/rosters/templates/classes.xlsx")
    assert asked(fake, f"{ROOT}/rosters/template.xlsx") == {"kind": "classes"}
    assert (await browser.http.get("/subsidies/rosters/templates/others.xlsx")).status_code == 422


async def test_students_are_listed_masked_by_the_filters(browser: Browser, fake: FakeGateway) -> None:
    query = {"year": "2025", "school": api.SCHOOL, "claimed_rule": "none", "owner": api.COUNTY, "class_code": "25D1"}
    page = Page((await browser.http.get("/subsidies/rosters/students", params=query)).text)
    assert asked(fake, f"{ROOT}/students") == {"limit": "50", **query}
    assert "340***********001X" in page.text
    assert page.having("option", value="none", selected="")
    assert page.having("option", value=api.SCHOOL, selected="")


async def test_classes_are_listed_with_their_enterprise(browser: Browser, fake: FakeGateway) -> None:
    page = Page((await browser.http.get("/subsidies/rosters/classes?sort=class_code")).text)
    assert asked(fake, f"{ROOT}/classes")["sort"] == "class_code"
    assert "示例装备公司 大型 统计局证明 91.5" in page.text


@given(st.lists(st.tuples(st.integers(1, 9999), st.sampled_from(["id_number", "school"]))))
def test_faults_by_reason_loses_none_and_puts_the_most_frequent_first(cells: list[tuple[int, str]]) -> None:
    groups = faults_by_reason([api.issue(line, field).model_dump() for line, field in cells])
    counts = [group["count"] for group in groups]
    assert sum(counts) == len(cells)
    assert counts == sorted(counts, reverse=True)
    assert len(groups) == len({field for _, field in cells})


def test_a_long_list_of_lines_is_cut() -> None:
    (group,) = faults_by_reason([api.issue(line).model_dump() for line in range(1, 31)])
    assert group["lines"] == "第 1、2、3、4、5、6、7、8、9、10、11、12 行等"
    assert group["count"] == 30


# ---- claims


async def test_claims_are_listed_by_the_filters(browser: Browser, fake: FakeGateway) -> None:
    page = Page((await browser.http.get("/subsidies/claims?year=2025&rule=sending_award&state=submitted")).text)
    wanted = {"limit": "50", "sort": "-changed_at", "year": "2025", "rule": "sending_award", "state": "submitted"}
    assert asked(fake, f"{ROOT}/claims") == wanted
    assert page.having("option", value="sending_award", selected="")
    assert fen(page) == ["170500"]
    assert "待审核" in page.text


async def test_only_reviewers_are_offered_the_batch(bureau: Browser) -> None:
    page = Page((await bureau.http.get("/subsidies/claims")).text)
    assert page.having("input", name="ids") == []
    assert page.having("a", href="/subsidies/claims/new")


async def test_a_batch_accepts_one_by_one_and_reports_each(browser: Browser, fake: FakeGateway) -> None:
    other = f"{ROOT}/claims/{api.OTHER_CLAIM}"
    accepted = Recorder(api.claim("accepted", ()))
    fake.answers["POST", f"{CLAIM_PATH}/acceptance"] = accepted
    fake.answers["GET", other] = reply(api.claim("draft", (), id=api.OTHER_CLAIM, owner_name="桐城市"), headers=ETAG)
    refused = refuse(409, "claim_transition_refused", "不允许", "申报当前是“草稿”，不能受理。")
    fake.answers["POST", f"{other}/acceptance"] = refused
    data = {"ids": [api.OTHER_CLAIM, api.CLAIM, "no-such-id"]}
    answer = await post(browser, "/subsidies/claims/acceptance?state=submitted", data, headers=HTMX)
    assert answer.status_code == 200
    page = Page(answer.text)
    assert page.having("section", id="claims")
    assert page.having("div", id="batch-results", hx_swap_oob="true")
    assert "成功 1 项，未办 2 项" in page.text
    assert "未受理 桐城市 2025年 生源输送奖励：申报当前是“草稿”，不能受理。" in page.text
    assert "已受理 怀宁县 2025年 生源输送奖励" in page.text
    assert accepted.sent[0]["If-Match"] == '"3"'
    assert asked(fake, f"{ROOT}/claims")["state"] == "submitted"  # the list keeps its filter


async def test_a_batch_stops_for_what_is_no_plain_refusal(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["POST", f"{CLAIM_PATH}/acceptance"] = refuse(503, "down", "暂时不可用", "服务没有响应。")
    answer = await post(browser, "/subsidies/claims/acceptance", {"ids": api.CLAIM}, headers=HTMX)
    assert answer.status_code == 503
    assert "服务没有响应。" in answer.text


async def test_a_new_claim_chooses_among_rules_and_fitting_collaborations(browser: Browser, fake: FakeGateway) -> None:
    page = Page((await browser.http.get("/subsidies/claims/new?year=2025")).text)
    assert asked(fake, "/api/registry/v1/collaborations")["kind"] == "industry_college"
    assert page.having("input", name="year", value="2025")
    assert page.having("option", value=api.COLLABORATION)
    assert [a["value"] for a in page.having("option")][1:5] == [rule["code"] for rule in api.rules()["rules"]]
    assert fen(page) == ["12300", "7700", "500", "900"]


async def test_a_claim_is_opened_and_submitted(browser: Browser, fake: FakeGateway) -> None:
    recorder = Recorder(api.claim(), 201, {"Location": CLAIM_PATH})
    fake.answers["POST", f"{ROOT}/claims"] = recorder
    data = {"year": "2025", "rule": "industry_college", "collaboration": api.COLLABORATION, "submit": "yes"}
    answer = await post(browser, "/subsidies/claims/new", data)
    assert answer.headers["Location"] == f"/subsidies/claims/{api.CLAIM}"
    assert recorder.bodies == [{**data, "submit": True}]
    assert recorder.sent[0]["Idempotency-Key"] == "key-1"


async def test_a_draft_by_roster_names_no_collaboration(browser: Browser, fake: FakeGateway) -> None:
    recorder = Recorder(api.claim("draft"), 201)
    fake.answers["POST", f"{ROOT}/claims"] = recorder
    await post(browser, "/subsidies/claims/new", {"year": "2025", "rule": "sending_award", "collaboration": ""})
    assert recorder.bodies == [{"year": "2025", "rule": "sending_award", "collaboration": None, "submit": False}]


async def test_a_refused_claim_keeps_what_was_filled_in(browser: Browser, fake: FakeGateway) -> None:
    issue = {"field": "collaboration", "code": "field_missing", "message": "请选择合作载体。"}
    fake.answers["POST", f"{ROOT}/claims"] = refuse(422, "invalid_input", "有误", "有 1 处需要修改。", [issue])
    answer = await post(browser, "/subsidies/claims/new", {"year": "2025", "rule": "industry_college"}, headers=HTMX)
    assert answer.status_code == 422
    page = Page(answer.text)
    assert page.having("select", name="collaboration", aria_invalid="true")
    assert page.having("option", value="industry_college", selected="")
    assert page.having("a", href="#field-collaboration")


async def test_a_claim_that_stands_already_is_told_in_the_form(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["POST", f"{ROOT}/claims"] = refuse(409, "claim_exists", "已存在", "同一年度的申报已经存在。")
    answer = await post(browser, "/subsidies/claims/new", {"year": "2025", "rule": "sending_award"}, headers=HTMX)
    assert answer.status_code == 422  # swapped into the form; nothing is lost
    assert "同一年度的申报已经存在。" in answer.text
    assert Page(answer.text).having("form", id="claim-form")


async def test_a_claim_shows_facts_source_and_life(browser: Browser) -> None:
    page = Page((await browser.http.get(f"/subsidies/claims/{api.CLAIM}")).text)
    assert page.having("a", class_="citation", href="/citations/anqing-2024/%E4%BA%8C15")
    assert "宜政秘〔2024〕91号 二15" in page.text
    assert "341 名学生" in page.text
    rows = f"/subsidies/rosters/students?year=2025&owner={api.COUNTY.replace(':', '%3A')}&claimed_rule=sending_award"
    assert page.having("a", href=rows)
    life = [item for item in page.having("li") if "timeline-item" in item.get("class", "")]
    assert len(life) == 2
    assert "请审核；名册序号 3，数量 341，申报金额 1705.00 元" in page.text


async def test_a_class_claim_leads_to_its_classes_and_a_recognition_to_no_rows(
    browser: Browser, fake: FakeGateway
) -> None:
    fake.answers["GET", CLAIM_PATH] = reply(api.claim(rule="school_enterprise_class"), headers=ETAG)
    text = (await browser.http.get(f"/subsidies/claims/{api.CLAIM}")).text
    assert "/subsidies/rosters/classes?year=2025" in text
    fake.answers["GET", CLAIM_PATH] = reply(api.claim(rule="industry_college"), headers=ETAG)
    text = (await browser.http.get(f"/subsidies/claims/{api.CLAIM}")).text
    assert "以登记的级别认定为准" in text
    assert "/subsidies/rosters/students?" not in text


@pytest.mark.parametrize(
    ("actions", "steps"),
    [
        (("accept", "return"), {"acceptance", "return"}),
        (("submit", "withdraw"), {"submission", "withdrawal"}),
        ((), set()),
    ],
)
async def test_a_claim_offers_what_the_service_allows(
    browser: Browser, fake: FakeGateway, actions: tuple[str, ...], steps: set[str]
) -> None:
    fake.answers["GET", CLAIM_PATH] = reply(api.claim("submitted", actions), headers=ETAG)
    page = Page((await browser.http.get(f"/subsidies/claims/{api.CLAIM}")).text)
    offered = {a["formaction"].rsplit("/", 1)[1] for a in page.having("button", type="submit") if "formaction" in a}
    assert offered == steps
    asking = [a for a in page.having("button") if "hx-confirm" in a]
    assert [a["formaction"].endswith("withdrawal") for a in asking] == ([True] if "withdrawal" in steps else [])


@pytest.mark.parametrize("step", ["submission", "withdrawal", "acceptance", "return"])
@pytest.mark.parametrize("opinion", ["", "请补充 3 名学生的生源学校"])
async def test_a_step_sends_the_version_it_was_decided_on(
    browser: Browser, fake: FakeGateway, step: str, opinion: str
) -> None:
    recorder = Recorder(api.claim())
    fake.answers["POST", f"{CLAIM_PATH}/{step}"] = recorder
    data = {"etag": '"3"', "opinion": opinion}
    answer = await post(browser, f"/subsidies/claims/{api.CLAIM}/{step}", data, headers=HTMX)
    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"] == f"/subsidies/claims/{api.CLAIM}"
    assert recorder.sent[0]["If-Match"] == '"3"'
    assert recorder.bodies == [{"opinion": opinion} if opinion else {}]


async def test_a_return_without_a_reason_is_refused_at_the_field(browser: Browser, fake: FakeGateway) -> None:
    issue = {"field": "opinion", "code": "missing", "message": "必填，请填写。"}
    fake.answers["POST", f"{CLAIM_PATH}/return"] = refuse(422, "invalid_input", "有误", "有 1 处需要修改。", [issue])
    answer = await post(browser, f"/subsidies/claims/{api.CLAIM}/return", {"etag": '"3"', "opinion": ""}, headers=HTMX)
    assert answer.status_code == 422
    page = Page(answer.text)
    assert page.having("div", id="claim")
    assert page.having("textarea", name="opinion", aria_invalid="true")
    assert page.having("input", name="etag", value='"3"')


@pytest.mark.parametrize(("status", "code"), [(412, "version_stale"), (409, "claim_transition_refused")])
async def test_a_step_on_what_others_changed_is_refused_as_it_is(
    browser: Browser, fake: FakeGateway, status: int, code: str
) -> None:
    fake.answers["POST", f"{CLAIM_PATH}/acceptance"] = refuse(status, code, "已被修改", "内容已被他人修改。")
    answer = await post(browser, f"/subsidies/claims/{api.CLAIM}/acceptance", {"etag": '"2"'}, headers=HTMX)
    assert answer.status_code == status
    assert "内容已被他人修改。" in answer.text


# ---- settlements


async def test_settlements_are_listed(browser: Browser, fake: FakeGateway) -> None:
    page = Page((await browser.http.get("/subsidies/settlements?state=computed")).text)
    assert asked(fake, f"{ROOT}/settlements") == {"limit": "20", "sort": "-created_at", "state": "computed"}
    assert page.having("a", href="/subsidies/settlements/new")
    assert fen(page) == ["130000", "30000"]
    assert api.HASH[:12] in page.text
    assert api.HASH not in page.text


async def test_a_pending_settlement_in_the_list_has_no_sums(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["GET", f"{ROOT}/settlements"] = reply(api.page_of([api.settlement_summary("queued")]))
    page = Page((await browser.http.get("/subsidies/settlements")).text)
    assert fen(page) == []
    assert "计算中" in page.text


async def test_a_bureau_is_not_offered_what_only_the_secretariat_does(bureau: Browser) -> None:
    assert "新建结算" not in (await bureau.http.get("/subsidies/settlements")).text
    text = (await bureau.http.get(SETTLEMENT_PAGE)).text
    assert "/confirmation" not in text
    assert "payment-table" not in text


async def test_a_settlement_is_asked_for(browser: Browser, fake: FakeGateway) -> None:
    recorder = Recorder({"job": api.JOB, "id": api.SETTLEMENT}, 202)
    fake.answers["POST", f"{ROOT}/settlements"] = recorder
    data = {"year": "2025", "snapshot_date": "2025-11-30"}
    answer = await post(browser, "/subsidies/settlements/new", data)
    assert answer.headers["Location"] == SETTLEMENT_PAGE
    assert recorder.bodies == [data]
    assert recorder.sent[0]["Idempotency-Key"] == "key-1"


@pytest.mark.parametrize("status", [409, 422])
async def test_a_refused_settlement_is_told_in_the_form(browser: Browser, fake: FakeGateway, status: int) -> None:
    issue = {"field": "snapshot_date", "code": "missing", "message": "必填，请填写。"}
    errors = [issue] if status == 422 else []
    fake.answers["POST", f"{ROOT}/settlements"] = refuse(status, "refused", "不能结算", "请先改正。", errors)
    answer = await post(browser, "/subsidies/settlements/new", {"year": "2025", "snapshot_date": ""}, headers=HTMX)
    assert answer.status_code == 422
    page = Page(answer.text)
    assert "请先改正。" in page.text
    assert bool(page.having("input", name="snapshot_date", aria_invalid="true")) == (status == 422)


async def test_a_settlement_being_computed_shows_its_job(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["GET", SETTLEMENT_PATH] = reply(api.settlement("queued"), headers=ETAG)
    page = Page((await browser.http.get(SETTLEMENT_PAGE)).text)
    assert page.faults == []
    assert page.having("div", id=f"job-{api.JOB}")
    assert page.having("div", id="settlement")[0]["hx-trigger"] == "hub:job-done from:body"
    assert "确认结算" not in page.text


async def test_a_failed_settlement_tells_why(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["GET", SETTLEMENT_PATH] = reply(api.settlement("failed", failure="名册与规则不相符。"), headers=ETAG)
    text = (await browser.http.get(SETTLEMENT_PAGE)).text
    assert "名册与规则不相符。" in text
    assert "重新结算" in text


async def test_a_settlement_shows_the_pool_as_the_service_tells_it(browser: Browser) -> None:
    page = Page((await browser.http.get(SETTLEMENT_PAGE)).text)
    assert "2025年度奖补资金 三(二) 总额 1,000.00 元" in page.text
    assert "已用 0.00 元 冻结 1,000.00 元 剩余 0.00 元 超出 300.00 元" in page.text
    assert page.having("a", class_="citation", href="/citations/anqing-2024/%E4%B8%89%28%E4%BA%8C%29")


async def test_a_confirmed_settlement_has_used_the_pool(browser: Browser, fake: FakeGateway) -> None:
    confirmed = api.settlement("confirmed", confirmed_at=api.AT, confirmed_by_name="王琳", opinion="经联席会议同意")
    fake.answers["GET", SETTLEMENT_PATH] = reply(confirmed, headers=ETAG)
    page = Page((await browser.http.get(SETTLEMENT_PAGE)).text)
    assert "已用 1,000.00 元 冻结 0.00 元" in page.text
    assert "意见：经联席会议同意" in page.text
    assert page.having("form", id="confirm-form") == []
    assert page.having("a", href=f"{SETTLEMENT_PAGE}/payment-table.xlsx")


async def test_what_lies_above_the_pool_is_told_with_the_scenarios_beside_each_other(browser: Browser) -> None:
    page = Page((await browser.http.get(SETTLEMENT_PAGE)).text)
    assert "超出 300.00 元 。系统没有压减任何一行" in page.text
    assert "本年支付 1,000.00 1,000.00 结转下年 0.00 300.00 不予支付 300.00 0.00" in page.text
    assert page.having("a", href=f"{SETTLEMENT_PAGE}/lines?funding=above_pool")


async def test_a_settlement_within_the_pool_warns_of_nothing(browser: Browser, fake: FakeGateway) -> None:
    enough = api.pool(amount="2000.00", within="1300.00", above="0.00", left="700.00")
    within = api.settlement(pools=[enough], scenarios=[], above="0.00", within="1300.00")
    fake.answers["GET", SETTLEMENT_PATH] = reply(within, headers=ETAG)
    page = Page((await browser.http.get(SETTLEMENT_PAGE)).text)
    assert "没有压减任何一行" not in page.text
    assert "冻结 1,300.00 元 剩余 700.00 元 超出 0.00 元" in page.text


async def test_totals_by_rule_payee_and_reason_add_up(browser: Browser) -> None:
    page = Page((await browser.http.get(SETTLEMENT_PAGE)).text)
    assert "合计 394 9 1,300.00 1,000.00 300.00" in page.text  # rules: lines paid, excluded, money
    assert "合计 394 1,300.00 1,000.00 300.00" in page.text  # payees
    assert "合计 9" in page.text  # reasons
    assert page.having("a", href=f"{SETTLEMENT_PAGE}/lines?payee={api.SCHOOL}")
    reason = f"{SETTLEMENT_PAGE}/lines?rule=sending_award&reason=duplicate_student"
    assert page.having("a", href=reason)


async def test_the_pins_and_the_hash_can_be_traced(browser: Browser) -> None:
    text = Page((await browser.http.get(SETTLEMENT_PAGE)).text).text
    for value in (api.HASH, "cd" * 32, "ef" * 32, "12" * 32, "34" * 32, "anqing-2024 第 1 版", "31 项"):
        assert value in text


async def test_a_settlement_on_changed_inputs_cannot_be_confirmed(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["GET", SETTLEMENT_PATH] = reply(api.settlement(changed_inputs=["名册", "申报"]), headers=ETAG)
    page = Page((await browser.http.get(SETTLEMENT_PAGE)).text)
    assert "名册、申报有变动" in page.text
    assert page.having("form", id="confirm-form") == []


async def test_a_settlement_on_old_registry_data_says_so(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["GET", SETTLEMENT_PATH] = reply(api.settlement(pins=api.pins(registry_fresh=False)), headers=ETAG)
    assert "计算时登记服务没有应答" in (await browser.http.get(SETTLEMENT_PAGE)).text


async def test_confirming_asks_first_and_sends_the_version(browser: Browser, fake: FakeGateway) -> None:
    page = Page((await browser.http.get(SETTLEMENT_PAGE)).text)
    form = page.having("form", id="confirm-form")[0]
    assert "一个年度只能确认一次" in form["hx-confirm"]
    assert page.having("input", name="etag", value='"3"')
    recorder = Recorder(api.settlement_summary("confirmed"))
    fake.answers["POST", f"{SETTLEMENT_PATH}/confirmation"] = recorder
    data = {"etag": '"3"', "opinion": "经联席会议同意"}
    answer = await post(browser, f"{SETTLEMENT_PAGE}/confirmation", data, headers=HTMX)
    assert answer.headers["HX-Redirect"] == SETTLEMENT_PAGE
    assert recorder.sent[0]["If-Match"] == '"3"'
    assert recorder.bodies == [{"opinion": "经联席会议同意"}]


async def test_a_refused_confirmation_is_told(browser: Browser, fake: FakeGateway) -> None:
    outdated = refuse(409, "settlement_outdated", "不能确认", "计算之后名册有变动，请重新结算后再确认。")
    fake.answers["POST", f"{SETTLEMENT_PATH}/confirmation"] = outdated
    answer = await post(browser, f"{SETTLEMENT_PAGE}/confirmation", {"etag": '"3"'}, headers=HTMX)
    assert answer.status_code == 409
    assert "请重新结算后再确认" in answer.text


async def test_an_opinion_that_is_too_long_is_told_at_its_field(browser: Browser, fake: FakeGateway) -> None:
    issue = {"field": "opinion", "code": "string_too_long", "message": "太长，最多 500 个字。"}
    fake.answers["POST", f"{SETTLEMENT_PATH}/confirmation"] = refuse(422, "invalid", "有误", "请修改。", [issue])
    answer = await post(browser, f"{SETTLEMENT_PAGE}/confirmation", {"etag": '"3"', "opinion": "长"}, headers=HTMX)
    assert answer.status_code == 422
    assert Page(answer.text).having("textarea", name="opinion", aria_invalid="true")


@pytest.mark.parametrize(("matches", "words"), [(True, "复核一致"), (False, "复核不一致")])
async def test_a_verification_tells_whether_the_hashes_agree(
    browser: Browser, fake: FakeGateway, matches: bool, words: str
) -> None:
    fake.answers["POST", f"{SETTLEMENT_PATH}/verification"] = reply(api.verification(matches))
    fragment = await post(browser, f"{SETTLEMENT_PAGE}/verification", headers=HTMX)
    assert fragment.status_code == 200
    page = Page(fragment.text)
    assert [a["id"] for tag, a in page.elements if "id" in a] == ["verification"]
    assert words in page.text
    assert ("00" * 32 in page.text) == (not matches)
    whole = await post(browser, f"{SETTLEMENT_PAGE}/verification")
    assert words in whole.text
    assert Page(whole.text).faults == []


async def test_lines_are_listed_by_the_filters_under_their_own_address(browser: Browser, fake: FakeGateway) -> None:
    query = {"rule": "sending_award", "outcome": "payable", "funding": "within_pool", "payee": api.SCHOOL}
    page = Page((await browser.http.get(f"{SETTLEMENT_PAGE}/lines", params=query)).text)
    assert asked(fake, f"{SETTLEMENT_PATH}/lines") == {"limit": "30", "sort": "no", **query}
    assert page.having("form", class_="query no-print", action=f"{SETTLEMENT_PAGE}/lines")
    assert page.having("a", href=f"{SETTLEMENT_PAGE}/lines/214")
    assert "就读学校：怀宁县职业技术学校；生源地：怀宁县" in page.text
    assert page.having("option", value="duplicate_student")
    assert page.having("option", value=api.SCHOOL, selected="")


async def test_a_line_shows_each_condition_by_word_and_shape(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["GET", f"{SETTLEMENT_PATH}/lines/215"] = reply(api.explained_line(excluded=True))
    page = Page((await browser.http.get(f"{SETTLEMENT_PAGE}/lines/215")).text)
    assert "1 有已受理的申报 二15 文件未明确，按既定口径 有已受理的申报的实际 应当 符合" in page.text
    assert "2 没有在另一学校计入 二15 没有在另一学校计入的实际 应当 不符合 不计原因" in page.text
    icons = [a["href"].rsplit("#", 1)[1] for a in page.having("use")]
    assert icons.count("circle-check") == icons.count("circle-x") == 1
    assert "不计奖，金额为 0.00 元" in page.text


async def test_a_payable_line_shows_formula_sentence_and_article(browser: Browser) -> None:
    page = Page((await browser.http.get(f"{SETTLEMENT_PAGE}/lines/214")).text)
    assert "5.00 元 每生 5.00 元" in page.text
    assert "符合全部条件" in page.text
    assert "输送生源的学校给予奖励。" in page.text
    assert "不一致" not in page.text


async def test_a_line_that_its_explanation_contradicts_raises_an_alarm(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["GET", f"{SETTLEMENT_PATH}/lines/214"] = reply(api.explained_line(matches=False))
    assert "请停止使用这次结算" in (await browser.http.get(f"{SETTLEMENT_PAGE}/lines/214")).text


async def test_a_line_of_others_is_not_found(browser: Browser, fake: FakeGateway) -> None:
    async def gone(_request: web.Request) -> web.Response:
        return problem(404, "line_not_found", "没有找到", "这次结算没有这一行。")

    fake.answers["GET", f"{SETTLEMENT_PATH}/lines/9"] = gone
    assert (await browser.http.get(f"{SETTLEMENT_PAGE}/lines/9")).status_code == 404


@pytest.mark.parametrize(
    ("query", "words", "fen"),
    [
        ({}, "全部 400 行", 130000),
        ({"rule": "sending_award"}, "全部 400 行", 90000),
        ({"funding": "above_pool"}, "全部 400 行", 30000),
        ({"rule": "school_enterprise_class", "funding": "within_pool"}, "全部 400 行", 10000),
        ({"payee": api.CLAIM, "funding": "above_pool"}, "全部 400 行", 30000),
        ({"outcome": "excluded"}, "全部 400 行", 0),
        ({"reason": "duplicate_student", "rule": "sending_award"}, "全部 400 行", 0),
        ({"rule": "sending_award", "payee": api.SCHOOL}, "本页 2 行", 500),
    ],
)
def test_the_sum_of_lines_is_of_all_found_where_the_totals_tell_it(query: dict[str, str], words: str, fen: int) -> None:
    answer = api.page_of([api.line(), api.line(**api.EXCLUDED)], total=400)
    assert line_totals(api.settlement(), query, answer, sees_all=True) == {"subject": words, "amount": fen}


def test_who_sees_a_part_only_gets_the_sum_of_that_part() -> None:
    answer = api.page_of([api.line(), api.line()], total=40)
    assert line_totals(api.settlement(), {}, answer, sees_all=False) == {"subject": "本页 2 行", "amount": 1000}
    of_payee = line_totals(api.settlement(), {"payee": api.SCHOOL}, answer, sees_all=False)
    assert of_payee == {"subject": "全部 40 行", "amount": 90000}


@given(st.lists(st.decimals(0, 1_000_000, places=2), max_size=30))
def test_the_sum_of_a_whole_answer_is_exact(amounts: list[Decimal]) -> None:
    answer = api.page_of([api.line(amount=f"{amount:.2f}") for amount in amounts])
    totals = line_totals(api.settlement(), {"rule": "x", "payee": "y"}, answer, sees_all=False)
    assert totals == {"subject": f"全部 {len(amounts)} 行", "amount": int(sum(amounts) * 100)}
