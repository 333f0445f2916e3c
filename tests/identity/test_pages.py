"""Identity's pages without a server: escaping, headers, the form's token, cookies."""

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fastapi import Request
from fastapi.responses import Response
from hypothesis import given, settings
from hypothesis import strategies as st

from services.identity.api.sign_in_links import SignInLink
from services.identity.api.sign_in_steps import OfferedPost
from services.identity.keyring import Keyring
from services.identity.oauth.requests import HubOAuth2Request, response_of
from services.identity.pages import Cookies, FormTokens, Message, Pages
from services.identity.queries import HeldPost
from services.identity.second_factor import enrolment_of, new_recovery_codes, new_secret
from services.identity.steps import choices_of
from services.identity.tables import Account, Person, Post
from services.kernel.clock import FixedClock
from services.kernel.errors import FieldIssue
from tests.identity.world import identity_settings
from tests.support.services import hub_settings

URL = "postgresql+asyncpg://x/y"
NOON = datetime(2025, 12, 1, 4, tzinfo=UTC)
FIELDS: dict[str, Any] = {
    "action": "/oauth/authorize?client_id=frontend",
    "alliance_name": "安庆职业教育集团",
    "csrf_token": "token",
    "username": "",
    "problem": "",
    "errors": {},
}


class Elements(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def inputs(self) -> dict[str | None, dict[str, str | None]]:
        return {attributes.get("name"): attributes for tag, attributes in self.found if tag == "input"}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Pages:
    return Pages(identity_settings(URL, tmp_path_factory.mktemp("files")))


def sign_in_page(pages: Pages, **values: Any) -> str:
    return bytes(pages.render("sign_in.html", 200, **{**FIELDS, **values}).body).decode()


@settings(max_examples=60, deadline=None)
@given(username=st.text(max_size=40), problem=st.text(max_size=40), name=st.text(max_size=40))
def test_no_text_becomes_an_element_or_attribute(pages: Pages, username: str, problem: str, name: str) -> None:
    plain = Elements(sign_in_page(pages, username="x", problem="x", alliance_name="x")).found
    page = Elements(sign_in_page(pages, username=username, problem=problem or "x", alliance_name=name))
    assert [tag for tag, _ in page.found] == [tag for tag, _ in plain]
    assert sorted(page.inputs(), key=str) == ["csrf_token", "password", "username"]
    assert "value" in page.inputs()["username"]
    assert page.inputs()["password"]["value"] == ""


def test_fields_have_labels_and_say_what_is_wrong_with_them(pages: Pages) -> None:
    page = Elements(sign_in_page(pages, errors={"password": "请填写密码。"}))
    labels = {attributes.get("for") for tag, attributes in page.found if tag == "label"}
    assert labels == {"username", "password"}
    password = page.inputs()["password"]
    assert (password["type"], password["autocomplete"]) == ("password", "current-password")
    assert password["aria-invalid"] == "true"
    described = {attributes.get("id") for _, attributes in page.found}
    assert password["aria-describedby"] in described
    assert "aria-invalid" not in page.inputs()["username"]
    assert any(attributes.get("role") == "alert" for _, attributes in page.found)


def test_the_cursor_stands_where_typing_begins(pages: Pages) -> None:
    assert "autofocus" in Elements(sign_in_page(pages)).inputs()["username"]
    again = Elements(sign_in_page(pages, username="mishuchu")).inputs()
    assert "autofocus" in again["password"]
    assert "autofocus" not in again["username"]


@pytest.mark.parametrize("environment", ["demonstration", "production"])
def test_only_the_demonstration_says_that_it_is_one(tmp_path: Path, environment: str) -> None:
    hub = hub_settings(tmp_path, environment=environment)
    sound = {"argon2_memory_kib": 19456, "argon2_time_cost": 2}
    page = Pages(identity_settings(URL, tmp_path, hub=hub, **sound)).message(200, Message("题", "话"))
    assert ("演示环境" in bytes(page.body).decode()) == (environment == "demonstration")


@pytest.mark.parametrize(
    ("target", "allowed"),
    [
        ("", "form-action 'self';"),
        ("https://county.example/callback?x=1", "form-action 'self' https://county.example;"),
        ("http://127.0.0.1:8000/login/callback", "form-action 'self' http://127.0.0.1:8000;"),
        ("com.example.app:/callback", "form-action 'self';"),
        ("javascript:alert(1)", "form-action 'self';"),
    ],
)
def test_the_policy_lets_the_form_lead_to_the_client_only(pages: Pages, target: str, allowed: str) -> None:
    headers = pages.render("sign_in.html", 200, form_target=target, **FIELDS).headers
    policy = headers["content-security-policy"]
    assert allowed in policy
    assert "script-src" not in policy
    assert policy.startswith("default-src 'none'")
    assert (headers["cache-control"], headers["x-frame-options"]) == ("no-store", "DENY")


def test_everything_a_page_loads_comes_from_the_same_origin(pages: Pages) -> None:
    page = Elements(sign_in_page(pages))
    loaded = [attributes.get("src") or attributes.get("href") or "" for _, attributes in page.found]
    assert all(re.match(r"/|#|$", address) for address in loaded)
    assert {tag for tag, _ in page.found}.isdisjoint({"script", "style", "iframe", "object"})


NASTY = '"><script>alert(1)</script>'


def every_page() -> dict[str, dict[str, Any]]:
    """The pages of a sign-in with what they show; every text that comes from people is hostile."""
    account = Account(id=uuid4(), username=NASTY, person=Person(name=NASTY))
    post = Post(id=uuid4(), title=NASTY, unit_name=NASTY, role="county_clerk")
    held = HeldPost(account, post)
    issue = FieldIssue("password", "password_short", NASTY)
    common = {"action": "/oauth/authorize?state=x", "alliance_name": NASTY, "csrf_token": "token", "problem": NASTY}
    people = {**common, "person": NASTY, "username": NASTY}
    links = [SignInLink(NASTY, "/oauth/federation/1/start?return_to=%2F")]
    return {
        "sign_in.html": {**people, "errors": {}, "links": links},
        "second_factor.html": people,
        "enrol_factor.html": {**people, "enrolment": enrolment_of(new_secret(), NASTY, NASTY)},
        "recovery_codes.html": {**people, "codes": new_recovery_codes(), "onward": "/oauth/authorize?state=x"},
        "choose_post.html": {**people, "posts": [OfferedPost(held, choices_of([held])[1])]},
        "invitation.html": {
            **people,
            "units": [NASTY],
            "rules": "规则",
            "reset": False,
            "links": links,
            "issues": [issue],
            "errors": {"password": NASTY},
        },
    }


@pytest.mark.parametrize("template", every_page())
def test_every_page_stands_on_its_own_and_shows_what_people_wrote_as_text(pages: Pages, template: str) -> None:
    html = bytes(pages.render(template, 200, **every_page()[template]).body).decode()
    page = Elements(html)
    tags = [tag for tag, _ in page.found]
    assert {"script", "style", "iframe", "object"}.isdisjoint(tags)
    assert "&lt;script&gt;alert(1)" in html
    assert tags.count("h1") == 1
    for tag, attributes in page.found:
        assert not any(name == "style" or name.startswith("on") for name in attributes)
        address = attributes.get("src") or attributes.get("href") or ""
        assert re.match(r"/|#|$|data:image/svg\+xml", address), (tag, address)
        if tag == "img":
            assert "alt" in attributes


@pytest.mark.parametrize("template", every_page())
def test_every_field_of_every_page_has_a_label_and_every_reference_an_element(pages: Pages, template: str) -> None:
    page = Elements(bytes(pages.render(template, 200, **every_page()[template]).body).decode())
    ids = [attributes["id"] for _, attributes in page.found if attributes.get("id")]
    assert len(ids) == len(set(ids))
    labelled = {attributes.get("for") for tag, attributes in page.found if tag == "label"}
    for field in page.inputs().values():
        hidden = field.get("type") == "hidden" or field.get("aria-hidden") == "true"
        assert hidden or field.get("id") in labelled
    for _, attributes in page.found:
        for name in ("aria-describedby", "aria-labelledby", "for"):
            assert set((attributes.get(name) or "").split()) <= set(ids)
    focused = [attributes for _, attributes in page.found if "autofocus" in attributes]
    assert len(focused) <= 1


@pytest.fixture
def tokens(tmp_path: Path) -> tuple[FormTokens, FixedClock]:
    values = identity_settings(URL, tmp_path)
    clock = FixedClock(NOON)
    return FormTokens(Keyring(values.key_secret), clock, values), clock


def test_a_form_token_belongs_to_one_cookie_and_half_an_hour(tokens: tuple[FormTokens, FixedClock]) -> None:
    forms, clock = tokens
    mine, other = forms.new_cookie(), forms.new_cookie()
    token = forms.token_for(mine)
    assert mine not in token
    assert forms.accepts(mine, token)
    assert not forms.accepts(other, token)
    assert not forms.accepts(None, token)
    assert not forms.accepts("", forms.token_for(""))
    assert not forms.accepts(mine, token[:-2] + "AA")
    clock.advance(timedelta(minutes=30))
    assert forms.accepts(mine, token)
    clock.advance(timedelta(seconds=1))
    assert not forms.accepts(mine, token)


def test_a_form_token_serves_one_purpose(tokens: tuple[FormTokens, FixedClock]) -> None:
    forms, _ = tokens
    cookie = forms.new_cookie()
    for purpose in ("", "/oauth/authorize/post?state=1"):
        token = forms.token_for(cookie, purpose)
        assert forms.accepts(cookie, token, purpose)
        for other in ("/oauth/authorize/post?state=2", "/oauth/authorize/factor?state=1", purpose + " "):
            assert not forms.accepts(cookie, token, other)


def request_with(cookie: str) -> Request:
    return Request({"type": "http", "headers": [(b"cookie", cookie.encode())]})


@pytest.mark.parametrize(
    ("public_url", "name", "secure"),
    [("http://127.0.0.1:8000", "hub_identity", False), ("https://hub.example", "__Host-hub_identity", True)],
)
def test_cookies_are_out_of_reach_of_scripts_and_other_sites(
    tmp_path: Path, public_url: str, name: str, secure: bool
) -> None:
    cookies = Cookies(identity_settings(URL, tmp_path, public_url=public_url))
    response = Response()
    cookies.set_session(response, "anqing.secret")
    sent = [value for header, value in response.headers.items() if header == "set-cookie"]
    opened = next(value for value in sent if value.startswith(f"{name}=anqing.secret"))
    assert "HttpOnly" in opened
    assert "SameSite=lax" in opened
    assert "Path=/" in opened
    assert "Domain" not in opened
    assert ("Secure" in opened) is secure
    assert any("sign_in_form" in value and "Max-Age=0" in value for value in sent)
    assert cookies.session(request_with(f"{name}=anqing.secret")) == "anqing.secret"
    assert cookies.form(request_with(f"{name}=anqing.secret")) is None


def test_a_redirect_after_a_form_is_303_and_no_answer_is_kept() -> None:
    moved = response_of(302, "", [("Location", "http://127.0.0.1:8000/login/callback?code=x")])
    assert (moved.status_code, moved.headers["cache-control"]) == (303, "no-store")
    told = response_of(400, {"error": "invalid_grant"}, [("Content-Type", "application/json"), ("Pragma", "no-cache")])
    assert (told.status_code, told.headers["content-type"]) == (400, "application/json")
    assert (told.headers["pragma"], told.headers["cache-control"]) == ("no-cache", "no-store")


def test_a_repeated_parameter_keeps_every_value() -> None:
    request = HubOAuth2Request("GET", "/oauth/authorize", {}, [("scope", "a"), ("scope", "b"), ("state", "s")])
    assert request.payload.datalist["scope"] == ["a", "b"]
    assert request.payload.state == "s"
    assert (request.args, request.form) == ({"scope": "b", "state": "s"}, {})
