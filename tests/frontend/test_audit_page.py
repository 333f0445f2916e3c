"""The audit administrator's page: search a service's log, look at an entry, export with a reason."""

from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web

from tests.frontend.conftest import Browser
from tests.frontend.fake_gateway import FakeGateway, refuse, reply
from tests.frontend.html import Page
from tests.frontend.subsidies_world import post

pytestmark = pytest.mark.anyio

ENTRY = {
    "entry_no": 12,
    "at": "2025-12-01T04:00:00Z",
    "actor": "a1",
    "actor_name": "王琳",
    "actor_role": "secretariat_clerk",
    "post": None,
    "post_title": "秘书处经办",
    "unit": "secretariat",
    "unit_name": "集团秘书处",
    "client_id": "frontend",
    "session_id": "s1",
    "client_address": "2001:db8::1",
    "action": "claim.accepted",
    "object_kind": "claim",
    "object_id": "c1",
    "before": {"state": "submitted"},
    "after": {"state": "accepted", "note": "<b>核对</b>"},
    "reason": "材料齐全",
    "request_id": "r" * 32,
    "previous_hash": "00" * 32,
    "hash": "ab" * 32,
}
LOG = {"items": [ENTRY], "next_cursor": None, "total": 1}


@pytest.fixture
async def auditor(stranger: Browser, fake: FakeGateway) -> Browser:
    for service in ("identity", "subsidies"):
        fake.answers["GET", f"/api/{service}/v1/audit-entries"] = reply(LOG)
    fake.user |= {"role": "audit_admin", "name": "审计员"}
    await stranger.sign_in()
    return stranger


async def test_an_entry_tells_who_what_from_where_and_its_hash(auditor: Browser) -> None:
    text = (await auditor.http.get("/audit")).text
    for told in (
        "王琳",
        "集团秘书处",
        "2001:db8::1",
        "申报 · 通过",
        "claim.accepted",
        "材料齐全",
        "ab" * 32,
        "登录与账号",
    ):
        assert told in text
    assert "&lt;b&gt;核对" in text
    Page(text).check()


async def test_days_are_asked_for_as_whole_business_days(auditor: Browser, fake: FakeGateway) -> None:
    query = {"service": "subsidies", "from": "2025-12-01", "until": "2025-12-31", "actor": "王琳"}
    await auditor.http.get("/audit", params=query)
    asked = parse_qs(urlsplit(fake.seen[-1][1]).query)
    assert (asked["from"], asked["until"]) == (["2025-12-01T00:00:00+08:00"], ["2026-01-01T00:00:00+08:00"])
    assert asked["actor"] == ["王琳"]
    assert "service" not in asked


async def test_a_date_that_is_none_is_told(auditor: Browser) -> None:
    answer = await auditor.http.get("/audit", params={"from": "2025-02-30"})
    assert answer.status_code == 422
    assert "日期应为年-月-日" in answer.text


async def test_an_export_is_passed_on_as_it_is(auditor: Browser, fake: FakeGateway) -> None:
    bodies = []

    async def exported(request: web.Request) -> web.StreamResponse:
        bodies.append(await request.json())
        headers = {"Content-Disposition": 'attachment; filename="audit.jsonl"'}
        return web.Response(body=b"{}\n", content_type="application/x-ndjson", headers=headers)

    fake.answers["POST", "/api/subsidies/v1/audit-exports"] = exported
    form = {"service": "subsidies", "from": "2025-12-01", "until": "", "reason": "年度检查"}
    answer = await post(auditor, "/audit/export", form)
    assert (answer.content, answer.headers["Content-Disposition"]) == (b"{}\n", 'attachment; filename="audit.jsonl"')
    assert bodies == [{"from": "2025-12-01T00:00:00+08:00", "reason": "年度检查"}]


async def test_an_export_without_a_reason_comes_back_to_its_field(auditor: Browser, fake: FakeGateway) -> None:
    issue = {"field": "reason", "code": "string_too_short", "message": "请填写至少 2 个字。"}
    fake.answers["POST", "/api/identity/v1/audit-exports"] = refuse(422, "invalid", "有误", "请修改。", [issue])
    answer = await post(auditor, "/audit/export", {"service": "identity", "reason": ""})
    assert answer.status_code == 422
    assert Page(answer.text).having("input", name="reason", aria_invalid="true")
