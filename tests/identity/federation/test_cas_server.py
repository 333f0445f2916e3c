"""Signing in at PyPI's django-cas-server, which nobody here wrote."""

import httpx

from services.identity.federation.config import Kind
from tests.identity.federation.conftest import TEACHER, Peer
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


async def sign_in(browser: Traveller, peer: Peer, url: str) -> str:
    """Give user name and password on the CAS server's page; returns the hub's callback with the ticket."""
    page = await browser.go(url)
    answer = await browser.submit(page, username=TEACHER, password=peer.password)
    return await browser.on_to_callback(answer)


def test_somebody_who_is_bound_is_signed_in_once_by_a_ticket(play: Play, cas_server: Peer) -> None:
    async def story(world: World) -> None:
        config = {"base_url": cas_server.url, "name_attribute": "displayName"}
        await add_provider(world, 1, Kind.CAS, config)
        await bind(world, provider_id(1), TEACHER)
        browser = Traveller(world)
        back = await sign_in(browser, cas_server, start_of(provider_id(1)))
        cookie = browser.http.cookies.get("hub_federation")
        answer = await browser.http.get(back)
        assert (answer.status_code, answer.headers.get("location")) == (303, "/"), answer.text
        assert await browser.stage() == "complete"
        assert (await world.rows("SELECT display FROM external_identity"))[0].display == "示例教师"

        # The same ticket once more: the hub's own attempt is used up, and were it not, the CAS server refuses.
        browser.http.cookies.set("hub_federation", cookie or "", domain="127.0.0.1")
        assert (await browser.http.get(back)).status_code == 403
        assert (await world.audited())[-1][2] == "federation_attempt_invalid"
        await execute(world, "UPDATE federation_attempt SET used_at = NULL")
        browser.http.cookies.set("hub_federation", cookie or "", domain="127.0.0.1")
        page = await browser.http.get(back)
        assert page.status_code == 403
        assert (await world.audited())[-1][2] == "ticket_refused"

        # A ticket that was made for another attempt is not good for this one.
        first, second = Traveller(world), Traveller(world)
        stolen = httpx.URL(await sign_in(first, cas_server, start_of(provider_id(1))))
        own = httpx.URL(await sign_in(second, cas_server, start_of(provider_id(1))))
        page = await second.http.get(own.copy_set_param("ticket", stolen.params["ticket"]))
        assert page.status_code == 403
        assert (await world.audited())[-1][2] == "ticket_refused"

    play(story, federation_private_addresses=True)


def test_the_subject_may_be_an_attribute_and_must_then_be_there(play: Play, cas_server: Peer) -> None:
    async def story(world: World) -> None:
        config = {"base_url": cas_server.url, "subject_attribute": "displayName"}
        await add_provider(world, 1, Kind.CAS, config)
        await bind(world, provider_id(1), "示例教师")
        browser = Traveller(world)
        answer = await browser.http.get(await sign_in(browser, cas_server, start_of(provider_id(1))))
        assert answer.status_code == 303
        await execute(
            world, """UPDATE identity_provider SET config = jsonb_set(config, '{subject_attribute}', '"uid"')"""
        )
        other = Traveller(world)
        page = await other.http.get(await sign_in(other, cas_server, start_of(provider_id(1))))
        assert page.status_code == 403
        assert (await world.audited())[-1][2] == "subject_missing"

    play(story, federation_private_addresses=True)


def test_a_check_tells_whether_the_server_knows_the_hub(play: Play, cas_server: Peer) -> None:
    async def story(world: World) -> None:
        parts = parts_of(world)
        config: dict[str, object] = {"base_url": cas_server.url, "subject_attribute": "", "name_attribute": ""}
        adapter = parts.adapters.of("cas", config, "")
        await adapter.check(callback_of(provider_id(1)))

    play(story, federation_private_addresses=True)
