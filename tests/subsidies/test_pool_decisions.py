"""Deciding what is done with what lies above a pool: each scenario by hand, every refusal, and who sees what."""

from typing import Any

import pytest

from tests.subsidies.deciding import (
    bring_classes,
    bring_colleges,
    confirmed,
    decided,
    read,
)
from tests.subsidies.world import World

pytestmark = pytest.mark.anyio

# 16 colleges of 300,000 are 4,800,000; three ranked classes of 100,000 make 5,100,000 against 5,000,000.
# to pay, deferred, unfunded; then what the three classes are paid, in their order of rank.
BY_HAND = {
    "fixed_first": ("5000000.00", "0.00", "100000.00", ["100000.00", "100000.00", "0.00"]),
    "pro_rata_classes": ("5000000.00", "0.00", "100000.00", ["66666.67", "66666.67", "66666.66"]),
    "carry_over": ("5000000.00", "100000.00", "0.00", ["100000.00", "100000.00", "0.00"]),
    # 300,000 × 50/51 = 294,117.647…; 100,000 × 50/51 = 98,039.2156…
    "pro_rata_all": ("5000000.00", "0.00", "100000.00", ["98039.21", "98039.21", "98039.21"]),
}


async def short_year(world: World, year: int = 2025) -> Any:
    world.registry.collaborations = []
    await bring_colleges(world, 16, year)
    await bring_classes(world, {"C1": 95, "C2": 90, "C3": 85}, year)
    return await confirmed(world, year)


@pytest.mark.parametrize("scenario", BY_HAND)
async def test_each_scenario_pays_what_is_worked_out_by_hand(world: World, scenario: str) -> None:
    settled = await short_year(world)
    assert (settled["payable"], settled["above"]) == ("5100000.00", "100000.00")
    paid, deferred, unfunded, classes = BY_HAND[scenario]
    row = await decided(world, settled, scenario)
    assert (row["claimed"], row["paid"], row["deferred"], row["unfunded"]) == ("5100000.00", paid, deferred, unfunded)
    told = await read(world, settled)
    assert told["decisions"] == [row]
    [pool] = told["pools"]
    assert (pool["amount"], pool["carried"], pool["to_pay"]) == ("5000000.00", "0.00", paid)
    lines = await world.lines(settled, rule="school_enterprise_class")
    assert [line["to_pay"] for line in lines] == classes
    by_rule = {entry["rule"]: (entry["to_pay"], entry["deferred"]) for entry in told["rules"]}
    assert by_rule["school_enterprise_class"][1] == deferred
