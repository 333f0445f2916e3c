"""Refresh tokens rotate and notice theft; revocation; services' own tokens; keys that rotate without a gap."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from services.identity import admin
from services.kernel.errors import NotSignedIn, Unavailable
from services.kernel.permissions import GRANTS, Role
from tests.identity.registrations import APP_CALLBACK, application
from tests.identity.world import AUTHORIZE, BUREAU, CLERK, REVOKE, TOKEN, VERIFIER, Play, World, identity_settings
from tests.support.tokens import ISSUER


async def refresh(world: World, token: str, **extra: str) -> httpx.Response:
    return await world.post(TOKEN, {"grant_type": "refresh_token", "refresh_token": token, **extra})


async def keys_now(world: World) -> set[str]:
    async with httpx.AsyncClient(transport=world.transport) as http:
        return {key["kid"] for key in (await http.get(f"{ISSUER}/.well-known/jwks.json")).json()["keys"]}


def test_authlibs_client_refreshes_and_each_refresh_gives_a_new_token(play: Play) -> None:
    async def story(world: World) -> None:
        tokens = await world.tokens()
        seen = {tokens["refresh_token"]}
        async with world.oauth(token=tokens) as client:
            for _ in range(3):
                tokens = await client.refresh_token(TOKEN, refresh_token=tokens["refresh_token"])
                assert (await world.verifier().verify(tokens["access_token"]))["name"] == "集团秘书处"
                assert tokens["refresh_token"] not in seen
                seen.add(tokens["refresh_token"])

    play(story)


def test_a_replaced_refresh_token_ends_its_whole_family_and_no_other(play: Play) -> None:
    async def story(world: World) -> None:
        first, other = await world.tokens(), await world.tokens()
        second = (await refresh(world, first["refresh_token"])).json()
        stolen = await refresh(world, first["refresh_token"])
        assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
        assert (await refresh(world, second["refresh_token"])).json()["error"] == "invalid_grant"
        assert (await refresh(world, other["refresh_token"])).status_code == 200
        assert ("tokens.revoked", "service", "refresh token used twice") in await world.audited()

    play(story)


def test_of_two_uses_at_the_same_time_one_is_answered_and_the_family_ends(play: Play) -> None:
    async def story(world: World) -> None:
        token = (await world.tokens())["refresh_token"]
        answers = await asyncio.gather(*(refresh(world, token) for _ in range(3)))
        assert sorted(answer.status_code for answer in answers) == [200, 400, 400]
        given = next(answer.json() for answer in answers if answer.status_code == 200)
        assert (await refresh(world, given["refresh_token"])).status_code == 400

    play(story)


def test_a_refresh_may_ask_for_less_and_not_for_more(play: Play) -> None:
    async def story(world: World) -> None:
        tokens = await world.tokens(BUREAU, scope="registry:read targets:read")
        more = await refresh(world, tokens["refresh_token"], scope="registry:read subsidies:submit")
        assert more.json()["error"] == "invalid_scope"
        less = await refresh(world, tokens["refresh_token"], scope="registry:read")
        assert less.json()["scope"] == "registry:read"

    play(story)


def test_a_refresh_follows_the_post_of_now(play: Play) -> None:
    async def story(world: World) -> None:
        tokens = await world.tokens()
        await world.execute("UPDATE post SET role = 'leader', title = '分管领导' WHERE role = 'secretariat_clerk'")
        await world.execute("UPDATE person SET name = '调任人员' WHERE name = '集团秘书处'")
        claims = await world.verifier().verify((await refresh(world, tokens["refresh_token"])).json()["access_token"])
        assert (claims["role"], claims["title"], claims["name"]) == ("leader", "分管领导", "调任人员")
        assert set(claims["scope"].split()) == GRANTS[Role.LEADER] | {"openid", "profile"}

    play(story)


NO_LONGER = [
    "UPDATE account SET state = 'deactivated'",
    "UPDATE post SET active = false",
    "UPDATE post_holding SET until_date = '2025-12-01'",
    "UPDATE login_session SET ended_at = now()",
    "UPDATE oauth_client SET grant_types = '{authorization_code}' WHERE client_id = 'frontend'",
    "UPDATE oauth_client SET active = false WHERE client_id = 'frontend'",
]


def test_a_refresh_is_refused_when_account_post_holding_session_or_client_is_gone(play: Play) -> None:
    async def story(world: World) -> None:
        world.clock.instant = datetime(2025, 12, 1, 15, 59, tzinfo=UTC)  # one minute before midnight in Anqing
        for change in NO_LONGER:
            token = (await world.tokens())["refresh_token"]
            if "until_date" in change:
                await world.execute("UPDATE post_holding SET until_date = '2025-12-02'")
                token = (await refresh(world, token)).json()["refresh_token"]
                world.clock.advance(timedelta(minutes=1))  # the first moment of the day on which it is not held
            else:
                await world.execute(change)
            refused = await refresh(world, token)
            assert refused.status_code in (400, 401), change
            assert refused.json()["error"] in ("invalid_grant", "invalid_client", "unauthorized_client"), change
            await world.execute("UPDATE account SET state = 'active'")
            await world.execute("UPDATE post SET active = true")
            await world.execute("UPDATE post_holding SET until_date = NULL")
            await world.execute(
                "UPDATE oauth_client SET active = true, grant_types = '{authorization_code,refresh_token}'"
            )

    play(story)


def test_who_works_on_stays_signed_in_until_the_longest_time_and_who_rests_does_not(play: Play) -> None:
    async def story(world: World) -> None:
        resting, working = await world.tokens(), await world.tokens()
        began = world.clock.now()
        while world.clock.now() - began < timedelta(hours=9, minutes=20):
            world.clock.advance(timedelta(minutes=40))
            answer = await refresh(world, working["refresh_token"])
            assert answer.status_code == 200, world.clock.now() - began
            working = answer.json()
        assert (await refresh(world, resting["refresh_token"])).json()["error"] == "invalid_grant"
        world.clock.instant = began + timedelta(hours=10)
        assert (await refresh(world, working["refresh_token"])).json()["error"] == "invalid_grant"

    play(story)


def test_offline_access_outlives_the_sign_in_for_thirty_days(play: Play) -> None:
    async def story(world: World) -> None:
        tokens = await offline_tokens(world)
        world.clock.advance(timedelta(days=29, hours=23))
        app = (tokens["client_id"], tokens["client_secret"])
        newer = await refresh_as(world, app, tokens["refresh_token"])
        assert newer.status_code == 200, newer.text
        assert newer.json()["id_token"]
        world.clock.advance(timedelta(hours=1))
        over = await refresh_as(world, app, newer.json()["refresh_token"])
        assert over.json()["error"] == "invalid_grant"

    play(story)


async def offline_tokens(world: World) -> dict[str, Any]:
    """Tokens of a third party's program that may work on after the person has left; with the program's credentials."""
    app = await application(world)
    browser, asked = world.browser(), {"scope": "openid offline_access registry:read", "redirect_uri": APP_CALLBACK}
    async with world.oauth(app.client_id, app.secret, **asked) as client:
        url, _ = client.create_authorization_url(AUTHORIZE, code_verifier=VERIFIER)
        page = await browser.followed(await browser.attempt(url, CLERK.username, world.password))
        page = await browser.followed(await browser.choose(page))
        back = (await browser.submit(page, decision="allow")).headers["location"]
        granted: dict[str, Any] = await client.fetch_token(TOKEN, authorization_response=back, code_verifier=VERIFIER)
    return {**granted, "client_id": app.client_id, "client_secret": app.secret}


async def refresh_as(world: World, app: tuple[str, str], token: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=world.transport) as http:
        return await http.post(TOKEN, data={"grant_type": "refresh_token", "refresh_token": token}, auth=app)


def test_another_client_can_neither_use_nor_revoke_a_refresh_token(play: Play) -> None:
    async def story(world: World) -> None:
        token = (await world.tokens())["refresh_token"]
        form = {"grant_type": "refresh_token", "refresh_token": token}
        assert (await world.post(TOKEN, form, client_id="targets")).json()["error"] == "unauthorized_client"
        revoked = await world.post(REVOKE, {"token": token}, client_id="targets")
        assert (revoked.status_code, revoked.json()["error"]) == (400, "invalid_grant")
        assert (await refresh(world, token)).status_code == 200

    play(story)


def test_revocation_ends_the_family_and_tells_nothing_of_unknown_tokens(play: Play) -> None:
    async def story(world: World) -> None:
        tokens = await world.tokens()
        async with world.oauth() as client:
            for token in (tokens["refresh_token"], "anqing.unknown", tokens["access_token"], "短"):
                answer = await client.revoke_token(REVOKE, token=token)
                assert (answer.status_code, answer.json()) == (200, {})
        assert (await refresh(world, tokens["refresh_token"])).json()["error"] == "invalid_grant"
        async with world.oauth(secret="wrong" * 8) as client:
            assert (await client.revoke_token(REVOKE, token="x")).status_code == 401

    play(story)


@pytest.mark.parametrize("service", ["registry", "targets", "subsidies"])
def test_a_service_gets_a_token_for_itself(play: Play, service: str) -> None:
    async def story(world: World) -> None:
        async with world.oauth(service) as client:
            granted = await client.fetch_token(TOKEN, grant_type="client_credentials")
        claims = await world.verifier().verify(granted["access_token"])
        told = {name: claims[name] for name in ("sub", "client_id", "role", "scope")}
        assert told == {"sub": service, "client_id": service, "role": "service", "scope": "outbox:read snapshot:read"}
        assert "refresh_token" not in granted
        assert "alliance" not in claims

    play(story)


def test_the_frontend_gets_no_token_without_a_person_and_a_service_none_for_more(play: Play) -> None:
    async def story(world: World) -> None:
        alone = await world.post(TOKEN, {"grant_type": "client_credentials"})
        assert alone.json()["error"] == "unauthorized_client"
        more = {"grant_type": "client_credentials", "scope": "subsidies:settle"}
        assert (await world.post(TOKEN, more, client_id="registry")).json()["error"] == "invalid_scope"

    play(story)


def test_rotation_refuses_no_token_on_either_side_of_it(play: Play) -> None:
    async def story(world: World) -> None:
        verifier = world.verifier()
        before = (await world.tokens())["access_token"]
        await verifier.verify(before)
        first = await keys_now(world)
        kid = await admin.rotate_keys(world.settings, clock=world.clock)
        assert await keys_now(world) == first | {kid}
        world.clock.advance(timedelta(seconds=55))
        with pytest.raises(NotSignedIn, match="密钥未知"):  # a stranger's key makes the verifier read the JWKS again
            await verifier.verify(_with_unknown_key(before))
        world.clock.advance(timedelta(seconds=5))
        after = (await world.tokens())["access_token"]
        assert _kid(after) == kid
        assert _kid(before) in first
        await verifier.verify(after)  # at once, although the JWKS was read five seconds ago
        await world.verifier().verify(before)

    play(story)


def _kid(token: str) -> str:
    from jose import jwt

    return str(jwt.get_unverified_header(token)["kid"])


def _with_unknown_key(token: str) -> str:
    from services.kernel.tokens import SigningKey, generate_private_pem, sign

    return sign({"exp": 0}, SigningKey("stranger", generate_private_pem()))


def test_an_old_key_leaves_when_its_last_token_has_ended(play: Play) -> None:
    async def story(world: World) -> None:
        (first,) = await keys_now(world)
        second = await admin.rotate_keys(world.settings, clock=world.clock)
        world.clock.advance(timedelta(minutes=16))
        assert await keys_now(world) == {first, second}
        world.clock.advance(timedelta(minutes=1, seconds=1))
        assert await keys_now(world) == {second}
        third = await admin.rotate_keys(world.settings, clock=world.clock)
        stored = {row.kid for row in await world.rows("SELECT kid FROM signing_key")}
        assert stored == {second, third}

    play(story)


def test_bootstrap_twice_changes_nothing_and_a_new_secret_replaces_the_old(play: Play) -> None:
    async def story(world: World) -> None:
        async def state() -> list[Any]:
            keys = await world.rows("SELECT kid, signs_from FROM signing_key")
            return keys + await world.rows("SELECT * FROM oauth_client ORDER BY client_id")

        before = await state()
        world.clock.advance(timedelta(days=1))
        await world.bootstrap()
        assert await state() == before
        old, world.frontend_secret = world.frontend_secret, "another-secret-of-good-length-0123456789"
        await world.bootstrap()
        await world.tokens()
        async with world.oauth(secret=old) as client:
            assert (await client.revoke_token(REVOKE, token="x")).status_code == 401

    play(story)


def test_another_key_secret_is_named_as_the_fault(play: Play) -> None:
    async def story(world: World) -> None:
        url = world.settings.database_url.get_secret_value()
        wrong = identity_settings(url, world.settings.hub.files_dir)
        with pytest.raises(Unavailable, match="HUB_IDENTITY_KEY_SECRET") as caught:
            await admin.bootstrap(wrong, frontend_secret="x" * 30, service_secrets={}, redirect_uris=[])
        assert wrong.key_secret.get_secret_value() not in str(caught.value)

    play(story)


def test_without_a_signing_key_the_token_endpoint_says_so(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.database.write("anqing") as session:
            await session.execute(text("DELETE FROM signing_key"))
        answer = await world.post(TOKEN, {"grant_type": "client_credentials"}, client_id="registry")
        assert (answer.status_code, answer.json()["code"]) == (503, "signing_key_unreadable")

    play(story)
