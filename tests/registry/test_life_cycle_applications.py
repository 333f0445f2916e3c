"""Applications at the office: steps on record, the public notice, admission and its alternatives, who sees what."""

import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from openpyxl import load_workbook

from tests.registry.conftest import Caller, Registry, services_of, uscc
from tests.registry.life_cycle_world import APPLICATION, FakeNeighbours, Office


@pytest.fixture
def registry(registry: Registry) -> Registry:
    registry.neighbours = FakeNeighbours()
    return registry


def codes(answer: Any) -> tuple[int, str]:
    told = answer.json()
    return answer.status_code, (told["errors"] or [told])[0]["code"]


def test_the_whole_way_in_stands_on_record(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        office = Office.of(clerk)
        after = await office.admitted(uscc=uscc(1))
        assert (after["state"], after["allowed"]) == ("admitted", [])
        steps = [(step["step"], step["on_date"], step["opinion"]) for step in after["steps"]]
        assert steps == [
            ("submit", "2025-12-01", None),
            ("endorse", "2025-12-01", "材料齐全。"),
            ("approve", "2025-12-01", "同意。"),
            ("publish", "2025-12-01", None),
            ("admit", "2025-12-09", "准予入会。"),
        ]
        assert after["steps"][2]["resolution_number"] == "理事会〔2025〕3号"
        assert after["steps"][3]["document"] == "公示2025-1"
        member = (await clerk.get(f"/members/{after['member']}")).json()
        kept = ("name", "uscc", "category", "division", "structure_role", "status", "joined_on", "contact_person")
        assert [member[name] for name in kept] == [
            APPLICATION["name"], uscc(1), "enterprise", "340822", "participant", "active", "2025-12-09", "张三",
        ]  # fmt: skip
        life = (await clerk.get(f"/members/{after['member']}/steps")).json()["items"]
        assert [(step["step"], step["from_status"], step["application"]) for step in life] == [
            ("admission", None, after["id"])
        ]

    registry.run(scenario)


def test_the_county_and_the_exchange_hear_of_each_step(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        await Office.of(clerk).admitted()
        events = (await services_of(clerk).get("/outbox", after=0, limit=100)).json()["items"]
        assert {event["division"] for event in events} == {"340822"}
        assert [event["type"] for event in events] == [
            "membership_application.submitted",
            "membership_application.endorsed",
            "membership_application.approved",
            "membership_application.published",
            "member.created",
            "membership_application.admitted",
            "member.admitted",
        ]
        assert all("张三" not in str(event["data"]) for event in events)

    registry.run(scenario)


def test_the_notice_counts_working_days_and_marks_estimates(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        office = Office.of(clerk)
        shown = await office.published()
        kept = ("published_on", "publicity_days", "publicity_ends_on", "publicity_estimated")
        assert [shown[name] for name in kept] == ["2025-12-01", 5, "2025-12-08", False]
        assert shown["proposed_publicity_days"] == 5
        registry.clock.instant = datetime(2026, 12, 28, 4, tzinfo=UTC)
        crossing = await office.published(name="安庆示例纺织有限公司")
        assert [crossing[name] for name in kept] == ["2026-12-28", 5, "2027-01-04", True]

    registry.run(scenario)


def test_what_the_office_knows_of_the_calendar_goes_first(registry: Registry) -> None:
    calendar = {date(2027, 1, 1): False, date(2025, 12, 8): False}
    registry.settings = registry.settings.model_copy(update={"calendar": calendar})

    async def scenario(clerk: Caller) -> None:
        assert (await Office.of(clerk).published())["publicity_ends_on"] == "2025-12-09"

    registry.run(scenario)


@pytest.mark.parametrize(("days", "status"), [(7, 409), (8, 200)])
def test_admission_waits_until_the_notice_is_over(registry: Registry, days: int, status: int) -> None:
    async def scenario(clerk: Caller) -> None:
        office = Office.of(clerk)
        application = await office.published()  # until 8 December
        registry.clock.advance(timedelta(days=days))
        answer = await office.step(application, "admission", {})
        assert answer.status_code == status, answer.text
        if status == 409:
            assert codes(answer) == (409, "publicity_running")

    registry.run(scenario)


def test_an_objection_holds_the_admission_until_it_is_dismissed(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        office = Office.of(clerk)
        application = await office.published()
        raised = await office.done(application, "objections", {"opinion": "反映其资质不全。", "on_date": "2025-12-01"})
        (objection,) = raised["open_objections"]
        registry.clock.advance(timedelta(days=8))
        assert codes(await office.step(application, "admission", {})) == (409, "objection_open")
        answer = {"outcome": "dismissed", "opinion": "经核实，资质齐全。"}
        answered = await office.done(application, f"objections/{objection}/answer", answer)
        assert answered["open_objections"] == []
        again = await office.step(application, f"objections/{objection}/answer", answer)
        assert codes(again) == (409, "objection_answered")
        missing = await office.step(application, f"objections/{application['id']}/answer", answer)
        assert codes(missing) == (404, "objection_not_found")
        assert (await office.done(application, "admission", {}))["state"] == "admitted"

    registry.run(scenario)


def test_an_objection_that_is_right_ends_the_application(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        office = Office.of(clerk)
        application = await office.published()
        raised = await office.done(application, "objections", {"opinion": "反映其已注销。"})
        (objection,) = raised["open_objections"]
        upheld = {"outcome": "upheld", "opinion": "情况属实。"}
        await office.done(application, f"objections/{objection}/answer", upheld)
        registry.clock.advance(timedelta(days=8))
        assert codes(await office.step(application, "admission", {})) == (409, "objection_upheld")
        refused = await office.done(application, "refusal", {"opinion": "异议成立，不予入会。"})
        assert (refused["state"], refused["member"]) == ("rejected", None)
        assert (await clerk.get("/members")).json()["total"] == 0

    registry.run(scenario)


def test_a_unit_that_left_comes_back_into_its_own_record(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        office = Office.of(clerk)
        left = {"status": "exited", "joined_on": "2021-01-01", "left_on": "2024-06-30"}
        old = await clerk.create("/members", {"name": APPLICATION["name"], "category": "enterprise", **left})
        application = await office.published()
        registry.clock.advance(timedelta(days=8))
        twin = await office.step(application, "admission", {})
        assert codes(twin) == (422, "name_taken")
        early = {"into": old["id"], "joined_on": "2025-11-30"}
        assert codes(await office.step(application, "admission", early)) == (422, "before_application")
        done = await office.done(application, "admission", {"into": old["id"], "joined_on": "2025-12-02"})
        assert done["member"] == old["id"]
        now = (await clerk.get(f"/members/{old['id']}")).json()
        assert [now[name] for name in ("status", "joined_on", "left_on")] == ["active", "2025-12-02", None]
        (step,) = (await clerk.get(f"/members/{old['id']}/steps")).json()["items"]
        assert (step["step"], step["from_status"], step["effective_on"]) == ("admission", "exited", "2025-12-02")

    registry.run(scenario)


def test_a_member_is_not_admitted_twice(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        office = Office.of(clerk)
        standing = {"name": "在册示例公司", "category": "enterprise", "joined_on": "2022-01-01"}
        member = await clerk.create("/members", standing)
        undated = await clerk.create("/members", {"name": "未记日期示例公司", "category": "enterprise"})
        application = await office.published()
        registry.clock.advance(timedelta(days=8))
        refused = await office.step(application, "admission", {"into": member["id"]})
        assert codes(refused) == (409, "already_member")
        done = await office.done(application, "admission", {"into": undated["id"]})
        assert done["member"] == undated["id"]
        assert (await clerk.get(f"/members/{undated['id']}")).json()["joined_on"] == "2025-12-09"

    registry.run(scenario)


def test_steps_go_forward_in_time(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        office = Office.of(clerk)
        receipt = await office.stranger().apply()
        application = await office.found(receipt["number"])
        endorsed = {"outcome": "endorsed"}
        for day, code in (("2025-12-02", "day_ahead"), ("2025-11-30", "before_previous_step")):
            assert codes(await office.step(application, "first-review", {**endorsed, "on_date": day})) == (422, code)
        registry.clock.advance(timedelta(days=3))
        await office.done(application, "first-review", {**endorsed, "on_date": "2025-12-03"})
        back = {"outcome": "approved", "opinion": "同意。", "on_date": "2025-12-02"}
        assert codes(await office.step(application, "deliberation", back)) == (422, "before_previous_step")

    registry.run(scenario)


def test_an_application_as_of_a_day_is_what_it_was(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        office = Office.of(clerk)
        receipt = await office.stranger().apply()
        application = await office.found(receipt["number"])
        registry.clock.advance(timedelta(days=10))
        await office.done(application, "first-review", {"outcome": "endorsed", "on_date": "2025-12-03"})
        await office.done(
            application, "deliberation", {"outcome": "disapproved", "opinion": "暂缓。", "on_date": "2025-12-05"}
        )
        path = f"/applications/{application['id']}"
        states = {}
        for day in ("2025-11-30", "2025-12-01", "2025-12-02", "2025-12-03", "2025-12-04", "2025-12-05", "2025-12-11"):
            answer = await clerk.get(path, as_of=day)
            states[day] = answer.json().get("state")
            assert "ETag" not in answer.headers
            listed = (await clerk.get("/applications", as_of=day)).json()["items"]
            assert [one["state"] for one in listed] == ([states[day]] if states[day] else [])
        assert list(states.values()) == [
            None, "submitted", "submitted", "deliberation", "deliberation", "rejected", "rejected",
        ]  # fmt: skip
        assert len((await clerk.get(path, as_of="2025-12-04")).json()["steps"]) == 2

    registry.run(scenario)


def test_who_may_take_which_step(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        office = Office.of(clerk)
        application = await office.published()
        registry.clock.advance(timedelta(days=8))
        county = clerk.acting("county_clerk", division="340822")
        for caller in (county, clerk.acting("leader"), clerk.acting("unit_reporter", member=application["id"])):
            for path, body in (("first-review", {"outcome": "endorsed"}), ("objections", {"opinion": "不同意。"})):
                assert (await office.step(application, path, body, who=caller)).status_code == 403
        assert (await office.step(application, "admission", {}, who=clerk)).status_code == 403, "the head admits"
        assert (await office.step(application, "refusal", {"opinion": "不同意。"}, who=clerk)).status_code == 403
        without = await clerk.post(f"/applications/{application['id']}/objections", {"opinion": "不同意。"})
        assert without.status_code == 428
        stale = await clerk.post(
            f"/applications/{application['id']}/objections", {"opinion": "不同意。"}, If_Match='"1"'
        )
        assert stale.status_code == 412

    registry.run(scenario)


def test_a_county_sees_its_own_division_and_a_unit_its_own_application(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        office = Office.of(clerk)
        admitted = await office.admitted()
        await office.stranger().apply(name="桐城示例公司", division="340881")
        path = f"/applications/{admitted['id']}"
        county = clerk.acting("county_clerk", division="340822")
        assert [one["name"] for one in (await county.get("/applications")).json()["items"]] == [APPLICATION["name"]]
        assert (await county.get(path)).json()["contact_person"] == "张三"
        elsewhere = clerk.acting("county_clerk", division="340881")
        assert (await elsewhere.get(path)).status_code == 404
        leader = await clerk.acting("leader").get(path)
        assert (leader.json()["contact_person"], leader.json()["contact_phone"]) == (None, None)
        own = clerk.acting("unit_reporter", member=admitted["member"])
        assert (await own.get("/applications")).json()["total"] == 1
        other = clerk.acting("unit_reporter", member=admitted["id"])
        assert (await other.get("/applications")).json()["total"] == 0
        assert (await other.get(path)).status_code == 404

    registry.run(scenario)


def test_reading_a_contact_is_recorded(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        office = Office.of(clerk)
        receipt = await office.stranger().apply()
        await office.found(receipt["number"])
        entries = (await clerk.acting("audit_admin").get("/audit-entries")).json()["items"]
        assert "membership_application.read" in {entry["action"] for entry in entries}
        submitted = next(entry for entry in entries if entry["action"] == "membership_application.submit")
        assert submitted["actor"] == f"application:{receipt['number']}"

    registry.run(scenario)


def test_the_list_is_filtered_and_exported(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        office = Office.of(clerk)
        await office.stranger().apply(name="甲示例公司")
        await office.published(name="乙示例公司")
        withdrawn = await office.stranger().apply(name="丙示例公司")
        await office.stranger().ask(withdrawn, "withdrawal")

        async def names(**query: Any) -> list[str]:
            found = (await clerk.get("/applications", **query)).json()["items"]
            return sorted(one["name"] for one in found)

        assert await names(state="publicity") == ["乙示例公司"]
        assert await names(unfinished=True) == ["乙示例公司", "甲示例公司"]
        assert await names(q="bingshili") == ["丙示例公司"]
        assert await names(division="340881") == []
        book = load_workbook(io.BytesIO((await clerk.get("/applications/export.xlsx", unfinished=True)).content))
        text = str([[cell.value for cell in row] for row in book.worksheets[0].iter_rows()])
        assert "甲示例公司" in text
        assert "公示中" in text
        assert "丙示例公司" not in text
        assert "张三" not in text

    registry.run(scenario)


def test_another_alliance_sees_nothing(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        receipt = await Office.of(clerk).stranger().apply()
        application = await Office.of(clerk).found(receipt["number"])
        other = clerk.acting("secretariat_clerk", alliance="xiaogan")
        assert (await other.get("/applications")).json()["total"] == 0
        assert (await other.get(f"/applications/{application['id']}")).status_code == 404

    registry.run(scenario)


def test_what_came_on_paper_is_entered_with_its_own_days(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        office = Office.of(clerk)
        entered = await clerk.create("/applications", {**APPLICATION, "received_on": "2025-10-09"})
        assert (entered["number"], entered["submitted_on"]) == ("2025-0001", "2025-10-09")
        assert [(s["step"], s["on_date"], s["actor_name"]) for s in entered["steps"]] == [
            ("submit", "2025-10-09", "测试人员")
        ]
        await office.done(entered, "first-review", {"outcome": "endorsed", "on_date": "2025-10-13"})
        decided = {"outcome": "approved", "opinion": "同意。", "on_date": "2025-10-20"}
        await office.done(entered, "deliberation", decided)
        shown = await office.done(entered, "publicity", {"working_days": 5, "published_on": "2025-10-21"})
        assert shown["publicity_ends_on"] == "2025-10-28"
        done = await office.done(entered, "admission", {"joined_on": "2025-10-29", "on_date": "2025-10-29"})
        day_before = await clerk.get(f"/members/{done['member']}", as_of="2025-10-28")
        first_day = await clerk.get(f"/members/{done['member']}", as_of="2025-10-29")
        assert (day_before.status_code, first_day.json()["status"]) == (404, "active")
        ahead = await clerk.post("/applications", {**APPLICATION, "name": "另一家", "received_on": "2025-12-02"})
        assert codes(ahead) == (422, "day_ahead")
        twin = await clerk.post("/applications", {**APPLICATION, "name": "又一家"}, Idempotency_Key="once")
        again = await clerk.post("/applications", {**APPLICATION, "name": "又一家"}, Idempotency_Key="once")
        assert twin.json() == again.json()
        assert (await clerk.post("/applications", {**APPLICATION, "name": "又一家"})).status_code == 422
        assert (await clerk.acting("leader").post("/applications", APPLICATION)).status_code == 403
        guessed = await office.stranger().ask({"number": entered["number"], "code": "2222-2222-2222-2222"})
        assert guessed.status_code == 404

    registry.run(scenario)
