"""The pages of agreements: the list and its filters, the form, renewal, early end."""

import json
import re
from datetime import date, timedelta
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from frontend.filters import last_day
from frontend.pages.agreement_forms import body_of, day_after, party_values, shown
from tests.frontend.conftest import Browser
from tests.frontend.days import DAY, leading_out
from tests.frontend.fake_gateway import FakeGateway, refuse, reply

pytestmark = pytest.mark.anyio
API = "/api/registry/v1"
ONE = "0b9d2f6e-2f5e-4a63-9f0c-0c8a51a6f001"
SCHOOL, FIRM = "0b9d2f6e-2f5e-4a63-9f0c-0c8a51a6f00a", "0b9d2f6e-2f5e-4a63-9f0c-0c8a51a6f00b"
ROW = {
    "id": ONE,
    "kind": "framework",
    "number": "宜职教协〔2025〕3号",
    "title": "框架<协议>",
    "signed_on": "2024-09-01",
    "from_date": "2024-09-01",
    "until_date": "2026-09-01",
    "phase": "expiring",
    "days_left": 30,
    "parties": [
        {"part": 1, "label": "甲方", "id": SCHOOL, "name": "示例学校"},
        {"part": 2, "label": "乙方", "id": FIRM, "name": "示例企业"},
    ],
    "renewed_by": None,
}
RECORD = {
    **ROW,
    "terms": "第一条\n第二条",
    "collaborations": [],
    "subjects": ["共建实训基地", "共建专业"],
    "renews": None,
    "renewal": None,
    "ended_on": None,
    "end_reason": None,
    "row_version": 3,
}


@pytest.fixture
def registry(fake: FakeGateway) -> FakeGateway:
    """A registry with one agreement of two members."""
    members = [{"id": SCHOOL, "name": "示例学校"}, {"id": FIRM, "name": "示例企业"}]
    lists: dict[str, list[dict[str, Any]]] = {"agreements": [ROW], "members": members, "collaborations": []}
    for name, items in lists.items():
        fake.answers[("GET", f"{API}/{name}")] = reply({"items": items, "next_cursor": None, "total": len(items)})
    fake.answers[("GET", f"{API}/agreements/{ONE}")] = reply(RECORD, headers={"ETag": '"3"'})
    history = {"at": "2026-01-01T00:00:00+00:00", "actor_name": "王琳", "action": "agreement.end", "reason": "x"}
    fake.answers[("GET", f"{API}/agreements/{ONE}/history")] = reply({"items": [{**history, "changed": []}]})
    return fake


def taking(fake: FakeGateway, method: str, path: str, answer: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """Have the service take a change; returns what it was sent, with the version."""
    got: list[tuple[dict[str, Any], str]] = []

    async def take(request: web.Request) -> web.StreamResponse:
        got.append((json.loads(await request.text()), request.headers.get("If-Match", "")))
        return web.json_response(answer)

    fake.answers[(method, path)] = take
    return got


async def test_the_list_says_the_last_day_and_asks_what_the_filters_say(
    browser: Browser, registry: FakeGateway
) -> None:
    query = {"kind": "framework", "party": SCHOOL, "expiring_within": "30", "unrenewed": "true", "as_of": "2026-08-02"}
    page = (await browser.http.get("/agreements", params=query)).text
    assert "框架&lt;协议&gt;" in page
    assert "甲方：示例学校；乙方：示例企业" in page
    assert "2026年8月31日" in page
    assert "即将到期" in page
    asked = next(path for _, path, _ in registry.seen if path.startswith(f"{API}/agreements?"))
    for name, value in query.items():
        assert f"{name}={value}" in asked


async def test_one_agreement_with_its_attachments(browser: Browser, registry: FakeGateway) -> None:
    page = (await browser.http.get(f"/agreements/{ONE}")).text
    assert f'hx-get="/attachments/agreement/{ONE}"' in page
    assert "还有 30 天" in page
    assert "<p>第二条</p>" in page
    assert f"/agreements/{ONE}/renewal" in page
    assert "提前终止" in page
    then = (await browser.http.get(f"/agreements/{ONE}", params={"as_of": "2025-01-01"})).text
    assert f"/agreements/{ONE}/edit" not in then
    assert f'hx-get="/attachments/agreement/{ONE}?as_of=2025-01-01"' in then


async def test_the_form_sends_the_parties_in_order_and_the_day_after_the_last(
    browser: Browser, registry: FakeGateway
) -> None:
    got = taking(registry, "POST", f"{API}/agreements", RECORD)
    assert "丁方" in (await browser.http.get("/agreements/new")).text
    data = {
        "csrf_token": await browser.csrf(),
        "kind": "project",
        "title": "项目协议",
        "number": "",
        "signed_on": "2026-01-01",
        "from_date": "2026-01-01",
        "last_day": "2026-12-31",
        "party_1": FIRM,
        "party_2": "",
        "party_3": SCHOOL,
        "subjects": "共建专业\r\n\r\n 共建基地 ",
        "terms": "",
    }
    response = await browser.http.post("/agreements/new", data=data)
    assert (response.status_code, response.headers["Location"]) == (303, f"/agreements/{ONE}")
    body = got[0][0]
    assert body["parties"] == [FIRM, SCHOOL]
    assert (body["until_date"], body["number"], body["terms"]) == ("2027-01-01", None, "")
    assert body["subjects"] == ["共建专业", "共建基地"]


async def test_a_change_repeats_the_version_and_shows_what_another_changed(
    browser: Browser, registry: FakeGateway
) -> None:
    path = f"{API}/agreements/{ONE}"
    form = (await browser.http.get(f"/agreements/{ONE}/edit")).text
    assert "&#34;3&#34;" in form
    assert 'value="2026-08-31"' in form
    got = taking(registry, "PUT", path, RECORD)
    data = {"csrf_token": await browser.csrf(), "etag": '"3"', **shown(RECORD), "effective_on": "2026-03-01"}
    assert (await browser.http.post(f"/agreements/{ONE}/edit", data=data)).status_code == 303
    assert got[0][0]["effective_on"] == "2026-03-01"
    assert got[0][1] == '"3"'
    registry.answers[("PUT", path)] = refuse(412, "stale_version", "内容已被他人修改", "请刷新。")
    response = await browser.http.post(f"/agreements/{ONE}/edit", data={**data, "party_1": FIRM, "party_2": SCHOOL})
    assert response.status_code == 412
    assert "现为“示例学校、示例企业”" in response.text


@pytest.mark.parametrize(
    ("field", "label"), [("parties", "签约单位"), ("until_date", "有效期至"), ("title", "协议名称")]
)
async def test_a_fault_is_told_at_its_field(browser: Browser, registry: FakeGateway, field: str, label: str) -> None:
    issue = {"field": field, "code": "x", "message": "这里有误。"}
    registry.answers[("POST", f"{API}/agreements")] = refuse(422, "invalid_input", "填写内容有误", "有 1 处。", [issue])
    data = {"csrf_token": await browser.csrf(), "kind": "framework"}
    response = await browser.http.post("/agreements/new", data=data)
    assert response.status_code == 422
    assert f'id="field-{field}"' in response.text
    assert f"{label}：这里有误。" in response.text


async def test_a_renewal_begins_where_the_former_ends(browser: Browser, registry: FakeGateway) -> None:
    page = (await browser.http.get(f"/agreements/{ONE}/renewal")).text
    assert 'value="2026-09-01"' in page
    got = taking(registry, "POST", f"{API}/agreements/{ONE}/renewal", RECORD)
    data = {"csrf_token": await browser.csrf(), "title": "续签", "signed_on": "2026-08-01", "last_day": "2028-08-31"}
    response = await browser.http.post(f"/agreements/{ONE}/renewal", data={**data, "from_date": "2026-09-01"})
    assert response.status_code == 303
    assert got[0][0]["until_date"] == "2028-09-01"
    refused = refuse(409, "already_renewed", "当前状态不允许此操作", "这份协议已经续签。")
    registry.answers[("POST", f"{API}/agreements/{ONE}/renewal")] = refused
    response = await browser.http.post(f"/agreements/{ONE}/renewal", data=data)
    assert (response.status_code, "这份协议已经续签。" in response.text) == (409, True)


async def test_an_early_end_repeats_the_version(browser: Browser, registry: FakeGateway) -> None:
    page = (await browser.http.get(f"/agreements/{ONE}/ending")).text
    assert "2026年8月31日" in page
    got = taking(registry, "POST", f"{API}/agreements/{ONE}/ending", RECORD)
    data = {"csrf_token": await browser.csrf(), "etag": '"3"', "ended_on": "2026-01-01", "reason": "停办"}
    assert (await browser.http.post(f"/agreements/{ONE}/ending", data=data)).status_code == 303
    assert got == [({"ended_on": "2026-01-01", "reason": "停办"}, '"3"')]


async def test_the_export_takes_the_query(browser: Browser, registry: FakeGateway) -> None:
    async def workbook(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"PK", headers={"Content-Disposition": 'attachment; filename="agreements.xlsx"'})

    registry.answers[("GET", f"{API}/agreements/export.xlsx")] = workbook
    answer = await browser.http.get("/agreements/export", params={"phase": "expiring", "sort": "title"})
    assert answer.content == b"PK"
    assert any(path == f"{API}/agreements/export.xlsx?phase=expiring" for _, path, _ in registry.seen)


@given(st.dates(date(1950, 1, 1), date(9999, 12, 30)))
def test_the_last_day_and_the_day_after_belong_together(day: date) -> None:
    assert last_day(day_after(day.isoformat())) == day.isoformat()
    assert day_after(last_day((day + timedelta(days=1)).isoformat())) == (day + timedelta(days=1)).isoformat()


@pytest.mark.parametrize("odd", ["2026-13-01", "x", "9999-12-31"])
def test_what_is_no_day_goes_on_to_the_service(odd: str) -> None:
    assert day_after(odd) == odd


def test_a_form_that_nobody_changed_sends_the_record() -> None:
    body = body_of(shown(RECORD))
    assert body["parties"] == [SCHOOL, FIRM] == party_values(shown(RECORD))[:2]
    for name in ("kind", "number", "title", "signed_on", "from_date", "until_date", "terms", "subjects"):
        assert body[name] == RECORD[name], name


@pytest.mark.parametrize("path", ["/agreements", f"/agreements/{ONE}"])
async def test_a_page_of_an_earlier_day_stays_in_it(browser: Browser, registry: FakeGateway, path: str) -> None:
    whole = {"collaborations": [{"id": SCHOOL, "name": "产业学院"}], "renewal": {"id": FIRM, "name": "续签"}}
    record = {**RECORD, **whole, "renews": {"id": SCHOOL, "name": "原协议"}}
    registry.answers[("GET", f"{API}/agreements/{ONE}")] = reply(record, headers={"ETag": '"3"'})
    listed = {"items": [ROW], "next_cursor": "next", "total": 60}
    registry.answers[("GET", f"{API}/agreements")] = reply(listed)
    answer = await browser.http.get(path, params={"as_of": DAY})
    assert leading_out(answer.text, path) == []
    assert "2025年6月1日 的情况，不能修改。" in answer.text
    assert not re.search(r'href="[^"]*/(new|edit|renewal|ending)"', answer.text)
