"""The landing page, citations and jobs through the whole application."""

import json
from typing import Any

import pytest

from tests.frontend.conftest import Browser
from tests.frontend.fake_gateway import FakeGateway, refuse, reply
from tests.frontend.html import Page

pytestmark = pytest.mark.anyio
HTMX = {"HX-Request": "true"}
JOB = "11111111-1111-4111-8111-111111111111"
SERVICES = ("registry", "targets", "subsidies")


def job(state: str, done: int = 5, total: int = 10, **more: Any) -> dict[str, Any]:
    facts = {"id": JOB, "kind": "roster_import", "state": state, "done": done, "total": total, "message": "第 5 行"}
    return {**facts, "result": None, "error": None, **more}


# ---- the landing page


async def test_the_three_lists_are_merged_by_due_date(browser: Browser) -> None:
    page = Page((await browser.http.get("/")).text)
    titles = [a["href"] for a in page.having("a", class_="todo-title")]
    assert titles == ["/subsidies/claims/4", "/targets/retention", "/members?status=incomplete"]
    assert "2026年12月5日前" in page.text
    assert "未定期限" in page.text


async def test_tabs_show_their_own_and_count_all(browser: Browser) -> None:
    page = Page((await browser.http.get("/?tab=overdue", headers=HTMX)).text)
    assert [a["href"] for a in page.having("a", class_="todo-title")] == ["/targets/training"]
    assert "待办 3 已办 1 逾期 1" in page.text
    assert page.having("span", class_="light light-red")


@pytest.mark.parametrize("status", [403, 404, 500, 503])
async def test_a_part_that_is_down_costs_its_lines_only(browser: Browser, fake: FakeGateway, status: int) -> None:
    fake.answers["GET", "/api/targets/v1/todos"] = refuse(status, "x", "出错", "出错了")
    answer = await browser.http.get("/")
    assert answer.status_code == 200
    assert "目标指标：" in answer.text
    assert "受理怀宁县" in answer.text
    assert "填报 2026" not in answer.text


async def test_an_empty_list_says_so(browser: Browser, fake: FakeGateway) -> None:
    for service in SERVICES:
        fake.answers["GET", f"/api/{service}/v1/todos"] = reply({"items": []})
    assert "没有待办事项" in (await browser.http.get("/")).text
    assert "没有逾期事项" in (await browser.http.get("/?tab=overdue")).text


# ---- citations


@pytest.mark.parametrize("article", ["三(二)", "二9", "二、(三)1"])
async def test_an_article_reaches_the_registry_as_written(browser: Browser, fake: FakeGateway, article: str) -> None:
    answer = await browser.http.get(f"/citations/anqing-2024/{article}", headers=HTMX)
    assert answer.status_code == 200
    assert article in answer.text
    assert 'id="dialog-title"' in answer.text
    assert "<html" not in answer.text


async def test_an_unknown_article_is_not_found(browser: Browser, fake: FakeGateway) -> None:
    path = "/api/registry/v1/policies/anqing-2024/articles/九9"
    fake.answers["GET", path] = refuse(404, "not_found", "没有找到", "文件中没有这一条。")
    answer = await browser.http.get("/citations/anqing-2024/九9", headers=HTMX)
    assert answer.status_code == 404
    assert "文件中没有这一条。" in answer.text


# ---- jobs


async def test_a_running_job_polls_itself_and_an_ended_one_stops(browser: Browser, fake: FakeGateway) -> None:
    path = f"/api/subsidies/v1/jobs/{JOB}"
    fake.answers["GET", path] = reply(job("running"))
    url = f"/jobs/subsidies/{JOB}?then=/subsidies/rosters&label=查看名册"
    running = await browser.http.get(url, headers=HTMX)
    poll = Page(running.text).having("div", id=f"job-{JOB}")[0]
    assert poll["hx-trigger"] == "every 1s"
    assert "HX-Trigger" not in running.headers
    assert Page(running.text).having("progress", value="50.00", max="100")
    fake.answers["GET", path] = reply(job("succeeded", 10))
    ended = await browser.http.get(poll["hx-get"], headers=HTMX)
    page = Page(ended.text)
    assert "hx-trigger" not in page.having("div", id=f"job-{JOB}")[0]
    assert page.having("a", href="/subsidies/rosters")
    assert "查看名册" in page.text
    assert json.loads(ended.headers["HX-Trigger"]) == {"hub:job-done": {"id": JOB, "state": "succeeded"}}


async def test_a_failed_job_says_why(browser: Browser, fake: FakeGateway) -> None:
    path = f"/api/registry/v1/jobs/{JOB}"
    fake.answers["GET", path] = reply(job("failed", error={"detail": "文件里没有表头。"}))
    assert "文件里没有表头。" in (await browser.http.get(f"/jobs/registry/{JOB}")).text
    fake.answers["GET", path] = reply(job("failed"))
    assert "任务没有完成" in (await browser.http.get(f"/jobs/registry/{JOB}")).text


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_polling_survives_a_restart_of_the_service(browser: Browser, fake: FakeGateway, status: int) -> None:
    fake.answers["GET", f"/api/targets/v1/jobs/{JOB}"] = refuse(status, "x", "忙", "请稍后")
    assert (await browser.http.get(f"/jobs/targets/{JOB}", headers=HTMX)).status_code == 204
    assert (await browser.http.get(f"/jobs/targets/{JOB}")).status_code == status


async def test_a_result_link_never_leaves_the_site(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["GET", f"/api/targets/v1/jobs/{JOB}"] = reply(job("succeeded"))
    answer = await browser.http.get(f"/jobs/targets/{JOB}?then=https://evil.test/", headers=HTMX)
    assert "evil.test" not in answer.text


async def test_only_the_known_services_have_jobs(browser: Browser, fake: FakeGateway) -> None:
    assert (await browser.http.get(f"/jobs/identity/{JOB}")).status_code == 422
    assert (await browser.http.get("/jobs/targets/not-a-uuid")).status_code == 422
    assert fake.seen == []
