"""Accounts: made with a link, corrected, stopped, let in again; what the operator does; what the tables must keep."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.identity import admin
from services.identity.credentials import digest
from services.identity.schemas.account import AccountCreate
from services.kernel.errors import InvalidInput
from services.kernel.permissions import ADMINISTRATORS, Role
from tests.identity.office import Office
from tests.identity.world import BUREAU, CLERK, TOKEN, Play, World
from tests.support.tokens import ISSUER

PASSWORD = "a-long-enough-password"  # of accounts that only this test makes
REASON = {"reason": "人员变动"}


async def get(world: World, path: str, token: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=world.transport, base_url=ISSUER) as http:
        return await http.get(path, headers={"Authorization": f"Bearer {token}", **headers})


def unit(username: str, **changes: Any) -> AccountCreate:
    values = {"display_name": "王经办", "role": Role.UNIT_REPORTER, "member": uuid4(), **changes}
    return AccountCreate(username=username, **values)


def test_a_new_account_comes_with_a_link_that_is_stored_as_a_hash_and_shown_once(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        chief = await office.hire("chief", Role.SYSTEM_ADMIN)
        draft = {"username": " New.Colleague ", "name": "李新"}
        first = await office.call(chief, "POST", "/accounts", draft, Idempotency_Key="once")
        again = await office.call(chief, "POST", "/accounts", draft, Idempotency_Key="once")
        assert (first.status_code, again.status_code) == (201, 201)
        made, invitation = first.json()["account"], first.json()["invitation"]
        assert (made["username"], made["name"], made["state"], made["posts"]) == (
            "new.colleague",
            "李新",
            "invited",
            [],
        )
        assert invitation["purpose"] == "invitation"
        token = invitation["link"].removeprefix(f"{ISSUER}/oauth/invitation/")
        (stored,) = await world.rows("SELECT token_hash, expires_at FROM invitation")
        assert (stored.token_hash, stored.expires_at) == (digest(token), world.clock.now() + timedelta(hours=72))
        assert again.json()["account"] == made
        assert again.json()["invitation"]["link"] is None
        assert "重新生成" in again.json()["invitation"]["note"]
        assert first.headers["cache-control"] == "no-store"
        kept = str(await world.rows("SELECT convert_from(body, 'UTF8') FROM idempotency_key"))
        audited = str(await world.rows("SELECT a::text FROM audit_entry a"))
        assert token not in kept + audited
        assert len(await world.rows("SELECT 1 FROM account")) == 4

    play(story)


def test_a_new_link_ends_the_one_before_and_an_active_account_gets_a_password_link(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        chief = await office.hire("chief", Role.SYSTEM_ADMIN)
        clerk = await office.hire("clerk", Role.COUNTY_CLERK)
        made = await office.post(chief, "/accounts", {"username": "newcomer", "name": "李新"}, 201)
        path = f"/accounts/{made['account']['id']}/invitations"
        second = await office.post(chief, path, status=201)
        assert second["link"] != made["invitation"]["link"]
        states = await world.rows("SELECT revoked_at IS NULL AS living FROM invitation ORDER BY revoked_at NULLS LAST")
        assert [row.living for row in states] == [False, True]
        reset = await office.post(chief, f"/accounts/{clerk.account}/invitations", status=201)
        assert reset["purpose"] == "password_reset"
        assert reset["link"].startswith(f"{ISSUER}/oauth/reset/anqing.")
        detail = await office.get(chief, f"/accounts/{clerk.account}")
        assert detail["invitation_expires_at"] is not None
        await office.post(chief, f"/accounts/{clerk.account}/deactivation", REASON)
        refused = await office.refused(chief, "POST", f"/accounts/{clerk.account}/invitations")
        assert refused == (409, "account_deactivated")
        assert (await office.get(chief, f"/accounts/{clerk.account}"))["invitation_expires_at"] is None

    play(story)


def test_names_are_checked_and_taken_ones_told(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        chief = await office.hire("chief", Role.SYSTEM_ADMIN)
        taken = {"username": "CHIEF", "name": "某人"}
        assert await office.refused(chief, "POST", "/accounts", taken) == (409, "account_exists")
        for wrong in ("ab", "名字名字", "a b c", "-abc"):
            answer = await office.call(chief, "POST", "/accounts", {"username": wrong, "name": "某人"})
            assert answer.json()["errors"][0]["code"] == "username_malformed", wrong
        for body in (
            {"username": "abc"},
            {"username": "abc", "name": ""},
            {"username": "abc", "name": "x", "role": "y"},
        ):
            assert (await office.refused(chief, "POST", "/accounts", body))[0] == 422

    play(story)


def test_a_name_is_corrected_by_who_saw_it_last(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        chief = await office.hire("chief", Role.SYSTEM_ADMIN)
        clerk = await office.hire("clerk", Role.COUNTY_CLERK)
        path = f"/accounts/{clerk.account}"
        seen = (await office.call(chief, "GET", path)).headers["etag"]
        assert await office.refused(chief, "PATCH", path, {"name": "改"}) == (428, "precondition_missing")
        done = await office.call(chief, "PATCH", path, {"name": "改名", "username": "Clerk-2"}, If_Match=seen)
        assert (done.json()["name"], done.json()["username"]) == ("改名", "clerk-2")
        stale = await office.call(chief, "PATCH", path, {"name": "再改"}, If_Match=seen)
        assert stale.status_code == 412
        taken = await office.call(chief, "PATCH", path, {"username": "chief"}, If_Match=done.headers["etag"])
        assert (taken.status_code, taken.json()["code"]) == (409, "account_exists")
        audited = str(await world.rows("SELECT before, after FROM audit_entry WHERE action = 'account.update'"))
        assert "clerk-2" in audited
        assert "改名" not in audited

    play(story)


def test_a_deactivated_account_stops_at_once_and_comes_back_as_it_was(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        chief = await office.hire("chief", Role.SYSTEM_ADMIN)
        clerk = await office.hire("clerk", Role.COUNTY_CLERK)
        stopped = await office.post(chief, f"/accounts/{clerk.account}/deactivation", REASON)
        assert stopped["state"] == "deactivated"
        assert await office.refused(clerk, "GET", "/me") == (401, "token_revoked")
        assert await office.post(chief, f"/accounts/{clerk.account}/deactivation", REASON) == stopped
        back = await office.post(chief, f"/accounts/{clerk.account}/reactivation", REASON)
        assert (back["state"], [post["role"] for post in back["posts"]]) == ("active", ["county_clerk"])
        assert await office.refused(clerk, "GET", "/me") == (401, "token_revoked")
        twice = await office.refused(chief, "POST", f"/accounts/{clerk.account}/reactivation", REASON)
        assert twice == (409, "account_not_deactivated")
        made = await office.post(chief, "/accounts", {"username": "newcomer", "name": "李新"}, 201)
        for action, state in (("deactivation", "deactivated"), ("reactivation", "invited")):
            told = await office.post(chief, f"/accounts/{made['account']['id']}/{action}", REASON)
            assert told["state"] == state
        assert (await office.actions("account.deactivate"))[0] == ("account.deactivate", "人员变动")
        own = await office.refused(chief, "POST", f"/accounts/{chief.account}/deactivation", REASON)
        assert own == (403, "own_account")

    play(story)


def test_a_lock_is_shown_and_lifted(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        chief = await office.hire("chief", Role.SYSTEM_ADMIN)
        clerk = await office.hire("clerk", Role.COUNTY_CLERK)
        wrong = {"current_password": "wrong", "new_password": PASSWORD}
        for _ in range(5):
            await office.call(clerk, "POST", "/me/password", wrong)
        path = f"/accounts/{clerk.account}"
        assert (await office.get(chief, path))["locked_until"] is not None
        assert (await office.post(chief, f"{path}/unlocking", REASON))["locked_until"] is None
        assert await office.actions("account.unlock") == [("account.unlock", "人员变动")]

    play(story)


def test_a_second_factor_is_forgotten_and_its_owner_signed_out(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        chief = await office.hire("chief", Role.SYSTEM_ADMIN)
        head = await office.hire("head", Role.SECRETARIAT_HEAD)
        async with world.database.write("anqing") as session:
            await session.execute(
                text("UPDATE account SET totp_secret = 'x', totp_confirmed_at = now(), totp_last_step = 1")
            )
            await session.execute(text("INSERT INTO recovery_code SELECT alliance, id, '\\x01', NULL FROM account"))
        assert (await office.get(chief, f"/accounts/{head.account}"))["second_factor"]
        told = await office.post(chief, f"/accounts/{head.account}/second-factor-reset", REASON)
        assert not told["second_factor"]
        assert await office.refused(head, "GET", "/me") == (401, "token_revoked")
        codes = await world.rows(f"SELECT 1 FROM recovery_code WHERE account_id = '{head.account}'")
        assert codes == []
        assert len(await world.rows("SELECT 1 FROM recovery_code")) > 0

    play(story)


def test_no_administrator_is_taken_over_by_resetting_what_they_sign_in_with(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        chief = await office.hire("chief", Role.SYSTEM_ADMIN)
        guard = await office.hire("guard", Role.SECURITY_ADMIN)
        for role in sorted(ADMINISTRATORS):
            other = await office.hire(f"other-{role}".replace("_", "-"), role)
            for action, body in (("invitations", None), ("second-factor-reset", REASON)):
                refused = await office.refused(chief, "POST", f"/accounts/{other.account}/{action}", body)
                assert refused == (403, "administrator_protected"), (role, action)
        clerk = await office.hire("clerk", Role.LEADER)
        (held,) = (await office.get(guard, f"/posts/{clerk.post}"))["holdings"]
        ending = {"reason": "转任", "until_date": office.day(3)}
        await office.post(guard, f"/posts/{clerk.post}/holdings/{held['id']}/ending", ending)
        post = await office.post(guard, "/posts", {"title": "审计", "unit_name": "办", "role": "audit_admin"}, 201)
        future = {"account": str(clerk.account), "from_date": office.day(3), "reason": "转任"}
        await office.post(guard, f"/posts/{post['id']}/holdings", future, 201)
        refused = await office.refused(chief, "POST", f"/accounts/{clerk.account}/invitations")
        assert refused == (403, "administrator_protected")
        for action, body in (("invitations", None), ("second-factor-reset", REASON)):
            own = await office.refused(chief, "POST", f"/accounts/{chief.account}/{action}", body)
            assert own == (403, "own_account")

    play(story)


def test_accounts_are_listed_page_by_page_and_each_reading_is_audited(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        chief = await office.hire("chief", Role.SYSTEM_ADMIN)
        for number in range(4):
            await admin.ensure_account(world.settings, unit(f"member-{number}"), PASSWORD, clock=world.clock)
        names: list[str] = []
        path = "/accounts?limit=3"
        while path:
            page = await office.get(chief, path)
            assert page["total"] == 7
            names += [item["username"] for item in page["items"]]
            path = f"/accounts?limit=3&cursor={page['next_cursor']}" if page["next_cursor"] else ""
            assert not any("hash" in key or "secret" in key for item in page["items"] for key in item)
        assert names == ["bureau-340822", "chief", *(f"member-{number}" for number in range(4)), "mishuchu"]
        assert [one.username for one in await admin.list_accounts(world.settings, clock=world.clock)] == names
        assert (await office.get(chief, "/accounts?q=Member-"))["total"] == 4
        assert (await office.get(chief, "/accounts?q=人员chief"))["total"] == 1
        assert (await office.get(chief, "/accounts?q=%25"))["total"] == 0
        assert (await office.get(chief, "/accounts?state=invited"))["total"] == 0
        reads = await world.rows("SELECT after FROM audit_entry WHERE action = 'account.read' ORDER BY entry_no")
        assert [row.after["rows"] for row in reads[:3]] == [3, 3, 1]
        assert "人员chief" not in str(reads)

    play(story)


def test_an_unknown_account_is_404_for_every_route(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        chief = await office.hire("chief", Role.SYSTEM_ADMIN)
        nobody = f"/accounts/{uuid4()}"
        assert await office.refused(chief, "GET", nobody) == (404, "account_unknown")
        for action in ("deactivation", "reactivation", "unlocking", "second-factor-reset", "invitations"):
            body = None if action == "invitations" else REASON
            assert await office.refused(chief, "POST", f"{nobody}/{action}", body) == (404, "account_unknown")
        patched = await office.call(chief, "PATCH", nobody, {"name": "x"}, If_Match="*")
        assert patched.status_code == 404

    play(story)


def test_a_service_has_no_userinfo_and_names_its_alliance_by_header(play: Play) -> None:
    async def story(world: World) -> None:
        answer = await world.post(TOKEN, {"grant_type": "client_credentials"}, client_id="registry")
        token = answer.json()["access_token"]
        header = {"Hub-Alliance": "anqing"}
        me = (await get(world, "/api/identity/v1/me", token, **header)).json()
        assert (me["subject"], me["role"], me["alliance"]) == ("registry", "service", "anqing")
        assert (await get(world, "/oauth/userinfo", token, **header)).status_code == 403
        assert (await get(world, "/api/identity/v1/me", token)).json()["code"] == "alliance_missing"

    play(story)


def test_every_fault_of_a_new_account_is_told_at_once(play: Play) -> None:
    async def story(world: World) -> None:
        wanted = AccountCreate(username="A B", display_name="某人", role=Role.COUNTY_CLERK, member=uuid4())
        with pytest.raises(InvalidInput) as caught:
            await admin.ensure_account(world.settings, wanted, "short")
        codes = {issue.code for issue in caught.value.issues}
        assert codes >= {"username_malformed", "password_short", "division_and_role", "member_and_role"}
        with pytest.raises(InvalidInput) as caught:
            await admin.ensure_account(world.settings, unit("long-enough-name"), "Long-Enough-Name")
        assert [issue.code for issue in caught.value.issues] == ["password_is_username"]

    play(story)


def test_several_accounts_are_ensured_together_or_not_at_all(play: Play) -> None:
    async def story(world: World) -> None:
        before = {one.username for one in await admin.list_accounts(world.settings, clock=world.clock)}
        faulty = [(unit("member-one"), PASSWORD), (unit("member-two"), "short")]
        with pytest.raises(InvalidInput):
            await admin.ensure_accounts(world.settings, faulty, clock=world.clock)
        assert {one.username for one in await admin.list_accounts(world.settings, clock=world.clock)} == before
        wanted = [(unit(name), PASSWORD) for name in ("member-one", "member-two")]
        made = await admin.ensure_accounts(world.settings, wanted, clock=world.clock)
        assert [one.username for one in made] == ["member-one", "member-two"]
        assert all(one.posts for one in made)
        assert await admin.ensure_accounts(world.settings, wanted, clock=world.clock) == made

    play(story)


def test_to_ensure_an_account_moves_its_person_and_keeps_the_password(play: Play) -> None:
    async def story(world: World) -> None:
        first = await admin.ensure_account(world.settings, unit("member-azy"), PASSWORD, clock=world.clock)
        moved = unit("Member-AZY", display_name="王主任", unit_name="安庆职业技术学院")
        again = await admin.ensure_account(world.settings, moved, "quite-another-password", clock=world.clock)
        assert (again.id, again.name) == (first.id, "王主任")
        assert [(post.member, post.unit_name) for post in again.posts] == [(moved.member, "安庆职业技术学院")]
        entries = len(await world.audited())
        await admin.ensure_account(world.settings, moved, PASSWORD, clock=world.clock)
        assert len(await world.audited()) == entries
        held = await world.rows("SELECT until_date IS NULL AS open FROM post_holding ORDER BY granted_at, until_date")
        assert sorted(row.open for row in held) == [False, True, True, True]

    play(story)


@pytest.mark.parametrize("account", [CLERK, BUREAU], ids=["clerk", "bureau"])
def test_the_operator_deactivates_once(play: Play, account: AccountCreate) -> None:
    async def story(world: World) -> None:
        for _ in range(2):
            await admin.deactivate(world.settings, account.username, reason="撤销", clock=world.clock)
        assert [entry for entry in await world.audited() if entry[0] == "account.deactivate"] == [
            ("account.deactivate", "service", "撤销")
        ]

    play(story)


IMPOSSIBLE = [
    ("username = 'Upper'", "username_lower"),
    ("username = 'bureau-340822'", "alliance_username"),
    ("state = 'superuser'", "state_known"),
    ("password_hash = NULL", "password_dated"),
    ("totp_confirmed_at = now()", "totp_has_secret"),
    ("person_id = (SELECT person_id FROM account WHERE username = 'bureau-340822')", "alliance_person_id"),
    (f"person_id = '{UUID(int=1)}'", "alliance_person_id"),
]


def test_the_database_itself_refuses_impossible_accounts(play: Play) -> None:
    async def story(world: World) -> None:
        for change, constraint in IMPOSSIBLE:
            with pytest.raises(IntegrityError, match=constraint):
                async with world.database.write("anqing") as session:
                    await session.execute(text(f"UPDATE account SET {change} WHERE username = 'mishuchu'"))

    play(story)
