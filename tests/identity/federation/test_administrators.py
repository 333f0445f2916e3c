"""No provider lets an administrator in: who edits the providers would be the other two (docs/adr/0014)."""

from uuid import UUID

import pytest

from services.identity.commands.begin_federation import binding_ticket
from services.identity.federation.config import Kind
from services.kernel.permissions import ADMINISTRATORS, Role
from tests.identity.federation.rogue import RogueCas, cas_success
from tests.identity.federation.travel import (
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
from tests.identity.world import CLERK, Browser, Play, World, authorize_url

REFUSED = "administrator_not_federated"


def rogue() -> RogueCas:
    return RogueCas(cas_success("<cas:user>u1</cas:user>"))


async def provided(world: World, url: str) -> None:
    """A provider for the whole alliance."""
    await add_provider(world, 1, Kind.CAS, {"base_url": f"{url}/cas"})


@pytest.mark.parametrize("role", sorted(ADMINISTRATORS))
def test_an_administrator_who_was_bound_before_is_not_let_in(play: Play, role: Role) -> None:
    async def story(world: World) -> None:
        await provided(world, url)
        await Office(world).hire("chief", role)
        await bind(world, provider_id(1), "u1", "chief")
        browser = Traveller(world)
        page = await browser.go(start_of(provider_id(1)))
        assert page.status_code == 403
        assert "请用用户名、密码和动态口令登录" in page.text
        assert await browser.stage() is None
        assert (await world.audited())[-1][2] == REFUSED

    with serving_tcp(rogue().app()) as url:
        play(story, federation_private_addresses=True)


def test_whoever_is_to_be_one_is_signed_out_and_not_let_in_from_the_grant_on(play: Play) -> None:
    async def story(world: World) -> None:
        await provided(world, url)
        await bind(world, provider_id(1), "u1")
        office = Office(world)
        security = await office.hire("anquan", Role.SECURITY_ADMIN)
        clerk = (await world.rows("SELECT id, person_id FROM account WHERE username = 'mishuchu'"))[0]
        browser = Traveller(world)
        await browser.go(start_of(provider_id(1)))
        assert await browser.stage() == "complete"
        # The old post ends the day before the new one begins; the person still works in it today.
        await execute(
            world, "UPDATE post_holding SET until_date = from_date + 1 WHERE person_id = :p", p=clerk.person_id
        )
        draft = {"title": "审计管理员", "unit_name": "联盟管理", "role": "audit_admin"}
        post = await office.post(security, "/posts", draft, 201)
        grant = {"account": str(clerk.id), "from_date": office.day(1), "reason": "轮岗"}
        await office.post(security, f"/posts/{post['id']}/holdings", grant, 201)
        living = await world.rows(f"SELECT 1 FROM login_session WHERE ended_at IS NULL AND account_id = '{clerk.id}'")
        assert living == []
        assert await world.rows("SELECT 1 FROM revocation WHERE kind = 'session'") != []
        page = await browser.go(start_of(provider_id(1)))
        assert page.status_code == 403
        assert (await world.audited())[-1][2] == REFUSED

    with serving_tcp(rogue().app()) as url:
        play(story, federation_private_addresses=True)


def test_the_grant_ends_an_unused_link_to_a_new_password_but_not_a_first_invitation(play: Play) -> None:
    async def story(world: World) -> None:
        await invited(world, "someone", purpose="password_reset")
        await invited(world, "xinren")
        await execute(world, "UPDATE account SET state = 'active' WHERE username = 'someone'")
        await execute(world, "UPDATE post_holding SET until_date = from_date WHERE granted_by <> 'x'")
        office = Office(world)
        security = await office.hire("anquan", Role.SECURITY_ADMIN)
        for username in ("someone", "xinren"):
            draft = {"title": f"审计管理员{username}", "unit_name": "联盟管理", "role": "audit_admin"}
            post = await office.post(security, "/posts", draft, 201)
            account = (await world.rows(f"SELECT id FROM account WHERE username = '{username}'"))[0].id
            grant = {"account": str(account), "from_date": office.day(0), "reason": "任命"}
            await office.post(security, f"/posts/{post['id']}/holdings", grant, 201)
        links = await world.rows("SELECT purpose, revoked_at FROM invitation ORDER BY purpose")
        assert [(one.purpose, one.revoked_at is None) for one in links] == [
            ("invitation", True),
            ("password_reset", False),
        ]

    play(story)


def test_an_administrator_is_offered_none_and_binds_none(play: Play) -> None:
    async def story(world: World) -> None:
        await provided(world, url)
        office = Office(world)
        chief = await office.hire("chief", Role.AUDIT_ADMIN)
        own = "/me/external-identities"
        assert (await office.get(chief, own))["available"] == []
        status, code = await office.refused(chief, "POST", own, {"provider": str(provider_id(1))})
        assert (status, code) == (404, "identity_provider_unknown")
        # A ticket that was given out before the post was.
        browser = Traveller(world)
        async with world.oauth() as client:
            walking = Browser(browser.http, world.clock, world.phones)
            await walking.sign_in(authorize_url(client), "chief", world.password)
        ticket = binding_ticket(parts_of(world).tools, provider_id(1), chief.account)
        page = await browser.go(start_of(provider_id(1), binding=ticket))
        assert page.status_code == 403
        assert (await world.audited())[-1][2] == REFUSED
        assert await world.rows("SELECT 1 FROM external_identity") == []

    with serving_tcp(rogue().app()) as url:
        play(story, federation_private_addresses=True)


def test_an_invited_administrator_chooses_a_password(play: Play) -> None:
    async def story(world: World) -> None:
        await provided(world, url)
        token = await invited(world)
        before = Traveller(world)
        back = await before.to_callback(start_of(provider_id(1), invitation=token))
        await execute(world, "UPDATE post SET role = 'audit_admin', member = NULL WHERE role = 'unit_reporter'")
        page = await before.http.get(back)  # set out before the post became an administrator's
        assert page.status_code == 403
        page = await Traveller(world).go(start_of(provider_id(1), invitation=token))
        assert page.status_code == 403
        assert (await world.audited())[-1][2] == REFUSED
        assert (await world.rows("SELECT used_at FROM invitation"))[0].used_at is None
        shown = await Traveller(world).http.get(f"/oauth/invitation/{token}")
        assert shown.status_code == 200
        assert "/oauth/federation/" not in shown.text

    with serving_tcp(rogue().app()) as url:
        play(story, federation_private_addresses=True)


def test_others_are_let_in_by_the_same_provider(play: Play) -> None:
    async def story(world: World) -> None:
        await provided(world, url)
        account: UUID = await bind(world, provider_id(1), "u1", CLERK.username)
        browser = Traveller(world)
        assert (await browser.go(start_of(provider_id(1)))).status_code == 303
        assert await browser.stage() == "complete"
        assert [row.account_id for row in await world.rows("SELECT account_id FROM login_session")] == [account]

    with serving_tcp(rogue().app()) as url:
        play(story, federation_private_addresses=True)
