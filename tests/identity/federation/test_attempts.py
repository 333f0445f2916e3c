"""An attempt, at npm's oidc-provider: held by one browser, good once, for a while, at one provider."""

import asyncio

import httpx

from tests.identity.federation.conftest import Peer
from tests.identity.federation.honest import SUBJECT, become, provided
from tests.identity.federation.travel import (
    Traveller,
    bind,
    execute,
    invited,
    parts_of,
    provider_id,
    start_of,
)
from tests.identity.world import Play, World
from tests.support.tokens import ISSUER


def test_a_callback_serves_one_browser_once_at_one_provider(play: Play, oidc_provider: Peer) -> None:
    async def story(world: World) -> None:
        await provided(world, oidc_provider)
        await provided(world, oidc_provider, 2)
        await bind(world, provider_id(1), SUBJECT)
        await become(oidc_provider, SUBJECT)
        browser, other = Traveller(world), Traveller(world)
        back = await browser.to_callback(start_of(provider_id(1)))
        # Another browser, with no cookie and with that of an attempt of its own.
        assert (await other.http.get(back)).status_code == 403
        await other.to_callback(start_of(provider_id(1)))
        assert (await other.http.get(back)).status_code == 403
        # Another provider's address, and a state that was never given out. Each ends the browser's cookie.
        moved = back.replace(str(provider_id(1)), str(provider_id(2)))
        assert (await browser.http.get(moved)).status_code == 403
        assert (await browser.http.get(back)).status_code == 403
        assert await browser.stage() is None

        back = await browser.to_callback(start_of(provider_id(1)))
        wrong = str(httpx.URL(back).copy_set_param("state", f"anqing.{'x' * 43}"))
        page = await browser.http.get(wrong)
        assert page.status_code == 403
        assert "登录请求无效" in page.text

        back = await browser.to_callback(start_of(provider_id(1)))
        cookie = browser.http.cookies.get("hub_federation")
        assert (await browser.http.get(back)).status_code == 303
        # Replayed, even by a browser that kept the cookie.
        browser.http.cookies.set("hub_federation", cookie or "", domain="127.0.0.1")
        replayed = await browser.http.get(back)
        assert replayed.status_code == 403
        assert (await world.audited())[-1] == ("sign_in.refused", "service", "federation_attempt_invalid")
        assert (await world.rows("SELECT count(*) AS n FROM login_session"))[0].n == 1

    play(story, federation_private_addresses=True)


def test_of_two_that_come_at_the_same_time_one_is_served(play: Play, oidc_provider: Peer) -> None:
    """One callback twice; and two people, each proved, with one invitation."""

    async def story(world: World) -> None:
        await provided(world, oidc_provider)
        await bind(world, provider_id(1), SUBJECT)
        await become(oidc_provider, SUBJECT)
        browser = Traveller(world)
        back = await browser.to_callback(start_of(provider_id(1)))
        answers = await asyncio.gather(browser.http.get(back), browser.http.get(back))
        assert sorted(answer.status_code for answer in answers) == [303, 403]

        token = await invited(world)
        ways = []
        for subject in ("first", "second"):
            await become(oidc_provider, subject)
            visitor = Traveller(world)
            ways.append((visitor, await visitor.to_callback(start_of(provider_id(1), invitation=token))))
        answers = await asyncio.gather(*(visitor.http.get(way) for visitor, way in ways))
        assert sorted(answer.status_code for answer in answers) == [303, 403]
        assert len(await world.rows("SELECT 1 FROM external_identity")) == 2
        assert len(await world.rows("SELECT 1 FROM login_session")) == 2

    play(story, federation_private_addresses=True)


def test_an_attempt_ends_after_its_minutes(play: Play, oidc_provider: Peer) -> None:
    async def story(world: World) -> None:
        await provided(world, oidc_provider)
        await bind(world, provider_id(1), SUBJECT)
        await become(oidc_provider, SUBJECT)
        browser = Traveller(world)
        back = await browser.to_callback(start_of(provider_id(1)))
        world.clock.advance(parts_of(world).settings.federation_time)
        assert (await browser.http.get(back)).status_code == 403

    play(story, federation_private_addresses=True)


def test_an_answer_must_name_its_issuer_where_the_provider_promises_it(play: Play, oidc_provider: Peer) -> None:
    """RFC 9207: the defence against an answer of one provider that was mixed up with another's."""

    async def story(world: World) -> None:
        await provided(world, oidc_provider)
        await bind(world, provider_id(1), SUBJECT)
        await become(oidc_provider, SUBJECT)
        for issuer in ("https://other.example", f"{oidc_provider.url}/", None):
            browser = Traveller(world)
            back = httpx.URL(await browser.to_callback(start_of(provider_id(1))))
            assert back.params["iss"] == oidc_provider.url
            changed = back.copy_set_param("iss", issuer) if issuer else back.copy_remove_param("iss")
            page = await browser.http.get(changed)
            assert page.status_code == 403
            assert (await world.audited())[-1][2] == "answer_issuer"

    play(story, federation_private_addresses=True)


def test_a_wrong_verifier_or_code_is_refused_by_the_provider(play: Play, oidc_provider: Peer) -> None:
    async def story(world: World) -> None:
        await provided(world, oidc_provider)
        await bind(world, provider_id(1), SUBJECT)
        await become(oidc_provider, SUBJECT)
        browser = Traveller(world)
        back = await browser.to_callback(start_of(provider_id(1)))
        sealed = parts_of(world).keyring.seal_provider("another-verifier-of-sufficient-length-0123456789")
        await execute(world, "UPDATE federation_attempt SET verifier_encrypted = :sealed", sealed=sealed)
        page = await browser.http.get(back)
        assert page.status_code == 403
        assert (await world.audited())[-1][2] == "code_refused"

    play(story, federation_private_addresses=True)


def test_nobody_is_led_to_a_foreign_address_or_an_unknown_provider(play: Play, oidc_provider: Peer) -> None:
    async def story(world: World) -> None:
        await provided(world, oidc_provider)
        browser = Traveller(world)
        for address in ("https://evil.example/", "//evil.example", "/oauth/logout?evil", "/oauth/authorize?evil\n"):
            page = await browser.http.get(start_of(provider_id(1), return_to=address))
            assert page.status_code == 403
            assert "evil" not in page.text
        for which in (str(provider_id(9)), "not-an-id", "' OR 1=1"):
            page = await browser.http.get(f"{ISSUER}/oauth/federation/{which}/start")
            assert page.status_code == 404
            assert page.headers["content-type"].startswith("text/html")
            page = await browser.http.get(f"{ISSUER}/oauth/federation/{which}/callback?state=x")
            assert page.status_code in (403, 404)
        assert await browser.stage() is None

    play(story, federation_private_addresses=True)


def test_the_way_out_tells_nothing_of_where_it_began(play: Play, oidc_provider: Peer) -> None:
    async def story(world: World) -> None:
        await provided(world, oidc_provider)
        answer = await Traveller(world).http.get(start_of(provider_id(1)))
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        asked = httpx.URL(answer.headers["location"]).params
        assert asked["code_challenge_method"] == "S256"
        assert len(asked["nonce"]) >= 43
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        kept = await world.rows("SELECT nonce, encode(verifier_encrypted, 'escape') AS sealed FROM federation_attempt")
        assert asked["state"] not in str(kept)

    play(story, federation_private_addresses=True)
