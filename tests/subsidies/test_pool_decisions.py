"""Deciding what is done with what lies above a pool: each scenario by hand, every refusal, and who sees what."""

import asyncio
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from tests.subsidies.deciding import (
    NUMBER,
    WHY,
    bring_classes,
    bring_colleges,
    confirmed,
    decide,
    decided,
    read,
    refusal,
)
from tests.subsidies.world import COUNTY, World, school_class, unit_id

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
    for entries in (told["rules"], told["payees"]):
        assert sum(Decimal(entry["to_pay"]) for entry in entries) == Decimal(paid)
        assert sum(Decimal(entry["deferred"]) for entry in entries) == Decimal(deferred)
    [sums] = await world.sql("SELECT count(*), sum(paid_fen) AS paid, sum(deferred_fen) AS deferred FROM decided_line")
    assert (sums.count, sums.paid, sums.deferred) == (19, Decimal(paid) * 100, Decimal(deferred) * 100)


async def test_a_decision_is_told_whole_with_what_it_rests_on(world: World) -> None:
    settled = await short_year(world)
    resolution = world.resolutions.add("resolved")
    body = {"resolution": str(resolution), "resolution_number": "", "opinion": f"  {WHY} "}
    row = await decided(world, settled, "carry_over", **body)
    assert row == {
        "id": row["id"],
        "budget": "award_pool",
        "budget_name": "年度奖补资金",
        "no": 1,
        "scenario": "carry_over",
        "label": "超出部分结转下年",
        "explanation": "固定奖补先付，其余按择优名次付至资金用完，超出的列入下年资金支付。",
        "claimed": "5100000.00",
        "paid": "5000000.00",
        "deferred": "100000.00",
        "unfunded": "0.00",
        "opinion": WHY,
        "cited": {
            "id": str(resolution),
            "number": "宜职教集〔2026〕3号",
            "title": "关于2025年度超出资金处理的决议",
        },
        "replaces": None,
        "decided_at": row["decided_at"],
        "decided_by_name": "测试人员",
    }
    [entry] = await world.sql(
        "SELECT actor_role, object_id, before, after, reason FROM audit_entry WHERE action = 'settlement.pool_decided'"
    )
    assert (entry.actor_role, entry.object_id, entry.before, entry.reason) == (
        "secretariat_head",
        settled["id"],
        None,
        WHY,
    )
    assert (entry.after["decision"], entry.after["scenario"], entry.after["resolution"]) == (
        row["id"],
        "carry_over",
        str(resolution),
    )
    [event] = await world.sql("SELECT * FROM outbox_event WHERE type = 'settlement.pool_decided'")
    assert (event.object_kind, event.object_id, event.division, event.member) == (
        "settlement",
        settled["id"],
        None,
        None,
    )
    assert event.data == {
        "year": 2025,
        "budget": "award_pool",
        "scenario": "carry_over",
        "paid": "5000000.00",
        "deferred": "100000.00",
        "unfunded": "0.00",
    }
    answer = await world.read("head", "/citing-decisions", resolution=str(resolution))
    assert answer == {
        "items": [
            {
                "title": "2025年度结算：超出年度奖补资金的处理",
                "detail": "超出部分结转下年",
                "href": f"/subsidies/settlements/{settled['id']}",
                "on": row["decided_at"][:10],
            }
        ],
        "total": 1,
    }
    assert (await world.read(COUNTY, "/citing-decisions", resolution=str(resolution))) == answer
    assert (await world.read("head", "/citing-decisions", resolution=str(uuid4()))) == {"items": [], "total": 0}
    assert (await world.get("head", "/citing-decisions")).status_code == 422


async def test_a_decision_that_replaces_another_says_so_and_both_are_kept(world: World) -> None:
    settled = await short_year(world)
    first = await decided(world, settled, "carry_over")
    second = await decided(world, settled, "pro_rata_classes", replaces=first["id"])
    assert (second["no"], second["replaces"]) == (2, first["id"])
    told = await read(world, settled)
    assert [row["id"] for row in told["decisions"]] == [second["id"], first["id"]]
    assert [(entry["to_pay"], entry["deferred"]) for entry in told["rules"] if entry["payable_count"]] == [
        ("4800000.00", "0.00"),
        ("200000.00", "0.00"),
    ]
    changed = await world.sql(
        "SELECT before, after FROM audit_entry WHERE action = 'settlement.pool_decided' ORDER BY entry_no"
    )
    assert [entry.before and entry.before["decision"] for entry in changed] == [None, first["id"]]
    lines = await world.sql("SELECT decision::text, count(*) FROM decided_line GROUP BY 1")
    assert {tuple(row) for row in lines} == {(first["id"], 19), (second["id"], 19)}


async def test_the_same_request_again_is_answered_alike_and_decides_once(world: World) -> None:
    settled = await short_year(world)
    body = {"budget": "award_pool", "scenario": "fixed_first", "opinion": WHY, "resolution_number": NUMBER}
    path = f"/settlements/{settled['id']}/pool-decisions"
    first = await world.post("head", path, body, **{"Idempotency-Key": "once"})
    again = await world.post("head", path, body, **{"Idempotency-Key": "once"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert len((await read(world, settled))["decisions"]) == 1


async def test_two_heads_at_once_decide_once(world: World) -> None:
    settled = await short_year(world)
    answers = await asyncio.gather(*(decide(world, settled, scenario) for scenario in BY_HAND))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    refused = {refusal(answer) for answer in answers if answer.status_code == 409}
    assert refused == {(409, "pool_decision_overtaken")}
    assert len((await read(world, settled))["decisions"]) == 1


async def test_what_is_wrong_in_the_form_is_told_by_field(world: World) -> None:
    settled = await short_year(world)
    empty = await decide(world, settled, "all_of_it", opinion=" 好 ", replaces="x")
    assert empty.status_code == 422
    assert {issue["field"] for issue in empty.json()["errors"]} == {"opinion", "scenario", "replaces"}
    other = await decide(world, settled, "carry_over", budget="no_pool")
    assert (other.status_code, [issue["code"] for issue in other.json()["errors"]]) == (422, ["budget_unknown"])
    assert "award_pool" in other.json()["errors"][0]["message"]
    more = await decide(world, settled, "carry_over", amount="1.00")
    assert more.status_code == 422
    assert await nothing_kept(world)


async def nothing_kept(world: World) -> bool:
    counts = [await world.sql(f"SELECT count(*) FROM {table}") for table in ("pool_decision", "decided_line")]
    told = await world.sql("SELECT count(*) FROM outbox_event WHERE type = 'settlement.pool_decided'")
    return [rows[0][0] for rows in (*counts, told)] == [0, 0, 0]


async def test_a_decision_rests_on_a_resolution_that_was_carried_or_on_a_number(world: World) -> None:
    settled = await short_year(world)
    lost = world.resolutions.add("lost", outcome="rejected")
    foreign = world.resolutions.add("foreign", alliance="xiaogan")
    kept = world.resolutions.add("kept")
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({"resolution_number": "  "}, ["basis_missing"]),
        ({"resolution_number": None, "resolution": str(uuid4())}, ["resolution_unknown"]),
        ({"resolution_number": None, "resolution": str(foreign)}, ["resolution_unknown"]),
        ({"resolution_number": None, "resolution": str(lost)}, ["resolution_not_passed"]),
        ({"resolution": str(kept)}, ["resolution_cited_twice"]),
    ]
    for body, codes in cases:
        answer = await decide(world, settled, "carry_over", **body)
        assert (answer.status_code, [issue["code"] for issue in answer.json()["errors"]]) == (422, codes)
    world.resolutions.down = True
    answer = await decide(world, settled, "carry_over", resolution=str(kept), resolution_number=None)
    assert answer.status_code == 503
    assert await nothing_kept(world)
    by_number = await decided(world, settled, "carry_over")  # what is not on record needs no registry
    assert by_number["cited"] == {"id": None, "number": NUMBER, "title": None}


async def test_only_the_head_decides(world: World) -> None:
    settled = await short_year(world)
    for who in ("secretariat", "leader", COUNTY, "azy"):
        assert (await decide(world, settled, "carry_over", who=who)).status_code == 403
    assert (await decide(world, {"id": str(uuid4())}, "carry_over")).status_code == 404
    assert await nothing_kept(world)


async def test_only_a_confirmed_settlement_with_something_above_its_pool_is_decided_on(world: World) -> None:
    world.registry.collaborations = []
    await bring_colleges(world, 17)
    draft = await world.settle()
    assert refusal(await decide(world, draft, "carry_over")) == (409, "settlement_not_confirmed")
    unknown = await decide(world, draft, "carry_over", budget="no_pool")
    assert refusal(unknown) == (409, "settlement_not_confirmed")
    await bring_colleges(world, 1, 2026)
    enough = await confirmed(world, 2026)
    assert refusal(await decide(world, enough, "carry_over", replaces=str(uuid4()))) == (409, "nothing_above_pool")
    assert await nothing_kept(world)


async def test_a_decision_replaces_the_one_that_stands_and_no_other(world: World) -> None:
    settled = await short_year(world)
    none_yet = await decide(world, settled, "carry_over", replaces=str(uuid4()))
    assert refusal(none_yet) == (409, "pool_decision_overtaken")
    assert "还没有作出过决定" in none_yet.json()["detail"]
    first = await decided(world, settled, "fixed_first")
    second = await decided(world, settled, "fixed_first", replaces=first["id"])
    for replaces in (None, first["id"], str(uuid4())):
        late = await decide(world, settled, "carry_over", replaces=replaces, resolution_number=None)
        assert refusal(late) == (409, "pool_decision_overtaken")
        assert "测试人员 作出的第 2 次决定（先保固定奖补，择优项目按名次）" in late.json()["detail"]
    assert [row["id"] for row in (await read(world, settled))["decisions"]] == [second["id"], first["id"]]


async def test_a_county_sees_what_its_own_are_paid_and_the_decision_but_no_other_payee(world: World) -> None:
    settled = await short_year(world)
    before = await read(world, settled, COUNTY)
    assert [(entry["payee_name"], entry["to_pay"]) for entry in before["payees"]] == [
        ("怀宁县示例职业学校", "200000.00")
    ]
    row = await decided(world, settled, "pro_rata_classes")
    told = await read(world, settled, COUNTY)
    assert (told["decisions"], told["scenarios"]) == ([row], [])
    assert [(entry["payee_name"], entry["to_pay"]) for entry in told["payees"]] == [("怀宁县示例职业学校", "200000.00")]
    lines = await world.lines(settled, COUNTY, outcome="payable")
    assert [(line["payee"], line["to_pay"]) for line in lines] == [
        (str(unit_id("hn")), amount) for amount in ("66666.67", "66666.67", "66666.66")
    ]
    assert {entry["to_pay"] for entry in (await read(world, settled, "azy"))["payees"]} == {"4500000.00"}
    full = await world.read(COUNTY, f"/settlements/{settled['id']}/lines/{lines[0]['no']}")
    assert (full["to_pay"], full["matches"]) == ("66666.67", True)


async def test_before_a_decision_a_line_above_the_pool_is_paid_nothing_and_an_excluded_one_has_no_sum(
    world: World,
) -> None:
    settled = await short_year(world)
    lines = await world.lines(settled, rule="school_enterprise_class")
    assert [line["to_pay"] for line in lines] == ["100000.00", "100000.00", "0.00"]
    assert settled["decisions"] == []
    [pool] = settled["pools"]
    assert (pool["to_pay"], pool["within"]) == ("5000000.00", "5000000.00")
    await world.classes(COUNTY, school_class("S1", year=2026, enterprise_size="小型"), year=2026)
    await world.claim(COUNTY, "school_enterprise_class", year=2026)
    [line] = await world.lines(await world.settle(2026, "2026-11-30"), rule="school_enterprise_class")
    assert (line["outcome"], line["to_pay"], line["amount"]) == ("excluded", None, "0.00")


async def test_the_head_is_asked_to_decide_until_it_is_done(world: World) -> None:
    async def asked(who: str) -> list[tuple[str, ...]]:
        items = (await world.read(who, "/todos"))["items"]
        names = ("id", "title", "detail", "state", "href")
        return [tuple(item[name] for name in names) for item in items if item["kind"] == "pool_to_decide"]

    settled = await short_year(world)
    await bring_colleges(world, 1, 2026)
    await confirmed(world, 2026)  # whose pool suffices: nothing to decide
    href = f"/subsidies/settlements/{settled['id']}"
    same = (f"pool_to_decide:{settled['id']}", "决定超出资金池的处理（2025年度）")
    assert await asked("head") == [(*same, "1 项资金不足以支付，待决定", "open", href)]
    assert await asked("secretariat") == await asked(COUNTY) == []
    await decided(world, settled, "fixed_first")
    assert await asked("head") == [(*same, "已决定：先保固定奖补，择优项目按名次", "done", href)]


async def test_odd_texts_are_refused_and_never_end_in_a_failure(world: World) -> None:
    settled = await short_year(world)
    long = "长" * 1001
    odd = [{"opinion": text} for text in ("\x00好的", long, ["好的"], None, 7)]
    odd += [{"resolution_number": text} for text in ("\x00号", "号" * 101, {}, 3)]
    odd += [{"budget": text} for text in ("\x00", "b" * 64, None, "award_pool ")]
    for changes in odd:
        answer = await decide(world, settled, "carry_over", **changes)
        assert answer.status_code in (400, 422), (changes, answer.text)
        assert answer.json()["code"]
    assert await nothing_kept(world)
