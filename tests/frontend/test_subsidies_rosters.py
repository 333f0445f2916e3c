"""The pages of rosters, through the whole application and a gateway that answers as the API."""

from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from frontend.pages.subsidies_rosters import faults_by_reason
from services.kernel.clock import FixedClock
from tests.frontend import subsidies_answers as api
from tests.frontend.conftest import Browser
from tests.frontend.fake_gateway import FakeGateway, refuse, reply
from tests.frontend.html import Page
from tests.frontend.subsidies_world import (
    HTMX,
    ROOT,
    SETTLEMENT_PAGE,
    SETTLEMENT_PATH,
    Recorder,
    asked,
    bureau,
    fake,
    post,
)

pytestmark = pytest.mark.anyio
__all__ = ["bureau", "fake"]  # fixtures


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
    assert "订单 示例装备公司 大型 统计局证明 91.5" in page.text


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
