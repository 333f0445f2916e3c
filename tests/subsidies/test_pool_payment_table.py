"""The payment table once it is decided what is done with what lies above the pool, and that of the year after."""

import io
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from tests.subsidies.deciding import NUMBER, WHY, bring_classes, bring_colleges, confirmed, decided
from tests.subsidies.world import World

pytestmark = pytest.mark.anyio
Rows = list[list[Any]]
ABOVE_HEADS = ["应付（元）", "本年支付（元）", "结转下年（元）", "不予支付（元）"]


async def table(world: World, settled: Any) -> dict[str, Rows]:
    """The rows of each sheet below its title."""
    answer = await world.get("head", f"/settlements/{settled['id']}/payment-table.xlsx")
    assert answer.status_code == 200, answer.text
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    return {sheet.title: [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)] for sheet in book}


async def short_year(world: World, year: int = 2025) -> Any:
    """16 colleges (4,800,000), three ranked classes of 100,000, against 5,000,000."""
    world.registry.collaborations = []
    await bring_colleges(world, 16, year)
    await bring_classes(world, {"C1": 95, "C2": 90, "C3": 85}, year)
    return await confirmed(world, year)


def paid(book: dict[str, Rows]) -> dict[tuple[str, str], tuple[int, Decimal]]:
    """Count and amount by item and payee, and that the two sheets and their totals agree."""
    _, *rows, total = book["明细"]
    found = {(row[1], row[3]): (row[4], money(row[5])) for row in rows}
    assert len(found) == len(rows)
    assert (sum(count for count, _ in found.values()), sum(fen for _, fen in found.values())) == (
        total[4],
        money(total[5]),
    )
    _, *payees, whole = book["拨付汇总"]
    assert (sum(row[3] for row in payees), sum(money(row[4]) for row in payees)) == (whole[3], money(whole[4]))
    assert (whole[3], money(whole[4])) == (total[4], money(total[5]))
    return found


def money(value: Any) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.01"))


def notes(book: dict[str, Rows], label: str) -> list[str]:
    return [text for name, text in book["说明"] if name == label]


async def test_a_pro_rata_table_pays_the_shares_and_lists_every_line_that_gives_way(world: World) -> None:
    settled = await short_year(world)
    row = await decided(world, settled, "pro_rata_all")
    book = await table(world, settled)
    found = paid(book)
    assert sum(amount for _, amount in found.values()) == Decimal(row["paid"]) == Decimal("5000000.00")
    assert found["校企合作班技能人才培养补助", "怀宁县示例职业学校"] == (3, Decimal("294117.63"))
    heads, *lines, total = book["超出资金池"]
    assert heads[6:] == ABOVE_HEADS
    assert len(lines) == 19  # all give way
    assert [money(cell) for cell in total[6:]] == [
        Decimal(row[name]) for name in ("claimed", "paid", "deferred", "unfunded")
    ]
    for line in lines:
        owed, now, later, never = map(money, line[6:])
        assert owed == now + later + never
    [told] = notes(book, "超出资金池")
    assert told.startswith("年度奖补资金：全部按比例。应付 5100000.00 元，本年支付 5000000.00 元，")
    assert f"依据：{NUMBER}。理由：{WHY}。测试人员 于 " in told


async def test_fixed_first_and_shared_classes_list_only_the_lines_that_are_not_paid_in_full(world: World) -> None:
    settled = await short_year(world)
    first = await decided(world, settled, "fixed_first")
    _, *lines, total = (await table(world, settled))["超出资金池"]
    assert [[money(cell) for cell in line[6:]] for line in lines] == [[100000, 0, 0, 100000]]
    assert [money(cell) for cell in total[6:]] == [100000, 0, 0, 100000]
    resolution = world.resolutions.add("resolved")
    await decided(
        world, settled, "pro_rata_classes", replaces=first["id"], resolution=str(resolution), resolution_number=None
    )
    book = await table(world, settled)
    _, *lines, total = book["超出资金池"]
    assert [str(money(line[7])) for line in lines] == ["66666.67", "66666.67", "66666.66"]
    assert [money(cell) for cell in total[6:]] == [300000, 200000, 0, 100000]
    assert paid(book)["校企合作班技能人才培养补助", "怀宁县示例职业学校"] == (3, Decimal("200000.00"))
    [told] = notes(book, "超出资金池")
    assert "依据：宜职教集〔2026〕3号《关于2025年度超出资金处理的决议》。" in told
    assert "（第 2 次）" in told


async def test_what_is_deferred_stands_in_the_next_years_table(world: World) -> None:
    settled = await short_year(world)
    row = await decided(world, settled, "carry_over")
    book = await table(world, settled)
    assert sum(amount for _, amount in paid(book).values()) == Decimal(row["paid"])
    _, *lines, _total = book["超出资金池"]
    assert [[money(cell) for cell in line[6:]] for line in lines] == [[100000, 0, 100000, 0]]
    await bring_colleges(world, 1, 2026)
    following = await confirmed(world, 2026)
    after = await table(world, following)
    assert paid(after) == {
        ("省级产业学院奖补", "安庆技师学院"): (1, Decimal("300000.00")),
        ("校企合作班技能人才培养补助（2025年度结转）", "怀宁县示例职业学校"): (1, Decimal("100000.00")),
    }
    assert notes(after, "上年度结转") == ["2025 年度结转到本年支付 100000.00 元，先从本年的年度奖补资金中列支。"]
    assert notes(after, "超出资金池") == ["超出当年资金的项目不自行压减，未列入拨付；待作出决定并登记文号后另行办理。"]
    entries = await world.sql("SELECT after FROM audit_entry WHERE action = 'settlement.exported' ORDER BY entry_no")
    assert [entry.after for entry in entries] == [{"rows": 4}, {"rows": 2}]


async def test_an_undecided_table_stays_as_it_was(world: World) -> None:
    book = await table(world, await short_year(world))
    heads, *lines, total = book["超出资金池"]
    assert (heads[6:], len(lines), money(total[6])) == (["金额（元）"], 1, Decimal("100000.00"))
    assert notes(book, "超出资金池") == ["超出当年资金的项目不自行压减，未列入拨付；待作出决定并登记文号后另行办理。"]
