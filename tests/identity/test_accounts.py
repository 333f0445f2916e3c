"""Accounts by the operator and by the API; the caller's own; what the tables must keep."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.identity import admin
from services.identity.domain import AccountExists
from services.identity.schemas.account import AccountCreate
from services.kernel.errors import InvalidInput
from services.kernel.permissions import Role
from tests.identity.world import BUREAU, CLERK, TOKEN, Play, World
from tests.support.tokens import ISSUER

PASSWORD = "a-long-enough-password"  # of accounts that only this test makes


async def get(world: World, path: str, token: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=world.transport, base_url=ISSUER) as http:
        return await http.get(path, headers={"Authorization": f"Bearer {token}", **headers})


def unit(username: str, **changes: Any) -> AccountCreate:
    values = {"display_name": "安庆工业学校", "role": Role.MEMBER_UNIT, "member": uuid4(), **changes}
    return AccountCreate(username=username, **values)


def test_userinfo_and_me_tell_the_person(play: Play) -> None:
    async def story(world: World) -> None:
        token = (await world.tokens(BUREAU))["access_token"]
        info = (await get(world, "/oauth/userinfo", token)).json()
        me = (await get(world, "/api/identity/v1/me", token)).json()
        expected = {"name": BUREAU.display_name, "role": "county_bureau", "alliance": "anqing", "division": "340822"}
        assert {**info, **expected, "member": None} == info
        assert (info["username"], info["alliance_name"]) == (BUREAU.username, "安庆职业教育集团")
        assert {**me, **expected, "subject": info["sub"], "role_label": "县区教育局"} == me
        assert me["scopes"] == sorted(me["scopes"])
        assert (await get(world, "/oauth/userinfo", "nonsense")).status_code == 401

    play(story)


def test_a_service_has_no_userinfo_and_names_its_alliance_by_header(play: Play) -> None:
    async def story(world: World) -> None:
        answer = await world.post(TOKEN, {"grant_type": "client_credentials"}, client_id="registry")
        token = answer.json()["access_token"]
        header = {"Hub-Alliance": "anqing"}
        me = (await get(world, "/api/identity/v1/me", token, **header)).json()
        assert (me["subject"], me["role"], me["alliance"]) == ("registry", "service", "anqing")
        assert (await get(world, "/oauth/userinfo", token, **header)).json()["code"] == "forbidden"
        assert (await get(world, "/api/identity/v1/me", token)).json()["code"] == "alliance_missing"

    play(story)


def test_the_secretariat_pages_through_accounts_and_others_may_not(play: Play) -> None:
    async def story(world: World) -> None:
        for number in range(5):
            await admin.add_account(world.settings, unit(f"member-{number}"), PASSWORD, clock=world.clock)
        token = (await world.tokens())["access_token"]
        names: list[str] = []
        query = "limit=3"
        while query:
            page = (await get(world, f"/api/identity/v1/accounts?{query}", token)).json()
            assert page["total"] == 7
            names += [item["username"] for item in page["items"]]
            query = f"limit=3&cursor={page['next_cursor']}" if page["next_cursor"] else ""
            assert not any("password" in key or "hash" in key for item in page["items"] for key in item)
        assert names == ["bureau-340822", *(f"member-{number}" for number in range(5)), "mishuchu"]
        listed = [account.username for account in await admin.list_accounts(world.settings)]
        assert listed == names
        refused = await get(world, "/api/identity/v1/accounts", (await world.tokens(BUREAU))["access_token"])
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")

    play(story)


def test_every_fault_of_a_new_account_is_told_at_once(play: Play) -> None:
    async def story(world: World) -> None:
        wanted = AccountCreate(username="A B", display_name="某人", role=Role.COUNTY_BUREAU, member=uuid4())
        with pytest.raises(InvalidInput) as caught:
            await admin.add_account(world.settings, wanted, "short")
        codes = {issue.code for issue in caught.value.issues}
        assert codes == {"username_malformed", "password_short", "division_and_role", "member_and_role"}
        with pytest.raises(InvalidInput) as caught:
            await admin.add_account(world.settings, unit("long-enough-name"), "Long-Enough-Name")
        assert [issue.code for issue in caught.value.issues] == ["password_is_username"]
        with pytest.raises(AccountExists, match="mishuchu"):
            await admin.add_account(world.settings, CLERK, PASSWORD)

    play(story)


def test_to_ensure_an_account_updates_its_post_and_keeps_its_password(play: Play) -> None:
    async def story(world: World) -> None:
        first = await admin.ensure_account(world.settings, unit("member-azy"), PASSWORD, clock=world.clock)
        moved = unit("Member-AZY", display_name="安庆职业技术学院")
        again = await admin.ensure_account(world.settings, moved, "quite-another-password", clock=world.clock)
        assert (again.id, again.member, again.display_name) == (first.id, moved.member, "安庆职业技术学院")
        world.password = PASSWORD
        assert (await world.tokens(moved))["token_type"] == "Bearer"
        actions = [action for action, _, _ in await world.audited() if action.startswith("account.")]
        assert actions == ["account.create"] * 3 + ["account.update"]
        await admin.ensure_account(world.settings, moved, PASSWORD, clock=world.clock)
        assert len([a for a, _, _ in await world.audited() if a == "account.update"]) == 1

    play(story)


def test_deactivation_twice_is_one_and_a_member_signs_in_with_its_member(play: Play) -> None:
    async def story(world: World) -> None:
        wanted = unit("member-azy")
        await admin.add_account(world.settings, wanted, world.password, clock=world.clock)
        claims = await world.verifier().verify((await world.tokens(wanted))["access_token"])
        assert (claims["role"], claims["member"]) == ("member_unit", str(wanted.member))
        for _ in range(2):
            await admin.deactivate(world.settings, "member-azy", reason="撤销", clock=world.clock)
        assert [entry for entry in await world.audited() if entry[0] == "account.deactivate"] == [
            ("account.deactivate", "service", "撤销")
        ]

    play(story)


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("username = 'Upper'", "username_lower"),
        ("username = 'bureau-340822'", "alliance_username"),
        ("role = 'service'", "role_known"),
        ("division = '340811'", "division_of_bureau"),
        ("role = 'member_unit'", "member_of_unit"),
    ],
)
def test_the_database_itself_refuses_impossible_accounts(play: Play, change: str, constraint: str) -> None:
    async def story(world: World) -> None:
        with pytest.raises(IntegrityError, match=constraint):
            async with world.database.write("anqing") as session:
                await session.execute(text(f"UPDATE account SET {change} WHERE username = 'mishuchu'"))

    play(story)
