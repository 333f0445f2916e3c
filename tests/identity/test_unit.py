"""A unit's administrator helps colleagues to a new password: in the own unit only, and nobody above."""

from uuid import uuid4

from services.kernel.permissions import GRANTS, Permission, Role
from tests.identity.office import Office
from tests.identity.world import Play, World
from tests.support.tokens import ISSUER


def test_the_list_holds_the_unit_and_nobody_else(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        member = uuid4()
        boss = await office.hire("unit-boss", Role.UNIT_REVIEWER, member=member)
        await office.hire("unit-clerk", Role.UNIT_REPORTER, member=member)
        await office.hire("other-unit", Role.UNIT_REPORTER)
        county = await office.hire("county-boss", Role.COUNTY_REVIEWER, division="340811")
        await office.hire("county-clerk", Role.COUNTY_CLERK, division="340811")
        head = await office.hire("head", Role.SECRETARIAT_HEAD)
        expected = {
            boss: ["unit-boss", "unit-clerk"],
            county: ["county-boss", "county-clerk"],
            head: ["head", "mishuchu"],
        }
        for caller, names in expected.items():
            page = await office.get(caller, "/unit/accounts")
            assert ([item["username"] for item in page["items"]], page["total"]) == (names, len(names))
        first = await office.get(boss, "/unit/accounts?limit=1")
        rest = await office.get(boss, f"/unit/accounts?limit=1&cursor={first['next_cursor']}")
        assert (rest["items"][0]["username"], rest["next_cursor"]) == ("unit-clerk", None)
        assert [post["role"] for post in rest["items"][0]["posts"]] == ["unit_reporter"]

    play(story)


def test_a_colleague_gets_a_link_and_the_link_is_stored_as_a_hash(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        member = uuid4()
        boss = await office.hire("unit-boss", Role.UNIT_REVIEWER, member=member)
        clerk = await office.hire("unit-clerk", Role.UNIT_REPORTER, member=member)
        path = f"/unit/accounts/{clerk.account}/password-resets"
        told = await office.post(boss, path, status=201)
        assert told["purpose"] == "password_reset"
        assert told["link"].startswith(f"{ISSUER}/oauth/reset/anqing.")
        again = await office.call(boss, "POST", path, Idempotency_Key="k")
        replayed = await office.call(boss, "POST", path, Idempotency_Key="k")
        assert (again.json()["link"] is None, replayed.json()["link"]) == (False, None)
        assert await office.actions("account.password_reset") == [("account.password_reset", None)] * 2

    play(story)


def test_nobody_outside_the_unit_is_found_and_no_id_tells_more_than_another(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        guard = await office.hire("guard", Role.SECURITY_ADMIN)
        member = uuid4()
        boss = await office.hire("unit-boss", Role.UNIT_REVIEWER, member=member)
        strangers = [
            await office.hire("other-unit", Role.UNIT_REPORTER),
            await office.hire("county", Role.COUNTY_CLERK),
            await office.hire("leader", Role.LEADER),
            guard,
        ]
        left = await office.hire("left", Role.UNIT_REPORTER, member=member)
        (held,) = (await office.get(guard, f"/posts/{left.post}"))["holdings"]
        await office.post(guard, f"/posts/{left.post}/holdings/{held['id']}/ending", {"reason": "离任"})
        answers = []
        for account in [*(one.account for one in strangers), left.account, uuid4()]:
            answer = await office.call(boss, "POST", f"/unit/accounts/{account}/password-resets")
            answers.append((answer.status_code, {**answer.json(), "request_id": ""}))
        assert answers[0][0] == 404
        assert all(answer == answers[0] for answer in answers)

    play(story)


def test_not_oneself_and_not_who_also_works_elsewhere(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        guard = await office.hire("guard", Role.SECURITY_ADMIN)
        member = uuid4()
        boss = await office.hire("unit-boss", Role.UNIT_REVIEWER, member=member)
        own = await office.refused(boss, "POST", f"/unit/accounts/{boss.account}/password-resets")
        assert own == (403, "own_account")
        clerk = await office.hire("unit-clerk", Role.UNIT_REPORTER, member=member)
        post = await office.post(guard, "/posts", {"title": "领导", "unit_name": "市", "role": "leader"}, 201)
        later = {"account": str(clerk.account), "from_date": office.day(30), "reason": "提任"}
        await office.post(guard, f"/posts/{post['id']}/holdings", later, 201)
        refused = await office.refused(boss, "POST", f"/unit/accounts/{clerk.account}/password-resets")
        assert refused == (403, "works_elsewhere")

    play(story)


def test_a_deactivated_colleague_gets_no_link(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        chief = await office.hire("chief", Role.SYSTEM_ADMIN)
        boss = await office.hire("boss", Role.COUNTY_REVIEWER)
        clerk = await office.hire("clerk", Role.COUNTY_CLERK)
        await office.post(chief, f"/accounts/{clerk.account}/deactivation", {"reason": "停用"})
        refused = await office.refused(boss, "POST", f"/unit/accounts/{clerk.account}/password-resets")
        assert refused == (409, "account_deactivated")

    play(story)


ROUTES = {
    ("GET", "/accounts"): Permission.ACCOUNTS_READ,
    ("GET", "/accounts/{id}"): Permission.ACCOUNTS_READ,
    ("POST", "/accounts"): Permission.ACCOUNTS_MANAGE,
    ("PATCH", "/accounts/{id}"): Permission.ACCOUNTS_MANAGE,
    ("POST", "/accounts/{id}/invitations"): Permission.ACCOUNTS_MANAGE,
    ("POST", "/accounts/{id}/deactivation"): Permission.ACCOUNTS_MANAGE,
    ("POST", "/accounts/{id}/reactivation"): Permission.ACCOUNTS_MANAGE,
    ("POST", "/accounts/{id}/unlocking"): Permission.ACCOUNTS_MANAGE,
    ("POST", "/accounts/{id}/second-factor-reset"): Permission.ACCOUNTS_MANAGE,
    ("GET", "/accounts/{id}/sessions"): Permission.SESSIONS_END,
    ("POST", "/accounts/{id}/sign-out"): Permission.SESSIONS_END,
    ("GET", "/unit/accounts"): Permission.UNIT_MANAGE,
    ("POST", "/unit/accounts/{id}/password-resets"): Permission.UNIT_MANAGE,
    ("GET", "/posts"): Permission.ACCOUNTS_READ,
    ("GET", "/posts/{id}"): Permission.ACCOUNTS_READ,
    ("POST", "/posts"): Permission.POSTS_GRANT,
    ("PATCH", "/posts/{id}"): Permission.POSTS_GRANT,
    ("POST", "/posts/{id}/holdings"): Permission.POSTS_GRANT,
    ("POST", "/posts/{id}/holdings/{id}/ending"): Permission.POSTS_GRANT,
    ("GET", "/alliances"): Permission.OUTBOX_READ,
}
BODIES = {
    "/accounts": {"username": "abc", "name": "甲"},
    "/posts": {"title": "岗", "unit_name": "位", "role": "leader"},
    "/posts/{id}/holdings": {"account": str(uuid4()), "from_date": "2030-01-01", "reason": "任"},
}


def test_every_role_gets_403_where_its_grants_do_not_lead_and_something_else_where_they_do(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        for number, role in enumerate(sorted(set(Role) - {Role.SERVICE})):
            caller = await office.hire(f"person-{number}", role)
            for (method, path), permission in ROUTES.items():
                body = BODIES.get(path, {"reason": "试"}) if method != "GET" else None
                target = path.replace("{id}", str(uuid4()))
                answer = await office.call(caller, method, target, body, If_Match="*")
                granted = permission in GRANTS[role]
                assert (answer.status_code != 403) == granted, (role, method, path, answer.text)
                assert answer.status_code < 500

    play(story)


def test_practising_nobody_manages_anybody(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        boss = await office.hire("boss", Role.COUNTY_REVIEWER)
        practising = await office.sign_in(boss.account, practice=True)
        assert (await office.get(practising, "/me"))["practice"]
        assert await office.refused(practising, "GET", "/unit/accounts") == (409, "practice_session")
        assert [post["current"] for post in (await office.get(practising, "/me/posts"))["items"]] == [True]
        assert len((await office.get(practising, "/me/sessions"))["items"]) == 2

    play(story)
