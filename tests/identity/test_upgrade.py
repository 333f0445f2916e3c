"""From accounts with a role to people with posts: what an upgrade makes of the rows that are there."""

import asyncio
from collections.abc import Iterator
from datetime import date
from uuid import UUID

import asyncpg
import pytest

from hub.database import OWNER, Plan, migrate
from services.kernel.migrations import upgrade
from tests.support.databases import TestServer

OLD = "0003"
MEMBER = UUID(int=7)
ACCOUNTS = [
    # made at 15:59 and 16:00 UTC: the last minute of a day in Anqing, and the first of the next
    ("mishuchu", "集团秘书处", "secretariat", None, None, True, "2025-03-01 15:59+00"),
    ("bureau", "怀宁县教育局", "county_bureau", "340822", None, True, "2025-03-01 16:00+00"),
    ("member", "安庆工业学校", "member_unit", None, MEMBER, False, "2025-03-02 04:00+00"),
]


@pytest.fixture
def old(server: TestServer) -> Iterator[Plan]:
    """A database of its own with identity's schema as it was before there were posts."""
    plan = Plan(server.address.url("before_posts"), server.plan.passwords)
    migrate(plan, upgrade=lambda _service, _url: None)
    upgrade("identity", plan.url(OWNER), OLD)
    yield plan
    asyncio.run(_execute(server.address.url("postgres"), "DROP DATABASE before_posts WITH (FORCE)"))


async def _execute(url: str, *statements: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url.replace("+asyncpg", "", 1))
    try:
        await connection.execute("SET search_path = identity, public")
        for statement in statements[:-1]:
            await connection.execute(statement)
        return list(await connection.fetch(statements[-1]))
    finally:
        await connection.close()


def rows_before() -> list[str]:
    found = []
    for number, (username, name, role, division, member, active, made) in enumerate(ACCOUNTS, start=1):
        values = [f"'{UUID(int=number)}'", f"'{username}'", f"'{name}'", f"'{role}'"]
        values += [f"'{division}'" if division else "NULL", f"'{member}'" if member else "NULL", "'$argon2id$x'"]
        values += [str(active).lower(), *[f"'{made}'"] * 3]
        found.append(f"INSERT INTO account VALUES ('anqing', {', '.join(values)})")
    session = f"'{UUID(int=90)}', '\\x01', '{UUID(int=1)}', '::1', now(), now(), now(), NULL"
    found.append(f"INSERT INTO login_session VALUES ('anqing', {session})")
    client = "'frontend', '网页', '\\x01', NULL, '{}', '{}', '{}', '{}', true, now(), now()"
    service = client.replace("frontend", "registry").replace("NULL", "'service'")
    return [*found, f"INSERT INTO oauth_client VALUES ({client})", f"INSERT INTO oauth_client VALUES ({service})"]


def test_each_account_becomes_a_person_who_holds_one_post_since_it_was_made(old: Plan) -> None:
    owner = old.url(OWNER)
    asyncio.run(_execute(owner, *rows_before(), "SELECT 1"))
    upgrade("identity", owner)
    upgrade("identity", owner)
    held = asyncio.run(
        _execute(
            owner,
            "SELECT username, name, state, role, title, unit_name, division, member, from_date, until_date, a.id, "
            "password_hash FROM account a JOIN person p ON p.id = person_id JOIN post_holding h USING (person_id) "
            "JOIN post ON post.id = post_id ORDER BY username",
        )
    )
    bureau = ("active", "county_clerk", "县区教育局经办", "怀宁县教育局", "340822", None, date(2025, 3, 2), None)
    member = ("deactivated", "unit_reporter", "成员单位填报员", "安庆工业学校", None, MEMBER, date(2025, 3, 2), None)
    clerk = ("active", "secretariat_clerk", "秘书处经办", "集团秘书处", None, None, date(2025, 3, 1), None)
    assert [tuple(row)[:10] for row in held] == [
        ("bureau", "怀宁县教育局", *bureau),
        ("member", "安庆工业学校", *member),
        ("mishuchu", "集团秘书处", *clerk),
    ]
    assert [row["id"] for row in held] == [UUID(int=2), UUID(int=3), UUID(int=1)], "sub of tokens stays"
    assert {row["password_hash"] for row in held} == {"$argon2id$x"}
    counted = "SELECT (SELECT count(*) FROM account), (SELECT count(*) FROM post), (SELECT count(*) FROM login_session)"
    assert [tuple(row) for row in asyncio.run(_execute(owner, counted))] == [(3, 3, 0)]
    clients = asyncio.run(_execute(owner, "SELECT client_id, kind, auth_method FROM oauth_client ORDER BY client_id"))
    assert [tuple(row) for row in clients] == [
        ("frontend", "first_party", "client_secret_basic"),
        ("registry", "service", "client_secret_basic"),
    ]
