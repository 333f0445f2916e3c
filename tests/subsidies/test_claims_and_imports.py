"""An approval does not survive a change of what was approved, also when both happen at the same moment."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from services.kernel.jobs import run_job
from services.subsidies.domain import RosterKind
from services.subsidies.jobs import handlers_with
from tests.subsidies.world import COUNTY, World, student, workbook

pytestmark = pytest.mark.anyio


async def standing(world: World, claim: Any) -> tuple[str, int]:
    read = await world.read(COUNTY, f"/claims/{claim['id']}")
    return read["state"], read["subjects"]


async def on_rosters(world: World) -> int:
    counted = "SELECT count(*) FROM student WHERE superseded_seq IS NULL"
    return int((await world.sql(counted))[0][0])


async def test_a_claim_sent_while_a_roster_is_taken_in_counts_that_roster(world: World) -> None:
    await world.students(COUNTY, student(1))
    draft = (await world.post(COUNTY, "/claims", {"year": 2025, "rule": "sending_award"})).json()
    copied = """
        INSERT INTO student (alliance, no, owner, year, person_key, name_masked, id_masked, enrolment_year, school,
            school_name, major, enrolled_on, origin_division, status, claimed_rule, recorded_seq, import_id, line)
        SELECT alliance, no + 1, owner, year, decode(repeat('01', 16), 'hex'), name_masked, id_masked,
            enrolment_year, school, school_name, major, enrolled_on, origin_division, status, claimed_rule,
            recorded_seq + 1, import_id, line + 1 FROM student"""
    async with world.database.write(world.alliance) as importing:
        await importing.execute(text("UPDATE roster_sequence SET last = last + 1 WHERE alliance = 'anqing'"))
        await importing.execute(text(copied))
        sending = asyncio.create_task(world.post(COUNTY, f"/claims/{draft['id']}/submission", match=draft["version"]))
        await asyncio.sleep(0.3)
        assert not sending.done()
    sent = (await sending).json()
    assert (sent["state"], sent["subjects"], sent["sequence"]) == ("submitted", 2, 2)


async def test_whichever_comes_first_an_accepted_claim_covers_what_was_read(world: World) -> None:
    """Accept and import at once, in many turns: a claim that ends accepted shows exactly the rows on the rosters."""
    await world.students(COUNTY, student(1))
    claim = await world.claim(COUNTY, "sending_award", accept=False)
    for number in range(2, 6):
        upload = await world.upload(COUNTY, RosterKind.STUDENTS, workbook(RosterKind.STUDENTS, [student(number)]))
        assert upload.status_code == 202
        read = await world.read("secretariat", f"/claims/{claim['id']}")
        path = f"/claims/{claim['id']}/acceptance"
        accepting = world.post("secretariat", path, match=read["version"])
        answer, _ = await asyncio.gather(accepting, world.run_jobs())
        assert answer.status_code in (200, 409, 412), answer.text
        state, subjects = await standing(world, claim)
        assert (state, subjects) == ("submitted", number)
        assert subjects == await on_rosters(world)


async def test_an_import_run_by_two_workers_at_once_is_recorded_once(world: World) -> None:
    await world.students(COUNTY, student(1))
    answer = await world.upload(COUNTY, RosterKind.STUDENTS, workbook(RosterKind.STUDENTS, [student(1), student(2)]))
    async with world.database.engine.connect() as connection:
        payload = (await connection.execute(text("SELECT payload FROM pgqueuer ORDER BY id DESC LIMIT 1"))).scalar_one()
    handlers = handlers_with(world.tools)
    await asyncio.gather(*(run_job(world.database, world.clock, handlers, payload) for _ in range(3)))
    taken = await world.read(COUNTY, f"/roster-imports/{answer.json()['id']}")
    assert (taken["state"], taken["new_rows"], taken["unchanged_rows"]) == ("done", 1, 1)
    assert taken["failure"] is None
    job = (await world.client.get(answer.headers["Location"], headers=world.headers(COUNTY))).json()
    assert job["state"] == "succeeded", job
    assert await on_rosters(world) == 2


async def test_a_settlement_run_by_two_workers_at_once_is_computed_once(world: World) -> None:
    await world.students(COUNTY, student(1))
    await world.claim(COUNTY, "sending_award")
    answer = await world.post("secretariat", "/settlements", {"year": 2025, "snapshot_date": "2025-11-30"})
    async with world.database.engine.connect() as connection:
        payload = (await connection.execute(text("SELECT payload FROM pgqueuer ORDER BY id DESC LIMIT 1"))).scalar_one()
    handlers = handlers_with(world.tools)
    await asyncio.gather(*(run_job(world.database, world.clock, handlers, payload) for _ in range(3)))
    read = await world.read("secretariat", f"/settlements/{answer.json()['id']}")
    assert (read["state"], read["failure"], read["payable"]) == ("computed", None, "500.00")
    job = (await world.client.get(answer.headers["Location"], headers=world.headers("secretariat"))).json()
    assert job["state"] == "succeeded", job
