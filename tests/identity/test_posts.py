"""Posts pass from holder to holder on a date; administrators stay apart; nobody appoints himself."""

import asyncio
from datetime import timedelta
from itertools import combinations_with_replacement
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.identity.queries import held_post, posts_held
from services.kernel.errors import NotSignedIn
from services.kernel.permissions import ADMINISTRATORS, Role
from tests.identity.office import Office, Worker, made_up
from tests.identity.world import BUREAU, TOKEN, Play, World

PEOPLE = sorted(set(Role) - {Role.SERVICE})


def grant(account: UUID, from_date: str, **changes: Any) -> dict[str, Any]:
    return {"account": str(account), "from_date": from_date, "reason": "岗位调整", **changes}


def draft_of(role: Role) -> dict[str, Any]:
    unit = {name: str(value) for name, value in made_up(role).items()}
    return {"title": "岗位", "unit_name": "单位", "role": role, **unit}


async def roles_on(office: Office, account: UUID, days: int) -> list[str]:
    async with office.world.database.read("anqing") as session:
        held = await posts_held(session, "anqing", account, office.today + timedelta(days=days))
        return sorted(one.role for one in held)


async def new_post(office: Office, guard: Worker, role: Role) -> UUID:
    return UUID((await office.post(guard, "/posts", draft_of(role), 201))["id"])


async def new_account(office: Office, administrator: Worker, username: str) -> UUID:
    made = await office.post(administrator, "/accounts", {"username": username, "name": "新人"}, 201)
    return UUID(made["account"]["id"])


def test_a_successor_takes_over_on_the_day_and_the_leaver_has_it_the_day_before(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        guard = await office.hire("guard", Role.SECURITY_ADMIN)
        leaver = await office.hire("leaver", Role.COUNTY_REVIEWER)
        heir = await office.hire("heir", Role.COUNTY_CLERK)
        draft = grant(heir.account, office.day(10), succeeds=True, document="宜教〔2025〕9号")
        detail = await office.post(guard, f"/posts/{leaver.post}/holdings", draft, 201)
        assert [(one["username"], one["from_date"], one["until_date"]) for one in detail["holdings"]] == [
            ("heir", office.day(10), None),
            ("leaver", office.day(0), office.day(10)),
        ]
        assert (detail["holder"]["username"], detail["holdings"][0]["document"]) == ("leaver", "宜教〔2025〕9号")
        assert detail["holdings"][0]["granted_by_name"] == "人员guard"
        assert detail["holdings"][1]["ended_by_name"] == "人员guard"
        assert await roles_on(office, leaver.account, 9) == ["county_reviewer"]
        assert await roles_on(office, heir.account, 9) == ["county_clerk"]
        assert await roles_on(office, leaver.account, 10) == []
        assert await roles_on(office, heir.account, 10) == ["county_clerk", "county_reviewer"]
        await office.get(leaver, "/me/posts")  # until the day comes nothing is taken away
        world.clock.advance(timedelta(days=10))
        assert (await office.get(guard, f"/posts/{leaver.post}"))["holder"]["username"] == "heir"
        own = (await office.get(heir, "/me/posts"))["items"]
        assert [(one["role"], one["current"], one["from_date"]) for one in own] == [
            ("county_clerk", True, office.day(-10)),
            ("county_reviewer", False, office.day(0)),
        ]
        assert await office.actions("holding.") == [
            *[("holding.grant", "由运维人员在服务器上办理")] * 5,
            ("holding.end", "岗位调整"),
            ("holding.grant", "岗位调整"),
        ]

    play(story)


def test_the_business_date_of_anqing_decides_not_the_date_of_greenwich(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        world.clock.instant = world.clock.instant.replace(hour=15, minute=59)  # 23:59 in Anqing
        guard = await office.hire("guard", Role.SECURITY_ADMIN)
        leaver = await office.hire("leaver", Role.LEADER)
        heir = await office.hire("heir", Role.LEADER)
        await office.post(
            guard, f"/posts/{leaver.post}/holdings", grant(heir.account, office.day(1), succeeds=True), 201
        )
        async with world.database.read("anqing") as session:
            assert await held_post(session, "anqing", leaver.account, leaver.post, office.today) is not None
        world.clock.advance(timedelta(minutes=1))
        async with world.database.read("anqing") as session:
            assert await held_post(session, "anqing", leaver.account, leaver.post, office.today) is None
            assert await held_post(session, "anqing", heir.account, leaver.post, office.today) is not None

    play(story)


def test_a_succession_of_today_ends_the_leavers_sessions_in_that_post_at_once(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        guard = await office.hire("guard", Role.SECURITY_ADMIN)
        leaver = await office.hire("leaver", Role.SECRETARIAT_CLERK)
        second = await new_post(office, guard, Role.LEADER)
        await office.post(guard, f"/posts/{second}/holdings", grant(leaver.account, office.day(0)), 201)
        elsewhere = await office.sign_in(leaver.account, second)
        heir = await office.hire("heir", Role.LEADER)
        await office.post(
            guard, f"/posts/{leaver.post}/holdings", grant(heir.account, office.day(0), succeeds=True), 201
        )
        assert await office.refused(leaver, "GET", "/me") == (401, "token_revoked")
        assert (await office.get(elsewhere, "/me"))["role"] == "leader"
        assert str(leaver.session) in world.app.state.verifier.revocations.current.sessions

    play(story)


def test_no_token_outlives_the_last_day_and_none_is_refreshed_after_it(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        world.clock.instant = world.clock.instant.replace(hour=15, minute=50)  # 23:50 in Anqing
        guard = await office.hire("guard", Role.SECURITY_ADMIN)
        tokens = await world.tokens(BUREAU)
        assert tokens["expires_in"] == 900
        (post,) = (await office.get(guard, "/posts?division=340822"))["items"]
        ending = f"/posts/{post['id']}/holdings/{post['holder']['id']}/ending"
        await office.post(guard, ending, {"reason": "调离", "until_date": office.day(1)})
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        refreshed = (await world.post(TOKEN, form)).json()
        assert refreshed["expires_in"] == 600
        world.clock.advance(timedelta(minutes=10))
        with pytest.raises(NotSignedIn, match="过期"):
            await world.verifier().verify(refreshed["access_token"])
        refused = await world.post(TOKEN, {**form, "refresh_token": refreshed["refresh_token"]})
        assert refused.json()["error"] == "invalid_grant"

    play(story)


def test_an_ending_takes_the_rights_and_a_withdrawn_grant_never_gave_any(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        guard = await office.hire("guard", Role.SECURITY_ADMIN)
        leaver = await office.hire("leaver", Role.UNIT_REPORTER)
        heir = await office.hire("heir", Role.UNIT_REPORTER)
        (held,) = (await office.get(guard, f"/posts/{leaver.post}"))["holdings"]
        ending = f"/posts/{leaver.post}/holdings/{held['id']}/ending"
        planned = await office.post(guard, ending, {"reason": "退休", "until_date": office.day(5)})
        assert planned["holder"]["until_date"] == office.day(5)
        late = {"reason": "退休", "until_date": office.day(6)}
        assert await office.refused(guard, "POST", ending, late) == (409, "holding_ended")
        await office.get(leaver, "/me")
        ended = await office.post(guard, ending, {"reason": "提前调离"})
        assert (ended["holder"], ended["holdings"][0]["end_reason"]) == (None, "提前调离")
        assert await office.refused(leaver, "GET", "/me") == (401, "token_revoked")
        assert await office.refused(guard, "POST", ending, {"reason": "再次"}) == (409, "holding_ended")
        future = await office.post(guard, f"/posts/{leaver.post}/holdings", grant(heir.account, office.day(3)), 201)
        coming = future["holdings"][0]["id"]
        withdrawn = await office.post(guard, f"/posts/{leaver.post}/holdings/{coming}/ending", {"reason": "撤销"})
        assert withdrawn["holdings"][0]["until_date"] == withdrawn["holdings"][0]["from_date"] == office.day(3)
        assert await roles_on(office, heir.account, 3) == ["unit_reporter"]  # the post of his own only
        await office.post(guard, f"/posts/{leaver.post}/holdings", grant(heir.account, office.day(3)), 201)

    play(story)


def test_two_never_hold_one_post_at_once(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        guard = await office.hire("guard", Role.SECURITY_ADMIN)
        first = await office.hire("first", Role.LEADER)
        second = await office.hire("second", Role.LEADER)
        holdings = f"/posts/{first.post}/holdings"
        assert await office.refused(guard, "POST", holdings, grant(second.account, office.day(0))) == (409, "post_held")
        assert await office.refused(guard, "POST", holdings, grant(second.account, office.day(9))) == (409, "post_held")
        await office.post(guard, holdings, grant(second.account, office.day(9), succeeds=True), 201)
        early = grant(second.account, office.day(5), succeeds=True)
        assert await office.refused(guard, "POST", holdings, early) == (409, "post_held")
        with pytest.raises(IntegrityError, match="one_holder"):
            async with world.database.write("anqing") as session:
                await session.execute(text("UPDATE post_holding SET until_date = NULL"))

    play(story)


def test_grants_sent_at_once_leave_one_holder(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        guard = await office.hire("guard", Role.SECURITY_ADMIN)
        people = [await office.hire(f"person-{number}", Role.LEADER) for number in range(4)]
        post = await new_post(office, guard, Role.LEADER)
        drafts = [grant(one.account, office.day(0)) for one in people]
        answers = await asyncio.gather(*(office.call(guard, "POST", f"/posts/{post}/holdings", d) for d in drafts))
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]

    play(story)


def test_every_pair_with_an_administrator_is_refused_and_every_other_pair_allowed(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        guard = await office.hire("guard", Role.SECURITY_ADMIN)
        chief = await office.hire("chief", Role.SYSTEM_ADMIN)
        for number, (one, other) in enumerate(combinations_with_replacement(PEOPLE, 2)):
            account = await new_account(office, chief, f"pair-{number}")
            posts = [await new_post(office, guard, role) for role in (one, other)]
            later = grant(account, office.day(number % 3))
            await office.post(guard, f"/posts/{posts[0]}/holdings", later, 201)
            answer = await office.call(guard, "POST", f"/posts/{posts[1]}/holdings", grant(account, office.day(0)))
            apart = one in ADMINISTRATORS or other in ADMINISTRATORS
            assert answer.status_code == (409 if apart else 201), (one, other, answer.text)
            if apart:
                assert answer.json()["code"] == "posts_not_together"

    play(story)


def test_an_administrator_may_become_something_else_from_the_day_the_old_post_ends(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        guard = await office.hire("guard", Role.SECURITY_ADMIN)
        auditor = await office.hire("auditor", Role.AUDIT_ADMIN)
        post = await new_post(office, guard, Role.LEADER)
        (held,) = (await office.get(guard, f"/posts/{auditor.post}"))["holdings"]
        ending = f"/posts/{auditor.post}/holdings/{held['id']}/ending"
        await office.post(guard, ending, {"reason": "轮岗", "until_date": office.day(7)})
        before, on_the_day = (grant(auditor.account, office.day(days)) for days in (6, 7))
        assert await office.refused(guard, "POST", f"/posts/{post}/holdings", before) == (409, "posts_not_together")
        await office.post(guard, f"/posts/{post}/holdings", on_the_day, 201)

    play(story)


def test_two_incompatible_posts_granted_at_once_are_not_both_given(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        guard = await office.hire("guard", Role.SECURITY_ADMIN)
        chief = await office.hire("chief", Role.SYSTEM_ADMIN)
        account = await new_account(office, chief, "wanted")
        posts = [await new_post(office, guard, role) for role in sorted(ADMINISTRATORS)]
        calls = (office.call(guard, "POST", f"/posts/{post}/holdings", grant(account, office.day(0))) for post in posts)
        answers = await asyncio.gather(*calls)
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409]

    play(story)


def test_nobody_appoints_or_dismisses_himself(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        guard = await office.hire("guard", Role.SECURITY_ADMIN)
        post = await new_post(office, guard, Role.SECURITY_ADMIN)
        for succeeds in (False, True):
            own = grant(guard.account, office.day(0), succeeds=succeeds)
            assert await office.refused(guard, "POST", f"/posts/{post}/holdings", own) == (403, "self_grant")
        (held,) = (await office.get(guard, f"/posts/{guard.post}"))["holdings"]
        ending = f"/posts/{guard.post}/holdings/{held['id']}/ending"
        assert await office.refused(guard, "POST", ending, {"reason": "辞任"}) == (403, "self_grant")
        other = await office.hire("other", Role.SECURITY_ADMIN)
        succession = grant(other.account, office.day(0), succeeds=True)
        assert await office.refused(guard, "POST", f"/posts/{guard.post}/holdings", succession) == (
            409,
            "posts_not_together",
        )

    play(story)


def test_what_cannot_be_granted_is_told_why(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        guard = await office.hire("guard", Role.SECURITY_ADMIN)
        chief = await office.hire("chief", Role.SYSTEM_ADMIN)
        somebody = await office.hire("somebody", Role.LEADER)
        post = await new_post(office, guard, Role.LEADER)
        holdings = f"/posts/{post}/holdings"
        past = grant(somebody.account, office.day(-1))
        assert await office.refused(guard, "POST", holdings, past) == (422, "invalid_input")
        unknown = grant(uuid4(), office.day(0))
        assert await office.refused(guard, "POST", holdings, unknown) == (404, "account_unknown")
        nowhere = f"/posts/{uuid4()}/holdings"
        assert await office.refused(guard, "POST", nowhere, grant(somebody.account, office.day(0))) == (
            404,
            "post_unknown",
        )
        without_reason = {**grant(somebody.account, office.day(0)), "reason": "  "}
        assert await office.refused(guard, "POST", holdings, without_reason) == (422, "invalid_input")
        await office.post(chief, f"/accounts/{somebody.account}/deactivation", {"reason": "停用"})
        gone = grant(somebody.account, office.day(0))
        assert await office.refused(guard, "POST", holdings, gone) == (409, "account_deactivated")
        closed = await office.call(guard, "PATCH", f"/posts/{post}", {"active": False}, If_Match='"1"')
        assert closed.status_code == 200
        heir = await office.hire("heir", Role.LEADER)
        assert await office.refused(guard, "POST", holdings, grant(heir.account, office.day(0))) == (409, "post_closed")

    play(story)


def test_a_post_is_renamed_by_who_saw_it_last_and_closed_only_when_vacant(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        guard = await office.hire("guard", Role.SECURITY_ADMIN)
        held = await office.hire("held", Role.COUNTY_CLERK)
        path = f"/posts/{held.post}"
        seen = (await office.call(guard, "GET", path)).headers["etag"]
        assert await office.refused(guard, "PATCH", path, {"title": "科员"}) == (428, "precondition_missing")
        renamed = await office.call(guard, "PATCH", path, {"title": "职教科科员"}, If_Match=seen)
        assert (renamed.status_code, renamed.json()["title"]) == (200, "职教科科员")
        stale = await office.call(guard, "PATCH", path, {"title": "其他"}, If_Match=seen)
        assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
        close = await office.call(guard, "PATCH", path, {"active": False}, If_Match=renamed.headers["etag"])
        assert (close.status_code, close.json()["code"]) == (409, "post_held")
        rights = await office.call(guard, "PATCH", path, {"role": "leader"}, If_Match="*")
        assert rights.status_code == 422

    play(story)


FAULTS: list[dict[str, Any]] = [
    {"role": "service"},
    {"role": "county_clerk"},
    {"role": "unit_reporter"},
    {"role": "joint_reviewer"},
    {"role": "leader", "division": "340822"},
    {"title": " "},
    {"role": "superuser"},
]


def test_impossible_posts_are_refused(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        guard = await office.hire("guard", Role.SECURITY_ADMIN)
        for fault in FAULTS:
            draft = {"title": "岗位", "unit_name": "单位", "role": "leader", **fault}
            assert await office.refused(guard, "POST", "/posts", draft) == (422, "invalid_input"), fault

    play(story)


def test_posts_are_listed_page_by_page_and_narrowed(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        guard = await office.hire("guard", Role.SECURITY_ADMIN, unit_name="丙单位")
        await office.hire("somebody", Role.COUNTY_CLERK, unit_name="甲单位", division="340811")
        vacant = await new_post(office, guard, Role.LEADER)
        total = len(await world.rows("SELECT 1 FROM post"))
        seen: list[str] = []
        path = "/posts?limit=2"
        while path:
            page = await office.get(guard, path)
            assert page["total"] == total == 5
            seen += [item["unit_name"] for item in page["items"]]
            path = f"/posts?limit=2&cursor={page['next_cursor']}" if page["next_cursor"] else ""
        assert seen == sorted(seen)
        assert len(seen) == total
        for query, expected in (("vacant=true", [str(vacant)]), ("role=leader", [str(vacant)])):
            assert [item["id"] for item in (await office.get(guard, f"/posts?{query}"))["items"]] == expected
        (county,) = (await office.get(guard, "/posts?division=340811"))["items"]
        assert (county["division_name"], county["holder"]["username"]) == ("宜秀区", "somebody")
        assert (await office.get(guard, "/posts?q=甲单"))["total"] == 1
        assert (await office.get(guard, "/posts?vacant=false"))["total"] == total - 1
        assert (await office.get(guard, "/posts?active=false"))["total"] == 0
        assert ("post.read", None) in await office.actions("post.read")

    play(story)


IMPOSSIBLE = [
    ("role = 'service'", "role_known"),
    ("division = '340811'", "division_of_county"),
    ("role = 'unit_reporter'", "member_of_unit"),
    ("role = 'joint_reviewer'", "department_of_reviewer"),
]


def test_the_database_itself_refuses_impossible_posts(play: Play) -> None:
    async def story(world: World) -> None:
        for change, constraint in IMPOSSIBLE:
            with pytest.raises(IntegrityError, match=constraint):
                async with world.database.write("anqing") as session:
                    await session.execute(text(f"UPDATE post SET {change} WHERE role = 'secretariat_clerk'"))

    play(story)
