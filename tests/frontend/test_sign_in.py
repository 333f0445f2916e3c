"""Sign-in, refresh and sign-out against an identity service that checks PKCE and rotates refresh tokens."""

import asyncio
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI

from frontend.settings import FrontendSettings
from services.kernel.clock import FixedClock
from tests.frontend.conftest import Browser
from tests.frontend.fake_gateway import FakeGateway, refuse, reply

pytestmark = pytest.mark.anyio
COOKIE = "__Host-hub_session"


async def test_login_asks_for_a_code_with_s256_and_every_scope_of_a_person(stranger: Browser) -> None:
    answer = await stranger.http.get("/login")
    target = urlsplit(answer.headers["Location"])
    query = {name: values[0] for name, values in parse_qs(target.query).items()}
    assert answer.status_code == 303
    assert f"{target.scheme}://{target.netloc}{target.path}" == "https://hub.test/oauth/authorize"
    assert query["client_id"] == "frontend"
    assert query["response_type"] == "code"
    assert query["redirect_uri"] == "https://hub.test/login/callback"
    assert query["code_challenge_method"] == "S256"
    assert len(query["code_challenge"]) == 43
    assert "subsidies:settle" in query["scope"]
    assert "snapshot:read" not in query["scope"]
    cookie = answer.headers["Set-Cookie"]
    assert all(mark in cookie for mark in ("HttpOnly", "SameSite=lax", "Secure", "Max-Age=600"))


async def test_signing_in_gives_an_opaque_cookie_and_leads_back(stranger: Browser, fake: FakeGateway) -> None:
    answer = await stranger.sign_in("/components?tab=1")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/components?tab=1"
    cookie = next(c for c in answer.headers.get_list("Set-Cookie") if c.startswith(COOKIE))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" in cookie
    assert "Max-Age" not in cookie
    assert not any(token in cookie for token in fake.access_tokens | fake.refresh_tokens)
    page = await stranger.http.get("/components")
    assert "王琳" in page.text
    assert "秘书处" in page.text
    assert not any(token in page.text for token in fake.access_tokens | fake.refresh_tokens)


async def test_no_token_or_name_stands_readable_in_the_session_file(
    browser: Browser, fake: FakeGateway, settings: FrontendSettings
) -> None:
    files = list(settings.sessions_dir.iterdir())
    assert len(files) == 1
    assert files[0].stat().st_mode & 0o777 == 0o600
    assert settings.sessions_dir.stat().st_mode & 0o777 == 0o700
    content = files[0].read_bytes()
    assert not any(token.encode() in content for token in fake.access_tokens)
    assert "王琳".encode() not in content
    assert browser.http.cookies[COOKIE] not in files[0].name


async def test_a_state_of_another_browser_is_refused(stranger: Browser) -> None:
    started = await stranger.http.get("/login")
    back = await stranger.approve(started.headers["Location"])
    stranger.http.cookies.clear()
    answer = await stranger.http.get(back)
    assert answer.status_code == 400
    assert "请重新登录" in answer.text
    assert COOKIE not in stranger.http.cookies


async def test_a_forged_state_is_refused(stranger: Browser) -> None:
    started = await stranger.http.get("/login")
    back = await stranger.approve(started.headers["Location"])
    answer = await stranger.http.get(back.replace("state=", "state=x"))
    assert answer.status_code == 400


async def test_a_sign_in_that_took_over_ten_minutes_is_refused(stranger: Browser, clock: FixedClock) -> None:
    started = await stranger.http.get("/login")
    back = await stranger.approve(started.headers["Location"])
    clock.advance(timedelta(minutes=10, seconds=1))
    assert (await stranger.http.get(back)).status_code == 400


async def test_a_code_is_worth_nothing_without_its_verifier(stranger: Browser, fake: FakeGateway) -> None:
    started = await stranger.http.get("/login")
    back = await stranger.approve(started.headers["Location"])
    for code in fake.codes:
        fake.codes[code] = "another-challenge"
    answer = await stranger.http.get(back)
    assert answer.status_code == 403
    assert "重新登录" in answer.text


async def test_a_refusal_by_the_identity_service_is_told(stranger: Browser) -> None:
    started = await stranger.http.get("/login")
    state = parse_qs(urlsplit(started.headers["Location"]).query)["state"][0]
    answer = await stranger.http.get("/login/callback", params={"error": "access_denied", "state": state})
    assert answer.status_code == 403
    assert "登录没有完成" in answer.text


@pytest.mark.parametrize(
    "evil", ["https://evil.test/", "//evil.test", "/\\evil.test", "javascript:alert(1)", "/a\r\nSet-Cookie: x=1", ""]
)
async def test_next_never_leaves_the_site(stranger: Browser, evil: str) -> None:
    answer = await stranger.sign_in(evil)
    assert answer.headers["Location"] == "/"


async def test_signing_in_again_ends_the_session_before(browser: Browser, settings: FrontendSettings) -> None:
    before = browser.http.cookies[COOKIE]
    await browser.sign_in()
    assert browser.http.cookies[COOKIE] != before
    assert len(list(settings.sessions_dir.iterdir())) == 1


async def test_an_ageing_token_is_refreshed_once_for_many_requests_at_once(
    stranger: Browser, fake: FakeGateway, clock: FixedClock
) -> None:
    await stranger.sign_in()
    clock.advance(timedelta(seconds=fake.expires_in - 20))
    answers = await asyncio.gather(*(stranger.http.get("/components") for _ in range(8)))
    assert [a.status_code for a in answers] == [200] * 8
    assert fake.refreshes == 1
    assert (await stranger.http.get("/")).status_code == 200
    assert fake.refreshes == 1


async def test_a_revoked_sign_in_leads_to_the_login(
    browser: Browser, fake: FakeGateway, clock: FixedClock, settings: FrontendSettings
) -> None:
    fake.refresh_tokens.clear()
    clock.advance(timedelta(minutes=15))
    answer = await browser.http.get("/components?x=1")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/login?next=%2Fcomponents%3Fx%3D1"
    assert list(settings.sessions_dir.iterdir()) == []


async def test_identity_being_down_during_a_refresh_keeps_the_session(
    browser: Browser, app: FastAPI, clock: FixedClock, sockets: Path, settings: FrontendSettings
) -> None:
    clock.advance(timedelta(minutes=15))
    (sockets / "gateway.sock").rename(sockets / "away.sock")
    await app.state.gateway.close()
    app.state.gateway.start()
    answer = await browser.http.get("/components")
    assert answer.status_code == 503
    assert "服务暂时不可用" in answer.text
    (sockets / "away.sock").rename(sockets / "gateway.sock")
    assert (await browser.http.get("/components")).status_code == 200
    assert len(list(settings.sessions_dir.iterdir())) == 1


async def test_a_token_that_the_gateway_no_longer_takes_leads_to_the_login(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["GET", "/api/registry/v1/todos"] = refuse(401, "token_invalid", "尚未登录", "请重新登录。")
    answer = await browser.http.get("/")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/login")


async def test_rest_and_age_both_end_a_session(browser: Browser, clock: FixedClock) -> None:
    clock.advance(timedelta(minutes=31))
    assert (await browser.http.get("/components")).headers["Location"].startswith("/login")
    await browser.sign_in()
    for _ in range(29):
        clock.advance(timedelta(minutes=20))
        assert (await browser.http.get("/components")).status_code == 200
    clock.advance(timedelta(minutes=20))
    assert (await browser.http.get("/components")).status_code == 303


async def test_htmx_is_told_to_move_the_whole_page_to_the_login(stranger: Browser) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "https://hub.test/members?page=2"}
    answer = await stranger.http.get("/", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/login?next=%2Fmembers%3Fpage%3D2"


async def test_signing_out_revokes_and_forgets(browser: Browser, fake: FakeGateway, settings: FrontendSettings) -> None:
    refresh = next(iter(fake.refresh_tokens))
    answer = await browser.http.post("/logout", data={"csrf_token": await browser.csrf()})
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/oauth/logout"
    assert fake.revoked == [refresh]
    assert list(settings.sessions_dir.iterdir()) == []
    assert (await browser.http.get("/")).status_code == 303


async def test_signing_out_works_while_identity_is_down(
    browser: Browser, fake: FakeGateway, settings: FrontendSettings, sockets: Path, app: FastAPI
) -> None:
    token = await browser.csrf()
    (sockets / "gateway.sock").unlink()
    await app.state.gateway.close()
    app.state.gateway.start()
    answer = await browser.http.post("/logout", data={"csrf_token": token})
    assert answer.status_code == 303
    assert list(settings.sessions_dir.iterdir()) == []
    assert fake.revoked == []


async def test_the_bearer_token_reaches_the_services_and_the_request_id_goes_along(
    browser: Browser, fake: FakeGateway
) -> None:
    fake.answers["GET", "/api/registry/v1/todos"] = reply({"items": []})
    await browser.http.get("/", headers={"X-Request-ID": "abcdef0123456789"})
    assert {path for _, path, _ in fake.seen} == {f"/api/{s}/v1/todos" for s in ("registry", "targets", "subsidies")}
    for _, _, headers in fake.seen:
        assert headers["Authorization"].removeprefix("Bearer ") in fake.access_tokens
        assert headers["X-Request-ID"] == "abcdef0123456789"
