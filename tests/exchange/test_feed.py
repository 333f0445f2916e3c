"""The change feed: who sees what, and that a cursor misses nothing and gives nothing twice."""

import asyncio
import base64
import random
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from services.exchange.domain import Audience
from services.exchange.queries.changes import feed_page, limit_to
from services.exchange.tables import Change
from services.kernel.permissions import Role
from tests.exchange.world import ALLIANCE, COLLEGE, HUAINING, PRACTICE, QIANSHAN, SCHOOL, World, event

pytestmark = pytest.mark.anyio


async def read_all(client: httpx.AsyncClient, cursor: str | None = None, **query: Any) -> tuple[list[Any], str]:
    """Everything behind a cursor, page by page, and the cursor to go on with."""
    items: list[Any] = []
    while True:
        answer = await client.get("/changes", params={**query, **({"after": cursor} if cursor else {})})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert set(page) == {"items", "next_cursor", "has_more"}
        items += page["items"]
        cursor = str(page["next_cursor"])
        if not page["has_more"]:
            return items, cursor


async def test_each_unit_sees_its_own_and_what_is_for_everybody(world: World) -> None:
    await world.store(
        event(1, "policy.applied"),
        event(2, division=HUAINING),
        event(3, division=QIANSHAN),
        event(4, member=COLLEGE),
        event(5, member=SCHOOL),
        event(6, division=HUAINING, member=SCHOOL),
    )
    seen = {}
    for role, unit in [
        (Role.SECRETARIAT_CLERK, {}),
        (Role.COUNTY_CLERK, {"division": HUAINING}),
        (Role.COUNTY_REVIEWER, {"division": QIANSHAN}),
        (Role.UNIT_REPORTER, {"member": str(COLLEGE)}),
    ]:
        async with world.api(role, **unit) as client:
            items, _ = await read_all(client)
            seen[role] = [(item["division"], item["member"]) for item in items]
    everybody, school = (None, None), str(SCHOOL)
    assert seen[Role.SECRETARIAT_CLERK] == [
        everybody, (HUAINING, None), (QIANSHAN, None), (None, str(COLLEGE)), (None, school), (HUAINING, school)
    ]  # fmt: skip
    assert seen[Role.COUNTY_CLERK] == [everybody, (HUAINING, None), (HUAINING, school)]
    assert seen[Role.COUNTY_REVIEWER] == [everybody, (QIANSHAN, None)]
    assert seen[Role.UNIT_REPORTER] == [everybody, (None, str(COLLEGE))]


@pytest.mark.parametrize(
    ("role", "claims"),
    [
        (Role.LEADER, {}),
        (Role.JOINT_REVIEWER, {"department": "finance"}),
        (Role.AUDIT_ADMIN, {}),
        (Role.COUNTY_CLERK, {"scope": "registry:read"}),
    ],
)
async def test_the_feed_is_for_those_who_may_read_it(world: World, role: Role, claims: dict[str, Any]) -> None:
    async with world.api(role, **claims) as client:
        for path in ("/changes", "/change-types"):
            assert (await client.get(path)).status_code == 403


async def test_an_alliance_sees_nothing_of_another(world: World) -> None:
    await world.happen("claim.accepted")
    await world.happen("claim.returned", "claim.opened", alliance=PRACTICE)
    async with world.api(Role.SECRETARIAT_CLERK) as client:
        items, cursor = await read_all(client)
        assert [item["type"] for item in items] == ["claim.accepted"]
    async with world.api(Role.SECRETARIAT_CLERK, alliance=PRACTICE) as client:
        items, _ = await read_all(client)
        assert [item["type"] for item in items] == ["claim.returned", "claim.opened"]
        foreign = await client.get("/changes", params={"after": cursor})
        assert (foreign.status_code, foreign.json()["errors"][0]["code"]) == (422, "cursor_invalid")


async def test_a_change_tells_what_its_service_told(world: World) -> None:
    told = event(1, division=HUAINING, year=2025, sums={"requested": "500.00"})
    await world.store(told)
    async with world.api() as client:
        (item,), _ = await read_all(client)
    assert item == {
        "id": str(told.id),
        "type": "claim.accepted",
        "at": "2025-12-01T04:00:00Z",
        "object_kind": "claim",
        "object_id": told.object_id,
        "division": HUAINING,
        "member": None,
        "data": {"year": 2025, "sums": {"requested": "500.00"}},
    }


async def test_the_same_cursor_goes_on_in_the_same_way_for_ever(world: World) -> None:
    await world.happen("a.done", "b.done", "c.done")
    async with world.api() as client:
        first = (await client.get("/changes", params={"limit": 2})).json()
        assert [item["type"] for item in first["items"]] == ["a.done", "b.done"]
        assert first["has_more"]
        rest, end = await read_all(client, first["next_cursor"])
        assert [item["type"] for item in rest] == ["c.done"]
        assert await read_all(client, end) == ([], end)
        await world.happen("d.done")
        assert [item["type"] for item in (await read_all(client, end))[0]] == ["d.done"]
        assert [item["type"] for item in (await read_all(client, first["next_cursor"]))[0]] == ["c.done", "d.done"]
        exact = (await client.get("/changes", params={"limit": 4})).json()
        assert (len(exact["items"]), exact["has_more"]) == (4, False)


async def test_an_empty_feed_gives_a_cursor_that_works_later(world: World) -> None:
    async with world.api() as client:
        items, cursor = await read_all(client)
        assert items == []
        await world.happen("claim.accepted")
        assert len((await read_all(client, cursor))[0]) == 1


async def test_types_narrow_the_feed_and_the_cursor_still_moves_on(world: World) -> None:
    await world.happen("claim.accepted", "claim.returned", "roster.imported", "claim.opened")
    async with world.api() as client:
        wanted = {"type": ["claim.accepted", "roster.imported"]}
        items, cursor = await read_all(client, limit=1, **wanted)
        assert [item["type"] for item in items] == ["claim.accepted", "roster.imported"]
        assert await read_all(client, cursor) == ([], cursor), "what was left out is passed"
        assert (await read_all(client, type="member.created"))[0] == []
        types = (await client.get("/change-types")).json()
    assert types == {"types": ["claim.accepted", "claim.opened", "claim.returned", "roster.imported"]}


async def test_types_of_what_others_see_are_not_told(world: World) -> None:
    await world.happen("claim.accepted", division=QIANSHAN)
    async with world.api() as client:
        assert (await client.get("/change-types")).json() == {"types": []}


def made_up(content: str) -> str:
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


MADE_UP = ["x", "%%%", "AAAA", "é", *map(made_up, (
    "1 anqing x", "2 anqing 1", "1 anqing -1", "1 anqing 01", "1 anqing ٣", "1 anqing 1 1",
))]  # fmt: skip
WRONG: list[dict[str, Any]] = [{"limit": 0}, {"limit": 501}, {"type": "Claim Accepted"}, {"type": ["a.b"] * 51}]


async def test_a_wrong_question_or_a_cursor_that_was_never_given_is_refused_in_words(world: World) -> None:
    async with world.api() as client:
        for cursor in MADE_UP:
            answer = await client.get("/changes", params={"after": cursor})
            assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "cursor_invalid"), cursor
        for query in WRONG:
            assert (await client.get("/changes", params=query)).status_code == 422, query


async def test_after_a_restored_backup_a_cursor_ahead_goes_back_to_the_head(world: World) -> None:
    await world.happen("a.done", "b.done")
    async with world.api() as client:
        _, cursor = await read_all(client)
        async with world.database.engine.begin() as connection:
            await connection.execute(text("SELECT set_config('hub.alliance', 'anqing', true)"))
            refused = await connection.execute(text("SELECT has_table_privilege('change', 'DELETE')"))
            assert refused.scalar_one() is False, "the service itself can take nothing back"
        ahead = made_up("1 anqing 99")
        items, now = await read_all(client, ahead)
        assert (items, now) == ([], cursor)
        await world.happen("c.done")
        assert [item["type"] for item in (await read_all(client, now))[0]] == ["c.done"]


async def test_nothing_is_missed_or_doubled_while_others_write(world: World) -> None:
    """Readers page by odd sizes while events come from three services; each sees exactly its own, in order."""
    total, sources = 120, ("registry", "targets", "subsidies")
    places = [{}, {"division": HUAINING}, {"division": QIANSHAN}, {"member": COLLEGE}]
    chance = random.Random(7)
    finished = asyncio.Event()
    written: list[Change] = []

    async def write() -> None:
        position = dict.fromkeys(sources, 0)
        while len(written) < total:
            source = chance.choice(sources)
            batch = [event(position[source] + n, **chance.choice(places)) for n in range(1, chance.randint(2, 9))]
            position[source] += len(batch)
            written.extend(await world.store(*batch, source=source))
            await asyncio.sleep(0)
        finished.set()

    async def follow(audience: Audience, limit: int) -> list[Any]:
        seen: list[Any] = []
        cursor: str | None = None
        last = False
        while True:
            async with world.database.read(ALLIANCE) as session:
                page = await feed_page(session, ALLIANCE, audience, after=cursor, limit=limit, types=())
            seen += [change.id for change in page.changes]
            cursor = page.next_cursor
            if last and not page.has_more:
                return seen
            last = finished.is_set()

    audiences = [Audience(everything=True), Audience(division=HUAINING), Audience(member=COLLEGE)]
    followers = [asyncio.create_task(follow(audience, limit)) for audience in audiences for limit in (1, 7, 500)]
    await write()
    results = await asyncio.gather(*followers)
    assert [change.seq for change in written] == list(range(1, len(written) + 1))
    for number, seen in enumerate(results):
        audience = audiences[number // 3]
        assert seen == [change.id for change in written if audience.admits(change.division, change.member)]


DIVISIONS = st.sampled_from([None, HUAINING, QIANSHAN])
MEMBERS = st.sampled_from([None, COLLEGE, SCHOOL])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(places=st.lists(st.tuples(DIVISIONS, MEMBERS), min_size=1, max_size=12), division=DIVISIONS, member=MEMBERS)
async def test_the_database_and_the_rule_agree_on_who_sees_what(
    world: World, places: list[tuple[str | None, Any]], division: str | None, member: Any
) -> None:
    changes = []
    for place in places:
        changes += await world.happen("claim.accepted", division=place[0], member=place[1])
    for audience in (Audience(division=division), Audience(member=member), Audience(everything=True)):
        async with world.database.read(ALLIANCE) as session:
            since = select(Change).where(Change.seq >= changes[0].seq)
            found = {c.id for c in await session.scalars(limit_to(since, audience))}
        assert found == {c.id for c in changes if audience.admits(c.division, c.member)}
