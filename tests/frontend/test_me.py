"""我的账号 on a page: sign-ins, password, second factor, bindings; nothing secret is written back."""

from typing import Any

import pytest

from tests.frontend.conftest import Browser
from tests.frontend.fake_gateway import FakeGateway, refuse, reply
from tests.frontend.html import Page
from tests.frontend.subsidies_world import HTMX, post
from tests.frontend.test_integration import ID, kept, listed

pytestmark = pytest.mark.anyio

ME = "/api/identity/v1/me"
AT = "2025-12-01T04:00:00Z"
SESSION = {
    "id": ID,
    "current": False,
    "device": "Windows Edge",
    "user_agent": "x",
    "client_address": "2001:db8::7",
    "post_title": "经办",
    "unit_name": "集团秘书处",
    "practice": True,
    "created_at": AT,
    "last_seen_at": AT,
    "expires_at": AT,
}
FACTOR = {"enrolled": True, "confirmed_at": AT, "required": False, "recovery_codes_left": 9}
OFFER = {"secret": "JBSWY3DPEHPK3PXP", "uri": "otpauth://totp/x", "image": "data:image/svg+xml;base64,PHN2Zy8+"}
BOUND = {"id": ID, "provider": ID, "provider_name": "学院统一认证", "subject": "s***1", "display": "", "bound_at": AT}


@pytest.fixture
def fake(fake: FakeGateway) -> FakeGateway:
    """The gateway as identity answers a person about himself."""
    consent = {"client_id": "app-1", "client_name": "学分银行", "allowances": ["查看成员单位"], "granted_at": AT}
    answers: dict[str, Any] = {
        "posts": {"items": []},
        "sessions": {"items": [SESSION, {**SESSION, "current": True}]},
        "totp": FACTOR,
        "consents": listed(consent),
        "external-identities": {
            "items": [BOUND],
            "available": [{"id": ID, "name": "企业微信", "kind_label": "企业微信"}],
        },
    }
    fake.answers = {("GET", f"{ME}/{name}"): reply(answer) for name, answer in answers.items()}
    fake.answers["POST", f"{ME}/totp"] = reply(OFFER)
    return fake


async def test_the_page_tells_where_one_is_signed_in_and_what_was_allowed(browser: Browser) -> None:
    text = (await browser.http.get("/me")).text
    for told in ("Windows Edge", "2001:db8::7", "本次登录", "学分银行", "绑定企业微信", "学院统一认证"):
        assert told in text
    page = Page(text)
    page.check()
    assert page.faults == []


async def test_a_sign_in_elsewhere_is_ended(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["DELETE", f"{ME}/sessions/{ID}"] = reply(None, 204)
    answer = await post(browser, f"/me/sessions/{ID}/end")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/me")


async def test_a_password_is_changed_and_never_written_back(browser: Browser, fake: FakeGateway) -> None:
    bodies: list[Any] = []
    fake.answers["POST", f"{ME}/password"] = kept(bodies, None)
    typed = {"current_password": "old-Secret-1", "new_password": "new-Secret-22", "repeated": "new-Secret-23"}
    differs = await post(browser, "/me/password", typed, headers=HTMX)
    assert (differs.status_code, bodies) == (422, [])
    assert "两次输入的新密码不一样" in differs.text
    assert not any(secret in differs.text for secret in typed.values())
    await post(browser, "/me/password", {**typed, "repeated": "new-Secret-22"})
    assert bodies == [{"current_password": "old-Secret-1", "new_password": "new-Secret-22"}]


async def test_a_factor_is_offered_confirmed_and_its_codes_shown_once(browser: Browser, fake: FakeGateway) -> None:
    offered = await post(browser, "/me/factor", headers=HTMX)
    assert OFFER["secret"] in offered.text
    assert Page(offered.text).having("img", src=OFFER["image"])
    issue = {"field": "code", "code": "code_wrong", "message": "动态口令不正确。"}
    fake.answers["POST", f"{ME}/totp/confirmation"] = refuse(422, "invalid", "有误", "请重试。", [issue])
    wrong = await post(browser, "/me/factor/confirmation", {"code": "000000", "current_code": ""}, headers=HTMX)
    assert (wrong.status_code, "动态口令不正确" in wrong.text) == (422, True)
    fake.answers["POST", f"{ME}/totp/confirmation"] = reply({"codes": ["aaaa-bbbb", "cccc-dddd"]})
    right = await post(browser, "/me/factor/confirmation", {"code": "123456"}, headers=HTMX)
    assert "aaaa-bbbb" in right.text
    assert right.headers["Cache-Control"] == "no-store"


async def test_a_wrong_code_comes_back_to_its_field(browser: Browser, fake: FakeGateway) -> None:
    issue = {"field": "code", "code": "code_wrong", "message": "动态口令不正确。"}
    for method, path, page in (
        ("POST", f"{ME}/recovery-codes", "/me/recovery-codes"),
        ("DELETE", f"{ME}/totp", "/me/factor/removal"),
    ):
        fake.answers[method, path] = refuse(422, "invalid", "有误", "请重试。", [issue])
        answer = await post(browser, page, {"code": "1"}, headers=HTMX)
        assert answer.status_code == 422
        assert Page(answer.text).having("input", name="code", aria_invalid="true")


async def test_binding_leads_to_the_unit_s_sign_in(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["POST", f"{ME}/external-identities"] = reply({"url": "/oauth/federation/x/start?binding=t"}, 201)
    answer = await post(browser, "/me/bindings", {"provider": ID})
    assert answer.headers["Location"] == "/oauth/federation/x/start?binding=t"
