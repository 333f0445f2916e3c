"""A sign-in by a unit's own system ends with the provider that is switched off, or the identity unbound."""

from typing import Any
from uuid import UUID

import httpx

from services.identity.federation.config import Kind
from services.kernel.permissions import Role
from tests.identity.federation.rogue import RogueCas, cas_success
from tests.identity.federation.travel import Traveller, add_provider, bind, provider_id, serving_tcp, start_of
from tests.identity.office import Office, Worker
from tests.identity.stepping import choices_on, two_posts
from tests.identity.world import BUREAU, TOKEN, VERIFIER, Browser, Play, World, authorize_url

REVOKED = (401, "token_revoked")
OWN = "/me/external-identities"
CAS = cas_success("<cas:user>u1</cas:user>")


async def arrives(world: World, number: int = 1, choice: str = "") -> tuple[Traveller, Worker]:
    """The bureau's clerk signs in by a unit's system, and the frontend gets its token."""
    traveller = Traveller(world)
    await traveller.go(start_of(provider_id(number)))
    return traveller, await goes_to_work(world, traveller, choice)


async def goes_to_work(world: World, traveller: Traveller, choice: str = "", **wishes: str) -> Worker:
    """What the frontend gets for the browser's session, once the post is chosen."""
    async with world.oauth() as client:
        browser = Browser(traveller.http, world.clock)
        answer = await browser.choose(await traveller.http.get(authorize_url(client, **wishes)), choice)
        back = answer.headers["location"]
        token = (await client.fetch_token(TOKEN, authorization_response=back, code_verifier=VERIFIER))["access_token"]
    claims = await world.verifier().verify(token)
    return Worker(UUID(str(claims["sub"])), UUID(str(claims["post"])), UUID(str(claims["sid"])), token)


async def switch(office: Office, chief: Worker, number: int, *, active: bool) -> httpx.Response:
    path = f"/identity-providers/{provider_id(number)}"
    tag = (await office.call(chief, "GET", path)).headers["etag"]
    return await office.call(chief, "PATCH", path, {"active": active}, If_Match=tag)


async def noted(world: World, action: str) -> list[Any]:
    """How many sessions each such act ended, as it was audited."""
    rows = await world.rows(f"SELECT after FROM audit_entry WHERE action = '{action}' ORDER BY entry_no")
    return [row.after.get("sessions_ended") for row in rows]


async def signed_in(world: World, traveller: Traveller) -> bool:
    async with world.oauth() as client:
        page = await traveller.http.get(authorize_url(client))
    return 'name="password"' not in page.text


def test_a_provider_that_is_switched_off_takes_its_sessions_along_and_no_others(play: Play) -> None:
    rogue = RogueCas(CAS)

    async def story(world: World) -> None:
        for number in (1, 2):
            await add_provider(world, number, Kind.CAS, {"base_url": f"{url}/cas"})
            account = await bind(world, provider_id(number), "u1", BUREAU.username)
        office = Office(world)
        chief = await office.hire("chief", Role.SYSTEM_ADMIN)
        browser, by_the_first = await arrives(world, 1)
        _, by_the_second = await arrives(world, 2)
        by_password = await office.sign_in(account)
        assert (await office.call(by_the_first, "GET", "/me")).status_code == 200
        assert (await switch(office, chief, 1, active=False)).status_code == 200
        assert await office.refused(by_the_first, "GET", "/me") == REVOKED
        assert not await signed_in(world, browser)
        for other in (by_the_second, by_password):
            assert (await office.call(other, "GET", "/me")).status_code == 200
        assert (await switch(office, chief, 1, active=True)).status_code == 200
        assert await office.refused(by_the_first, "GET", "/me") == REVOKED
        assert await noted(world, "identity_provider.update") == [1, None]

    with serving_tcp(rogue.app()) as url:
        play(story, federation_private_addresses=True)


def test_an_unbound_identity_takes_its_sessions_along_also_the_one_at_hand(play: Play) -> None:
    rogue = RogueCas(CAS)

    async def story(world: World) -> None:
        await add_provider(world, 1, Kind.CAS, {"base_url": f"{url}/cas"})
        account = await bind(world, provider_id(1), "u1", BUREAU.username)
        office = Office(world)
        (_, here), (_, there) = await arrives(world), await arrives(world)
        by_password = await office.sign_in(account)
        (own,) = (await office.get(here, OWN))["items"]
        assert (await office.call(here, "DELETE", f"{OWN}/{own['id']}")).status_code == 204
        for worker in (here, there):
            assert await office.refused(worker, "GET", "/me") == REVOKED
        assert (await office.call(by_password, "GET", "/me")).status_code == 200
        assert await noted(world, "external_identity.unbind") == [2]

    with serving_tcp(rogue.app()) as url:
        play(story, federation_private_addresses=True)


def test_a_change_of_the_post_keeps_where_the_session_came_from(play: Play) -> None:
    rogue = RogueCas(CAS)

    async def story(world: World) -> None:
        await add_provider(world, 1, Kind.CAS, {"base_url": f"{url}/cas"})
        await bind(world, provider_id(1), "u1", BUREAU.username)
        await two_posts(world)
        office = Office(world)
        chief = await office.hire("chief", Role.SYSTEM_ADMIN)
        browser, first = await arrives(world)
        async with world.oauth() as client:
            page = await browser.http.get(authorize_url(client, prompt="select_account"))
        other = next(key for key in choices_on(page) if "practice" not in key and key != str(first.post))
        second = await goes_to_work(world, browser, other, prompt="select_account")
        assert second.session != first.session
        assert (await office.call(second, "GET", "/me")).status_code == 200
        await switch(office, chief, 1, active=False)
        assert await office.refused(second, "GET", "/me") == REVOKED

    with serving_tcp(rogue.app()) as url:
        play(story, federation_private_addresses=True)


def test_who_was_at_the_unit_when_it_was_switched_off_is_not_let_in(play: Play) -> None:
    rogue = RogueCas(CAS)

    async def story(world: World) -> None:
        await add_provider(world, 1, Kind.CAS, {"base_url": f"{url}/cas"})
        await bind(world, provider_id(1), "u1", BUREAU.username)
        office = Office(world)
        chief = await office.hire("chief", Role.SYSTEM_ADMIN)
        traveller = Traveller(world)
        back = await traveller.to_callback(start_of(provider_id(1)))
        complete = world.app.state.identity.adapters.of
        switched: list[int] = []

        def of(kind: str, config: dict[str, object], secret: str) -> Any:
            """The adapter, which finds the provider switched off once the person has been proved."""
            adapter = complete(kind, config, secret)
            proved = adapter.complete

            async def late(*given: Any) -> Any:
                person = await proved(*given)
                switched.append((await switch(office, chief, 1, active=False)).status_code)
                return person

            adapter.complete = late
            return adapter

        world.app.state.identity.adapters.of = of
        assert (await traveller.http.get(back)).status_code == 404
        assert switched == [200]
        assert await world.rows("SELECT 1 FROM login_session WHERE external_id IS NOT NULL") == []

    with serving_tcp(rogue.app()) as url:
        play(story, federation_private_addresses=True)
