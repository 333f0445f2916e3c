"""Signing in at npm's oidc-provider, which nobody here wrote: the whole way, and what must be refused on it."""

import re
from html import unescape

import httpx

from services.kernel.permissions import Role
from tests.identity.federation.conftest import Peer
from tests.identity.federation.honest import SUBJECT, become, provided
from tests.identity.federation.travel import (
    MEMBER,
    OTHER_MEMBER,
    Traveller,
    bind,
    execute,
    invited,
    provider_id,
    start_of,
)
from tests.identity.office import Office
from tests.identity.world import CLERK, TOKEN, VERIFIER, Browser, Play, World, authorize_url
from tests.support.tokens import ISSUER


def test_somebody_who_is_bound_is_signed_in(play: Play, oidc_provider: Peer) -> None:
    """By each signature algorithm, with the secret in the header, and once in the form."""

    async def story(world: World) -> None:
        await become(oidc_provider, SUBJECT)
        for number in (1, 2, 3, 5):
            await provided(world, oidc_provider, number)
            await bind(world, provider_id(number), SUBJECT)
            browser = Traveller(world)
            answer = await browser.go(start_of(provider_id(number)))
            assert (answer.status_code, answer.headers["location"]) == (303, "/"), answer.text
            assert await browser.stage() == "complete"
        rows = await world.rows("SELECT amr FROM login_session")
        assert [row.amr for row in rows] == [["fed"]] * 4
        used = await world.rows("SELECT display, last_used_at FROM external_identity")
        assert {tuple(row) for row in used} == {(f"{SUBJECT} 的姓名", world.clock.now())}
        told = [action for action, _, _ in await world.audited()]
        assert told[-2:] == ["external_identity.use", "sign_in.accepted"]

    play(story, federation_private_addresses=True)


def test_the_way_leads_from_the_sign_in_page_back_to_the_application(play: Play, oidc_provider: Peer) -> None:
    async def story(world: World) -> None:
        await provided(world, oidc_provider)
        await bind(world, provider_id(1), SUBJECT)
        await become(oidc_provider, SUBJECT)
        traveller = Traveller(world)
        async with world.oauth() as client:
            page = await traveller.http.get(authorize_url(client, state="s", prompt="select_account"))
            href = re.search(rf'href="(/oauth/federation/{provider_id(1)}/start[^"]*)"', page.text)
            assert href, page.text
            chooser = await traveller.go(f"{ISSUER}{unescape(href[1])}")
            answer = await Browser(traveller.http, world.clock).choose(chooser)
            assert answer.status_code == 303, answer.text
            token = await client.fetch_token(
                TOKEN, authorization_response=answer.headers["location"], code_verifier=VERIFIER
            )
        claims = await world.verifier().verify(token["access_token"])
        assert claims["name"] == CLERK.display_name
        assert claims["amr"] == ["fed"]

    play(story, federation_private_addresses=True)


def test_an_invited_person_binds_the_units_sign_in_and_is_let_in(play: Play, oidc_provider: Peer) -> None:
    async def story(world: World) -> None:
        await provided(world, oidc_provider, member=MEMBER)
        token = await invited(world)
        await become(oidc_provider, SUBJECT)
        browser = Traveller(world)
        answer = await browser.go(start_of(provider_id(1), invitation=token))
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert await browser.stage() == "complete"
        states = await world.rows("SELECT state, password_hash FROM account WHERE username = 'xinren'")
        assert [tuple(row) for row in states] == [("active", None)]
        bound = await world.rows("SELECT subject, display FROM external_identity")
        assert [tuple(row) for row in bound] == [(SUBJECT, f"{SUBJECT} 的姓名")]
        actions = [action for action, _, _ in await world.audited()]
        assert actions[-4:] == [
            "external_identity.bind",
            "invitation.accept",
            "external_identity.use",
            "sign_in.accepted",
        ]
        # The link was good once: not for a second person, nor for a second try.
        await become(oidc_provider, "somebody-else")
        again = await Traveller(world).go(start_of(provider_id(1), invitation=token))
        assert again.status_code == 403
        assert "邀请链接无效、已使用或已过期" in again.text
        # From now on the unit's sign-in needs no invitation.
        await become(oidc_provider, SUBJECT)
        later = Traveller(world)
        await later.go(start_of(provider_id(1)))
        assert await later.stage() == "complete"

    play(story, federation_private_addresses=True)


def test_the_second_factor_stays_the_hubs_own(play: Play, oidc_provider: Peer) -> None:
    """Whatever the unit's system asked of who approves money, the hub asks for its own second factor afterwards."""

    async def story(world: World) -> None:
        await provided(world, oidc_provider)
        await Office(world).hire("chief", Role.SECRETARIAT_HEAD)
        await bind(world, provider_id(1), SUBJECT, "chief")
        await become(oidc_provider, SUBJECT)
        browser = Traveller(world)
        assert (await browser.go(start_of(provider_id(1)))).status_code == 303
        assert await browser.stage() == "factor"
        async with world.oauth() as client:
            page = await browser.http.get(authorize_url(client))
        assert "动态口令" in page.text
        assert 'class="enrol-secret"' in page.text

    play(story, federation_private_addresses=True)


def test_an_unknown_person_gets_a_page_and_no_account(play: Play, oidc_provider: Peer) -> None:
    async def story(world: World) -> None:
        await provided(world, oidc_provider)
        before = await world.rows("SELECT count(*) FROM account")
        await become(oidc_provider, "a-stranger-to-all")
        browser = Traveller(world)
        page = await browser.go(start_of(provider_id(1)))
        assert page.status_code == 403
        assert "此账号尚未与中枢人员绑定" in page.text
        assert "邀请链接" in page.text
        assert await browser.stage() is None
        assert await world.rows("SELECT count(*) FROM account") == before
        assert (await world.audited())[-1] == ("sign_in.refused", "service", "federation_not_bound")
        kept = await world.rows("SELECT after::text AS after FROM audit_entry ORDER BY entry_no DESC LIMIT 1")
        assert kept[0].after == '{"subject": "a-***ll"}'

    play(story, federation_private_addresses=True)


def test_who_is_refused_by_the_provider_is_told_so_without_the_providers_words(play: Play, oidc_provider: Peer) -> None:
    async def story(world: World) -> None:
        await provided(world, oidc_provider)
        await become(oidc_provider, "deny")
        page = await Traveller(world).go(start_of(provider_id(1)))
        assert page.status_code == 403
        assert "取消了授权" in page.text
        assert "<b>no" not in page.text
        assert "&lt;b&gt;" not in page.text
        assert (await world.audited())[-1][2] == "federation_declined"

    play(story, federation_private_addresses=True)


def test_a_token_by_another_algorithm_is_refused(play: Play, oidc_provider: Peer) -> None:
    async def story(world: World) -> None:
        await provided(world, oidc_provider, 4)
        await bind(world, provider_id(4), SUBJECT)
        await become(oidc_provider, SUBJECT)
        page = await Traveller(world).go(start_of(provider_id(4)))
        assert page.status_code == 403
        assert "HS256" in page.text
        assert (await world.audited())[-1][2] == "id_token_algorithm"

    play(story, federation_private_addresses=True)


def test_a_unit_vouches_for_its_own_people_only(play: Play, oidc_provider: Peer) -> None:
    async def story(world: World) -> None:
        await provided(world, oidc_provider, member=OTHER_MEMBER)
        token = await invited(world, member=MEMBER)
        await become(oidc_provider, SUBJECT)
        page = await Traveller(world).go(start_of(provider_id(1), invitation=token))
        assert page.status_code == 403
        assert "不属于您任职的单位" in page.text
        assert (await world.audited())[-1][2] == "provider_of_other_unit"
        assert (await world.rows("SELECT used_at FROM invitation"))[0].used_at is None
        # Somebody who was bound while he worked there, and now works elsewhere.
        await bind(world, provider_id(1), SUBJECT)
        page = await Traveller(world).go(start_of(provider_id(1)))
        assert page.status_code == 403
        assert (await world.rows("SELECT count(*) AS n FROM login_session"))[0].n == 0

    play(story, federation_private_addresses=True)


def test_who_may_not_sign_in_may_not_by_the_unit_either(play: Play, oidc_provider: Peer) -> None:
    async def story(world: World) -> None:
        await provided(world, oidc_provider)
        await bind(world, provider_id(1), SUBJECT)
        await become(oidc_provider, SUBJECT)
        browser = Traveller(world)

        async def comes_after(sql: str) -> httpx.Response:
            back = await browser.to_callback(start_of(provider_id(1)))
            await execute(world, sql)
            return await browser.http.get(back)

        page = await comes_after("UPDATE account SET state = 'deactivated' WHERE username = 'mishuchu'")
        assert page.status_code == 403
        assert "已停用" in page.text
        assert (await world.audited())[-1][2] == "account_inactive"
        await execute(world, "UPDATE account SET state = 'active'")
        page = await comes_after("UPDATE post_holding SET until_date = from_date")
        assert page.status_code == 403
        assert "没有担任任何岗位" in page.text
        assert (await world.audited())[-1][2] == "no_post"
        await execute(world, "UPDATE post_holding SET until_date = NULL")
        assert (await comes_after("UPDATE identity_provider SET active = false")).status_code == 404
        assert await browser.stage() is None

    play(story, federation_private_addresses=True)
