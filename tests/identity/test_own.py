"""What everybody does about himself: sessions far away, the own password; and what services are told at once."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import httpx

from services.identity.commands.end_access import revoke
from services.identity.commands.ensure_alliance import ensure_alliance
from services.identity.commands.purge_ended import purge_everywhere
from services.identity.revoked import RevokedList
from services.identity.tables import RefreshToken
from services.kernel.permissions import GRANTS, Permission, Role
from services.kernel.revocations import Revoked
from tests.identity.office import API, Office, Worker
from tests.identity.world import TOKEN, Play, World
from tests.support.tokens import ISSUER

NEW = "Ein-neues-Kennwort-7"


async def listed(world: World, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=world.transport, base_url=ISSUER) as http:
        return await http.get("/internal/revocations", headers=headers)


def test_me_tells_the_post_that_one_works_in(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        clerk = await office.hire("clerk", Role.COUNTY_CLERK, unit_name="怀宁县教育局")
        me = await office.get(clerk, "/me")
        told = {name: me[name] for name in ("subject", "role", "role_label", "division", "unit_name", "practice")}
        assert told == {
            "subject": str(clerk.account),
            "role": "county_clerk",
            "role_label": "县区教育局经办",
            "division": "340822",
            "unit_name": "怀宁县教育局",
            "practice": False,
        }
        assert me["scopes"] == sorted(GRANTS[Role.COUNTY_CLERK])
        assert me["post"] == str(clerk.post)

    play(story)


def test_a_browser_far_away_is_signed_out_and_only_ones_own(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        here = await office.hire("clerk", Role.COUNTY_CLERK)
        world.clock.advance(timedelta(minutes=1))
        there = await office.sign_in(here.account)
        other = await office.hire("other", Role.COUNTY_CLERK)
        found = (await office.get(here, "/me/sessions"))["items"]
        assert [(one["id"], one["current"]) for one in found] == [
            (str(there.session), False),
            (str(here.session), True),
        ]
        assert (found[0]["device"], found[0]["client_address"]) == ("Chrome · Windows", "192.0.2.7")
        assert found[0]["post_title"] == "县区教育局经办"
        for foreign in (other.session, uuid4()):
            refused = await office.refused(here, "DELETE", f"/me/sessions/{foreign}")
            assert refused == (404, "session_unknown")
        assert (await office.call(here, "DELETE", f"/me/sessions/{there.session}")).status_code == 204
        assert await office.refused(there, "GET", "/me") == (401, "token_revoked")
        assert [one["current"] for one in (await office.get(here, "/me/sessions"))["items"]] == [True]
        await office.get(other, "/me")
        assert await office.actions("session.") == [("session.end", None)]

    play(story)


def test_a_session_that_grew_old_is_listed_and_ended_while_its_tokens_may_be_refreshed(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        offline = await office.hire("clerk", Role.COUNTY_CLERK)
        resting = await office.sign_in(offline.account)
        async with world.database.write("anqing") as session:
            session.add(_refresh_token(world, offline))
        world.clock.advance(timedelta(days=8))
        await purge_everywhere(world.database, world.clock, world.settings)
        here = await office.sign_in(offline.account)
        found = {one["id"] for one in (await office.get(here, "/me/sessions"))["items"]}
        assert found == {str(here.session), str(offline.session)}
        await office.get(resting, "/me")  # a token of ours outlives its session here; in earnest it has minutes
        assert (await office.call(here, "DELETE", f"/me/sessions/{offline.session}")).status_code == 204
        assert await office.refused(offline, "GET", "/me") == (401, "token_revoked")
        assert [row.revoked_at for row in await world.rows("SELECT revoked_at FROM refresh_token")] != [None]

    play(story)


def _refresh_token(world: World, worker: Worker) -> RefreshToken:
    """A program's that may work while its person is away."""
    now = world.clock.now()
    return RefreshToken(
        alliance="anqing",
        token_hash=b"hash",
        family=uuid4(),
        client_id="frontend",
        account_id=worker.account,
        session_id=worker.session,
        post_id=worker.post,
        practice=False,
        scope="offline_access",
        issued_at=now,
        expires_at=now + timedelta(days=30),
    )


def test_a_new_password_needs_the_old_one_and_ends_every_other_session(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        here = await office.hire("clerk", Role.COUNTY_CLERK)
        there = await office.sign_in(here.account)
        wrong = {"current_password": "not-it", "new_password": NEW}
        answer = await office.call(here, "POST", "/me/password", wrong)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "password_wrong")
        weak = {"current_password": world.password, "new_password": "password1234"}
        codes = {one["code"] for one in (await office.call(here, "POST", "/me/password", weak)).json()["errors"]}
        assert codes == {"password_simple", "password_common"}
        same = {"current_password": world.password, "new_password": world.password}
        codes = {one["code"] for one in (await office.call(here, "POST", "/me/password", same)).json()["errors"]}
        assert codes == {"password_unchanged"}
        right = {"current_password": world.password, "new_password": NEW}
        assert (await office.call(here, "POST", "/me/password", right)).status_code == 204
        await office.get(here, "/me")
        assert await office.refused(there, "GET", "/me") == (401, "token_revoked")
        again = await office.call(here, "POST", "/me/password", right)
        assert again.json()["errors"][0]["code"] == "password_wrong"
        audited = str(await world.rows("SELECT a::text FROM audit_entry a"))
        assert NEW not in audited
        assert [action for action, _ in await office.actions("account.change")] == [
            "account.change_password_refused",
            "account.change_password",
            "account.change_password_refused",
        ]

    play(story)


def test_guessing_the_password_with_a_stolen_token_locks_like_guessing_at_the_page(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        clerk = await office.hire("clerk", Role.COUNTY_CLERK)
        wrong = {"current_password": "not-it", "new_password": NEW}
        statuses = [(await office.call(clerk, "POST", "/me/password", wrong)).status_code for _ in range(5)]
        assert statuses == [422] * 4 + [429]
        assert await office.refused(clerk, "GET", "/me") == (401, "token_revoked")
        right = {"current_password": world.password, "new_password": NEW}
        by_its_unit = await office.sign_in(clerk.account)
        locked = await office.call(by_its_unit, "POST", "/me/password", right)
        assert (locked.status_code, locked.headers["retry-after"]) == (429, "900")
        world.clock.advance(timedelta(minutes=15))
        assert (await office.call(by_its_unit, "POST", "/me/password", right)).status_code == 204

    play(story)


def test_a_security_administrator_sees_and_ends_the_sessions_of_others(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        guard = await office.hire("guard", Role.SECURITY_ADMIN)
        clerk = await office.hire("clerk", Role.COUNTY_CLERK)
        await office.sign_in(clerk.account)
        found = (await office.get(guard, f"/accounts/{clerk.account}/sessions"))["items"]
        assert [one["current"] for one in found] == [False, False]
        told = await office.post(guard, f"/accounts/{clerk.account}/sign-out", {"reason": "疑似盗用"})
        assert told == {"ended": 2}
        assert await office.refused(clerk, "GET", "/me") == (401, "token_revoked")
        assert await office.actions("account.sign_out") == [("account.sign_out", "疑似盗用")]
        assert ("session.read", None) in await office.actions("session.read")

    play(story)


def test_the_list_of_revocations_is_what_the_kernel_reads(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        empty = await listed(world)
        assert empty.json() == {"sessions": [], "clients": {}, "tokens": []}
        known = {"If-None-Match": empty.headers["etag"]}
        assert (await listed(world, **known)).status_code == 304
        clerk = await office.hire("clerk", Role.COUNTY_CLERK)
        now = world.clock.now()
        async with world.database.write("anqing") as session:
            await revoke(session, now, "session", str(clerk.session))
            await revoke(session, now, "token", "a-jti")
            await revoke(session, now, "client", "county-340822", generation=3)
            await revoke(session, now, "client", "county-340822", generation=2)
        told = await listed(world, **known)
        assert told.status_code == 200
        revoked = Revoked.of(told.json(), told.headers["etag"].strip('"'))
        assert revoked.covers({"sid": str(clerk.session)})
        assert revoked.covers({"jti": "a-jti"})
        assert [revoked.covers({"client_id": "county-340822", "gen": gen}) for gen in (2, 3)] == [True, False]
        world.clock.advance(timedelta(hours=2))
        assert (await listed(world)).headers["etag"] == empty.headers["etag"]

    play(story)


def test_the_list_is_read_at_most_twice_a_second(play: Play) -> None:
    async def story(world: World) -> None:
        source = RevokedList(world.database, world.clock, "anqing", fresh_seconds=3600)
        before = await source.current()
        async with world.database.write("anqing") as session:
            await revoke(session, world.clock.now(), "token", "a-jti")
        assert await source.current() is before
        assert await source.newer(before.version) is None
        fresh = RevokedList(world.database, world.clock, "anqing", fresh_seconds=0)
        newer = await fresh.newer(before.version)
        assert newer is not None
        assert newer.tokens == {"a-jti"}

    play(story)


def test_the_matrix_is_the_table_of_the_code(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        leader = await office.hire("leader", Role.LEADER)
        matrix = await office.get(leader, "/roles")
        assert {one["code"]: set(one["permissions"]) for one in matrix["roles"]} == GRANTS
        assert {one["code"] for one in matrix["permissions"]} == set(Permission)
        assert [one["code"] for one in matrix["roles"] if one["administrator"]] == [
            "system_admin",
            "security_admin",
            "audit_admin",
        ]
        assert all(one["second_factor"] for one in matrix["roles"] if one["administrator"])

    play(story)


def test_services_learn_of_every_alliance_and_its_practice_and_people_do_not(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.database.write("xiaogan") as session:
            await ensure_alliance(session, "xiaogan", "孝感职业教育集团")
        answer = await world.post(TOKEN, {"grant_type": "client_credentials"}, client_id="registry")
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}", "Hub-Alliance": "anqing"}
        async with httpx.AsyncClient(transport=world.transport, base_url=ISSUER) as http:
            told = await http.get(f"{API}/alliances", headers=headers)
        assert told.json() == [
            {"code": "anqing", "name": "安庆职业教育集团"},
            {"code": "anqing-practice", "name": "安庆职业教育集团（练习）"},
            {"code": "xiaogan", "name": "孝感职业教育集团"},
            {"code": "xiaogan-practice", "name": "孝感职业教育集团（练习）"},
        ]
        assert await world.rows("SELECT 1 FROM account", alliance="xiaogan") == []

    play(story)


def test_what_is_over_is_purged_in_every_alliance_and_what_lives_stays(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        chief = await office.hire("chief", Role.SYSTEM_ADMIN)
        await office.post(chief, "/accounts", {"username": "newcomer", "name": "新"}, 201)
        async with world.database.write("anqing") as session:
            await revoke(session, world.clock.now(), "token", "a-jti")
        counted = "SELECT (SELECT count(*) FROM revocation), (SELECT count(*) FROM invitation), "
        counted += "(SELECT count(*) FROM login_session), (SELECT count(*) FROM account)"

        async def left_after(step: timedelta) -> tuple[int, ...]:
            world.clock.advance(step)
            await purge_everywhere(world.database, world.clock, world.settings)
            return tuple((await world.rows(counted))[0])

        assert await left_after(timedelta(0)) == (1, 1, 1, 4)
        assert await left_after(timedelta(hours=2, seconds=1)) == (0, 1, 1, 4)
        assert await left_after(timedelta(days=7, hours=9)) == (0, 1, 0, 4)
        assert await left_after(timedelta(days=3)) == (0, 0, 0, 4)

    play(story)


def test_two_changes_of_a_password_at_once_leave_one_that_serves(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        clerk = await office.hire("clerk", Role.COUNTY_CLERK)
        drafts = [{"current_password": world.password, "new_password": f"{NEW}-{number}"} for number in range(3)]
        answers = await asyncio.gather(*(office.call(clerk, "POST", "/me/password", draft) for draft in drafts))
        assert sorted(answer.status_code for answer in answers) == [204, 422, 422]

    play(story)
