"""账号、岗位、本单位人员 on pages: links shown once, dated grants, and each administrator with his own part only."""

from typing import Any

import pytest

from services.kernel.permissions import GRANTS, PERMISSION_LABELS, ROLE_LABELS, Role
from tests.frontend.conftest import Browser
from tests.frontend.fake_gateway import FakeGateway, refuse, reply
from tests.frontend.html import Page
from tests.frontend.subsidies_world import HTMX, post
from tests.frontend.test_integration import ID, kept, listed

pytestmark = pytest.mark.anyio

API = "/api/identity/v1"
AT = "2025-12-01T04:00:00Z"
HELD = {
    "id": ID,
    "title": "奖补经办",
    "unit_name": "怀宁县教育局",
    "role": "county_clerk",
    "role_label": "县区教育局经办",
    "division": "340822",
    "member": None,
    "department": None,
}
ACCOUNT = {
    "id": ID,
    "username": "wanglin",
    "name": "王琳",
    "state": "active",
    "has_password": True,
    "second_factor": True,
    "posts": [HELD],
    "created_at": AT,
    "updated_at": AT,
}
HOLDING = {
    "id": ID,
    "person": ID,
    "account": ID,
    "name": "王琳",
    "username": "wanglin",
    "from_date": "2025-09-01",
    "until_date": None,
    "reason": "任命",
    "document": "怀教〔2025〕8号",
    "granted_by": "x",
    "granted_by_name": "安全员",
    "granted_at": AT,
    "ended_by": None,
    "ended_by_name": None,
    "ended_at": None,
    "end_reason": None,
}
POST = {**HELD, "division_name": "怀宁县", "active": True, "holder": HOLDING, "created_at": AT, "updated_at": AT}
DETAIL = {
    **ACCOUNT,
    "holdings": [
        {"id": ID, "post": HELD, "from_date": "2025-09-01", "until_date": None, "reason": "", "document": None}
    ],
    "locked_until": AT,
    "invitation_expires_at": None,
}
SESSION = {"device": "Windows Edge", "client_address": "::1", "created_at": AT, "last_seen_at": AT, "practice": False}
LINK = {"purpose": "invitation", "link": "http://127.0.0.1:8000/oauth/invitation/t0k", "expires_at": AT, "note": ""}

PROVIDER = {
    "id": ID,
    "kind": "oidc",
    "kind_label": "OpenID Connect",
    "name": "学院统一认证",
    "member": None,
    "division": None,
    "config": {"issuer": "https://sso.example.edu.cn", "algorithm": "RS256", "pkce": True},
    "has_secret": True,
    "active": True,
    "callback_url": f"http://127.0.0.1:8000/oauth/federation/{ID}/callback",
    "created_at": AT,
    "updated_at": AT,
}
FIELD = {"hint": "", "required": True, "default": None, "choices": []}
KIND = {
    "kind": "oidc",
    "label": "OpenID Connect",
    "fields": [
        {**FIELD, "name": "issuer", "label": "签发者地址", "kind": "text"},
        {
            **FIELD,
            "name": "algorithm",
            "label": "算法",
            "kind": "choice",
            "choices": ["RS256", "ES256"],
            "default": "RS256",
        },
        {**FIELD, "name": "pkce", "label": "使用 PKCE", "kind": "flag", "default": True},
        {**FIELD, "name": "secret", "label": "应用密钥", "kind": "secret"},
    ],
}
APPLICATION = {
    "client_id": "app-1",
    "name": "学分银行",
    "description": "",
    "redirect_uris": ["https://bank.example.cn/cb"],
    "post_logout_redirect_uris": [],
    "auth_method": "client_secret_basic",
    "scopes": ["openid", "profile"],
    "active": True,
    "created_by": None,
    "created_at": AT,
    "updated_at": AT,
    "last_used_at": None,
}


def matrix() -> dict[str, Any]:
    roles = [
        {
            "code": role.value,
            "label": ROLE_LABELS[role],
            "party": role.party.value,
            "permissions": sorted(GRANTS[role]),
            "second_factor": False,
            "administrator": False,
        }
        for role in Role
    ]
    return {
        "roles": roles,
        "permissions": [{"code": p.value, "label": label} for p, label in PERMISSION_LABELS.items()],
    }


@pytest.fixture
def fake(fake: FakeGateway) -> FakeGateway:
    """The gateway with one account in one post."""
    answers: dict[str, Any] = {
        f"{API}/accounts": listed(ACCOUNT),
        f"{API}/accounts/{ID}/sessions": {"items": [SESSION]},
        f"{API}/posts": listed(POST),
        f"{API}/roles": matrix(),
        f"{API}/unit/accounts": listed(ACCOUNT),
        f"{API}/identity-providers": listed(PROVIDER),
        f"{API}/identity-providers/kinds": {"items": [KIND]},
        f"{API}/applications": listed(APPLICATION),
        f"{API}/applications/app-1": APPLICATION,
        "/api/registry/v1/units": listed({"id": ID, "name": "安庆职业技术学院", "category": "x", "division": None}),
        "/api/registry/v1/divisions": {"divisions": [{"code": "340822", "name": "怀宁县"}], "zones": []},
    }
    fake.answers = {("GET", path): reply(answer) for path, answer in answers.items()}
    fake.answers["GET", f"{API}/accounts/{ID}"] = reply(DETAIL, headers={"ETag": '"4"'})
    fake.answers["GET", f"{API}/identity-providers/{ID}"] = reply(PROVIDER, headers={"ETag": '"1"'})
    fake.answers["GET", f"{API}/posts/{ID}"] = reply({**POST, "holdings": [HOLDING]}, headers={"ETag": '"2"'})
    return fake


async def signed_in(stranger: Browser, fake: FakeGateway, role: Role) -> Browser:
    fake.user |= {"role": role.value, "division": "340822"}
    await stranger.sign_in()
    return stranger


@pytest.mark.parametrize(
    ("role", "path"),
    [
        (Role.SYSTEM_ADMIN, "/people/accounts"),
        (Role.SYSTEM_ADMIN, "/people/accounts/new"),
        (Role.SYSTEM_ADMIN, f"/people/accounts/{ID}"),
        (Role.SECURITY_ADMIN, f"/people/accounts/{ID}"),
        (Role.SECURITY_ADMIN, "/people/posts"),
        (Role.SECURITY_ADMIN, "/people/posts/new"),
        (Role.SECURITY_ADMIN, f"/people/posts/{ID}"),
        (Role.SYSTEM_ADMIN, f"/people/posts/{ID}"),
        (Role.SECURITY_ADMIN, "/people/posts/roles"),
        (Role.SYSTEM_ADMIN, "/people/providers"),
        (Role.SYSTEM_ADMIN, "/people/providers/new?kind=oidc"),
        (Role.SYSTEM_ADMIN, f"/people/providers/{ID}"),
        (Role.SYSTEM_ADMIN, "/people/applications"),
        (Role.SYSTEM_ADMIN, "/people/applications/new"),
        (Role.SYSTEM_ADMIN, "/people/applications/app-1"),
        (Role.SYSTEM_ADMIN, "/people/applications/app-1/edit"),
        (Role.COUNTY_REVIEWER, "/people/unit"),
        (Role.COUNTY_REVIEWER, f"/people/unit/{ID}/password"),
    ],
)
async def test_every_page_stands_and_is_sound(stranger: Browser, fake: FakeGateway, role: Role, path: str) -> None:
    browser = await signed_in(stranger, fake, role)
    answer = await browser.http.get(path)
    assert answer.status_code == 200, answer.text
    page = Page(answer.text)
    page.check()
    assert page.faults == []


async def test_a_new_account_s_link_is_shown_this_once(stranger: Browser, fake: FakeGateway) -> None:
    browser = await signed_in(stranger, fake, Role.SYSTEM_ADMIN)
    fake.answers["POST", f"{API}/accounts"] = reply({"account": ACCOUNT, "invitation": LINK}, 201)
    answer = await post(browser, "/people/accounts/new", {"username": "wanglin", "name": "王琳"})
    assert LINK["link"] in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


async def test_each_administrator_is_offered_his_own_part_only(stranger: Browser, fake: FakeGateway) -> None:
    browser = await signed_in(stranger, fake, Role.SYSTEM_ADMIN)
    text = (await browser.http.get(f"/people/accounts/{ID}")).text
    assert "停用账号" in text
    assert "解除锁定" in text
    assert "强制退出" not in text
    assert not Page((await browser.http.get(f"/people/posts/{ID}")).text).having("select", name="account")
    assert (await post(browser, f"/people/posts/{ID}/holdings", {"account": ID})).status_code == 403


async def test_the_security_administrator_ends_sign_ins_and_changes_no_account(
    stranger: Browser, fake: FakeGateway
) -> None:
    browser = await signed_in(stranger, fake, Role.SECURITY_ADMIN)
    text = (await browser.http.get(f"/people/accounts/{ID}")).text
    assert "强制退出" in text
    assert "停用账号" not in text
    fake.answers["POST", f"{API}/accounts/{ID}/sign-out"] = reply({"ended": 2})
    answer = await post(browser, f"/people/accounts/{ID}/sign-out", {"reason": "手机遗失"})
    assert answer.status_code == 303
    assert (await post(browser, f"/people/accounts/{ID}/deactivation", {"reason": "x"})).status_code == 403


async def test_a_successor_is_granted_from_a_day_on(stranger: Browser, fake: FakeGateway) -> None:
    browser = await signed_in(stranger, fake, Role.SECURITY_ADMIN)
    bodies: list[Any] = []
    fake.answers["POST", f"{API}/posts/{ID}/holdings"] = kept(bodies, POST)
    form = {"account": ID, "from_date": "2026-01-01", "reason": "接任", "document": "", "succeeds": "yes"}
    assert (await post(browser, f"/people/posts/{ID}/holdings", form)).status_code == 303
    assert bodies == [{"account": ID, "from_date": "2026-01-01", "reason": "接任", "document": None, "succeeds": True}]
    issue = {"field": "account", "code": "own_post", "message": "不能给自己任职。"}
    fake.answers["POST", f"{API}/posts/{ID}/holdings"] = refuse(422, "invalid", "有误", "请修改。", [issue])
    refused = await post(browser, f"/people/posts/{ID}/holdings", form, headers=HTMX)
    assert (refused.status_code, "不能给自己任职" in refused.text) == (422, True)


async def test_a_colleague_s_reset_link_is_shown_this_once(stranger: Browser, fake: FakeGateway) -> None:
    browser = await signed_in(stranger, fake, Role.COUNTY_REVIEWER)
    fake.answers["POST", f"{API}/unit/accounts/{ID}/password-resets"] = reply(
        {**LINK, "purpose": "password_reset"}, 201
    )
    answer = await post(browser, f"/people/unit/{ID}/password")
    assert LINK["link"] in answer.text
    assert "密码重置链接" in answer.text


async def test_a_provider_s_form_is_what_identity_says_of_its_kind(stranger: Browser, fake: FakeGateway) -> None:
    browser = await signed_in(stranger, fake, Role.SYSTEM_ADMIN)
    bodies: list[Any] = []
    fake.answers["POST", f"{API}/identity-providers"] = kept(bodies, PROVIDER)
    form = {"kind": "oidc", "name": "学院统一认证", "config.issuer": "https://sso.example.edu.cn", "config.pkce": "no"}
    answer = await post(browser, "/people/providers/new", {**form, "config.algorithm": "ES256", "secret": "s3cret"})
    assert answer.status_code == 303
    assert bodies == [
        {
            "kind": "oidc",
            "name": "学院统一认证",
            "config": {"issuer": "https://sso.example.edu.cn", "algorithm": "ES256", "pkce": False},
            "secret": "s3cret",
            "member": None,
            "division": None,
        }
    ]
    assert (await browser.http.get("/people/providers/new?kind=telepathy")).status_code == 404


async def test_what_is_wrong_with_a_provider_is_told_at_its_field_and_by_the_check(
    stranger: Browser, fake: FakeGateway
) -> None:
    browser = await signed_in(stranger, fake, Role.SYSTEM_ADMIN)
    issue = {"field": "config.issuer", "code": "value_error", "message": "应为以 https:// 开头的完整地址"}
    fake.answers["PATCH", f"{API}/identity-providers/{ID}"] = refuse(422, "invalid", "有误", "请修改。", [issue])
    edit = {"name": "x", "config.issuer": "sso", "etag": '"1"', "secret": "not-shown-again"}
    refused = await post(browser, f"/people/providers/{ID}/edit", edit, headers=HTMX)
    assert refused.status_code == 422
    assert Page(refused.text).having("input", name="config.issuer", aria_invalid="true")
    assert "not-shown-again" not in refused.text
    result = {"ok": False, "code": "unreachable", "message": "无法连接对方的发现文档。", "callback_url": ""}
    fake.answers["POST", f"{API}/identity-providers/{ID}/check"] = reply(result)
    assert "无法连接对方的发现文档" in (await post(browser, f"/people/providers/{ID}/check", headers=HTMX)).text


async def test_an_application_s_secret_is_shown_this_once(stranger: Browser, fake: FakeGateway) -> None:
    browser = await signed_in(stranger, fake, Role.SYSTEM_ADMIN)
    bodies: list[Any] = []
    fake.answers["POST", f"{API}/applications"] = kept(bodies, {**APPLICATION, "client_secret": "app-s3cret"})
    form = {"name": "学分银行", "redirect_uris": "https://a.cn/cb\nhttps://b.cn/cb", "scopes": ["openid", "profile"]}
    answer = await post(browser, "/people/applications/new", form)
    assert "app-s3cret" in answer.text
    assert bodies[0]["redirect_uris"] == ["https://a.cn/cb", "https://b.cn/cb"]
    assert bodies[0]["scopes"] == ["openid", "profile"]
