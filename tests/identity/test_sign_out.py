"""RP-initiated logout, and what people allowed third parties' programs."""

from datetime import timedelta
from typing import Any

import httpx
from jose import jwt
from sqlalchemy import text

from services.identity import admin
from services.identity.parts import IdentityParts
from services.kernel.tokens import SigningKey, generate_private_pem, sign
from tests.identity.office import Office
from tests.identity.registrations import APP_CALLBACK, Registered, application
from tests.identity.world import (
    AUTHORIZE,
    CLERK,
    HOME,
    TOKEN,
    VERIFIER,
    Browser,
    Play,
    World,
    authorize_url,
    parameters,
)
from tests.support.tokens import ISSUER

LOGOUT = f"{ISSUER}/oauth/logout"


async def signed_in(world: World, browser: Browser) -> dict[str, Any]:
    """Tokens of the hub's own pages for the clerk."""
    async with world.oauth(scope="openid registry:read") as client:
        back = await browser.sign_in(authorize_url(client), CLERK.username, world.password)
        granted: dict[str, Any] = await client.fetch_token(TOKEN, authorization_response=back, code_verifier=VERIFIER)
    return granted


async def lives(world: World, tokens: dict[str, Any]) -> bool:
    """Whether the sign-in still works, by refresh; when not, its session is on the list that every service follows."""
    answer = await world.post(TOKEN, {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]})
    if answer.status_code == 200:
        tokens |= answer.json()
        return True
    session = jwt.get_unverified_claims(tokens["access_token"])["sid"]
    revoked = await world.rows("SELECT value FROM revocation WHERE kind = 'session'")
    assert session in {row.value for row in revoked}
    return False


def url(**asked: str) -> str:
    return str(httpx.URL(LOGOUT, params=asked))


def test_a_link_without_a_hint_asks_first_and_a_click_signs_out(play: Play) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        tokens = await signed_in(world, browser)
        link = url(client_id="frontend", post_logout_redirect_uri=HOME, state="s")
        page = await browser.open(link)
        assert (page.status_code, "确定要退出登录吗" in page.text) == (200, True)
        assert f"form-action 'self' {ISSUER};" in page.headers["content-security-policy"]
        forged = await browser.submit(page, csrf_token="forged")
        assert "确定要退出登录吗" in forged.text
        elsewhere = world.browser()
        stolen = await elsewhere.submit(page)
        assert "已退出登录" in stolen.text, "nobody is signed in there"
        assert await lives(world, tokens)
        gone = await browser.submit(await browser.open(link))
        assert (gone.status_code, gone.headers["location"]) == (303, f"{HOME}?state=s")
        assert not await lives(world, tokens)
        async with world.oauth() as client:
            assert (await browser.open(authorize_url(client))).status_code == 200, "the browser is signed out, too"
        assert ("sign_out", "secretariat_clerk", None) in await world.audited()

    play(story)


def test_a_hint_signs_out_at_once_in_any_browser_even_when_it_is_old(play: Play) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        tokens = await signed_in(world, browser)
        world.clock.advance(timedelta(minutes=20))
        gone = await browser.open(url(id_token_hint=tokens["id_token"], post_logout_redirect_uri=HOME))
        assert gone.headers["location"] == HOME
        assert not await lives(world, tokens)

        browser = world.browser()
        tokens = await signed_in(world, browser)
        async with httpx.AsyncClient(transport=world.transport) as http:  # a client's form brings no cookie along
            form = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": HOME, "state": "x y"}
            gone = await http.post(LOGOUT, data=form)
        assert gone.headers["location"] == f"{HOME}?state=x+y"
        assert not await lives(world, tokens)

    play(story)


def test_a_hint_of_another_sign_in_does_not_end_this_one_unasked(play: Play) -> None:
    async def story(world: World) -> None:
        mine, theirs = world.browser(), world.browser()
        tokens, others = await signed_in(world, mine), await signed_in(world, theirs)
        page = await mine.open(url(id_token_hint=others["id_token"]))
        assert "确定要退出登录吗" in page.text
        assert await lives(world, tokens)
        assert await lives(world, others)

    play(story)


def test_a_false_hint_is_none_and_a_foreign_address_is_never_gone_to(play: Play) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        tokens = await signed_in(world, browser)
        claims = await world.verifier().verify(tokens["access_token"])
        forged = {"iss": ISSUER, "aud": "frontend", "sid": claims["sid"], "alliance": "anqing"}
        strangers = sign(forged, SigningKey("stranger", generate_private_pem()), token_type="JWT")
        for hint in (strangers, tokens["access_token"], "x.y.z", "短", "\x00"):
            page = await browser.open(url(id_token_hint=hint, post_logout_redirect_uri=HOME))
            assert (page.status_code, "确定要退出登录吗" in page.text) == (200, True), hint
        app = await application(world)
        for target, client_id in [
            ("https://attacker.example/", "frontend"),
            (f"{HOME}?x=1", "frontend"),
            (HOME.rstrip("/"), "frontend"),
            (HOME, app.client_id),
            (HOME, "nobody"),
        ]:
            asked = {"post_logout_redirect_uri": target, "client_id": client_id}
            page = await browser.open(url(**asked))
            answer = await browser.submit(page)
            assert (answer.status_code, "已退出登录" in answer.text) == (200, True), asked
            tokens = await signed_in(world, browser)
        asked = {"post_logout_redirect_uri": HOME, "client_id": app.client_id, "id_token_hint": tokens["id_token"]}
        assert "location" not in (await browser.open(url(**asked))).headers, "hint and client_id disagree"

    play(story)


def test_an_id_token_of_a_rotated_key_is_a_hint_while_that_key_is_published(play: Play) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        tokens = await signed_in(world, browser)
        await admin.rotate_keys(world.settings, clock=world.clock)
        world.clock.advance(timedelta(minutes=2))
        assert (await signed_in(world, world.browser()))["id_token"]
        gone = await browser.open(url(id_token_hint=tokens["id_token"], post_logout_redirect_uri=HOME))
        assert gone.headers["location"] == HOME

    play(story)


async def _page(world: World, browser: Browser, app: Registered, **asked: str) -> httpx.Response:
    """What the program's authorisation request leads to for the clerk, who signs in where that is needed."""
    wanted = {"scope": "openid registry:read", "redirect_uri": APP_CALLBACK, **asked}
    async with world.oauth(app.client_id, app.secret) as client:
        page = await browser.open(authorize_url(client, **wanted))
    if 'name="password"' in page.text:
        page = await browser.submit(page, username=CLERK.username, password=world.password)
        page = await browser.followed(await browser.choose(await browser.followed(page)))
    return page


def test_consent_is_asked_once_for_each_scope_and_kept_until_it_is_withdrawn(play: Play) -> None:
    async def story(world: World) -> None:
        office, app, browser = Office(world), await application(world), world.browser()
        page = await _page(world, browser, app)
        for told in ("示例排课系统", "为学校排课的外部系统", "确认您的身份", "查看成员单位和合作载体"):
            assert told in page.text
        assert "查看目标指标" not in page.text
        assert (await browser.submit(page, csrf_token="forged", decision="allow")).status_code == 403
        allowed = await browser.submit(page, decision="allow")
        assert parameters(allowed.headers["location"])["code"]
        assert (await _page(world, browser, app)).status_code == 303, "not asked again"
        assert "查看目标指标" in (await _page(world, browser, app, scope="openid targets:read")).text
        assert (await _page(world, browser, app, prompt="consent")).status_code == 200
        silent = await _page(world, browser, app, scope="openid targets:read", prompt="none")
        assert parameters(silent.headers["location"])["error"] == "consent_required"
        tokens = await _exchange(world, app, parameters((await _page(world, browser, app)).headers["location"])["code"])
        person = (await world.rows("SELECT id FROM account WHERE username = 'mishuchu'"))[0]
        worker = await office.sign_in(person.id)
        (consent,) = (await office.get(worker, "/me/consents"))["items"]
        assert (consent["client_id"], consent["scopes"]) == (app.client_id, ["openid", "registry:read"])
        assert consent["allowances"] == ["确认您的身份", "查看成员单位和合作载体"]
        path = f"/me/consents/{app.client_id}"
        assert (await office.call(worker, "DELETE", path)).status_code == 204
        assert (await office.refused(worker, "DELETE", path)) == (404, "client_unknown")
        assert (await office.get(worker, "/me/consents"))["items"] == []
        claims = await world.verifier().verify(tokens["access_token"])
        assert claims["jti"] in {row.value for row in await world.rows("SELECT value FROM revocation")}
        async with httpx.AsyncClient(transport=world.transport) as http:
            form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
            assert (await http.post(TOKEN, data=form, auth=app.auth)).json()["error"] == "invalid_grant"
        assert (await _page(world, browser, app)).status_code == 200, "asked anew"
        actions = [action for action, _, _ in await world.audited() if action.startswith("consent.")]
        assert actions == ["consent.grant", "consent.withdraw"]

    play(story)


async def _exchange(world: World, app: Registered, code: str) -> dict[str, Any]:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": APP_CALLBACK, "code_verifier": VERIFIER}
    async with httpx.AsyncClient(transport=world.transport) as http:
        granted: dict[str, Any] = (await http.post(TOKEN, data=form, auth=app.auth)).json()
    return granted


def test_a_refused_consent_is_told_to_the_program_and_written_down(play: Play) -> None:
    async def story(world: World) -> None:
        app, browser = await application(world), world.browser()
        denied = await browser.submit(await _page(world, browser, app, state="s"), decision="deny")
        told = parameters(denied.headers["location"])
        assert (told["error"], told["state"], told["iss"]) == ("access_denied", "s", ISSUER)
        assert await world.rows("SELECT 1 FROM consent") == []
        assert ("consent.refuse", "secretariat_clerk", None) in await world.audited()

    play(story)


def test_a_program_gets_no_more_than_it_is_registered_for_and_serves_its_own_alliance_only(play: Play) -> None:
    async def story(world: World) -> None:
        app, browser = await application(world, scopes=["openid", "registry:read"]), world.browser()
        page = await _page(world, browser, app, scope="openid registry:read subsidies:settle")
        allowed = await browser.submit(page, decision="allow")
        tokens = await _exchange(world, app, parameters(allowed.headers["location"])["code"])
        assert tokens["scope"] == "openid registry:read"
        parts: IdentityParts = world.app.state.identity
        async with parts.database.write("anqing") as session:
            await session.execute(text("UPDATE oauth_client SET alliance = 'xiaogan' WHERE kind = 'third_party'"))
        elsewhere = await _page(world, browser, app, scope="openid")
        assert parameters(elsewhere.headers["location"])["error"] == "unauthorized_client"
        assert elsewhere.headers["location"].startswith(APP_CALLBACK)
        assert AUTHORIZE not in elsewhere.headers["location"]

    play(story)
