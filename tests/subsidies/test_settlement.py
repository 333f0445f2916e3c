"""Settling a year through the API: hand-computed cases, the same hash twice, one confirmation, scoped reading."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.subsidies.rules.vocabulary import Reason
from tests.subsidies.world import (
    COUNTY,
    OTHER_COUNTY,
    World,
    collaboration,
    cross,
    school_class,
    student,
    unit_id,
)

pytestmark = pytest.mark.anyio
THERE = {"school": "桐城市示例职业学校", "sending_school": "桐城市示例中学", "origin_division": "340881"}


async def small_year(world: World) -> Any:
    """Two counties: 20 students in one class, 3 from another city, one in two schools; a consortium and a college."""
    rows = [student(n, class_code="C1") for n in range(1, 21)]
    await world.students(COUNTY, *rows, *[cross(n) for n in range(31, 34)])
    await world.classes(COUNTY, school_class("C1"), school_class("C2", enterprise_size="小型"))
    await world.students(
        OTHER_COUNTY,
        student(1, **THERE, enrolled_on="2025-09-02"),  # counted in the first school, where enrolment was earlier
        student(51, **THERE),
        student(52, **THERE, status="离校", left_on="2025-10-01"),
    )
    for county in (COUNTY, OTHER_COUNTY):
        await world.claim(county, "sending_award")
    await world.claim(COUNTY, "cross_city_enrolment")
    await world.claim(COUNTY, "school_enterprise_class")
    await world.claim("secretariat", "consortium_provincial", collaboration=str(unit_id("union")))
    await world.claim("azy", "industry_college", collaboration=str(unit_id("college")))
    return await world.settle()


def payable(settled: Any) -> dict[str, tuple[int, str]]:
    return {entry["rule"]: (entry["payable_count"], entry["payable"]) for entry in settled["rules"]}


async def stored(world: World, settled: Any) -> list[tuple[Any, ...]]:
    columns = "line_no, rule_no, subject_kind, subject_no, payee, outcome, reason, rank, funding, amount_fen"
    return await world.sql(
        f"SELECT {columns} FROM settlement_line WHERE settlement_no = :no ORDER BY line_no", no=settled["no"]
    )


async def test_a_small_year_equals_what_is_computed_by_hand(world: World) -> None:
    settled = await small_year(world)
    assert settled["state"] == "computed", settled
    by_hand = {
        "consortium_provincial": (1, "500000.00", 0),
        "consortium_national": (0, "0.00", 0),
        "industry_college": (1, "300000.00", 0),
        "school_enterprise_class": (1, "100000.00", 1),
        "sending_award": (21, "10500.00", 2),
        "cross_city_enrolment": (3, "3000.00", 0),
    }
    found = {e["rule"]: (e["payable_count"], e["payable"], e["excluded_count"]) for e in settled["rules"]}
    assert found == by_hand
    assert (settled["payable"], settled["within"], settled["above"]) == ("913500.00", "913500.00", "0.00")
    [pool] = settled["pools"]
    assert (pool["amount"], pool["payable"], pool["left"]) == ("5000000.00", "913500.00", "4086500.00")
    assert (settled["scenarios"], settled["changed_inputs"], settled["doubled_classes"]) == ([], [], 0)
    assert {entry["payee_name"]: entry["payable"] for entry in settled["payees"]} == {
        "安庆经济技术开发区管理委员会": "500000.00",
        "安庆职业技术学院": "300000.00",
        "怀宁县示例职业学校": "103000.00",
        "怀宁县示例中学": "10000.00",
        "桐城市示例中学": "500.00",
    }
    assert {(entry["rule"], entry["reason"]): entry["count"] for entry in settled["reasons"]} == {
        ("sending_award", "duplicate_student"): 1,
        ("sending_award", "left_before_snapshot"): 1,
        ("school_enterprise_class", "enterprise_too_small"): 1,
    }


async def test_every_line_is_explained_and_the_explanation_agrees_with_it(world: World) -> None:
    settled = await small_year(world)
    lines = await world.lines(settled)
    assert [line["no"] for line in lines] == list(range(1, 31))
    for line in lines:
        if line["kind"] == "student" and 5 < line["no"] < 20:
            continue  # alike
        full = await world.read("secretariat", f"/settlements/{settled['id']}/lines/{line['no']}")
        assert full["matches"], full
        assert {name: full[name] for name in line} == line
        failed = [condition["code"] for condition in full["conditions"] if not condition["holds"]]
        assert failed[:1] == ([line["reason"]] if line["reason"] else [])
        assert all(condition["article"] for condition in full["conditions"])
        assert full["article_summary"]
    [duplicate] = [line for line in lines if line["reason"] == "duplicate_student"]
    assert (duplicate["sentence"], duplicate["amount"]) == (Reason.DUPLICATE_STUDENT.sentence, "0.00")
    facts = {fact["label"]: fact["value"] for fact in duplicate["facts"]}
    assert (facts["就读学校"], facts["报送单位"]) == ("桐城市示例职业学校", "桐城市")
    full = await world.read("secretariat", f"/settlements/{settled['id']}/lines/{duplicate['no']}")
    [condition] = [c for c in full["conditions"] if c["code"] == "duplicate_student"]
    assert condition["observed"].startswith("已在怀宁县示例职业学校计入")
    [ranked] = [line for line in lines if line["rank"] is not None]
    assert (ranked["rule"], ranked["rank"], ranked["sentence"]) == (
        "school_enterprise_class",
        1,
        "符合全部条件，择优第 1 名，资金池内",
    )


async def test_the_same_inputs_give_the_same_lines_and_hash(world: World) -> None:
    first = await small_year(world)
    world.clock.advance(timedelta(days=2))
    second = await world.settle()
    assert first["id"] != second["id"]
    assert (first["hash"], first["line_count"]) == (second["hash"], 30)
    assert await stored(world, first) == await stored(world, second)
    other_day = await world.settle(snapshot_date="2025-12-01")
    assert other_day["hash"] != first["hash"]
    for settled in (first, second, other_day):
        answer = await world.post("secretariat", f"/settlements/{settled['id']}/verification")
        assert answer.json() == {
            "matches": True,
            "kept": settled["hash"],
            "recomputed": settled["hash"],
            "stored_lines": settled["hash"],
            "lines": 30,
        }


async def test_a_settlement_stands_when_everything_behind_it_changes(world: World) -> None:
    settled = await small_year(world)
    await world.students(COUNTY, *[student(n, class_code=None, claimed_rule="不申报") for n in range(1, 21)])
    world.clock.advance(timedelta(minutes=1))
    world.registry.members[0]["name"] = "怀宁县改名职业学校"
    world.registry.collaborations = []
    later = await world.settle()
    assert later["hash"] != settled["hash"]
    answer = await world.post("secretariat", f"/settlements/{settled['id']}/verification")
    assert answer.json()["matches"] is True
    lines = await world.lines(settled, rule="consortium_provincial")
    assert [line["subject"] for line in lines] == ["安庆经开区产教联合体"]
    read = await world.read("secretariat", f"/settlements/{settled['id']}")
    assert read["changed_inputs"] == ["登记信息", "申报", "名册"]


async def test_lines_are_filtered_and_paged(world: World) -> None:
    settled = await small_year(world)
    path = f"/settlements/{settled['id']}/lines"
    school = str(unit_id("hn"))
    totals = {
        name: (await world.read("secretariat", path, **wanted))["total"]
        for name, wanted in {
            "all": {},
            "rule": {"rule": "sending_award"},
            "outcome": {"outcome": "excluded"},
            "reason": {"reason": "left_before_snapshot"},
            "within": {"funding": "within_pool"},
            "above": {"funding": "above_pool"},
            "payee": {"payee": school},
            "both": {"payee": school, "rule": "cross_city_enrolment"},
        }.items()
    }
    assert totals == {
        "all": 30,
        "rule": 23,
        "outcome": 3,
        "reason": 1,
        "within": 27,
        "above": 0,
        "payee": 5,
        "both": 3,
    }
    seen, cursor = [], None
    while True:
        page = await world.read("secretariat", path, limit=7, **({"cursor": cursor} if cursor else {}))
        seen += [item["no"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == list(range(1, 31))
    best = await world.read("secretariat", path, limit=1, sort="-amount")
    assert best["items"][0]["amount"] == "500000.00"
    for wanted in ({"rule": "x"}, {"outcome": "x"}, {"reason": "x"}, {"funding": "x"}):
        refused = await world.get("secretariat", path, **wanted)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, next(iter(wanted)))
    assert (await world.get("secretariat", f"{path}/31")).status_code == 404


async def test_others_see_a_confirmed_settlement_only_and_their_own_lines_of_it(world: World) -> None:
    settled = await small_year(world)
    path = f"/settlements/{settled['id']}"
    assert (await world.get(COUNTY, path)).status_code == 404
    assert (await world.read(COUNTY, "/settlements"))["total"] == 0
    confirmed = await world.post("head", f"{path}/confirmation", {"opinion": "同意"}, match=settled["version"])
    assert (confirmed.status_code, confirmed.json()["state"]) == (200, "confirmed")
    assert (await world.read(COUNTY, "/settlements"))["total"] == 1
    owners = {}
    for who in ("secretariat", COUNTY, OTHER_COUNTY, "azy", "send-tc"):
        owners[who] = (await world.read(who, f"{path}/lines"))["total"]
    assert owners == {"secretariat": 30, COUNTY: 25, OTHER_COUNTY: 3, "azy": 1, "send-tc": 3}
    theirs = await world.lines(settled, OTHER_COUNTY)
    assert {fact["value"] for line in theirs for fact in line["facts"] if fact["label"] == "报送单位"} == {"桐城市"}
    hidden = (await world.lines(settled, rule="industry_college"))[0]["no"]
    assert (await world.get(COUNTY, f"{path}/lines/{hidden}")).status_code == 404
    read = await world.read(OTHER_COUNTY, path)
    assert [entry["payee_name"] for entry in read["payees"]] == ["桐城市示例中学"]
    for action in ("confirmation", "verification"):
        assert (await world.post(COUNTY, f"{path}/{action}", match=2)).status_code == 403
    assert (await world.get(COUNTY, f"{path}/payment-table.xlsx")).status_code == 403
    assert (await world.post(COUNTY, "/settlements", {"year": 2025, "snapshot_date": "2025-11-30"})).status_code == 403
    world.alliance = "xiaogan"
    assert (await world.get("secretariat", path)).status_code == 404


async def test_a_year_is_confirmed_once_and_only_as_it_was_read(world: World) -> None:
    await world.students(COUNTY, student(1))
    await world.claim(COUNTY, "sending_award")
    first, second = await world.settle(), await world.settle()
    path = f"/settlements/{first['id']}/confirmation"
    assert (await world.post("head", path)).status_code == 428
    assert (await world.post("head", path, match=first["version"] + 1)).status_code == 412
    done = await world.post("head", path, match=first["version"])
    assert (done.json()["confirmed_by_name"], done.json()["confirmed_at"]) == ("测试人员", "2025-12-01T04:00:00Z")
    again = await world.post("head", path, match=done.json()["version"])
    assert (again.status_code, again.json()["code"]) == (409, "settlement_transition_refused")
    path = f"/settlements/{second['id']}/confirmation"
    twice = await world.post("head", path, match=second["version"])
    assert (twice.status_code, twice.json()["code"]) == (409, "settlement_year_confirmed")
    told = [(item["kind"], item["state"]) for item in (await world.read("head", "/todos"))["items"]]
    assert told == [("claims_accepted", "done"), ("settlements_confirmed", "done")]


async def test_a_settlement_of_what_has_changed_since_is_not_confirmed(world: World) -> None:
    await world.students(COUNTY, student(1))
    await world.claim(COUNTY, "sending_award")
    settled = await world.settle()
    await world.students(COUNTY, student(2))
    answer = await world.post("head", f"/settlements/{settled['id']}/confirmation", match=settled["version"])
    assert (answer.status_code, answer.json()["code"]) == (409, "settlement_outdated")
    assert answer.json()["detail"] == "计算之后申报、名册有变动，请重新结算后再确认。"
    excluded = await world.settle()
    assert payable(excluded)["sending_award"] == (0, "0.00")
    assert [line["reason"] for line in await world.lines(excluded, rule="sending_award")] == ["no_accepted_claim"] * 2


async def test_what_was_paid_in_an_earlier_year_is_not_paid_again(world: World) -> None:
    await world.students(COUNTY, *[student(n, class_code="C1") for n in range(1, 21)])
    await world.classes(COUNTY, school_class("C1"))
    for rule in ("sending_award", "school_enterprise_class"):
        await world.claim(COUNTY, rule)
    await world.claim("secretariat", "consortium_provincial", collaboration=str(unit_id("union")))
    before = await world.settle()
    assert before["payable"] == "610000.00"
    await world.post("head", f"/settlements/{before['id']}/confirmation", match=before["version"])
    levels = [("provincial", "2025-03-01", None), ("national", "2026-05-01", None)]
    world.registry.collaborations[0] = collaboration(
        "union", "consortium", "安庆经开区产教联合体", lead="jingkai", recognitions=levels
    )
    rows = [student(n, class_code="C1", enrolment_year=2026, enrolled_on="2026-09-01") for n in range(2, 22)]
    await world.students(COUNTY, *rows, year=2026)
    await world.classes(COUNTY, school_class("C1"), school_class("C1", school="技师学院", year=2026), year=2026)
    for rule in ("sending_award", "school_enterprise_class"):
        await world.claim(COUNTY, rule, year=2026)
    for rule in ("consortium_provincial", "consortium_national"):
        await world.claim("secretariat", rule, collaboration=str(unit_id("union")), year=2026)
    settled = await world.settle(2026, "2026-11-30")
    assert payable(settled) == {
        "consortium_provincial": (0, "0.00"),
        "consortium_national": (1, "500000.00"),  # tops up the 500,000 of the year before
        "industry_college": (0, "0.00"),
        "school_enterprise_class": (0, "0.00"),
        "sending_award": (1, "500.00"),  # student 21; the other nineteen were paid
        "cross_city_enrolment": (0, "0.00"),
    }
    reasons = {(e["rule"], e["reason"]): e["count"] for e in settled["reasons"]}
    assert reasons["sending_award", "already_paid"] == 19
    assert reasons["school_enterprise_class", "already_paid"] == 1
    assert reasons["consortium_provincial", "already_paid"] == 1
    assert settled["pins"]["prior_settlements"] == 1
    for line in await world.lines(settled, rule="consortium_national"):
        full = await world.read("secretariat", f"/settlements/{settled['id']}/lines/{line['no']}")
        assert full["matches"]
        assert "减以前年度已付" in full["formula"]


async def test_one_class_on_two_rosters_counts_once(world: World) -> None:
    await world.students(COUNTY, *[student(n, class_code="C1") for n in range(1, 21)])
    await world.classes(COUNTY, school_class("C1"))
    await world.classes("hn", school_class("C1"))
    await world.claim("hn", "school_enterprise_class")
    settled = await world.settle()
    assert payable(settled)["school_enterprise_class"] == (1, "100000.00")
    assert settled["doubled_classes"] == 1


async def test_what_lies_above_the_pool_is_shown_with_its_scenarios(world: World) -> None:
    kinds = [
        collaboration(
            f"c{n}",
            "industry_college",
            f"示例产业学院{n:02d}",
            host="azy",
            recognitions=[("provincial", "2025-05-01", None)],
        )
        for n in range(17)
    ]
    world.registry.collaborations = kinds
    for n in range(17):
        await world.claim("azy", "industry_college", collaboration=str(unit_id(f"c{n}")))
    settled = await world.settle()
    assert (settled["payable"], settled["within"], settled["above"]) == ("5100000.00", "4800000.00", "300000.00")
    [pool] = settled["pools"]
    assert (pool["within"], pool["above"], pool["left"]) == ("4800000.00", "300000.00", "200000.00")
    codes = {scenario["code"]: (scenario["paid"], scenario["unfunded"]) for scenario in settled["scenarios"]}
    assert codes["fixed_first"] == ("4800000.00", "300000.00")
    assert codes["pro_rata_all"] == ("5000000.00", "100000.00")
    above = await world.lines(settled, funding="above_pool")
    assert [(line["no"], line["funding_label"]) for line in above] == [(17, "超出资金池")]
    full = await world.read("secretariat", f"/settlements/{settled['id']}/lines/17")
    assert full["matches"]


async def test_a_settlement_that_cannot_be_computed_says_why(world: World) -> None:
    world.registry.down = True
    answer = await world.post("secretariat", "/settlements", {"year": 2025, "snapshot_date": "2025-11-30"})
    await world.run_jobs()
    path = f"/settlements/{answer.json()['id']}"
    read = await world.read("secretariat", path)
    assert (read["state"], read["failure"]) == ("failed", "登记服务暂时无法连接，请稍后重试。")
    assert (read["pins"], read["payable"]) == (None, None)
    for refused in (
        await world.get("secretariat", f"{path}/lines"),
        await world.get("secretariat", f"{path}/payment-table.xlsx"),
        await world.post("secretariat", f"{path}/verification"),
        await world.post("head", f"{path}/confirmation", match=read["version"]),
    ):
        assert refused.status_code == 409, refused.text
    outside = await world.post("secretariat", "/settlements", {"year": 2025, "snapshot_date": "2024-12-31"})
    assert (outside.status_code, outside.json()["errors"][0]["code"]) == (422, "snapshot_date_outside_year")


async def test_a_settlement_of_nothing_and_one_on_an_old_snapshot(world: World) -> None:
    world.registry.collaborations = []
    empty = await world.settle()
    assert (empty["state"], empty["line_count"], empty["payable"]) == ("computed", 0, "0.00")
    assert (await world.read("secretariat", f"/settlements/{empty['id']}/lines"))["items"] == []
    assert empty["pins"]["registry_fresh"] is True
    world.registry.down = True
    stale = await world.settle()
    assert (stale["pins"]["registry_fresh"], stale["hash"]) == (False, empty["hash"])


async def test_the_job_run_again_computes_nothing_twice(world: World) -> None:
    await world.students(COUNTY, student(1))
    await world.claim(COUNTY, "sending_award")
    settled = await world.settle()
    async with world.database.write("anqing") as session:
        await session.execute(text("UPDATE job SET state = 'running', finished_at = NULL WHERE kind = 'settle'"))
    world.ran = 0
    await world.run_jobs()
    assert await world.read("secretariat", f"/settlements/{settled['id']}") == settled
    assert len(await stored(world, settled)) == settled["line_count"] == 3
