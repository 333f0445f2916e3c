"""The payment table: totals, capitals, what lies above the pool, and what it says about itself."""

import io
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from tests.subsidies.world import COUNTY, World, collaboration, cross, student, unit_id

pytestmark = pytest.mark.anyio
SHEETS = ["拨付汇总", "明细", "超出资金池", "说明"]


async def table(world: World, settled: Any) -> Any:
    answer = await world.get("secretariat", f"/settlements/{settled['id']}/payment-table.xlsx")
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return openpyxl.load_workbook(io.BytesIO(answer.content))


def rows(sheet: Any) -> list[list[Any]]:
    """The rows below title and header."""
    return [[cell.value for cell in row] for row in sheet.iter_rows(min_row=3)]


async def rich_year(world: World) -> Any:
    """16 industry colleges of 300,000, one of which the pool does not reach whole, and a few students."""
    world.registry.collaborations = [
        collaboration(
            f"c{n:02d}",
            "industry_college",
            f"示例产业学院{n:02d}",
            host="azy" if n else "jishi",
            recognitions=[("provincial", "2025-05-01", None)],
        )
        for n in range(17)
    ]
    for n in range(17):
        who = "azy" if n else "jishi"
        await world.claim(who, "industry_college", collaboration=str(unit_id(f"c{n:02d}")))
    await world.students(COUNTY, student(1), student(2), cross(3))
    for rule in ("sending_award", "cross_city_enrolment"):
        await world.claim(COUNTY, rule)
    return await world.settle()


async def test_the_table_adds_up_and_says_what_it_is_made_of(world: World) -> None:
    settled = await rich_year(world)
    book = await table(world, settled)
    assert book.sheetnames == SHEETS
    _summary(book["拨付汇总"])
    _details(book["明细"])
    _above(book["超出资金池"])
    notes = {row[0].value: row[1].value for row in book["说明"].iter_rows()}
    assert notes["依据文件"].startswith("宜政秘〔2024〕91号《")
    assert notes["快照日"] == "2025年11月30日"
    assert notes["状态"] == "未确认，仅供核对，不得据以拨付"
    assert notes["拨付条件 三(三)"].startswith("拨付前须通过考核。")
    assert settled["hash"] in notes["结算校验值"]
    assert settled["pins"]["registry_version"] in notes["登记信息版本"]
    assert {"条款 二9", "条款 二10", "条款 二11", "条款 二15"} <= set(notes)
    assert "（未确认）" in book["拨付汇总"]["A1"].value


def _summary(sheet: Any) -> None:
    *payees, total = rows(sheet)
    paid = {row[1]: (row[3], row[4], row[5]) for row in payees}
    # 17 colleges are 5,100,000: the sixteenth ends at 4,800,000, nothing after the first that does not fit is paid.
    assert sum(count for count, _, _ in paid.values()) == total[3] == 16
    assert sum(amount for _, amount, _ in paid.values()) == total[4] == 4800000
    assert (total[0], total[5]) == ("合计", "人民币肆佰捌拾万元整")
    capitals = {300000: "人民币叁拾万元整", 4500000: "人民币肆佰伍拾万元整", 4800000: "人民币肆佰捌拾万元整"}
    assert all(capital == capitals[amount] for _, amount, capital in paid.values())
    assert all(len(row[2]) == 18 for row in payees)
    assert {sheet.cell(3 + n, 5).number_format for n in range(len(payees) + 1)} == {"#,##0.00"}


def _details(sheet: Any) -> None:
    *entries, total = rows(sheet)
    assert {(row[1], row[2]) for row in entries} == {("省级产业学院奖补", "二10")}
    assert (sum(row[4] for row in entries), sum(row[5] for row in entries)) == (total[4], total[5]) == (16, 4800000)


def _above(sheet: Any) -> None:
    *lines, total = rows(sheet)
    assert [row[2] for row in lines] == ["省级产业学院奖补", "生源输送奖励", "生源输送奖励", "跨市招生补助"]
    assert [Decimal(row[6]) for row in lines] == [300000, 500, 500, 1000]
    assert (total[0], total[6]) == ("合计", 302000)
    assert lines[1][3] == "王**"


async def test_a_confirmed_table_names_who_confirmed_it_and_its_download_is_audited(world: World) -> None:
    await world.students(COUNTY, student(1), cross(2))
    for rule in ("sending_award", "cross_city_enrolment"):
        await world.claim(COUNTY, rule)
    settled = await world.settle()
    await world.post("head", f"/settlements/{settled['id']}/confirmation", match=settled["version"])
    book = await table(world, settled)
    notes = {row[0].value: row[1].value for row in book["说明"].iter_rows()}
    assert notes["状态"] == "已确认，确认人：测试人员"
    assert "（未确认）" not in book["拨付汇总"]["A1"].value
    assert [row[1:] for row in rows(book["拨付汇总"])] == [
        ["怀宁县示例中学", rows(book["拨付汇总"])[0][2], 1, 500, "人民币伍佰元整"],
        ["怀宁县示例职业学校", rows(book["拨付汇总"])[1][2], 1, 1000, "人民币壹仟元整"],
        [None, None, 2, 1500, "人民币壹仟伍佰元整"],
    ]
    assert rows(book["超出资金池"]) == [["合计", None, None, None, None, None, 0]]
    entries = await world.sql("SELECT action, after FROM audit_entry WHERE action = 'settlement.exported'")
    assert [(entry.action, entry.after) for entry in entries] == [("settlement.exported", {"rows": 2})]


async def test_the_same_settlement_gives_the_same_cells(world: World) -> None:
    await world.students(COUNTY, student(1))
    await world.claim(COUNTY, "sending_award")
    settled = await world.settle()
    first, second = await table(world, settled), await table(world, settled)
    for name in SHEETS:
        assert rows(first[name]) == rows(second[name])
