"""What the service's own login may not do, whatever its code says: the second lock."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.subsidies.world import COUNTY, World, student

pytestmark = pytest.mark.anyio

FORBIDDEN = [
    "UPDATE student SET major = 'x'",
    "UPDATE student SET person_key = ''",
    "DELETE FROM student",
    "DELETE FROM school_class",
    "DELETE FROM roster_import",
    "UPDATE roster_reject SET message = 'x'",
    "TRUNCATE roster_reject",
    "UPDATE claim_decision SET opinion = 'x'",
    "DELETE FROM claim",
    "UPDATE policy_version SET sha256 = 'x'",
    "UPDATE recognition_number SET recognition = gen_random_uuid()",
    "DELETE FROM settlement",
    "UPDATE settlement_line SET amount_fen = 1",
    "DELETE FROM settlement_line",
    "INSERT INTO settlement_line SELECT 'anqing', 1, 9, 1, 1, NULL, NULL, 1, 1, 1, NULL, NULL",
    "TRUNCATE student",
    "UPDATE pool_decision SET opinion = 'x'",
    "DELETE FROM pool_decision",
    "UPDATE decided_line SET paid_fen = 0",
    "DELETE FROM decided_line",
    "TRUNCATE decided_line",
    "CREATE TABLE mine (x int)",
]


async def refused(world: World, statement: str, alliance: str = "anqing") -> str:
    with pytest.raises(DBAPIError) as caught:
        async with world.database.write(alliance) as session:
            await session.execute(text(statement))
    return str(caught.value.orig)


async def test_what_was_recorded_cannot_be_changed(world: World) -> None:
    for statement in FORBIDDEN:
        assert "permission denied" in await refused(world, statement), statement


async def test_lines_of_a_settlement_are_read_through_their_parent_only(world: World) -> None:
    await world.students(COUNTY, student(1))
    await world.claim(COUNTY, "sending_award")
    settled = await world.settle()
    number = settled["no"]
    own = f"settlement_line_{number}"
    for statement in (f"SELECT 1 FROM {own}", f"INSERT INTO {own} DEFAULT VALUES", f"DELETE FROM {own}"):
        assert "permission denied" in await refused(world, statement)
    seen = "SELECT count(*) FROM settlement_line"
    assert (await world.sql(seen))[0][0] == settled["line_count"]
    world.alliance = "xiaogan"
    assert (await world.sql(seen))[0][0] == 0


async def test_lines_are_made_for_a_queued_settlement_of_the_own_alliance_only(world: World) -> None:
    await world.students(COUNTY, student(1))
    await world.claim(COUNTY, "sending_award")
    settled = await world.settle()
    for function in ("settlement_lines_create", "settlement_lines_attach"):
        for number, alliance in ((settled["no"], "anqing"), (settled["no"], "xiaogan"), (999999, "anqing")):
            assert "is not queued" in await refused(world, f"SELECT {function}({number})", alliance)


async def test_a_year_cannot_be_confirmed_twice_in_the_database_either(world: World) -> None:
    await world.students(COUNTY, student(1))
    await world.claim(COUNTY, "sending_award")
    await world.settle()
    await world.settle()
    assert "uq_settlement_confirmed_once" in await refused(world, "UPDATE settlement SET state = 'confirmed'")


async def test_constraints_hold_what_the_code_promises(world: World) -> None:
    await world.students(COUNTY, student(1))
    assert "ck_student_superseded_later" in await refused(world, "UPDATE student SET superseded_seq = recorded_seq")
    columns = "alliance, id, owner, year, rule, state, roster_seq, subjects, requested_fen, created_at, changed_at"
    values = "'anqing', gen_random_uuid(), 'x', 2025, 'r', 'paid', 0, 0, 0, now(), now(), 'x', 1"
    wrong = f"INSERT INTO claim ({columns}, created_by_name, row_version) VALUES ({values})"
    assert "ck_claim_state" in await refused(world, wrong)


async def test_the_database_itself_refuses_decisions_that_do_not_add_up(world: World) -> None:
    await world.students(COUNTY, student(1))
    await world.claim(COUNTY, "sending_award")
    settlement = (await world.settle())["id"]

    async def recorded(**changes: object) -> str:
        row = {
            "no": 1,
            "scenario": "'carry_over'",
            "pool_fen": 5,
            "claimed_fen": 9,
            "paid_fen": 5,
            "deferred_fen": 4,
            "unfunded_fen": 0,
            "resolution_number": "'9'",
            "replaces": "NULL",
            "settlement": f"'{settlement}'",
            **changes,
        }
        fixed = "alliance, id, budget, payees, opinion, decided_at, decided_by, decided_by_name"
        values = "'anqing', gen_random_uuid(), 'award_pool', '[]', 'why', now(), 'x', 'X'"
        names, given = ", ".join(row), ", ".join(map(str, row.values()))
        return await refused(world, f"INSERT INTO pool_decision ({fixed}, {names}) VALUES ({values}, {given})")

    assert "ck_pool_decision_adds_up" in await recorded(unfunded_fen=1)
    assert "ck_pool_decision_pool_is_short" in await recorded(pool_fen=4)
    assert "ck_pool_decision_pool_is_short" in await recorded(pool_fen=9)
    assert "ck_pool_decision_not_negative" in await recorded(deferred_fen=5, unfunded_fen=-1)
    assert "ck_pool_decision_scenario" in await recorded(scenario="'all'")
    assert "ck_pool_decision_rests" in await recorded(resolution_number="NULL")
    assert "ck_pool_decision_replaces_the_last" in await recorded(no=2)
    assert "fk_pool_decision_settlement" in await recorded(settlement="gen_random_uuid()")
    assert "fk_pool_decision_replaces" in await recorded(no=2, replaces="gen_random_uuid()")
