"""Confirming a settlement while the world moves: other years, the registry, rosters, and two hands at once."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tests.subsidies.world import COUNTY, World, collaboration, school_class, student, unit_id

pytestmark = pytest.mark.anyio


async def confirm(world: World, settled: Any) -> httpx.Response:
    return await world.post("head", f"/settlements/{settled['id']}/confirmation", match=settled["version"])


async def bring_class(world: World, year: int) -> None:
    """The same class of twenty on the rosters of a year, claimed."""
    await world.students(COUNTY, *[student(n, class_code="C1") for n in range(1, 21)], year=year)
    await world.classes(COUNTY, school_class("C1"), year=year)
    await world.claim(COUNTY, "school_enterprise_class", year=year)


def outdated(answer: httpx.Response) -> str:
    assert (answer.status_code, answer.json()["code"]) == (409, "settlement_outdated"), answer.text
    return str(answer.json()["detail"])


async def test_two_years_computed_side_by_side_do_not_both_pay_one_class(world: World) -> None:
    await bring_class(world, 2025)
    await bring_class(world, 2026)
    first, second = await world.settle(2025), await world.settle(2026, "2026-11-30")
    assert (first["payable"], second["payable"]) == ("100000.00", "100000.00")
    assert (await confirm(world, first)).status_code == 200
    assert outdated(await confirm(world, second)) == "计算之后其他年度的确认结算有变动，请重新结算后再确认。"
    told = await world.read("secretariat", f"/settlements/{second['id']}")
    assert told["changed_inputs"] == ["其他年度的确认结算"]
    again = await world.settle(2026, "2026-11-30")
    assert again["payable"] == "0.00"
    assert (await confirm(world, again)).status_code == 200


async def test_a_year_settled_late_does_not_pay_what_a_later_year_has_paid(world: World) -> None:
    levels = [("provincial", "2025-03-01", None), ("national", "2026-05-01", None)]
    world.registry.collaborations[0] = collaboration(
        "union", "consortium", "安庆经开区产教联合体", lead="jingkai", recognitions=levels
    )
    union = str(unit_id("union"))
    await world.claim("secretariat", "consortium_national", collaboration=union, year=2026)
    await world.claim("secretariat", "consortium_provincial", collaboration=union)
    later = await world.settle(2026, "2026-11-30")
    assert later["payable"] == "1000000.00"
    assert (await confirm(world, later)).status_code == 200
    late = await world.settle(2025)
    assert late["payable"] == "0.00"  # 1,000,000 in all is the most for one consortium
    assert late["pins"]["prior_settlements"] == 1


async def test_two_years_confirmed_at_the_same_moment_do_not_both_pay_one_class(world: World) -> None:
    await bring_class(world, 2025)
    await bring_class(world, 2026)
    first, second = await world.settle(2025), await world.settle(2026, "2026-11-30")
    answers = await asyncio.gather(confirm(world, first), confirm(world, second))
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_one_year_confirmed_by_many_hands_is_confirmed_once(world: World) -> None:
    await bring_class(world, 2025)
    drafts = [await world.settle() for _ in range(3)]
    answers = await asyncio.gather(*(confirm(world, draft) for draft in [*drafts, *drafts]))
    assert sorted(answer.status_code for answer in answers)[:2] == [200, 409]
    assert all(answer.status_code in (200, 409, 412) for answer in answers)
    assert (await world.sql("SELECT count(*) FROM settlement WHERE state = 'confirmed'"))[0][0] == 1


async def test_a_recognition_withdrawn_after_the_computation_is_not_confirmed(world: World) -> None:
    await world.claim("secretariat", "consortium_provincial", collaboration=str(unit_id("union")))
    settled = await world.settle()
    assert settled["payable"] == "500000.00"
    world.clock.advance(timedelta(minutes=1))
    world.registry.collaborations[0]["recognitions"][0]["withdrawn_on"] = "2025-11-01"
    assert outdated(await confirm(world, settled)) == "计算之后登记信息有变动，请重新结算后再确认。"
    assert (await world.read("secretariat", f"/settlements/{settled['id']}"))["changed_inputs"] == ["登记信息"]
    assert (await world.settle())["payable"] == "0.00"


async def test_confirming_waits_for_a_roster_that_is_being_taken_in(world: World) -> None:
    await bring_class(world, 2025)
    settled = await world.settle()
    async with world.database.write(world.alliance) as importing:
        await importing.execute(text("UPDATE roster_sequence SET last = last + 1 WHERE alliance = 'anqing'"))
        confirming = asyncio.create_task(confirm(world, settled))
        await asyncio.sleep(0.3)
        assert not confirming.done()
        retired = "UPDATE student SET superseded_seq = (SELECT last FROM roster_sequence) WHERE alliance = 'anqing'"
        await importing.execute(text(retired))
    assert outdated(await confirming) == "计算之后名册有变动，请重新结算后再确认。"
