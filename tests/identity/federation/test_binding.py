"""Binding a unit's sign-in to one's own account, and taking it away again."""

from uuid import UUID, uuid4

import httpx

from services.identity.commands.begin_federation import binding_ticket
from services.identity.federation.config import Kind
from services.kernel.permissions import Role
from tests.identity.federation.rogue import RogueCas, cas_success
from tests.identity.federation.travel import (
    MEMBER,
    OTHER_MEMBER,
    Traveller,
    add_provider,
    bind,
    execute,
    invited,
    parts_of,
    provider_id,
    serving_tcp,
    start_of,
)
from tests.identity.office import Office
from tests.identity.world import BUREAU, CLERK, Browser, Play, World, authorize_url
from tests.support.tokens import ISSUER

OWN = "/me/external-identities"


async def signed_in(world: World, username: str = CLERK.username) -> Traveller:
    """A browser in which somebody is signed in by password."""
    traveller = Traveller(world)
    async with world.oauth() as client:
        await Browser(traveller.http, world.clock, world.phones).sign_in(
            authorize_url(client), username, world.password
        )
    assert await traveller.stage() == "complete"
    return traveller


async def account_of(world: World, username: str = CLERK.username) -> UUID:
    rows = await world.rows(f"SELECT id FROM account WHERE username = '{username}'")
    return UUID(str(rows[0].id))


def test_one_binds_by_a_ticket_in_the_browser_in_which_one_is_signed_in(play: Play) -> None:
    rogue = RogueCas(cas_success("<cas:user>gonghao-1234567</cas:user>"))

    async def story(world: World) -> None:
        await add_provider(world, 1, Kind.CAS, {"base_url": f"{url}/cas"})
        office = Office(world)
        clerk = await office.sign_in(await account_of(world))
        listed = await office.get(clerk, OWN)
        assert (listed["items"], [one["id"] for one in listed["available"]]) == ([], [str(provider_id(1))])
        link = (await office.post(clerk, OWN, {"provider": str(provider_id(1))}, 201))["url"]

        # Nobody signed in, somebody else, another provider, or no ticket at all: nothing is bound.
        await add_provider(world, 2, Kind.CAS, {"base_url": f"{url}/cas"})
        other = await signed_in(world, BUREAU.username)
        for browser in (Traveller(world), other):
            page = await browser.go(f"{ISSUER}{link}")
            assert page.status_code == 403
            assert (await world.audited())[-1][2] == "binding_invalid"
        browser = await signed_in(world)
        moved = link.replace(str(provider_id(1)), str(provider_id(2)))
        for wrong in (moved, start_of(provider_id(1), binding="forged")):
            assert (await browser.go(wrong)).status_code == 403
        assert await world.rows("SELECT 1 FROM external_identity") == []

        page = await browser.go(f"{ISSUER}{link}")
        assert page.status_code == 200
        assert "绑定成功" in page.text
        (bound,) = (await office.get(clerk, OWN))["items"]
        assert (bound["provider"], bound["subject"]) == (str(provider_id(1)), "go***67")
        assert [action for action, _ in await office.actions("external_identity")] == ["external_identity.bind"]
        # To bind it again changes nothing; somebody else cannot have it.
        again = (await office.post(clerk, OWN, {"provider": str(provider_id(1))}, 201))["url"]
        assert (await browser.go(f"{ISSUER}{again}")).status_code == 200
        ticket = binding_ticket(parts_of(world).tools, provider_id(1), await account_of(world, BUREAU.username))
        page = await other.go(start_of(provider_id(1), binding=ticket))
        assert page.status_code == 403
        assert (await world.audited())[-1][2] == "external_identity_taken"
        assert len(await world.rows("SELECT 1 FROM external_identity")) == 1
        # An old ticket is none.
        world.clock.instant = world.clock.instant.replace(year=world.clock.instant.year + 1)
        assert (await (await signed_in(world)).go(f"{ISSUER}{link}")).status_code == 403

    with serving_tcp(rogue.app()) as url:
        play(story, federation_private_addresses=True)


def test_binding_fails_when_the_browser_signed_out_meanwhile(play: Play) -> None:
    rogue = RogueCas(cas_success("<cas:user>u1</cas:user>"))

    async def story(world: World) -> None:
        await add_provider(world, 1, Kind.CAS, {"base_url": f"{url}/cas"})
        browser = await signed_in(world)
        ticket = binding_ticket(parts_of(world).tools, provider_id(1), await account_of(world))
        back = await browser.to_callback(start_of(provider_id(1), binding=ticket))
        await execute(world, "UPDATE login_session SET ended_at = now()")
        assert (await browser.http.get(back)).status_code == 403
        assert (await world.audited())[-1][2] == "binding_invalid"
        assert await world.rows("SELECT 1 FROM external_identity") == []

    with serving_tcp(rogue.app()) as url:
        play(story, federation_private_addresses=True)


def test_a_password_link_is_no_invitation_and_an_ended_one_neither(play: Play) -> None:
    rogue = RogueCas(cas_success("<cas:user>u1</cas:user>"))

    async def story(world: World) -> None:
        await add_provider(world, 1, Kind.CAS, {"base_url": f"{url}/cas"})
        reset = await invited(world, "someone", purpose="password_reset")
        token = await invited(world)
        for wrong in (reset, f"anqing.{'x' * 43}", "nonsense", token + "x"):
            page = await Traveller(world).go(start_of(provider_id(1), invitation=wrong))
            assert page.status_code == 403
            assert (await world.audited())[-1][2] == "invitation_invalid"
        # Revoked while its owner was on the way: nothing is bound.
        for sql in (
            "UPDATE invitation SET revoked_at = now()",
            "UPDATE invitation SET revoked_at = NULL, expires_at = '2020-01-01'",
        ):
            browser = Traveller(world)
            await execute(world, "UPDATE invitation SET expires_at = '2099-01-01'")
            back = await browser.to_callback(start_of(provider_id(1), invitation=token))
            await execute(world, sql)
            assert (await browser.http.get(back)).status_code == 403
            assert (await world.audited())[-1][2] == "invitation_invalid"
            await execute(world, "UPDATE invitation SET revoked_at = NULL")
        # An identity that is somebody else's cannot be bound, and the invitation is not used up by that.
        await execute(world, "UPDATE invitation SET expires_at = '2099-01-01'")
        await bind(world, provider_id(1), "u1")
        assert (await Traveller(world).go(start_of(provider_id(1), invitation=token))).status_code == 403
        assert (await world.audited())[-1][2] == "external_identity_taken"
        assert [row.used_at for row in await world.rows("SELECT used_at FROM invitation")] == [None, None]
        states = await world.rows("SELECT DISTINCT state FROM account WHERE username IN ('xinren', 'someone')")
        assert [row.state for row in states] == ["invited"]

    with serving_tcp(rogue.app()) as url:
        play(story, federation_private_addresses=True)


def test_one_takes_away_ones_own_bindings_but_not_the_last_way_in(play: Play) -> None:
    async def story(world: World) -> None:
        config = {"base_url": "https://cas.example.edu.cn/cas"}
        await add_provider(world, 1, Kind.CAS, config, member=MEMBER)
        await add_provider(world, 2, Kind.CAS, config, member=OTHER_MEMBER)
        await add_provider(world, 3, Kind.CAS, config)
        await add_provider(world, 4, Kind.CAS, config, active=False)
        office = Office(world)
        reporter = await office.hire("reporter", Role.UNIT_REPORTER, member=MEMBER)
        offered = {one["id"] for one in (await office.get(reporter, OWN))["available"]}
        assert offered == {str(provider_id(1)), str(provider_id(3))}
        for foreign in (provider_id(2), provider_id(4), uuid4()):
            status, code = await office.refused(reporter, "POST", OWN, {"provider": str(foreign)})
            assert (status, code) == (404, "identity_provider_unknown")
        await bind(world, provider_id(1), "u1", "reporter")
        await bind(world, provider_id(3), "u1", CLERK.username)
        (own,) = (await office.get(reporter, OWN))["items"]
        others = (await world.rows("SELECT id FROM external_identity WHERE provider_id::text LIKE '%3'"))[0].id
        assert await office.refused(reporter, "DELETE", f"{OWN}/{others}") == (404, "not_found")
        await execute(world, "UPDATE account SET password_hash = NULL, password_set_at = NULL")
        assert await office.refused(reporter, "DELETE", f"{OWN}/{own['id']}") == (409, "last_way_to_sign_in")
        await bind(world, provider_id(4), "u4", "reporter")  # of no use: it is not active
        assert await office.refused(reporter, "DELETE", f"{OWN}/{own['id']}") == (409, "last_way_to_sign_in")
        await execute(world, "DELETE FROM external_identity WHERE subject = 'u4'")
        await execute(world, "UPDATE account SET password_hash = 'x', password_set_at = now()")
        answer = await office.call(reporter, "DELETE", f"{OWN}/{own['id']}")
        assert answer.status_code == 204
        assert (await office.get(reporter, OWN))["items"] == []
        assert len(await world.rows("SELECT 1 FROM external_identity")) == 1
        assert [action for action, _ in await office.actions("external_identity")] == ["external_identity.unbind"]

    play(story)


def test_practising_people_see_their_real_bindings_and_strangers_see_nothing(play: Play) -> None:
    async def story(world: World) -> None:
        await add_provider(world, 1, Kind.CAS, {"base_url": "https://cas.example.edu.cn/cas"})
        await bind(world, provider_id(1), "u1")
        office = Office(world)
        practising = await office.sign_in(await account_of(world), practice=True)
        assert len((await office.get(practising, OWN))["items"]) == 1
        async with httpx.AsyncClient(transport=world.transport, base_url=ISSUER) as http:
            assert (await http.get(f"/api/identity/v1{OWN}")).status_code == 401

    play(story)
