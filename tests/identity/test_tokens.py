"""Refresh tokens rotate and notice theft; revocation; services' own tokens; keys that rotate without a gap."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from services.identity import admin
from services.identity.schemas.account import AccountCreate
from services.kernel.errors import NotSignedIn, Unavailable
from services.kernel.permissions import Role
from tests.identity.world import BUREAU, CLERK, REVOKE, TOKEN, Play, World, identity_settings
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


def test_a_refresh_follows_the_role_of_now(play: Play) -> None:
    async def story(world: World) -> None:
        tokens = await world.tokens()
        moved = AccountCreate(
            username=CLERK.username, display_name="调任教育局", role=Role.COUNTY_BUREAU, division="340811"
        )
        await admin.ensure_account(world.settings, moved, world.password, clock=world.clock)
        claims = await world.verifier().verify((await refresh(world, tokens["refresh_token"])).json()["access_token"])
        assert (claims["role"], claims["division"], claims["name"]) == ("county_bureau", "340811", "调任教育局")
        assert "subsidies:settle" not in claims["scope"].split()

    play(story)


def test_a_family_ends_on_its_day_however_often_it_was_refreshed(play: Play) -> None:
    async def story(world: World) -> None:
        tokens = await world.tokens()
        world.clock.advance(timedelta(days=29))
        tokens = (await refresh(world, tokens["refresh_token"])).json()
        world.clock.advance(timedelta(days=1))
        assert (await refresh(world, tokens["refresh_token"])).json()["error"] == "invalid_grant"

    play(story)


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
        assert told == {"sub": service, "client_id": service, "role": "service", "scope": "snapshot:read"}
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
