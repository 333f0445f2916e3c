"""Seats, leads and housed bodies of a member that merges into another."""

from datetime import date
from uuid import UUID

from sqlalchemy import select

from services.kernel.database import Database
from services.kernel.tenancy import Scope
from services.registry.commands.governance_transfer import transfer
from services.registry.queries.governance_touches import touched_by
from services.registry.tables import Member
from tests.registry.conftest import Caller, Registry, member
from tests.registry.governance_world import body

ALLIANCE = "anqing"


async def moved(registry: Registry, day: date, one: str, other: str) -> tuple[list[str], int, list[str]]:
    """What touched the first, how many things moved, and what touches it afterwards."""
    database = Database(registry.settings.database_url.get_secret_value(), clock=registry.clock)
    try:
        async with database.write(ALLIANCE) as session:
            found = {m.id: m for m in await session.scalars(select(Member).where(Member.alliance == ALLIANCE))}
            before = [touch.title for touch in await touched_by(session, Scope(ALLIANCE), UUID(one))]
            await session.effective_on(day)
            count = await transfer(session, found[UUID(one)], found[UUID(other)])
            after = [touch.title for touch in await touched_by(session, Scope(ALLIANCE), UUID(one))]
    finally:
        await database.close()
    return before, count, after


def test_what_touches_a_member_is_what_moves_and_the_day_tells_whose_it_was(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        old = await caller.create("/members", member("旧学院", joined_on="2020-01-01"))
        new = await caller.create("/members", member("新学院", joined_on="2020-01-01"))
        made = await caller.create("/bodies", body(host_member=old["id"], founded_on="2024-01-01"))
        draft = {"title": "理事长", "member": old["id"], "unit_name": "旧院", "succession": "by_post"}
        seat = await caller.create(f"/bodies/{made['id']}/seats", {**draft, "established_on": "2024-01-01"})
        await caller.create(f"/seats/{seat['id']}/succession", {"holder": "王一", "from_date": "2024-01-01"})
        other = {"title": "理事", "member": old["id"], "succession": "by_post", "established_on": "2024-01-01"}
        gone = await caller.create(f"/bodies/{made['id']}/seats", other)
        end = {"abolished_on": "2024-06-01", "reason": "调整"}
        await caller.post(f"/seats/{gone['id']}/abolition", end, If_Match='"1"')
        for unit, led in ((old, "集团龙头"), (old, "实训基地"), (new, "实训基地")):
            await caller.create("/leads", {"member": unit["id"], "scope": led, "from_date": "2024-01-01"})

        before, count, after = await moved(registry, date(2025, 6, 1), old["id"], new["id"])
        assert before == ["示例集团理事会理事长", "集团龙头", "实训基地", "示例集团理事会"]
        assert (count, after) == (len(before), [])
        for day, name in (("2025-05-31", "旧学院"), ("2025-06-01", "新学院")):
            shown = (await caller.get("/structure", as_of=day)).json()["bodies"][0]
            assert (shown["seats"][0]["unit"], shown["host"]) == (name, name), day
            assert shown["seats"][0]["holder"] == "王一"  # the person did not change
        leads = [(one["unit_name"], one["scope"]) for one in (await caller.get("/leads")).json()["items"]]
        assert sorted(leads) == [("新学院", "实训基地"), ("新学院", "集团龙头")]
        earlier = [one["unit_name"] for one in (await caller.get("/leads", as_of="2025-05-31")).json()["items"]]
        assert sorted(earlier) == ["新学院", "旧学院", "旧学院"]

    registry.run(scenario)
