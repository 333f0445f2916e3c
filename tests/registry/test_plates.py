"""Recognitions of members and plates through HTTP: rules of the policy, lapse by the day, yearly reviews, decisions."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from services.kernel.database import Database
from services.kernel.tenancy import Scope
from services.registry.commands.recognition_transfer import transfer
from services.registry.queries.recognition_touches import touched_by
from services.registry.tables import Member
from tests.registry.conftest import Caller, Registry, member
from tests.registry.test_collaborations import members
from tests.registry.test_contributions import removed
from tests.registry.test_outbox import audiences, last, told
from tests.registry.test_snapshot_todos_policies import DOCUMENT, apply

RULE = {"kind": "fusion_enterprise", "review_every_years": 1, "lapses_after_years": 3, "article": "四(九)"}
PLATE = {"level": "municipal", "granted_on": "2023-05-01", "document_number": "示例〔2023〕8号"}


async def ruled(caller: Caller, *plates: dict[str, Any]) -> None:
    await asyncio.to_thread(apply, caller.registry, DOCUMENT, {"units": [], "plates": [*plates]})


async def fusion(caller: Caller, **changes: Any) -> str:
    """The path of an enterprise that is recognised as a collaboration, with a plate of 1 May 2023."""
    draft = {"kind": "fusion_enterprise", "name": "示例产教融合型企业", "founded_on": "2022-01-01", **changes}
    found = await caller.create("/collaborations", draft)
    path = f"/collaborations/{found['id']}"
    await caller.create(f"{path}/recognitions", PLATE)
    return path


def move_to(registry: Registry, day: date) -> None:
    registry.clock.instant = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)


def test_the_rules_follow_the_applied_policy(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        assert (await caller.get("/recognitions/plate-rules")).json() == {"items": []}
        await ruled(caller, RULE)
        expected = {**RULE, "pack": "anqing-2024"}
        assert (await caller.get("/recognitions/plate-rules")).json()["items"] == [expected]
        registry.clock.advance(timedelta(days=10))
        await ruled(caller, {**RULE, "lapses_after_years": 2})
        rules = (await caller.get("/recognitions/plate-rules")).json()["items"]
        assert [rule["lapses_after_years"] for rule in rules] == [2]
        then = (await caller.get("/recognitions/plate-rules", as_of="2025-12-05")).json()["items"]
        assert [rule["lapses_after_years"] for rule in then] == [3]
        await ruled(caller)
        assert (await caller.get("/recognitions/plate-rules")).json() == {"items": []}
        other = caller.acting("secretariat_clerk", alliance="xiaogan")
        assert (await other.get("/recognitions/plate-rules", as_of="2025-12-05")).json() == {"items": []}

    registry.run(scenario)


def test_a_plate_lapses_by_the_day_and_is_granted_anew(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        await ruled(caller, RULE)
        path = await fusion(caller)
        (grant,) = (await caller.get(path)).json()["recognitions"]
        assert (grant["lapses_on"], grant["state"]) == ("2026-05-01", "standing")
        twice = await caller.post(f"{path}/recognitions", {**PLATE, "granted_on": "2025-06-01"})
        assert [issue["code"] for issue in twice.json()["errors"]] == ["level_stands"]
        for day, level, state in (
            (date(2026, 4, 30), "municipal", "standing"),
            (date(2026, 5, 1), None, "lapsed"),
            (date(2026, 5, 2), None, "lapsed"),
        ):
            move_to(registry, day)
            read = (await caller.get(path)).json()
            assert (read["level"], read["recognitions"][0]["state"]) == (level, state), day
            held = (await caller.get("/collaborations", level="municipal")).json()["total"]
            assert held == (1 if level else 0)
            standing = (await caller.get("/recognitions", state=state)).json()["items"]
            assert [item["id"] for item in standing] == [grant["id"]]
        late = await caller.post(
            f"{path}/recognitions/{grant['id']}/withdrawal", {"withdrawn_on": "2026-05-01", "reason": "误"}
        )
        assert [issue["code"] for issue in late.json()["errors"]] == ["lapsed_before"]
        early = {**PLATE, "granted_on": "2026-04-30"}
        assert (await caller.post(f"{path}/recognitions", early)).status_code == 422
        again = await caller.create(f"{path}/recognitions", {**PLATE, "granted_on": "2026-05-01"})
        assert again["lapses_on"] == "2029-05-01"
        read = (await caller.get(path, as_of="2026-04-30")).json()
        assert (read["level"], len(read["recognitions"])) == ("municipal", 1)

    registry.run(scenario)


def test_a_document_may_give_another_day_and_other_kinds_do_not_lapse(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        await ruled(caller, RULE)
        made = await caller.create("/collaborations", {"kind": "fusion_enterprise", "name": "甲"})
        path = f"/collaborations/{made['id']}/recognitions"
        own = await caller.create(path, {**PLATE, "lapses_on": "2027-12-31"})
        assert own["lapses_on"] == "2027-12-31"
        wrong = await caller.post(path, {**PLATE, "level": "national", "lapses_on": "2023-05-01"})
        assert [issue["code"] for issue in wrong.json()["errors"]] == ["lapse_before_grant"]
        base = await caller.create("/collaborations", {"kind": "base", "name": "乙"})
        lasting = await caller.create(f"/collaborations/{base['id']}/recognitions", PLATE)
        assert lasting["lapses_on"] is None

    registry.run(scenario)


def test_a_member_is_recognised_seen_by_its_county_and_withdrawn(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        await ruled(caller, RULE)
        ids = await members(caller)
        before = await last(caller)
        draft = {**PLATE, "member": ids["enterprise"], "kind": "fusion_enterprise"}
        grant = await caller.create("/recognitions", draft)
        assert grant["lapses_on"] == "2026-05-01"
        twice = await caller.post("/recognitions", {**draft, "granted_on": "2024-05-01"})
        assert [issue["code"] for issue in twice.json()["errors"]] == ["level_stands"]
        unnamed = await caller.post("/recognitions", {**draft, "kind": None})
        assert [issue["code"] for issue in unnamed.json()["errors"]] == ["title_missing"]
        honour = await caller.create("/recognitions", {**draft, "kind": None, "title": "优质企业"})
        assert honour["lapses_on"] is None
        taihu, huaining = (caller.acting("county_clerk", division=code) for code in ("340825", "340822"))
        seen = (await taihu.get("/recognitions", sort="granted_on")).json()
        assert {item["id"] for item in seen["items"]} == {grant["id"], honour["id"]}
        assert seen["items"][0]["subject"] == {"type": "member", "id": ids["enterprise"], "name": "太湖示例公司"}
        assert (await huaining.get("/recognitions")).json()["total"] == 0
        assert (await huaining.get(f"/recognitions/{grant['id']}")).status_code == 404
        out = {"withdrawn_on": "2025-11-30", "reason": "复核未通过"}
        assert (await taihu.post(f"/recognitions/{grant['id']}/withdrawal", out)).status_code == 403
        gone = await caller.post(f"/recognitions/{grant['id']}/withdrawal", out)
        assert (gone.status_code, gone.json()["state"]) == (200, "withdrawn")
        assert (await caller.get(f"/recognitions/{grant['id']}", as_of="2025-11-29")).json()["state"] == "standing"
        assert (await caller.get(f"/recognitions/{grant['id']}", as_of="2023-04-30")).status_code == 404
        events = await told(caller, before)
        assert audiences(events) == [
            ("recognition.granted", "340825", ids["enterprise"]),
            ("recognition.granted", "340825", ids["enterprise"]),
            ("recognition.withdrawn", "340825", ids["enterprise"]),
        ]

    registry.run(scenario)


REVIEW = {"year": 2024, "result": "failed", "reviewed_on": "2025-01-10", "opinion": "实训时数不足"}
KEEP = {
    "decision": "rectify",
    "decided_on": "2025-02-01",
    "document_number": "示例〔2025〕2号",
    "reason": "限期整改",
    "rectify_until": "2025-08-31",
}
WITHDRAW = {
    "decision": "withdraw",
    "decided_on": "2025-02-01",
    "document_number": "示例〔2025〕3号",
    "reason": "不合格",
}


async def decided(caller: Caller, path: str, body: dict[str, Any], etag: str | None = '"1"') -> Any:
    head = caller.acting("secretariat_head")
    return await head.post(f"{path}/decision", body, **({"If_Match": etag} if etag else {}))


@pytest.mark.parametrize("of_member", [False, True])
def test_a_failed_review_waits_for_a_decision(registry: Registry, of_member: bool) -> None:
    async def scenario(caller: Caller) -> None:
        await ruled(caller, RULE)
        ids = await members(caller)
        if of_member:
            draft = {**PLATE, "member": ids["enterprise"], "kind": "fusion_enterprise"}
            path = f"/recognitions/{(await caller.create('/recognitions', draft))['id']}"
        else:
            path = await fusion(caller)
        assert (await caller.get(f"{path}/reviews")).json() == {"items": [], "due_years": [2024, 2025]}
        review = await caller.create(f"{path}/reviews", REVIEW)
        twice = await caller.post(f"{path}/reviews", {**REVIEW, "result": "passed"})
        assert [issue["code"] for issue in twice.json()["errors"]] == ["year_reviewed"]
        assert (await caller.get(f"{path}/reviews")).json()["due_years"] == [2025]
        titles = [todo["title"] for todo in (await caller.get("/todos")).json()["items"]]
        assert "1 次不合格的年度考核等待处理决定" in titles
        assert "1 块奖牌的年度考核还没有登记" in titles
        place = f"{path}/reviews/{review['id']}"
        assert (await caller.post(f"{place}/decision", KEEP, If_Match='"1"')).status_code == 403
        assert (await decided(caller, place, KEEP, None)).status_code == 428
        assert (await decided(caller, place, KEEP, '"2"')).status_code == 412
        kept = await decided(caller, place, KEEP)
        assert (kept.status_code, kept.headers["ETag"], kept.json()["decision"]) == (200, '"2"', "rectify")
        assert (await decided(caller, place, KEEP, '"2"')).json()["code"] == "review_decided"
        assert (await removed(caller, place, '"2"', reason="误")).json()["code"] == "review_decided"
        earlier = (await caller.get(f"{path}/reviews", as_of="2025-01-31")).json()["items"]
        assert [(one["result"], one["decision"]) for one in earlier] == [("failed", None)]
        assert (await caller.get(f"{path}/reviews", as_of="2025-01-09")).json() == {"items": [], "due_years": []}

    registry.run(scenario)


def test_the_decision_to_withdraw_ends_what_stands(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        await ruled(caller, RULE)
        path = await fusion(caller)
        review = await caller.create(f"{path}/reviews", REVIEW)
        before = await last(caller)
        done = await decided(caller, f"{path}/reviews/{review['id']}", WITHDRAW)
        assert done.status_code == 200, done.text
        (grant,) = (await caller.get(path)).json()["recognitions"]
        assert (grant["state"], grant["withdrawn_on"], grant["withdrawal_reason"]) == (
            "withdrawn",
            "2025-02-01",
            "不合格",
        )
        assert (await caller.get(path, as_of="2025-01-31")).json()["level"] == "municipal"
        assert (await caller.get(f"{path}/reviews")).json()["due_years"] == []
        assert {event["type"] for event in await told(caller, before)} == {
            "recognition.withdrawn",
            "collaboration_review.decided",
        }

    registry.run(scenario)


NO_RESOLUTION = "11111111-1111-4111-8111-111111111111"
FAULTY: list[tuple[dict[str, Any], list[str]]] = [
    ({"document_number": None}, ["basis_missing"]),
    ({"document_number": None, "resolution": NO_RESOLUTION}, ["resolution_unknown"]),
    ({"decided_on": "2025-01-09", "rectify_until": None}, ["before_review", "rectify_until_missing"]),
    ({"decided_on": "2025-12-02", "rectify_until": "2025-12-01"}, ["date_in_future", "rectify_before_decision"]),
    ({"decision": "withdraw"}, ["rectify_not_applicable"]),
    ({"decided_on": "2025-01-10", "rectify_until": "2025-01-10"}, []),
]


@pytest.mark.parametrize(("changes", "codes"), FAULTY)
def test_a_decision_is_checked(registry: Registry, changes: dict[str, Any], codes: list[str]) -> None:
    async def scenario(caller: Caller) -> None:
        path = await fusion(caller)
        review = await caller.create(f"{path}/reviews", REVIEW)
        answer = await decided(caller, f"{path}/reviews/{review['id']}", {**KEEP, **changes})
        assert [issue["code"] for issue in answer.json().get("errors", [])] == codes

    registry.run(scenario)


def test_reviews_are_checked_and_taken_back(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        path = await fusion(caller)
        for changes, code in (
            ({"year": 2026, "reviewed_on": "2025-01-10"}, "year_ahead"),
            ({"reviewed_on": "2025-12-02"}, "date_in_future"),
            ({"year": 0}, "greater_than_equal"),
        ):
            answer = await caller.post(f"{path}/reviews", {**REVIEW, **changes})
            assert [issue["code"] for issue in answer.json()["errors"]] == [code]
        passed = await caller.create(f"{path}/reviews", {**REVIEW, "result": "passed"})
        place = f"{path}/reviews/{passed['id']}"
        assert (await decided(caller, place, KEEP)).json()["code"] == "review_passed"
        assert (await removed(caller, place, '"1"', reason="登错年度")).status_code == 204
        assert (await caller.get(f"{path}/reviews")).json()["items"] == []
        history = (await caller.get(f"{path}/history")).json()["items"]
        assert (history[0]["action"], history[0]["reason"]) == ("review.remove", "登错年度")
        (grant,) = (await caller.get(path)).json()["recognitions"]
        by_grant = await caller.post(f"/recognitions/{grant['id']}/reviews", REVIEW)
        assert (by_grant.status_code, by_grant.json()["code"]) == (409, "review_of_collaboration")
        assert (await caller.get(f"/recognitions/{grant['id']}/reviews")).json()["items"] == []

    registry.run(scenario)


def test_plates_about_to_lapse_are_told_to_the_secretariat_and_to_the_unit(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        await ruled(caller, RULE)
        ids = await members(caller)
        await caller.create("/recognitions", {**PLATE, "member": ids["enterprise"], "kind": "fusion_enterprise"})
        unit = caller.acting("unit_reporter", member=ids["enterprise"])
        stranger = caller.acting("unit_reporter", member=ids["school"])
        for day, shown in (
            (date(2026, 1, 30), 0),
            (date(2026, 1, 31), 1),
            (date(2026, 4, 30), 1),
            (date(2026, 5, 1), 0),
        ):
            move_to(registry, day)
            for who in (caller, unit):
                told_ = [one for one in (await who.get("/todos")).json()["items"] if one["id"] == "plates-lapsing"]
                assert len(told_) == shown, day
                if told_:
                    assert told_[0]["due_on"] == "2026-05-01"
                    query = dict(part.split("=") for part in told_[0]["href"].split("?")[1].split("&"))
                    assert (await who.get("/recognitions", **query)).json()["total"] == 1
            assert (await stranger.get("/todos")).json()["items"] == []

    registry.run(scenario)


def test_what_the_list_finds_due_is_what_each_entry_says(registry: Registry) -> None:
    """The condition in SQL against the pure rule, over plates and reviews of many days."""

    async def scenario(caller: Caller) -> None:
        biennial = {**RULE, "kind": "base", "review_every_years": 2, "lapses_after_years": 4}
        await ruled(caller, {**RULE, "lapses_after_years": 6}, biennial)
        paths = []
        for place, kind in enumerate(["fusion_enterprise", "base", "platform"] * 4):
            made = await caller.create("/collaborations", {"kind": kind, "name": f"载体{place}"})
            path = f"/collaborations/{made['id']}"
            granted = date(2019 + place % 5, 1 + place, 28)
            await caller.create(f"{path}/recognitions", {**PLATE, "granted_on": granted.isoformat()})
            for year in range(granted.year + 1, 2026, 1 + place % 3):
                if place % 2:
                    review = {"year": year, "result": "passed", "reviewed_on": f"{year}-12-01"}
                    await caller.create(f"{path}/reviews", review)
            paths.append(path)
        for as_of in (None, "2025-12-01"):
            query = {"as_of": as_of} if as_of else {}
            every = (await caller.get("/recognitions", **query)).json()["items"]
            due = (await caller.get("/recognitions", review_due="true", **query)).json()
            assert {item["id"] for item in due["items"]} == {item["id"] for item in every if item["due_years"]}
            assert 0 < due["total"] < len(every) == len(paths)
            for state in ("standing", "lapsed", "withdrawn"):
                found = (await caller.get("/recognitions", state=state, **query)).json()["items"]
                assert {item["id"] for item in found} == {item["id"] for item in every if item["state"] == state}

    registry.run(scenario)


def test_existing_rows_keep_their_meaning_when_a_rule_changes(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        path = await fusion(caller)
        await ruled(caller, RULE)
        (grant,) = (await caller.get(path)).json()["recognitions"]
        assert grant["lapses_on"] is None

    registry.run(scenario)


def test_the_database_holds_what_a_recognition_is_of(registry: Registry) -> None:
    """Exactly one subject, and no lapse before the grant, whatever writes the row."""

    async def scenario(caller: Caller) -> None:
        path = await fusion(caller)
        database = Database(registry.settings.database_url.get_secret_value())
        try:
            for change, constraint in (
                ("collaboration = NULL", "ck_recognition_one_subject"),
                ("lapses_on = granted_on", "ck_recognition_lapses_after_granted"),
                ("kind = 'base'", "ck_recognition_kind_of_member"),
            ):
                with pytest.raises(Exception, match=constraint):
                    await change_all(database, change)
        finally:
            await database.close()
        assert (await caller.get(path)).json()["level"] == "municipal"

    registry.run(scenario)


async def change_all(database: Database, change: str) -> None:
    async with database.write("anqing") as session:
        connection = await session.connection()
        await connection.exec_driver_sql(f"UPDATE recognition SET {change}")  # a constant of this test


def test_a_recognition_passes_to_the_successor_of_a_member(registry: Registry) -> None:
    """Until the day it was the predecessor's, from the day on the successor's, and it lapses as it would have."""

    async def scenario(caller: Caller) -> None:
        await ruled(caller, RULE)
        ids = await members(caller)
        heir = (await caller.create("/members", member("新示例公司", category="enterprise", division="340822")))["id"]
        grant = await caller.create(
            "/recognitions", {**PLATE, "member": ids["enterprise"], "kind": "fusion_enterprise"}
        )
        await caller.create("/recognitions", {**PLATE, "member": heir, "title": "优质企业"})
        await hand_over(registry, ids["enterprise"], heir, date(2025, 11, 1))
        old = (await caller.get(f"/recognitions/{grant['id']}")).json()
        assert (old["state"], old["withdrawn_on"]) == ("withdrawn", "2025-11-01")
        held = (await caller.get("/recognitions", member=heir, kind="fusion_enterprise")).json()["items"]
        assert [(one["granted_on"], one["lapses_on"], one["document_number"]) for one in held] == [
            ("2025-11-01", "2026-05-01", PLATE["document_number"])
        ]
        assert (await caller.get("/recognitions", member=heir)).json()["total"] == 2

    registry.run(scenario)


async def hand_over(registry: Registry, before: str, after: str, day: date) -> None:
    database = Database(registry.settings.database_url.get_secret_value(), clock=registry.clock)
    try:
        async with database.write("anqing") as session:
            await session.effective_on(day)
            found = select(Member).where(Member.alliance == "anqing", Member.id.in_([UUID(before), UUID(after)]))
            rows = {one.id: one for one in await session.scalars(found)}
            own = [touch.title for touch in await touched_by(session, Scope("anqing"), UUID(before))]
            assert own == ["市级产教融合型企业（示例〔2023〕8号，2026-05-01 到期）"]
            assert await transfer(session, rows[UUID(before)], rows[UUID(after)]) == 1
    finally:
        await database.close()
