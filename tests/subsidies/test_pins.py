"""Pins: what is kept can be read again, tampering is found, and random years are explained as they were settled."""

import random
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.subsidies.queries.pinned import AcceptedClaim, Pinned, PriorSettlement
from services.subsidies.rules.pins import Pins
from tests.subsidies.world import COUNTY, OTHER_COUNTY, World, cross, school_class, student
from tests.support.databases import TestServer

anyio = pytest.mark.anyio

words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)
claims = st.builds(
    AcceptedClaim,
    id=st.uuids(),
    version=st.integers(1, 9),
    rule=words,
    owner=words,
    collaboration=st.none() | st.uuids(),
)
pins = st.builds(
    Pins,
    alliance=words,
    year=st.integers(2000, 2100),
    snapshot_date=st.dates(),
    policy_pack=words,
    policy_version=st.integers(1, 99),
    policy_sha256=words,
    registry_version=words,
    roster_sequence=st.integers(0, 10**12),
    claims_sha256=words,
    prior_payments_sha256=words,
)
prior = st.builds(PriorSettlement, no=st.integers(1, 9), year=st.integers(2000, 2100), hash=words)


@given(st.builds(Pinned, pins=pins, claims=st.lists(claims).map(tuple), prior=st.lists(prior).map(tuple)))
def test_pins_are_kept_without_loss(pinned: Pinned) -> None:
    assert Pinned.from_json(pinned.to_json()) == pinned


def test_a_claim_for_a_collaboration_covers_no_roster() -> None:
    one = AcceptedClaim(uuid4(), 1, "rule", "division:340822", None)
    other = AcceptedClaim(uuid4(), 1, "rule", "secretariat", UUID(int=1))
    base = Pins("a", 2025, date(2025, 11, 30), "p", 1, "", "", 0, "", "")
    assert Pinned(base, (one, other), ()).covers("rule") == ["division:340822"]
    assert Pinned(base, (one, other), ()).covers("other") == []


@anyio
async def test_a_line_changed_behind_the_services_back_is_found(world: World, server: TestServer) -> None:
    await world.students(COUNTY, student(1), student(2))
    await world.claim(COUNTY, "sending_award")
    settled = await world.settle()
    path = f"/settlements/{settled['id']}/verification"
    assert (await world.post("secretariat", path)).json()["matches"] is True
    connection = await asyncpg.connect(server.plan.url("hub_owner").replace("+asyncpg", "", 1))
    try:
        await connection.execute(
            f"UPDATE subsidies.settlement_line_{settled['no']} SET amount_fen = amount_fen * 2 WHERE amount_fen > 0"
        )
    finally:
        await connection.close()
    found = (await world.post("secretariat", path)).json()
    assert (found["matches"], found["recomputed"] == found["kept"], found["stored_lines"] == found["kept"]) == (
        False,
        True,
        False,
    )
    [entry, *_] = await world.sql(
        "SELECT after FROM audit_entry WHERE action = 'settlement.verify' ORDER BY at DESC, entry_no DESC"
    )
    assert entry.after["matches"] is False


def random_students(pick: random.Random, first: int) -> list[dict[str, Any]]:
    rows = []
    for number in pick.sample(range(first, first + 40), 25):
        make = pick.choice([student, cross])
        left = pick.random() < 0.2
        rows.append(
            make(
                number,
                school=pick.choice(["怀宁县示例职业学校", "安庆技师学院", "安庆职业技术学院", "已退出示例职业学校"]),
                class_code=pick.choice([None, "C1", "C2"]),
                enrolled_on=f"2025-{pick.choice(['08-30', '09-01', '12-01'])}",
                enrolment_year=pick.choice([2025, 2025, 2025, 2024]),
                origin_division=pick.choice(["340822", "341702"]),
                sending_school=pick.choice(["怀宁县示例中学", None, "别处的中学"]),
                status="离校" if left else "在籍",
                left_on=pick.choice(["2025-12-01", "2025-12-20"]) if left else None,
                claimed_rule=pick.choice(["生源输送奖励", "跨市招生补助", "不申报"]),
            )
        )
    return rows


@anyio
@pytest.mark.parametrize("seed", [1, 2])
async def test_random_years_are_explained_as_they_were_settled(world: World, seed: int) -> None:
    pick = random.Random(seed)
    for county in (COUNTY, OTHER_COUNTY):
        await world.students(county, *random_students(pick, 1))
        classes = [
            school_class(f"C{n}", format=pick.choice(["冠名", "其他"]), score=pick.choice([None, 80, 90.5]))
            for n in (1, 2)
        ]
        await world.classes(county, *classes)
    for county, rule in (
        (COUNTY, "sending_award"),
        (OTHER_COUNTY, "cross_city_enrolment"),
        (COUNTY, "school_enterprise_class"),
    ):
        await world.claim(county, rule)
    settled = await world.settle(snapshot_date="2025-12-10")
    assert settled["state"] == "computed", settled
    lines = await world.lines(settled)
    assert len(lines) == settled["line_count"] > 20
    for line in pick.sample(lines, 15):
        full = await world.read("secretariat", f"/settlements/{settled['id']}/lines/{line['no']}")
        assert full["matches"], full
    assert sum(entry["payable_count"] + entry["excluded_count"] for entry in settled["rules"]) == len(lines)
    assert settled["doubled_classes"] == 2
    again = await world.settle(snapshot_date="2025-12-10")
    assert again["hash"] == settled["hash"]
