"""Programs and sign-ins of others: an application, the consent that it asks for, sign-out, a unit's own sign-in."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

import httpx
import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from playwright.sync_api import Page, expect

from services.kernel.permissions import PERMISSION_LABELS, Permission
from tests.browser.conftest import OpenWindow, SignIn, ends_within_seconds
from tests.browser.looks import faults_at_both_sizes
from tests.support.running_hub import RunningHub

PERSON: Final = "bureau-340881"
SCOPE: Final = "openid profile registry:read"
SPOKEN: Final = (
    "main h1, main h2, main label:not(.form-check), main legend, main dt, main button, main a.btn, main summary"
)
"""What a page calls its parts."""


def faults_of_page(page: Page, name: str) -> list[str]:
    """What is wrong with the open page: its looks at both sizes, and what it calls in another language than Chinese."""
    called = [text.strip() for text in page.locator(SPOKEN).all_inner_texts()]
    assert called
    foreign = [f"not Chinese: {text}" for text in called if text and not re.search(r"[一-鿿]", text)]
    return [*faults_at_both_sizes(page, name), *foreign]


@dataclass
class Listener:
    """A third party's program at this machine, and the answers that browsers brought it."""

    url: str
    brought: list[dict[str, str]] = field(default_factory=list)

    @property
    def callback(self) -> str:
        return f"{self.url}/callback"

    @property
    def home(self) -> str:
        return f"{self.url}/signed-out"


@contextmanager
def listening() -> Iterator[Listener]:
    """The program's web server, on a free port of the loopback."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            if asked.path in ("/callback", "/signed-out"):
                heard.brought.append({name: values[0] for name, values in parse_qs(asked.query).items()})
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write('<!doctype html><html lang="zh-CN"><title>示例</title><h1>示例应用</h1>'.encode())

        def log_message(self, *_told: Any) -> None:
            """Says nothing: the hub's own log tells what happened."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    heard = Listener(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield heard
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass(frozen=True)
class Program:
    """A registered application, its secret, and where it listens."""

    name: str
    client_id: str
    secret: str
    at: Listener


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as found:
        yield found


def register(page: Page, listener: Listener) -> Program:
    """The system administrator registers the application in the browser; the page with its secret stays open."""
    name = f"示例排课系统{uuid4().hex[:4]}"
    page.goto("/people/applications/new")
    page.get_by_label("应用名称").fill(name)
    page.get_by_label("用途说明").fill("为学校排课的外部系统")
    page.get_by_label("回调地址").fill(listener.callback)
    page.get_by_label("退出后返回的地址").fill(listener.home)
    page.get_by_label(PERMISSION_LABELS[Permission.REGISTRY_READ], exact=True).check()
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("密钥只显示这一次").first).to_be_visible()
    client_id, secret, _discovery = page.locator(".keepsake dd").all_inner_texts()
    return Program(name, client_id, secret, listener)


def ask(page: Page, program: Program, state: str) -> str:
    """Lead the browser to the hub as the program does; answers the verifier of this request."""
    verifier = secrets.token_urlsafe(48)
    query = {
        "response_type": "code",
        "client_id": program.client_id,
        "redirect_uri": program.at.callback,
        "scope": SCOPE,
        "state": state,
        "code_challenge": create_s256_code_challenge(verifier),
        "code_challenge_method": "S256",
    }
    page.goto(f"/oauth/authorize?{urlencode(query)}")
    return verifier


def test_an_applications_secret_is_shown_this_once(sign_in: SignIn, listener: Listener) -> None:
    page = sign_in("xitong")
    program = register(page, listener)
    faults = faults_of_page(page, "page-application-issued")
    page.get_by_role("link", name="我已保存").click()
    expect(page.get_by_role("heading", name=program.name)).to_be_visible()
    expect(page.locator("main")).to_contain_text(listener.callback)
    assert program.secret not in page.content()
    faults += faults_of_page(page, "page-application")
    page.get_by_role("link", name="修改").click()
    expect(page.get_by_label("应用名称")).to_have_value(program.name)
    assert program.secret not in page.content()
    faults += faults_of_page(page, "page-application-edit")
    assert faults == []


def test_a_person_refuses_an_application_and_allows_it_later(
    sign_in: SignIn, hub: RunningHub, listener: Listener
) -> None:
    program = register(sign_in("xitong"), listener)
    page = sign_in(PERSON)

    ask(page, program, "first")
    expect(page.get_by_role("heading", name="授权其他应用")).to_be_visible()
    asked = page.locator("main")
    for said in (program.name, "为学校排课的外部系统", "桐城市示例教育局", "不会得到您的密码"):
        expect(asked).to_contain_text(said)
    faults = faults_of_page(page, "page-consent")
    page.get_by_role("button", name="不同意").click()
    page.wait_for_url(f"{listener.callback}*")
    (refused,) = listener.brought
    assert (refused["error"], refused["state"]) == ("access_denied", "first")
    assert "code" not in refused

    verifier = ask(page, program, "second")
    page.get_by_role("button", name="同意", exact=True).click()
    page.wait_for_url(f"{listener.callback}*")
    allowed = listener.brought[-1]
    assert allowed["state"] == "second"
    form = {
        "grant_type": "authorization_code",
        "code": allowed["code"],
        "redirect_uri": listener.callback,
        "code_verifier": verifier,
    }
    credentials = (program.client_id, program.secret)
    granted = httpx.post(f"{hub.url}/oauth/token", data=form, auth=credentials, timeout=30).json()
    bearer = {"Authorization": f"Bearer {granted['access_token']}"}
    units = httpx.get(f"{hub.url}/api/registry/v1/members", headers=bearer, timeout=30)
    assert units.status_code == 200

    ask(page, program, "third")  # what is allowed is not asked again
    page.wait_for_url(f"{listener.callback}*")
    assert "code" in listener.brought[-1]

    page.goto("/me")
    expect(page.locator("main")).to_contain_text(program.name)
    assert faults == []


def test_a_link_that_signs_out_asks_first(sign_in: SignIn) -> None:
    page = sign_in(PERSON, fresh=True)
    page.goto("/oauth/logout")
    expect(page.get_by_role("heading", name="退出登录")).to_be_visible()
    expect(page.locator("main")).to_contain_text("示例县区教育局经办，确定要退出登录吗")
    faults = faults_of_page(page, "page-sign-out")
    page.get_by_role("link", name="不退出").click()
    page.get_by_role("heading", name="我的事项").wait_for()

    page.goto("/oauth/logout?id_token_hint=no-token-of-ours")
    page.get_by_role("button", name="退出登录").click()
    expect(page.get_by_role("heading", name="已退出登录")).to_be_visible()
    faults += faults_of_page(page, "page-signed-out")
    ends_within_seconds(page, "/members")
    assert faults == []


def test_a_program_that_signs_out_gets_the_browser_back_once_the_person_agrees(
    sign_in: SignIn, listener: Listener
) -> None:
    program = register(sign_in("xitong"), listener)
    page = sign_in(PERSON, fresh=True)
    wanted = {"client_id": program.client_id, "post_logout_redirect_uri": listener.home, "state": "bye"}
    page.goto(f"/oauth/logout?{urlencode(wanted)}")
    assert listener.brought == []
    page.get_by_role("button", name="退出登录").click()
    page.wait_for_url(f"{listener.home}*")
    assert listener.brought == [{"state": "bye"}]


def test_a_units_sign_in_is_connected_checked_and_switched_off(sign_in: SignIn, open_window: OpenWindow) -> None:
    page, name = sign_in("xitong"), f"示例中学统一认证{uuid4().hex[:4]}"
    page.goto("/people/providers/new?kind=oidc")
    page.get_by_label("名称", exact=False).first.fill(name)
    page.locator("[name='config.issuer']").fill("https://id.xuexiao.invalid")
    page.locator("[name='config.client_id']").fill("zhongshu")
    page.locator("[name='secret']").fill(secrets.token_urlsafe(24))
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    faults = faults_of_page(page, "page-provider")
    expect(page.locator("main")).to_contain_text("/oauth/federation/")
    expect(page.locator("[name='secret']")).to_have_value("")

    page.get_by_role("button", name="检查能否使用").click()
    expect(page.locator("#provider")).to_contain_text("单位登录系统没有应答或连接失败")
    faults += faults_of_page(page, "page-provider-checked")

    stranger = open_window()
    stranger.goto("/")
    expect(stranger.get_by_role("link", name=name)).to_be_visible()
    page.get_by_label("停用").check()
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("status").filter(has_text="已保存。")).to_be_visible()
    faults += faults_of_page(page, "page-provider-stopped")
    stranger.goto("/")
    expect(stranger.get_by_role("link", name=name)).to_have_count(0)
    assert faults == []
