"""Emptying what a unit sent in the practice alliance: its own, there, and nothing else anywhere."""

import time
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.kernel.database import WriteSession
from services.kernel.errors import Unavailable
from services.subsidies.domain import RosterKind
from services.subsidies.rosters.storing import next_sequence
from tests.subsidies.deciding import bring_classes, bring_colleges, confirmed, decided
from tests.subsidies.world import COUNTY, OTHER_COUNTY, World, apply_anqing, school_class, student, workbook

pytestmark = pytest.mark.anyio
RESET = "/practice/reset"
TABLES = ("student", "school_class", "roster_import", "roster_reject", "claim", "claim_decision", "settlement")


async def practising(world: World) -> World:
    await apply_anqing(world.database, world.clock, "anqing-practice")
    world.alliance = "anqing-practice"
    return world


async def left(world: World) -> dict[str, int]:
    return {table: (await world.sql(f"SELECT count(*) FROM {table}"))[0][0] for table in TABLES}


def stored(world: World) -> set[str]:
    """The names of the files that lie there."""
    return {path.name for path in world.tools.files._folder.glob("*.bin")}


async def fill(world: World, who: str, number: int, year: int = 2025) -> None:
    await world.students(who, student(number), student(number + 1, name=None), year=year)
    await world.classes(who, school_class(f"C{number}"), year=year)
    await world.claim(who, "sending_award", year=year)


async def test_a_unit_empties_its_own_and_settlements_that_rested_on_it(world: World) -> None:
    await practising(world)
    await fill(world, COUNTY, 1)
    await fill(world, OTHER_COUNTY, 10)
    await fill(world, OTHER_COUNTY, 20, year=2024)
    await world.settle()
    other_year = await world.settle(2024, "2024-11-30")
    answer = await world.post(COUNTY, RESET)
    assert (answer.status_code, answer.json()) == (
        200,
        {"removed": {"students": 1, "classes": 1, "imports": 2, "claims": 1, "settlements": 1}},
    )
    assert [(await world.read(COUNTY, path))["total"] for path in ("/students", "/classes", "/roster-imports")] == [
        0
    ] * 3
    assert (await world.read(OTHER_COUNTY, "/students"))["total"] == 2
    assert (await world.read(OTHER_COUNTY, "/claims"))["total"] == 2
    assert [s["id"] for s in (await world.read("secretariat", "/settlements"))["items"]] == [other_year["id"]]
    assert await world.lines(other_year)
    assert (await left(world))["roster_reject"] == 2
    told = await world.sql("SELECT object_id, after FROM audit_entry WHERE action = 'practice.reset'")
    assert [tuple(row) for row in told] == [(f"division:{COUNTY}", answer.json()["removed"])]
    assert (await world.post(COUNTY, RESET)).json()["removed"]["imports"] == 0


async def test_afterwards_the_same_exercise_can_be_done_again_word_for_word(world: World) -> None:
    await practising(world)
    content = workbook(RosterKind.STUDENTS, [student(1), student(2, name=None)])

    async def exercise() -> Any:
        answer = await world.client.post(
            "/api/subsidies/v1/roster-imports",
            params={"kind": "students", "year": 2025},
            content=content,
            headers={
                **world.headers(COUNTY),
                "Idempotency-Key": "first",
                "Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            },
        )
        assert answer.status_code == 202
        await world.run_jobs()
        return await world.read(COUNTY, f"/roster-imports/{answer.json()['id']}")

    first = await exercise()
    assert len(list(world.tools.files._folder.glob("*.bin"))) == 1
    await world.post(COUNTY, RESET)
    assert not list(world.tools.files._folder.glob("*.bin"))
    second = await exercise()
    assert second["id"] != first["id"]
    assert (second["new_rows"], second["rejected_rows"]) == (1, 1)


async def test_an_import_emptied_away_while_it_waits_ends_with_a_reason(world: World) -> None:
    await practising(world)
    answer = await world.upload(COUNTY, RosterKind.STUDENTS, workbook(RosterKind.STUDENTS, [student(1)]))
    await world.post(COUNTY, RESET)
    await world.run_jobs()
    job = await world.read(COUNTY, f"/jobs/{answer.json()['job']}")
    assert (job["state"], job["error"]["code"]) == ("failed", "import_not_found")
    assert (await left(world))["student"] == 0


async def test_while_an_import_runs_the_reset_is_refused_soon_and_nothing_is_lost(world: World) -> None:
    await practising(world)
    await fill(world, COUNTY, 1)
    before, files = await left(world), stored(world)
    assert files
    async with world.database.write(world.alliance) as running:
        await next_sequence(running, world.alliance)  # what an import holds while it stores its rows
        began = time.monotonic()
        for who in (COUNTY, OTHER_COUNTY):
            refused = await world.post(who, RESET)
            assert (refused.status_code, refused.json()["code"]) == (409, "import_running")
            assert "数据没有改动" in refused.json()["detail"]
        assert time.monotonic() - began < 15
    assert (await left(world), stored(world)) == (before, files)
    assert (await world.post(COUNTY, RESET)).status_code == 200
    assert stored(world) == set()


async def test_a_reset_that_fails_at_its_end_leaves_the_files(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await practising(world)
    await fill(world, COUNTY, 1)
    before, files = await left(world), stored(world)

    async def fails(_session: WriteSession) -> None:
        raise Unavailable("数据库暂时无法连接，请稍后重试。")

    with monkeypatch.context() as patched:
        patched.setattr(WriteSession, "finish", fails)
        assert (await world.post(COUNTY, RESET)).status_code == 503
    assert (await left(world), stored(world)) == (before, files)


async def test_decisions_above_a_pool_go_with_the_settlements_that_are_emptied_away(world: World) -> None:
    await practising(world)
    world.registry.collaborations = []
    await bring_colleges(world, 16, 2025)
    await bring_classes(world, {"C1": 95, "C2": 90, "C3": 85})
    first = await decided(world, await confirmed(world), "carry_over")
    await bring_colleges(world, 17, 2027)
    kept = await confirmed(world, 2027)
    other = await decided(world, kept, "pro_rata_all")
    await decided(world, await confirmed_again(world), "carry_over", replaces=first["id"])
    assert (await world.sql("SELECT count(*) FROM pool_decision"))[0][0] == 3
    assert (await world.post(COUNTY, RESET)).json()["removed"]["settlements"] == 1
    assert [str(row[0]) for row in await world.sql("SELECT id FROM pool_decision")] == [other["id"]]
    lines = await world.sql("SELECT decision::text, count(*) FROM decided_line GROUP BY 1")
    assert [tuple(row) for row in lines] == [(other["id"], 17)]
    assert [row["id"] for row in (await world.read("head", f"/settlements/{kept['id']}"))["decisions"]] == [other["id"]]
    world.alliance = "anqing"
    assert await world.sql("SELECT id FROM pool_decision") == []


async def confirmed_again(world: World) -> Any:
    """The confirmed settlement of 2025 as the head finds it."""
    found = await world.read("head", "/settlements", year=2025, state="confirmed")
    return found["items"][0]


async def test_real_rosters_cannot_be_emptied_by_the_api_nor_in_the_database(world: World) -> None:
    await fill(world, COUNTY, 1)
    before = await left(world)
    refused = await world.post(COUNTY, RESET)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_a_practice_alliance")
    for alliance in ("anqing", "", "anqing-practice-not"):
        with pytest.raises(DBAPIError, match="is no practice alliance"):
            async with world.database.write(alliance) as session:
                await session.execute(text("SELECT practice_reset('division:340822')"))
    await practising(world)
    assert (await world.post(COUNTY, RESET)).json()["removed"]["students"] == 0
    world.alliance = "anqing"
    assert await left(world) == before


async def test_who_only_reads_empties_nothing(world: World) -> None:
    await practising(world)
    assert (await world.post("leader", RESET)).status_code == 403
    assert (await world.client.post(f"/api/subsidies/v1{RESET}")).status_code == 401
