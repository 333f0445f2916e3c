"""系统对接: machine clients and webhooks on pages; secrets are shown once and nowhere else."""

from typing import Any

import pytest
from aiohttp import web

from tests.frontend.conftest import Browser
from tests.frontend.fake_gateway import FakeGateway, refuse, reply
from tests.frontend.html import Page
from tests.frontend.subsidies_world import HTMX, post

pytestmark = pytest.mark.anyio

CLIENTS = "/api/identity/v1/clients"
HOOKS = "/api/exchange/v1/webhook-endpoints"
SENT = "/api/exchange/v1/webhook-deliveries"
ID = "3d0e5c0e-6f0a-4b43-9c0f-6a2f1a7b9f10"
AT = "2025-12-01T04:00:00Z"
CLIENT = {
    "client_id": "county-340822-a1",
    "name": "怀宁县学籍系统",
    "description": "",
    "division": "340822",
    "division_name": "怀宁县",
    "practice": False,
    "auth_method": "client_secret_basic",
    "scopes": ["registry:read", "subsidies:submit"],
    "active": True,
    "created_by": None,
    "created_at": AT,
    "updated_at": AT,
    "revoked_at": None,
    "last_used_at": None,
}
ENDPOINT = {
    "id": ID,
    "url": "https://edu.example.cn/hooks",
    "event_types": None,
    "description": "",
    "active": True,
    "disabled_at": None,
    "disabled_reason": None,
    "disabled_reason_label": None,
    "failing_since": None,
    "previous_secret_signs_until": None,
    "created_at": AT,
    "created_by_name": "王琳",
    "version": 1,
}
DELIVERY = {
    "id": ID,
    "endpoint_id": ID,
    "message_id": "msg-1",
    "type": "claim.accepted",
    "state": "dead",
    "state_label": "未送达，已停止重试",
    "attempts": 8,
    "last_status": 500,
    "last_fault": None,
    "last_fault_label": None,
    "created_at": AT,
    "next_attempt_at": None,
    "finished_at": AT,
}
ATTEMPT = {
    "no": 1,
    "at": AT,
    "ended_at": AT,
    "status": 500,
    "fault": None,
    "fault_label": None,
    "answer": "<b>busy</b>",
}


def listed(*items: Any) -> dict[str, Any]:
    return {"items": list(items), "next_cursor": None, "total": len(items)}


@pytest.fixture
def fake(fake: FakeGateway) -> FakeGateway:
    """The gateway with one client, one endpoint and one dead letter."""
    divisions = {"divisions": [{"code": "340822", "name": "怀宁县"}], "zones": []}
    answers = {
        "/api/registry/v1/divisions": divisions,
        CLIENTS: listed(CLIENT),
        f"{CLIENTS}/{CLIENT['client_id']}": CLIENT,
        HOOKS: listed(ENDPOINT),
        SENT: listed(DELIVERY),
        f"{SENT}/{ID}": {**DELIVERY, "body": {"type": "claim.accepted"}, "attempt_log": [ATTEMPT]},
    }
    fake.answers = {("GET", path): reply(answer) for path, answer in answers.items()}
    fake.answers["GET", f"{HOOKS}/{ID}"] = reply(ENDPOINT, headers={"ETag": '"1"'})
    return fake


@pytest.fixture
async def bureau(stranger: Browser, fake: FakeGateway) -> Browser:
    fake.user |= {"role": "county_clerk", "division": "340822", "name": "怀宁县教育局"}
    await stranger.sign_in()
    return stranger


def kept(bodies: list[Any], answer: Any) -> Any:
    """A handler that keeps what it was sent."""

    async def handler(request: web.Request) -> web.StreamResponse:
        bodies.append(await request.json() if request.can_read_body else None)
        return web.json_response(answer)

    return handler


@pytest.mark.parametrize(
    "path",
    [
        "/integration/clients",
        "/integration/clients/new",
        f"/integration/clients/{CLIENT['client_id']}",
        "/integration/webhooks",
        "/integration/webhooks/new",
        f"/integration/webhooks/{ID}",
        f"/integration/webhooks/{ID}/edit",
        "/integration/webhooks/deliveries",
        f"/integration/webhooks/deliveries/{ID}",
    ],
)
async def test_every_page_stands_and_is_sound(browser: Browser, path: str) -> None:
    answer = await browser.http.get(path)
    assert answer.status_code == 200, answer.text
    page = Page(answer.text)
    page.check()
    assert page.faults == []


async def test_a_new_client_s_secret_is_shown_this_once(browser: Browser, fake: FakeGateway) -> None:
    bodies: list[Any] = []
    fake.answers["POST", CLIENTS] = kept(bodies, {**CLIENT, "client_secret": "s3cret-of-the-client"})
    form = {"name": "怀宁县学籍系统", "division": "340822", "practice": "yes", "auth_method": "client_secret_basic"}
    answer = await post(browser, "/integration/clients/new", form)
    assert "s3cret-of-the-client" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert (bodies[0]["practice"], bodies[0]["jwks"]) == (True, None)
    again = await browser.http.get(f"/integration/clients/{CLIENT['client_id']}")
    assert "s3cret-of-the-client" not in again.text


async def test_keys_that_are_no_json_come_back_to_their_field(browser: Browser) -> None:
    form = {"name": "系统", "division": "340822", "auth_method": "private_key_jwt", "jwks": "{keys"}
    answer = await post(browser, "/integration/clients/new", form)
    assert answer.status_code == 422
    assert "应为 JSON 格式的公钥集" in answer.text
    assert Page(answer.text).having("textarea", name="jwks", aria_invalid="true")


async def test_a_bureau_keeps_its_client_but_makes_none(bureau: Browser, fake: FakeGateway) -> None:
    assert "开设接入" not in (await bureau.http.get("/integration/clients")).text
    assert (await bureau.http.get("/integration/clients/new")).status_code == 403
    path = f"{CLIENTS}/{CLIENT['client_id']}"
    fake.answers["POST", f"{path}/rotation"] = reply({**CLIENT, "client_secret": "a-fresh-secret"})
    rotated = await post(bureau, f"/integration/clients/{CLIENT['client_id']}/rotation", {"reason": "例行更换"})
    assert "a-fresh-secret" in rotated.text
    issue = {"field": "reason", "code": "missing", "message": "请填写原因。"}
    fake.answers["POST", f"{path}/revocation"] = refuse(422, "invalid", "有误", "请修改。", [issue])
    refused = await post(bureau, f"/integration/clients/{CLIENT['client_id']}/revocation", {"reason": ""}, headers=HTMX)
    assert (refused.status_code, "请填写原因" in refused.text) == (422, True)


async def test_types_of_a_webhook_may_be_listed_in_any_way(browser: Browser, fake: FakeGateway) -> None:
    bodies: list[Any] = []
    fake.answers["POST", HOOKS] = kept(bodies, {**ENDPOINT, "secret": "whsec_once"})
    form = {
        "url": ENDPOINT["url"],
        "event_types": "claim.accepted、claim.returned\nroster.imported，",
        "description": "",
    }
    answer = await post(browser, "/integration/webhooks/new", form)
    assert "whsec_once" in answer.text
    assert bodies[0]["event_types"] == ["claim.accepted", "claim.returned", "roster.imported"]
    await post(browser, "/integration/webhooks/new", {"url": ENDPOINT["url"], "event_types": ""})
    assert bodies[1]["event_types"] is None


async def test_a_dead_letter_tells_its_attempts_and_is_sent_again(browser: Browser, fake: FakeGateway) -> None:
    text = (await browser.http.get(f"/integration/webhooks/deliveries/{ID}")).text
    assert "&lt;b&gt;busy" in text
    fake.answers["POST", f"{SENT}/{ID}/replay"] = reply({**DELIVERY, "state": "pending"}, 202)
    answer = await post(browser, f"/integration/webhooks/deliveries/{ID}/replay")
    assert answer.headers["Location"] == f"/integration/webhooks/deliveries/{ID}"


async def test_replaying_since_a_day_means_its_midnight_here(browser: Browser, fake: FakeGateway) -> None:
    bodies: list[Any] = []
    fake.answers["POST", f"{HOOKS}/{ID}/replay"] = kept(bodies, {"replayed": 3})
    await post(browser, f"/integration/webhooks/{ID}/replay", {"from": "2025-12-01"})
    assert bodies == [{"from": "2025-12-01T00:00:00+08:00"}]
    refused = await post(browser, f"/integration/webhooks/{ID}/replay", {"from": ""})
    assert (refused.status_code, "请选择从哪一天起重发" in refused.text) == (422, True)


async def test_an_edit_sends_the_version_it_read(browser: Browser, fake: FakeGateway) -> None:
    seen: list[str | None] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        seen.append(request.headers.get("If-Match"))
        return web.json_response(ENDPOINT)

    fake.answers["PATCH", f"{HOOKS}/{ID}"] = handler
    form = {"url": ENDPOINT["url"], "active": "no", "etag": '"1"'}
    assert (await post(browser, f"/integration/webhooks/{ID}/edit", form)).status_code == 303
    assert seen == ['"1"']
