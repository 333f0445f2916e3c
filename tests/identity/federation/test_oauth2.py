"""Generic OAuth 2, at npm's oidc-provider, whose userinfo address tells who the access token belongs to."""

import httpx
import pytest

from services.identity.federation.config import Kind
from services.identity.federation.errors import ProviderMisconfigured
from services.identity.federation.oauth2 import value_at
from tests.identity.federation.conftest import Peer
from tests.identity.federation.honest import become
from tests.identity.federation.travel import (
    Traveller,
    add_provider,
    bind,
    callback_of,
    execute,
    parts_of,
    provider_id,
    start_of,
)
from tests.identity.world import Play, World


def config_at(peer: Peer, **changes: object) -> dict[str, object]:
    return {
        "authorize_url": f"{peer.url}/auth",
        "token_url": f"{peer.url}/token",
        "userinfo_url": f"{peer.url}/me",
        "client_id": "hub-RS256",
        "scope": "openid profile",
        "subject_field": "sub",
        "name_field": "name",
        **changes,
    }


def test_the_userinfo_address_tells_who_it_is(play: Play, oidc_provider: Peer) -> None:
    async def story(world: World) -> None:
        await become(oidc_provider, "u-oauth2")
        await bind(
            world, await add_provider(world, 1, Kind.OAUTH2, config_at(oidc_provider), oidc_provider.secret), "u-oauth2"
        )
        in_form = config_at(oidc_provider, client_id="hub-post", token_auth="client_secret_post", pkce=False)
        await add_provider(world, 5, Kind.OAUTH2, in_form, oidc_provider.secret)
        await bind(world, provider_id(5), "u-oauth2")
        first = Traveller(world)
        answer = await first.http.get(start_of(provider_id(1)))
        asked = httpx.URL(answer.headers["location"]).params
        assert (asked["code_challenge_method"], asked["response_type"]) == ("S256", "code")
        assert (await first.http.get(await first.on_to_callback(answer))).status_code == 303
        assert await first.stage() == "complete"
        assert (await world.rows("SELECT display FROM external_identity ORDER BY display DESC"))[
            0
        ].display == "u-oauth2 的姓名"

        # A record may leave PKCE out, and send the secret in the form.
        second = Traveller(world)
        answer = await second.http.get(start_of(provider_id(5)))
        assert "code_challenge" not in httpx.URL(answer.headers["location"]).params
        assert (await second.http.get(await second.on_to_callback(answer))).status_code == 303

        await execute(
            world, "UPDATE identity_provider SET config = jsonb_set(config, '{subject_field}', '\"data.id\"')"
        )
        page = await Traveller(world).go(start_of(provider_id(1)))
        assert page.status_code == 403
        assert (await world.audited())[-1][2] == "subject_missing"

    play(story, federation_private_addresses=True)


def test_a_check_finds_wrong_credentials_and_a_wrong_address(play: Play, oidc_provider: Peer) -> None:
    async def story(world: World) -> None:
        adapters, callback = parts_of(world).adapters, callback_of(provider_id(1))

        async def checked(secret: str = oidc_provider.secret, **changes: object) -> str:
            try:
                await adapters.of("oauth2", config_at(oidc_provider, **changes), secret).check(callback)
            except ProviderMisconfigured as fault:
                return fault.code
            return "ok"

        assert await checked() == "ok"
        assert await checked("a-wrong-secret") == "invalid_client"
        assert await checked(client_id="nobody") == "invalid_client"
        oidc = {"issuer": oidc_provider.url, "client_id": "hub-RS256"}
        await adapters.of("oidc", oidc, oidc_provider.secret).check(callback)
        with pytest.raises(ProviderMisconfigured) as refused:
            await adapters.of("oidc", oidc, "a-wrong-secret").check(callback)
        assert refused.value.code == "invalid_client"
        with pytest.raises(ProviderMisconfigured, match="签发者"):
            await adapters.of("oidc", {**oidc, "issuer": f"{oidc_provider.url}/"}, oidc_provider.secret).check(callback)

    play(story, federation_private_addresses=True)


@pytest.mark.parametrize(
    ("path", "found"),
    [("id", 7), ("data.user.id", "x"), ("data.none", None), ("id.more", None), ("list.0", None), ("", None)],
)
def test_the_path_to_the_subject(path: str, found: object) -> None:
    assert value_at({"id": 7, "data": {"user": {"id": "x"}}, "list": ["a"]}, path) == found
