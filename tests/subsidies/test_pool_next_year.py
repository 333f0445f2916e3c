"""What a decision above the pool means for other years: who counts as paid, what is charged to the next pool, and who
may still change it."""

import asyncio
from typing import Any

import pytest

from tests.subsidies.deciding import (
    bring_classes,
    bring_colleges,
    confirmed,
    decide,
    decided,
    read,
    refusal,
)
from tests.subsidies.world import COUNTY, World, collaboration, school_class, student, unit_id

pytestmark = pytest.mark.anyio
CLASSES = {"C1": 95, "C2": 90, "C3": 85}


async def short_year(world: World, year: int = 2025) -> Any:
    """4,800,000 for colleges and 300,000 for three ranked classes, against 5,000,000."""
    world.registry.collaborations = []
    await bring_colleges(world, 16, year)
    await bring_classes(world, CLASSES, year)
    return await confirmed(world, year)


async def same_classes_again(world: World, year: int = 2026) -> Any:
    """The same classes, which opened in 2025, on the rosters of another year, claimed; returns its settlement."""
    rows = [
        student(place * 20 + n, class_code=code, claimed_rule="不申报")
        for place, code in enumerate(CLASSES)
        for n in range(1, 21)
    ]
    await world.students(COUNTY, *rows, year=year)
    await world.classes(COUNTY, *[school_class(code, score=score) for code, score in CLASSES.items()], year=year)
    await world.claim(COUNTY, "school_enterprise_class", year=year)
    return await world.settle(year, f"{year}-11-30")


def pool_of(settled: Any) -> tuple[str, ...]:
    [pool] = settled["pools"]
    return tuple(pool[name] for name in ("amount", "carried", "payable", "within", "left", "to_pay"))


async def outcomes(world: World, settled: Any) -> dict[str, Any]:
    lines = await world.lines(settled, rule="school_enterprise_class")
    for line in lines:
        full = await world.read("head", f"/settlements/{settled['id']}/lines/{line['no']}")
        assert full["matches"], full
    return {line["subject"][-3:-1]: line["reason"] or line["funding"] for line in lines}


PAID, OWED = "already_paid", "within_pool"


@pytest.mark.parametrize(
    ("scenario", "third", "pool"),
    [
        (None, OWED, ("5000000.00", "0.00", "100000.00", "100000.00", "4900000.00", "100000.00")),
        ("fixed_first", OWED, ("5000000.00", "0.00", "100000.00", "100000.00", "4900000.00", "100000.00")),
        ("pro_rata_classes", PAID, ("5000000.00", "0.00", "0.00", "0.00", "5000000.00", "0.00")),
        ("pro_rata_all", PAID, ("5000000.00", "0.00", "0.00", "0.00", "5000000.00", "0.00")),
        ("carry_over", PAID, ("5000000.00", "100000.00", "0.00", "0.00", "4900000.00", "0.00")),
    ],
)
async def test_the_next_year_counts_as_paid_what_was_decided(
    world: World, scenario: str | None, third: str, pool: tuple[str, ...]
) -> None:
    settled = await short_year(world)
    if scenario:
        await decided(world, settled, scenario)
    following = await same_classes_again(world)
    assert await outcomes(world, following) == {"C1": PAID, "C2": PAID, "C3": third}
    assert pool_of(following) == pool
    verified = await world.post("secretariat", f"/settlements/{following['id']}/verification")
    assert verified.json()["matches"] is True


async def test_a_decision_makes_drafts_of_other_years_outdated_and_what_was_pinned_stays_readable(world: World) -> None:
    settled = await short_year(world)
    before = await same_classes_again(world)
    first = await decided(world, settled, "carry_over")
    told = await read(world, before)
    assert told["changed_inputs"] == ["其他年度的确认结算"]
    assert pool_of(told) == ("5000000.00", "0.00", "100000.00", "100000.00", "4900000.00", "100000.00")
    late = await world.post("head", f"/settlements/{before['id']}/confirmation", match=before["version"])
    assert refusal(late) == (409, "settlement_outdated")
    second = await world.settle(2026, "2026-11-30")
    await decided(world, settled, "pro_rata_classes", replaces=first["id"])
    third = await world.settle(2026, "2026-11-30")
    for draft, kept in ((before, OWED), (second, PAID), (third, PAID)):
        assert (await outcomes(world, draft))["C3"] == kept
        answer = await world.post("secretariat", f"/settlements/{draft['id']}/verification")
        assert answer.json()["matches"] is True
    assert [pool_of(draft)[1] for draft in (before, second, third)] == ["0.00", "100000.00", "0.00"]
    assert (await read(world, third))["changed_inputs"] == []


async def test_what_was_deferred_leaves_so_much_less_for_the_next_year(world: World) -> None:
    """The next year has 16 colleges and two classes, exactly 5,000,000: the second class no longer fits."""
    await decided(world, await short_year(world), "carry_over")
    await bring_colleges(world, 16, 2026)
    await bring_classes(world, {"E1": 80, "E2": 70}, 2026)
    following = await confirmed(world, 2026)
    assert pool_of(following) == ("5000000.00", "100000.00", "5000000.00", "4900000.00", "0.00", "4900000.00")
    # What stands above now is decided on with what is left: two classes share 100,000.
    row = await decided(world, following, "pro_rata_classes")
    assert (row["claimed"], row["paid"], row["unfunded"]) == ("5000000.00", "4900000.00", "100000.00")
    lines = await world.lines(following, rule="school_enterprise_class", outcome="payable")
    assert [line["to_pay"] for line in lines] == ["50000.00", "50000.00"]
    after = await world.settle(2027, "2027-11-30")
    assert pool_of(after)[:2] == ("5000000.00", "0.00")  # 2025 deferred to 2026 and to no later year


async def test_a_recognition_counts_with_what_it_was_paid_and_a_higher_level_gets_the_rest(world: World) -> None:
    """A consortium paid 490,196.07 of 500,000 in 2025 gets 1,000,000 less that when it becomes a national one."""
    world.registry.collaborations = []
    await bring_consortium(world, [("provincial", "2025-03-01", None)], "consortium_provincial", 2025)
    await bring_colleges(world, 15)
    await bring_classes(world, {"C1": 95, "C2": 90}, 2025)
    settled = await confirmed(world)
    assert settled["payable"] == "5200000.00"
    await decided(world, settled, "pro_rata_all")
    [line] = await world.lines(settled, rule="consortium_provincial")
    assert line["to_pay"] == "480769.23"  # 500,000 × 50/52 = 480,769.2307…
    levels = [("provincial", "2025-03-01", None), ("national", "2026-03-01", None)]
    world.registry.collaborations = world.registry.collaborations[1:]
    await bring_consortium(world, levels, "consortium_national", 2026)
    following = await world.settle(2026, "2026-11-30")
    [line] = await world.lines(following, rule="consortium_national")
    assert (line["outcome"], line["amount"]) == ("payable", "519230.77")


async def bring_consortium(world: World, levels: list[Any], rule: str, year: int) -> None:
    union = collaboration("union", "consortium", "安庆经开区产教联合体", lead="jingkai", recognitions=levels)
    world.registry.collaborations.insert(0, union)
    await world.claim("secretariat", rule, collaboration=str(unit_id("union")), year=year)


async def test_what_a_confirmed_year_relied_upon_is_not_decided_otherwise(world: World) -> None:
    settled = await short_year(world)
    following = await same_classes_again(world)
    answer = await world.post("head", f"/settlements/{following['id']}/confirmation", match=following["version"])
    assert answer.status_code == 200
    for scenario in ("pro_rata_classes", "pro_rata_all"):
        refused = await decide(world, settled, scenario)
        assert refusal(refused) == (409, "decision_relied_upon")
        assert refused.json()["detail"].startswith("2026 年度的结算已确认")
    assert refusal(await decide(world, settled, "carry_over")) == (409, "next_year_confirmed")
    first = await decided(world, settled, "fixed_first")  # which is what the next year counted with
    better = await decided(world, settled, "fixed_first", replaces=first["id"])
    assert better["no"] == 2
    again = await world.post("secretariat", f"/settlements/{following['id']}/verification")
    assert again.json()["matches"] is True


async def test_a_deferral_that_the_next_year_paid_stays_but_may_get_a_better_document(world: World) -> None:
    settled = await short_year(world)
    first = await decided(world, settled, "carry_over")
    await bring_colleges(world, 1, 2026)
    following = await confirmed(world, 2026)
    assert pool_of(following)[1] == "100000.00"
    for scenario in ("fixed_first", "pro_rata_classes"):
        refused = await decide(world, settled, scenario, replaces=first["id"])
        assert refusal(refused) == (409, "decision_relied_upon")
    second = await decided(world, settled, "carry_over", replaces=first["id"], resolution_number="宜职教集〔2026〕12号")
    assert second["no"] == 2
    again = await world.post("secretariat", f"/settlements/{following['id']}/verification")
    assert again.json()["matches"] is True
    assert pool_of(await read(world, following))[1] == "100000.00"


async def test_nothing_is_deferred_to_a_year_that_was_confirmed_before_this_one(world: World) -> None:
    """The year 2026 was confirmed first and does not count with 2025: only a deferral is out of the question."""
    world.registry.collaborations = []
    await confirmed(world, 2026)
    settled = await short_year(world)
    assert refusal(await decide(world, settled, "carry_over")) == (409, "next_year_confirmed")
    await decided(world, settled, "pro_rata_classes")


async def test_nothing_is_deferred_beyond_the_years_of_the_budget(world: World) -> None:
    settled = await short_year(world, 2027)
    refused = await decide(world, settled, "carry_over")
    assert refusal(refused) == (409, "no_pool_next_year")
    assert "2028 年度的年度奖补资金" in refused.json()["detail"]
    await decided(world, settled, "pro_rata_all")


async def test_no_more_is_deferred_than_the_next_year_has(world: World) -> None:
    """33 colleges are 9,900,000: 4,800,000 within the pool and 5,100,000 above it."""
    world.registry.collaborations = []
    await bring_colleges(world, 33)
    settled = await confirmed(world)
    assert settled["above"] == "5100000.00"
    refused = await decide(world, settled, "carry_over")
    assert refusal(refused) == (409, "deferral_exceeds_pool")
    assert "5100000.00" in refused.json()["detail"]
    await decided(world, settled, "pro_rata_all")


async def test_a_decision_and_the_confirmation_of_the_next_year_do_not_both_pass(world: World) -> None:
    settled = await short_year(world)
    following = await same_classes_again(world)
    confirming = world.post("head", f"/settlements/{following['id']}/confirmation", match=following["version"])
    deciding, confirmation = await asyncio.gather(decide(world, settled, "pro_rata_classes"), confirming)
    assert sorted([deciding.status_code, confirmation.status_code]) in ([200, 409], [201, 409])
    if deciding.status_code == 409:
        assert refusal(deciding) == (409, "decision_relied_upon")
    else:
        assert refusal(confirmation) == (409, "settlement_outdated")
