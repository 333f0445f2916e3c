"""npm's openid-client 6, certified for OpenID Connect, against the service over TCP: it makes every check it knows."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.kernel.permissions import GRANTS, MACHINE_PERMISSIONS, Role
from tests.identity.foreign.driver import OpenidClient, Refused, openid_client
from tests.identity.foreign.serving import Served, served
from tests.identity.registrations import APP_CALLBACK, APP_HOME, Registered, application, machine
from tests.identity.world import CLERK, Browser, parameters

Story = Callable[[Served, OpenidClient], Awaitable[None]]
Stage = Callable[[Story], None]


@pytest.fixture
def stage(identity_url: str, tmp_path: Path) -> Stage:
    """Plays a story with a served identity and a running client."""

    def play(story: Story) -> None:
        async def body() -> None:
            async with served(identity_url, tmp_path) as here, openid_client() as library:
                await story(here, library)

        asyncio.run(body())

    return play


async def discovered(here: Served, library: OpenidClient, client: Registered, method: str, **told: Any) -> str:
    """Have the library read the metadata and remember how this client authenticates."""
    metadata = await library.do(
        "discover", issuer=here.url, client_id=client.client_id, method=method, secret=client.secret, **told
    )
    assert metadata["issuer"] == here.url
    return client.client_id


async def frontend(here: Served, library: OpenidClient) -> str:
    """The hub's own pages as a client: its redirect URI is the one of the bootstrap."""
    return await discovered(here, library, Registered("frontend", here.world.frontend_secret), "basic")


async def refused(answer: Awaitable[Any]) -> tuple[str | None, int | None]:
    """OAuth's code and the status of a request that must fail."""
    with pytest.raises(Refused) as caught:
        await answer
    return caught.value.error, caught.value.status


async def tokens_of(here: Served, library: OpenidClient, client_id: str, browser: Browser, **asked: Any) -> Any:
    """Sign the clerk in by a first-party client."""
    url = await library.do("authorize", client_id=client_id, **asked)
    back = await browser.sign_in(url, CLERK.username, here.world.password)
    return await library.do("callback", client_id=client_id, url=back)


def test_a_third_partys_program_signs_a_person_in_works_and_signs_out(stage: Stage) -> None:
    async def story(here: Served, library: OpenidClient) -> None:
        app = await discovered(here, library, await application(here.world), "basic")
        browser, asked = here.browser(), {"redirect_uri": APP_CALLBACK, "scope": "openid profile registry:read"}
        url = await library.do("authorize", client_id=app, max_age="600", **asked)
        page = await browser.followed(await browser.attempt(url, CLERK.username, here.world.password))
        page = await browser.followed(await browser.choose(page))
        assert "示例排课系统" in page.text
        allowed = await browser.submit(page, decision="allow")
        assert parameters(allowed.headers["location"])["iss"] == here.url
        tokens = await library.do("callback", client_id=app, url=allowed.headers["location"])
        assert tokens["scope"] == "openid profile registry:read"
        assert tokens["claims"]["amr"] == ["pwd"]
        told = await library.do("userinfo", client_id=app, token=tokens["access_token"], sub=tokens["claims"]["sub"])
        assert (told["name"], told["role"], told["practice"]) == ("集团秘书处", "secretariat_clerk", False)
        active = await library.do("introspect", client_id=app, token=tokens["access_token"])
        assert (active["active"], active["client_id"], active["sub"]) == (True, app, told["sub"])
        newer = await library.do("refresh", client_id=app, token=tokens["refresh_token"])
        assert newer["claims"]["sid"] == tokens["claims"]["sid"]
        way_out = {"id_token_hint": newer["id_token"], "post_logout_redirect_uri": APP_HOME, "state": "s1"}
        gone = await browser.open(await library.do("end_session", client_id=app, parameters=way_out))
        assert gone.status_code == 303, gone.text
        assert gone.headers["location"] == f"{APP_HOME}?state=s1"
        assert await refused(library.do("refresh", client_id=app, token=newer["refresh_token"])) == (
            "invalid_grant",
            400,
        )
        await here.world.app.state.verifier.revocations.refresh()
        dead = await library.do("introspect", client_id=app, token=newer["access_token"])
        assert dead == {"active": False}
        with pytest.raises(Refused):
            await library.do("userinfo", client_id=app, token=newer["access_token"], sub=told["sub"])

    stage(story)


def test_a_person_who_does_not_agree_sends_the_program_away(stage: Stage) -> None:
    async def story(here: Served, library: OpenidClient) -> None:
        app = await discovered(here, library, await application(here.world), "basic")
        browser = here.browser()
        url = await library.do("authorize", client_id=app, redirect_uri=APP_CALLBACK, scope="openid")
        page = await browser.followed(await browser.attempt(url, CLERK.username, here.world.password))
        page = await browser.followed(await browser.choose(page))
        denied = await browser.submit(page, decision="deny")
        told = library.do("callback", client_id=app, url=denied.headers["location"])
        assert (await refused(told))[0] == "access_denied"

    stage(story)


def test_a_public_program_proves_itself_by_pkce_alone(stage: Stage) -> None:
    async def story(here: Served, library: OpenidClient) -> None:
        public = await application(here.world, auth_method="none", redirect_uris=["http://127.0.0.1/callback"])
        app = await discovered(here, library, public, "none")
        browser, asked = here.browser(), {"redirect_uri": "http://127.0.0.1/callback", "scope": "openid"}

        async def back() -> str:
            page = await browser.open(await library.do("authorize", client_id=app, prompt="consent", **asked))
            if "password" in page.text:
                page = await browser.submit(page, username=CLERK.username, password=here.world.password)
                page = await browser.followed(await browser.choose(await browser.followed(page)))
            return str((await browser.submit(page, decision="allow")).headers["location"])

        wrong = await back()
        stolen = library.do("callback", client_id=app, url=wrong, verifier="x" * 64)
        assert await refused(stolen) == ("invalid_grant", 400)
        tokens = await library.do("callback", client_id=app, url=wrong)
        assert (await library.do("refresh", client_id=app, token=tokens["refresh_token"]))["scope"] == "openid"
        assert await refused(library.do("introspect", client_id=app, token=tokens["access_token"])) == (
            "invalid_client",
            401,
        )

    stage(story)


def test_a_replayed_code_and_a_reused_refresh_token_end_everything_they_gave(stage: Stage) -> None:
    async def story(here: Served, library: OpenidClient) -> None:
        client_id, browser = await frontend(here, library), here.browser()
        asked = {"redirect_uri": "http://127.0.0.1:8000/login/callback", "scope": "openid registry:read"}
        url = await library.do("authorize", client_id=client_id, **asked)
        back = await browser.sign_in(url, CLERK.username, here.world.password)
        first = await library.do("callback", client_id=client_id, url=back)
        await library.do("userinfo", client_id=client_id, token=first["access_token"], sub=first["claims"]["sub"])
        replayed = library.do("callback", client_id=client_id, url=back)
        assert await refused(replayed) == ("invalid_grant", 400)
        await _all_dead(here, library, client_id, first)

        second = await library.do(
            "callback", client_id=client_id, url=(await _signed_in(browser, library, client_id, asked))
        )
        third = await library.do("refresh", client_id=client_id, token=second["refresh_token"])
        stolen = library.do("refresh", client_id=client_id, token=second["refresh_token"])
        assert await refused(stolen) == ("invalid_grant", 400)
        await _all_dead(here, library, client_id, third)

    stage(story)


async def _signed_in(browser: Browser, library: OpenidClient, client_id: str, asked: dict[str, str]) -> str:
    """A browser that is signed in needs no page."""
    answer = await browser.open(await library.do("authorize", client_id=client_id, **asked))
    assert answer.status_code == 303
    return str(answer.headers["location"])


async def _all_dead(here: Served, library: OpenidClient, client_id: str, tokens: dict[str, Any]) -> None:
    await here.world.app.state.verifier.revocations.refresh()
    refresh = library.do("refresh", client_id=client_id, token=tokens["refresh_token"])
    assert await refused(refresh) == ("invalid_grant", 400)
    subject, access = tokens["claims"]["sub"], tokens["access_token"]
    with pytest.raises(Refused):
        await library.do("userinfo", client_id=client_id, token=access, sub=subject)


def test_revocation_ends_an_access_token_alone_and_a_refresh_token_with_its_family(stage: Stage) -> None:
    async def story(here: Served, library: OpenidClient) -> None:
        client_id = await frontend(here, library)
        asked = {"redirect_uri": "http://127.0.0.1:8000/login/callback", "scope": "openid"}
        first = await tokens_of(here, library, client_id, here.browser(), **asked)
        await library.do("revoke", client_id=client_id, token=first["access_token"])
        await here.world.app.state.verifier.revocations.refresh()
        assert await library.do("introspect", client_id=client_id, token=first["access_token"]) == {"active": False}
        second = await library.do("refresh", client_id=client_id, token=first["refresh_token"])
        assert (await library.do("introspect", client_id=client_id, token=second["refresh_token"]))["active"] is True
        await library.do("revoke", client_id=client_id, token=second["refresh_token"])
        await _all_dead(here, library, client_id, second)

    stage(story)


@pytest.mark.parametrize("method", ["basic", "post"])
def test_a_countys_program_gets_a_token_by_its_secret(stage: Stage, method: str) -> None:
    async def story(here: Served, library: OpenidClient) -> None:
        made = await machine(here.world, auth_method=f"client_secret_{method}")
        county = await discovered(here, library, made, method)
        tokens = await library.do("credentials", client_id=county, parameters={})
        assert set(tokens["scope"].split()) == MACHINE_PERMISSIONS
        told = await library.do("introspect", client_id=county, token=tokens["access_token"])
        assert (told["sub"], told["role"], told["division"]) == (county, Role.COUNTY_CLERK, "340822")
        less = await library.do("credentials", client_id=county, parameters={"scope": "registry:read"})
        assert less["scope"] == "registry:read"
        more = library.do("credentials", client_id=county, parameters={"scope": "clients:own"})
        assert await refused(more) == ("invalid_scope", 400)
        elsewhere = {"resource": "https://elsewhere.example.org/"}
        assert await refused(library.do("credentials", client_id=county, parameters=elsewhere)) == (
            "invalid_target",
            400,
        )
        await library.do("credentials", client_id=county, parameters={"resource": here.url})
        await discovered(here, library, Registered(county, "wrong" * 8), method)
        assert await refused(library.do("credentials", client_id=county, parameters={})) == ("invalid_client", 401)

    stage(story)


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_a_countys_program_gets_a_token_by_an_assertion_that_serves_once(stage: Stage, alg: str) -> None:
    async def story(here: Served, library: OpenidClient) -> None:
        keys = {"keys": [await library.do("key", name="own", alg=alg)]}
        await library.do("key", name="other", alg=alg)
        made = await machine(here.world, auth_method="private_key_jwt", jwks=keys)
        soon = int(here.world.clock.now().timestamp())

        async def ask(key: str = "own", **claims: Any) -> Any:
            county = await discovered(here, library, made, "jwt", key=key, assertion=claims)
            return await library.do("credentials", client_id=county, parameters={})

        granted = await ask()
        assert set(granted["scope"].split()) == MACHINE_PERMISSIONS <= GRANTS[Role.COUNTY_CLERK]
        await ask(aud=f"{here.url}/oauth/token")
        jti = uuid4().hex
        await ask(jti=jti)
        wrong: list[dict[str, Any]] = [
            {"jti": jti},
            {"key": "other"},
            {"aud": "https://elsewhere.example.org"},
            {"exp": soon - 60},
            {"exp": soon + 600},
            {"iss": "county-340811-00000000"},
            {"sub": "registry"},
        ]
        for changes in wrong:
            assert await refused(ask(**changes)) == ("invalid_client", 400), changes

    stage(story)
