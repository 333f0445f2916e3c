"""Whoever is shown people or refused is written down; what happens is told to those whom it concerns."""

from typing import Any

import pytest

from services.subsidies.commands.decide_claim import EVENTS as CLAIM_EVENTS
from services.subsidies.domain import ClaimAction
from tests.subsidies.world import COUNTY, OTHER_COUNTY, World, school_class, student, unit_id

pytestmark = pytest.mark.anyio

ENTRIES = """SELECT actor, unit, object_id, after FROM audit_entry WHERE action = :action ORDER BY entry_no"""
EVENTS = """SELECT type, division, member, object_id, data FROM outbox_event WHERE type LIKE :type ORDER BY seq"""


async def entries(world: World, action: str) -> list[tuple[Any, ...]]:
    return [tuple(row)[1:] for row in await world.sql(ENTRIES, action=action)]


async def events(world: World, type_: str) -> list[Any]:
    return list(await world.sql(EVENTS, type=type_))


async def test_a_page_of_students_is_recorded_with_its_filters_and_an_empty_one_is_not(world: World) -> None:
    await world.students(COUNTY, student(1), student(2))
    await world.read(COUNTY, "/students", year=2025, claimed_rule="none")
    assert await entries(world, "student.read") == []
    page = await world.read(COUNTY, "/students", year=2025, school=str(unit_id("hn")), limit=1)
    await world.read(OTHER_COUNTY, "/students")
    await world.read("secretariat", "/students", cursor=page["next_cursor"], limit=1)
    assert await entries(world, "student.read") == [
        (f"division:{COUNTY}", "*", {"rows": 1, "query": {"year": 2025, "school": str(unit_id("hn"))}}),
        ("secretariat", "*", {"rows": 1}),
    ]


async def test_lines_about_people_are_recorded_and_lines_about_classes_are_not(world: World) -> None:
    await world.students(COUNTY, student(1), *(student(n, class_code="C-1", claimed_rule=None) for n in range(2, 4)))
    await world.classes(COUNTY, school_class("C-1"))
    for rule in ("sending_award", "school_enterprise_class"):
        await world.claim(COUNTY, rule)
    settled = await world.settle()
    await world.lines(settled, rule="school_enterprise_class")
    assert await entries(world, "settlement_line.read") == []
    [line] = await world.lines(settled, rule="sending_award")
    await world.read("secretariat", f"/settlements/{settled['id']}/lines/{line['no']}")
    assert await entries(world, "settlement_line.read") == [
        ("secretariat", settled["id"], {"rows": 1}),
        ("secretariat", f"{settled['id']}/{line['no']}", {"rows": 1}),
    ]


async def test_a_refusal_is_recorded_with_its_route_and_changes_nothing(world: World) -> None:
    await world.students(COUNTY, student(1))
    claim = await world.claim(COUNTY, "sending_award", accept=False)
    lacking = await world.post(COUNTY, f"/claims/{claim['id']}/acceptance", match=claim["version"])
    foreign = await world.post("secretariat", f"/claims/{claim['id']}/withdrawal", match=claim["version"])
    assert (lacking.status_code, foreign.status_code) == (403, 403)
    found = await world.sql(
        "SELECT actor_role, object_kind, object_id, reason FROM audit_entry WHERE action = 'access.refused' ORDER BY 1"
    )
    assert [tuple(row) for row in found] == [
        ("county_clerk", "route", "POST /claims/{claim_id}/acceptance", "forbidden"),
        ("secretariat_clerk", "route", "POST /claims/{claim_id}/withdrawal", "claim_of_others"),
    ]


async def test_a_claim_is_told_to_its_owner_and_a_settlement_only_when_it_is_confirmed(world: World) -> None:
    await world.students(COUNTY, student(1))
    claim = await world.claim(COUNTY, "sending_award")
    settled = await world.settle()
    await world.post("head", f"/settlements/{settled['id']}/confirmation", match=settled["version"])
    told = await events(world, "claim.%")
    assert [event.type for event in told] == ["claim.opened", "claim.submitted", "claim.accepted"]
    assert {(event.division, event.member, event.object_id) for event in told} == {(COUNTY, None, claim["id"])}
    assert told[-1].data == {
        "year": 2025,
        "rule": "sending_award",
        "owner": f"division:{COUNTY}",
        "collaboration": None,
        "state": "accepted",
        "subjects": 1,
        "requested": "500.00",
    }
    assert [(event.type, event.division, event.member) for event in await events(world, "settlement.%")] == [
        ("settlement.computed", "-", None),
        ("settlement.confirmed", None, None),
    ]


async def test_a_roster_that_changes_reopens_the_claim_and_tells_so(world: World) -> None:
    await world.students(COUNTY, student(1))
    await world.claim(COUNTY, "sending_award")
    await world.students(COUNTY, student(2))
    assert [event.type for event in await events(world, "claim.re%")] == ["claim.reopened"]


async def test_a_refused_step_tells_nothing(world: World) -> None:
    await world.students(COUNTY, student(1))
    claim = await world.claim(COUNTY, "sending_award")
    before = len(await events(world, "%"))
    again = await world.post("secretariat", f"/claims/{claim['id']}/acceptance", match=claim["version"])
    stale = await world.post("secretariat", f"/claims/{claim['id']}/return", {"opinion": "请核对"}, match=1)
    assert (again.status_code, stale.status_code) == (409, 412)
    assert len(await events(world, "%")) == before


async def test_what_a_member_unit_claims_is_told_to_that_unit(world: World) -> None:
    await world.claim("azy", "industry_college", collaboration=str(unit_id("college")))
    told = await events(world, "claim.%")
    assert {(event.division, event.member) for event in told} == {(None, unit_id("azy"))}


async def test_every_action_on_a_claim_has_its_event() -> None:
    assert set(CLAIM_EVENTS) == set(ClaimAction)
