"""Authorisation code with PKCE, driven by Authlib's client: the path that people sign in by, and its refusals."""

from base64 import b64encode
from datetime import timedelta

import httpx
import pytest
from authlib.integrations.base_client import OAuthError
from jose import jwt

from services.kernel.permissions import GRANTS, Permission, Role
from tests.identity.world import (
    BUREAU,
    CALLBACK,
    CLERK,
    TOKEN,
    VERIFIER,
    Play,
    World,
    authorize_url,
    parameters,
)
from tests.support.tokens import AUDIENCE, ISSUER


async def code_of(world: World, **changes: str | None) -> str:
    """Sign in as the clerk and return the code."""
    async with world.oauth() as client:
        back = await world.browser().sign_in(authorize_url(client, **changes), CLERK.username, world.password)
    return parameters(back)["code"]


async def exchange(world: World, code: str, **changes: str) -> httpx.Response:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    return await world.post(TOKEN, {**form, **changes})


def test_a_clerk_signs_in_and_the_token_says_who(play: Play) -> None:
    async def story(world: World) -> None:
        tokens = await world.tokens()
        assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 900)
        claims = await world.verifier().verify(tokens["access_token"])
        now = int(world.clock.now().timestamp())
        account = (await world.rows("SELECT id FROM account WHERE username = 'mishuchu'"))[0]
        login = (await world.rows("SELECT id, post_id FROM login_session"))[0]
        post = (await world.rows("SELECT title, unit_name FROM post WHERE role = 'secretariat_clerk'"))[0]
        expected = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(account.id),
            "iat": now,
            "exp": now + 900,
            "client_id": "frontend",
            "alliance": "anqing",
            "role": "secretariat_clerk",
            "name": "集团秘书处",
            "sid": str(login.id),
            "amr": ["pwd"],
            "post": str(login.post_id),
            "title": post.title,
            "unit_name": post.unit_name,
        }
        assert {name: claims[name] for name in expected} == expected
        assert set(claims) == {*expected, "jti", "scope"}
        assert set(claims["scope"].split()) == GRANTS[Role.SECRETARIAT_CLERK] | {"openid", "profile"}
        assert jwt.get_unverified_header(tokens["access_token"])["typ"] == "at+jwt"

    play(story)


def test_a_bureau_gets_the_scopes_of_its_role_and_its_division(play: Play) -> None:
    async def story(world: World) -> None:
        everything = " ".join(Permission)
        tokens = await world.tokens(BUREAU, scope=everything)
        claims = await world.verifier().verify(tokens["access_token"])
        assert (claims["role"], claims["division"]) == ("county_clerk", "340822")
        assert set(claims["scope"].split()) == GRANTS[Role.COUNTY_CLERK]
        assert tokens["scope"] == claims["scope"]

    play(story)


def test_fewer_scopes_are_given_when_fewer_are_asked_for(play: Play) -> None:
    async def story(world: World) -> None:
        tokens = await world.tokens(scope="registry:read")
        assert (await world.verifier().verify(tokens["access_token"]))["scope"] == "registry:read"

    play(story)


def test_scopes_that_the_role_lacks_are_refused_after_sign_in_and_never_become_all_scopes(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.oauth(scope="subsidies:settle") as client:
            back = await world.browser().sign_in(authorize_url(client), BUREAU.username, world.password)
        assert parameters(back)["error"] == "invalid_scope"

    play(story)


def test_a_browser_that_is_signed_in_gets_a_code_without_a_page(play: Play) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        async with world.oauth() as client:
            await browser.sign_in(authorize_url(client), CLERK.username, world.password)
            again = await browser.open(authorize_url(client, state="again"))
        assert again.status_code == 303
        assert parameters(again.headers["location"])["state"] == "again"
        assert again.headers["cache-control"] == "no-store"

    play(story)


@pytest.mark.parametrize("wait", [timedelta(minutes=30), timedelta(hours=10)])
def test_a_browser_that_rested_or_grew_old_is_asked_again(play: Play, wait: timedelta) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        async with world.oauth() as client:
            await browser.sign_in(authorize_url(client), CLERK.username, world.password)
            steps = int(wait / timedelta(minutes=29))
            for _ in range(steps):
                world.clock.advance(timedelta(minutes=29))
                assert (await browser.open(authorize_url(client))).status_code == 303
            world.clock.advance(wait - steps * timedelta(minutes=29) if steps > 1 else timedelta(minutes=30))
            assert (await browser.open(authorize_url(client))).status_code == 200

    play(story)


def test_a_code_serves_once_and_its_second_use_ends_the_tokens_of_the_first(play: Play) -> None:
    async def story(world: World) -> None:
        code = await code_of(world)
        first = await exchange(world, code)
        assert first.status_code == 200
        second = await exchange(world, code)
        assert (second.status_code, second.json()["error"]) == (400, "invalid_grant")
        form = {"grant_type": "refresh_token", "refresh_token": first.json()["refresh_token"]}
        refused = await world.post(TOKEN, form)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
        assert ("tokens.revoked", "service", "authorisation code used twice") in await world.audited()

    play(story)


def test_a_code_ends_after_two_minutes(play: Play) -> None:
    async def story(world: World) -> None:
        code = await code_of(world)
        world.clock.advance(timedelta(minutes=2))
        assert (await exchange(world, code)).json()["error"] == "invalid_grant"

    play(story)


WRONG_EXCHANGES: list[tuple[dict[str, str], str]] = [
    ({"code_verifier": "w" * 64}, "invalid_grant"),
    ({"code_verifier": ""}, "invalid_request"),
    ({"code_verifier": "短"}, "invalid_request"),
    ({"redirect_uri": f"{ISSUER}/elsewhere"}, "invalid_grant"),
    ({"code": "anqing.unknown"}, "invalid_grant"),
    ({"grant_type": "password"}, "unsupported_grant_type"),
    ({"grant_type": "密码"}, "unsupported_grant_type"),
]


def test_wrong_exchanges_are_refused_and_the_right_one_still_serves(play: Play) -> None:
    async def story(world: World) -> None:
        code = await code_of(world)
        told = []
        for changes, _ in WRONG_EXCHANGES:
            refused = await exchange(world, **{"code": code, **changes})
            assert refused.status_code == 400
            told.append((changes, refused.json()["error"]))
        assert told == WRONG_EXCHANGES
        assert (await exchange(world, code)).status_code == 200

    play(story)


def test_authlibs_client_sees_a_wrong_verifier_as_an_oauth_error(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.oauth() as client:
            code = await code_of(world)
            with pytest.raises(OAuthError, match="invalid_grant"):
                await client.fetch_token(TOKEN, grant_type="authorization_code", code=code, code_verifier="x" * 50)

    play(story)


def test_another_client_cannot_use_a_code(play: Play) -> None:
    async def story(world: World) -> None:
        code = await code_of(world)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        refused = await world.post(TOKEN, form, client_id="registry")
        assert (refused.status_code, refused.json()["error"]) == (400, "unauthorized_client")

    play(story)


UNPROVEN = [
    "",
    "Basic " + b64encode(b"frontend:wrong-secret").decode(),
    "Basic " + b64encode(b"nobody:wrong-secret").decode(),
    "Basic " + b64encode(b"fron\x00tend:wrong-secret").decode(),
    "Basic " + b64encode(b"frontend").decode(),
    "Basic " + b64encode(b"\xff\xff:\xff").decode(),
    "Basic ====",
    "Bearer abc",
]


def test_a_client_that_proves_itself_in_two_ways_is_refused(play: Play) -> None:
    async def story(world: World) -> None:
        form = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": "frontend"}
        for second in ({"client_secret": "x" * 20}, {"client_assertion": "x", "client_assertion_type": "y"}):
            refused = await world.post(TOKEN, {**form, **second})
            assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")

    play(story)


def test_a_client_that_does_not_prove_itself_is_refused(play: Play) -> None:
    async def story(world: World) -> None:
        code = await code_of(world)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        registered_for_basic = {"client_id": "frontend", "client_secret": world.frontend_secret}
        async with httpx.AsyncClient(transport=world.transport) as http:
            for authorization in UNPROVEN:
                proof = registered_for_basic if not authorization.startswith("Basic") else {"client_id": "frontend"}
                refused = await http.post(TOKEN, data=form | proof, headers={"Authorization": authorization})
                assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client"), authorization
                assert refused.headers["www-authenticate"].startswith("Basic")
        assert (await exchange(world, code)).status_code == 200

    play(story)


FAULTY: list[tuple[dict[str, str | None], str]] = [
    ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    ({"code_challenge": None}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge_method": None}, "invalid_request"),
    ({"code_challenge": "short"}, "invalid_request"),
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": "id_token"}, "unsupported_response_type"),
    ({"response_type": "code id_token"}, "unsupported_response_type"),
    ({"scope": "everything"}, "invalid_scope"),
    ({"response_mode": "fragment"}, "invalid_request"),
    ({"prompt": "none login"}, "invalid_request"),
    ({"prompt": "create"}, "invalid_request"),
    ({"nonce": "\x00"}, "invalid_request"),
    ({"max_age": "-1"}, "invalid_request"),
    ({"request": "ey.ey.x"}, "request_not_supported"),
    ({"request_uri": "https://attacker.example/"}, "request_uri_not_supported"),
    ({"registration": "{}"}, "registration_not_supported"),
    ({"resource": "https://elsewhere.example/"}, "invalid_target"),
    ({"prompt": "none"}, "login_required"),
]


def test_a_request_with_a_fault_goes_back_to_the_client_with_its_state(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.oauth() as client:
            for changes, error in FAULTY:
                answer = await world.browser().open(authorize_url(client, state="xyz", **changes))
                assert answer.status_code == 303, changes
                assert answer.headers["location"].startswith(CALLBACK)
                told = parameters(answer.headers["location"])
                assert (told["error"], told["state"], told["iss"]) == (error, "xyz", ISSUER), changes
                assert "code" not in told

    play(story)


UNTRUSTED: list[dict[str, str | None]] = [
    {"redirect_uri": "https://attacker.example/callback"},
    {"redirect_uri": f"{CALLBACK}/"},
    {"redirect_uri": CALLBACK.replace("http://", "HTTP://")},
    {"redirect_uri": CALLBACK.replace("/login/", "/x/../login/")},
    {"redirect_uri": f"{CALLBACK}?next=1"},
    {"redirect_uri": f'{CALLBACK}"'},
    {"client_id": "nobody"},
    {"client_id": "no\x00body"},
    {"client_id": None},
    {"client_id": "registry"},
    {"response_type": "码"},
]


def test_a_request_that_cannot_be_trusted_shows_a_page_and_redirects_nowhere(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.oauth() as client:
            for changes in UNTRUSTED:
                answer = await world.browser().open(authorize_url(client, **changes))
                assert answer.status_code == 400, changes
                assert "登录请求无效" in answer.text
                assert "location" not in answer.headers
                assert "<input" not in answer.text

    play(story)


def test_a_repeated_parameter_is_refused(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.oauth() as client:
            url = authorize_url(client) + "&client_id=frontend"
            assert (await world.browser().open(url)).status_code == 400

    play(story)


def test_the_form_cannot_replace_what_the_address_asked_for(play: Play) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        async with world.oauth() as client:
            page = await browser.open(authorize_url(client, state="mine"))
        forged = {"redirect_uri": "https://attacker.example/", "state": "theirs", "client_id": "registry"}
        answer = await browser.submit(page, username=CLERK.username, password=world.password, **forged)
        answer = await browser.choose(await browser.followed(answer))
        assert answer.headers["location"].startswith(CALLBACK)
        assert parameters(answer.headers["location"])["state"] == "mine"

    play(story)
