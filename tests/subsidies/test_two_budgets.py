"""Two budgets that do not suffice are decided on one by one: what is decided on one leaves the other as it was."""

from datetime import timedelta
from typing import Any

import pytest

from tests.subsidies.deciding import bring_classes, bring_colleges, confirmed, decided, read
from tests.subsidies.test_pool_payment_table import money, notes, paid, table
from tests.subsidies.world import World, apply_anqing

pytestmark = pytest.mark.anyio


def with_a_budget_for_classes(part: Any) -> None:
    """150,000 a year for the classes alone, as another document might have it."""
    part["budgets"].append({**part["budgets"][0], "code": "class_pool", "name": "校企合作班专项", "amount": "150000"})
    [rule] = [rule for rule in part["rules"] if rule["code"] == "school_enterprise_class"]
    rule["budget"] = "class_pool"


async def short_year(world: World) -> Any:
    """17 colleges are 5,100,000 of 5,000,000: 300,000 lie above. Two classes are 200,000 of 150,000: 100,000 above."""
    world.clock.advance(timedelta(minutes=1))
    await apply_anqing(world.database, world.clock, change=with_a_budget_for_classes)
    world.registry.collaborations = []
    await bring_colleges(world, 17)
    await bring_classes(world, {"C1": 95, "C2": 90})
    return await confirmed(world)


def to_pay(told: Any) -> dict[str, tuple[str, str]]:
    return {pool["budget"]: (pool["to_pay"], pool["above"]) for pool in told["pools"]}


async def waiting(world: World) -> list[tuple[str, str]]:
    items = (await world.read("head", "/todos"))["items"]
    return [(item["state"], item["detail"]) for item in items if item["kind"] == "pool_to_decide"]


async def test_each_budget_has_its_own_decisions(world: World) -> None:
    settled = await short_year(world)
    assert to_pay(settled) == {"award_pool": ("4800000.00", "300000.00"), "class_pool": ("100000.00", "100000.00")}
    assert await waiting(world) == [("open", "2 项资金不足以支付，待决定")]
    classes = await decided(world, settled, "pro_rata_classes", budget="class_pool")
    assert (classes["budget_name"], classes["no"], classes["paid"]) == ("校企合作班专项", 1, "150000.00")
    assert to_pay(await read(world, settled)) == {
        "award_pool": ("4800000.00", "300000.00"),
        "class_pool": ("150000.00", "100000.00"),
    }
    assert await waiting(world) == [("open", "1 项资金不足以支付，待决定")]
    lines = await world.lines(settled, outcome="payable")
    assert [(line["budget"], line["to_pay"]) for line in lines[-3:]] == [
        ("award_pool", "0.00"),
        ("class_pool", "75000.00"),
        ("class_pool", "75000.00"),
    ]
    awards = await decided(world, settled, "carry_over")
    assert (awards["no"], awards["replaces"], awards["deferred"]) == (1, None, "300000.00")
    assert await waiting(world) == [("done", "已决定：超出部分结转下年、固定奖补全额，择优项目按比例")]
    following = await world.settle(2026, "2026-11-30")
    assert {pool["budget"]: (pool["amount"], pool["carried"], pool["left"]) for pool in following["pools"]} == {
        "award_pool": ("5000000.00", "300000.00", "4700000.00"),
        "class_pool": ("150000.00", "0.00", "150000.00"),
    }


async def test_the_payment_table_tells_a_decided_budget_from_one_that_waits(world: World) -> None:
    settled = await short_year(world)
    await decided(world, settled, "pro_rata_classes", budget="class_pool")
    book = await table(world, settled)
    assert sum(amount for _, amount in paid(book).values()) == 4_950_000
    _, *lines, total = book["超出资金池"]
    assert [[None if cell is None else money(cell) for cell in line[6:]] for line in lines] == [
        [300000, 0, None, None],
        [100000, 75000, 0, 25000],
        [100000, 75000, 0, 25000],
    ]
    assert [money(cell) for cell in total[6:]] == [500000, 150000, 0, 50000]
    told, undecided = notes(book, "超出资金池")
    assert told.startswith("校企合作班专项：固定奖补全额，择优项目按比例。应付 200000.00 元，本年支付 150000.00 元")
    assert undecided.startswith("超出当年资金的项目不自行压减")


async def test_what_was_deferred_is_paid_even_when_a_later_document_has_no_such_budget(world: World) -> None:
    await decided(world, await short_year(world), "carry_over", budget="class_pool")
    world.clock.advance(timedelta(minutes=1))
    await apply_anqing(world.database, world.clock)
    following = await confirmed(world, 2026)
    assert [(pool["budget"], pool["carried"]) for pool in following["pools"]] == [("award_pool", "0.00")]
    book = await table(world, following)
    assert paid(book) == {("校企合作班技能人才培养补助（2025年度结转）", "怀宁县示例职业学校"): (1, money(100000))}
    assert notes(book, "上年度结转") == [
        "2025 年度结转到本年支付 100000.00 元，原列支的资金不在本年所依据的文件中，须另行落实来源。"
    ]
