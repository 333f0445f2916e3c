"""The demonstration's workbooks through this service come to what was worked out by hand, to the 分.

The registry is the named fake, filled with the demonstration's members; the whole path is driven end to end elsewhere.
"""

import asyncio
import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from ruamel.yaml import YAML

from hub.demo.alliance import COLLABORATIONS, MEMBERS
from hub.demo.rosters import RosterFile, write_rosters
from services.subsidies.domain import RosterKind
from tests.subsidies.world import World, collaboration, unit_id

pytestmark = pytest.mark.anyio
EXPECTED = Path(__file__).resolve().parents[1] / "demo" / "expected_2025.yaml"


def expected_year() -> dict[str, Any]:
    return dict(YAML(typ="safe").load(EXPECTED.read_text(encoding="utf-8")))


def demonstration_registry(world: World) -> None:
    world.registry.members = [
        {
            "id": str(unit_id(member.slug)),
            "name": member.name,
            "aliases": [member.alias] if member.alias else [],
            "uscc": member.uscc,
            "category": member.category,
            "division": member.division,
            "status": "active",
        }
        for member in MEMBERS
    ]
    world.registry.collaborations = [
        collaboration(
            plan.slug,
            plan.kind,
            plan.name,
            host=plan.host,
            lead=plan.lead,
            recognitions=[(r.level, r.granted_on, None) for r in plan.recognitions],
        )
        for plan in COLLABORATIONS
    ]


async def send(world: World, file: RosterFile) -> None:
    content = await asyncio.to_thread(file.path.read_bytes)
    answer = await world.upload(file.owner, RosterKind(file.kind), content, file.year)
    assert answer.status_code == 202, answer.text
    await world.run_jobs()
    done = await world.read(file.owner, f"/roster-imports/{answer.json()['id']}")
    faults = [(issue["line"], issue["field"], issue["code"]) for issue in done["issues"]]
    assert faults == sorted((refusal.line, refusal.field, refusal.code) for refusal in file.refusals), file.path.name
    assert done["new_rows"] == file.rows - len(file.refusals)


async def claim_all(world: World, expected: dict[str, Any]) -> None:
    ids = {plan.name: str(unit_id(plan.slug)) for plan in COLLABORATIONS}
    for rule, claimants in expected["claims"].items():
        for claimant in claimants:
            if isinstance(claimant, dict):
                await world.claim(claimant["owner"], rule, collaboration=ids[claimant["collaboration"]])
            else:
                await world.claim(claimant, rule)


async def test_the_demonstration_year_is_what_was_worked_out_by_hand(world: World, tmp_path: Path) -> None:
    expected = expected_year()
    demonstration_registry(world)
    for file in await asyncio.to_thread(write_rosters, tmp_path / "rosters"):
        await send(world, file)
    await claim_all(world, expected)
    settled = await world.settle(expected["year"], str(expected["snapshot_date"]))
    _rules(settled, expected)
    totals = expected["totals"]
    assert settled["line_count"] == totals["lines"]
    assert (settled["payable"], settled["within"], settled["above"]) == (
        totals["payable"],
        totals["within_pool"],
        totals["above_pool"],
    )
    [pool] = settled["pools"]
    assert (pool["amount"], pool["left"]) == (expected["pool"]["amount"], totals["unspent"])
    assert {entry["payee_name"]: (entry["within"], entry["above"]) for entry in settled["payees"]} == {
        name: (sums["within_pool"], sums["above_pool"]) for name, sums in expected["payees"].items()
    }
    await _classes(world, settled, expected)
    await _table(world, settled, expected)
    verified = await world.post("secretariat", f"/settlements/{settled['id']}/verification")
    assert verified.json()["matches"] is True
    assert (await world.settle(expected["year"], str(expected["snapshot_date"])))["hash"] == settled["hash"]


def _rules(settled: Any, expected: dict[str, Any]) -> None:
    by_rule = {entry["rule"]: entry for entry in settled["rules"]}
    for rule, wanted in expected["rules"].items():
        found = by_rule[rule]
        assert (found["payable_count"], found["payable"], found["article"]) == (
            wanted["payable"],
            wanted["amount"],
            wanted["article"],
        )
        reasons = {entry["reason"]: entry["count"] for entry in settled["reasons"] if entry["rule"] == rule}
        assert reasons == wanted["excluded"], rule


async def _classes(world: World, settled: Any, expected: dict[str, Any]) -> None:
    lines = await world.lines(settled, rule="school_enterprise_class")
    names = {member.slug: member.name for member in MEMBERS}

    def key(line: Any) -> tuple[str, str]:
        facts = {fact["label"]: fact["value"] for fact in line["facts"]}
        return facts["办学学校"], facts["班级编号"]

    for part, funding in (("classes_within_pool", "within_pool"), ("classes_above_pool", "above_pool")):
        wanted = [(entry["rank"], (names[entry["school"]], entry["code"])) for entry in expected[part]]
        assert [(line["rank"], key(line)) for line in lines if line["funding"] == funding] == wanted
    excluded = {(names[entry["school"]], entry["code"]): entry["reason"] for entry in expected["classes_excluded"]}
    assert {key(line): line["reason"] for line in lines if line["reason"]} == excluded
    for line in (lines[0], lines[17], lines[18], lines[51], lines[-1]):
        full = await world.read("secretariat", f"/settlements/{settled['id']}/lines/{line['no']}")
        assert full["matches"], full


async def _table(world: World, settled: Any, expected: dict[str, Any]) -> None:
    answer = await world.get("secretariat", f"/settlements/{settled['id']}/payment-table.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    *payees, total = [[cell.value for cell in row] for row in book["拨付汇总"].iter_rows(min_row=3)]
    wanted = {name: sums["within_pool"] for name, sums in expected["payees"].items() if sums["within_pool"] != "0.00"}
    assert {row[1]: f"{row[4]:.2f}" for row in payees} == wanted
    assert (f"{total[4]:.2f}", total[5]) == (expected["totals"]["within_pool"], "人民币肆佰玖拾万捌仟伍佰元整")
    above = list(book["超出资金池"].iter_rows(min_row=3, values_only=True))
    assert (len(above), f"{above[-1][6]:.2f}") == (34 + 1, expected["totals"]["above_pool"])
