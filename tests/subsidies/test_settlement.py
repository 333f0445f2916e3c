"""Settling a year through the API: hand-computed cases, the same hash twice, one confirmation, scoped reading."""

from typing import Any

import pytest

from tests.subsidies.world import COUNTY, OTHER_COUNTY, World, cross, school_class, student, unit_id

pytestmark = pytest.mark.anyio


async def small_year(world: World) -> Any:
    """Two counties: 20 students in one class, 3 from another city, one in two schools; a consortium and a college."""
    rows = [student(n, class_code="C1") for n in range(1, 21)]
    rows += [cross(n) for n in range(31, 34)]
    await world.students(COUNTY, *rows)
    await world.classes(COUNTY, school_class("C1"), school_class("C2", enterprise_size="小型"))
    there = {"school": "桐城市示例职业学校", "sending_school": "桐城市示例中学", "origin_division": "340881"}
    await world.students(
        OTHER_COUNTY,
        student(1, **there, enrolled_on="2025-09-02"),  # counted in the first school, where enrolment was earlier
        student(51, **there),
        student(52, **there, status="离校", left_on="2025-10-01"),
    )
    for county in (COUNTY, OTHER_COUNTY):
        await world.claim(county, "sending_award")
    await world.claim(COUNTY, "cross_city_enrolment")
    await world.claim(COUNTY, "school_enterprise_class")
    await world.claim("secretariat", "consortium_provincial", collaboration=str(unit_id("union")))
    await world.claim("azy", "industry_college", collaboration=str(unit_id("college")))
    return await world.settle()


async def test_a_small_year_equals_what_is_computed_by_hand(world: World) -> None:
    settled = await small_year(world)
    assert settled["state"] == "computed", settled
    rules = {entry["rule"]: entry for entry in settled["rules"]}
    by_hand = {
        "consortium_provincial": (1, "500000.00", 0),
        "consortium_national": (0, "0.00", 0),
        "industry_college": (1, "300000.00", 0),
        "school_enterprise_class": (1, "100000.00", 1),
        "sending_award": (21, "10500.00", 2),
        "cross_city_enrolment": (3, "3000.00", 0),
    }
    found = {code: (e["payable_count"], e["payable"], e["excluded_count"]) for code, e in rules.items()}
    assert found == by_hand
    assert (settled["payable"], settled["within"], settled["above"]) == ("913500.00", "913500.00", "0.00")
    [pool] = settled["pools"]
    assert (pool["amount"], pool["payable"], pool["left"]) == ("5000000.00", "913500.00", "4086500.00")
