"""Bodies, terms, seats, succession and leads through HTTP, as of any day."""

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.registry.conftest import Caller, Registry, member, services_of
from tests.registry.governance_world import RULES, body, changed, council
from tests.registry.test_structure_golden import adopted

SEAT = {"title": "理事", "unit_name": "示例单位", "succession": "by_post"}


def codes(answer: Any) -> list[tuple[str, str]]:
    return [(issue["field"], issue["code"]) for issue in answer.json()["errors"]]


def test_a_body_is_created_changed_from_a_day_on_and_read_as_of_any(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made = await caller.create("/bodies", body("示例理事会", founded_on="2024-01-01", aliases=["理事会"]))
        path = f"/bodies/{made['id']}"
        assert (made["quorum"], made["majority_of"]) == (RULES["quorum"], "votes")
        draft = body("示例集团理事会", founded_on="2024-01-01", effective_on="2025-03-01")
        answer = await changed(caller, "put", path, draft, path)
        assert (answer.status_code, answer.json()["name"]) == (200, "示例集团理事会")
        names = [(await caller.get(path, as_of=day)).json()["name"] for day in ("2025-02-28", "2025-03-01")]
        assert names == ["示例理事会", "示例集团理事会"]
        assert (await caller.get(path, as_of="2023-12-31")).status_code == 404
        assert [item["name"] for item in (await caller.get("/bodies", as_of="2024-06-01")).json()["items"]] == [
            "示例理事会"
        ]
        assert (await caller.put(path, draft, '"1"')).status_code == 412
        assert (await caller.put(path, draft, None)).status_code == 428
        found = (await caller.get("/bodies", q="shiliji")).json()
        assert found["total"] == 1
        history = (await caller.get(f"{path}/history")).json()["items"]
        assert [entry["action"] for entry in history] == ["body.update", "body.create"]

    registry.run(scenario)


FAULTY: list[tuple[dict[str, Any], tuple[str, str]]] = [
    ({"rules_source": None}, ("rules_source", "source_missing")),
    ({"quorum": {"numerator": 3, "denominator": 2, "strict": False}}, ("quorum", "share_above_whole")),
    ({"majority": {"numerator": 1, "denominator": 1, "strict": True}}, ("majority", "share_above_whole")),
    ({"founded_on": "2025-12-02"}, ("founded_on", "date_in_future")),
    ({"parent": "00000000-0000-4000-8000-000000000000"}, ("parent", "body_unknown")),
    ({"host_member": "00000000-0000-4000-8000-000000000000"}, ("host_member", "member_unknown")),
    ({"name": "已有机构"}, ("name", "name_taken")),
]


@pytest.mark.parametrize(("changes", "issue"), FAULTY)
def test_a_faulty_body_is_refused_by_field(registry: Registry, changes: dict[str, Any], issue: tuple[str, str]) -> None:
    async def scenario(caller: Caller) -> None:
        await caller.create("/bodies", body("已有机构"))
        answer = await caller.post("/bodies", {**body("新机构"), **changes})
        assert (answer.status_code, codes(answer)) == (422, [issue])

    registry.run(scenario)


def test_bodies_hang_in_no_circle_and_end_from_below(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        top = await caller.create("/bodies", body("指导委员会"))
        below = await caller.create("/bodies", body("理事会", parent=top["id"]))
        path = f"/bodies/{top['id']}"
        answer = await changed(caller, "put", path, body("指导委员会", parent=below["id"]), path)
        assert codes(answer) == [("parent", "parent_below")]
        end = {"dissolved_on": "2025-12-01", "reason": "机构调整"}
        answer = await changed(caller, "post", f"{path}/dissolution", end, path)
        assert codes(answer) == [("dissolved_on", "bodies_below")]
        child = f"/bodies/{below['id']}"
        assert (await changed(caller, "post", f"{child}/dissolution", end, child)).status_code == 200
        assert (await changed(caller, "post", f"{path}/dissolution", end, path)).status_code == 200
        again = await changed(caller, "post", f"{path}/dissolution", end, path)
        assert (again.status_code, again.json()["code"]) == (409, "body_dissolved")
        assert (await caller.get("/bodies")).json()["total"] == 0
        assert (await caller.post("/bodies", body("理事会"))).status_code == 201  # the name is free again
        refused = await caller.post(f"{child}/seats", SEAT)
        assert (refused.status_code, refused.json()["code"]) == (409, "body_dissolved")

    registry.run(scenario)


def test_terms_follow_one_another(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made = await caller.create("/bodies", body())
        path = f"/bodies/{made['id']}/terms"
        await caller.create(path, {"number": 1, "from_date": "2020-01-01"})
        await caller.create(path, {"number": 2, "from_date": "2024-01-01", "until_date": "2028-01-01"})
        terms = (await caller.get(f"/bodies/{made['id']}")).json()["terms"]
        assert [(t["number"], t["from_date"], t["until_date"]) for t in terms] == [
            (2, "2024-01-01", "2028-01-01"),
            (1, "2020-01-01", "2024-01-01"),
        ]
        wrong = await caller.post(path, {"number": 2, "from_date": "2024-01-01", "until_date": "2023-01-01"})
        assert codes(wrong) == [
            ("until_date", "period_reversed"),
            ("number", "number_taken"),
            ("from_date", "before_last_term"),
        ]

    registry.run(scenario)


def test_a_seat_by_notice_needs_the_notice_and_one_by_post_does_not(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made = await caller.create("/bodies", body())
        by_post = await caller.create(f"/bodies/{made['id']}/seats", SEAT)
        by_notice = await caller.create(f"/bodies/{made['id']}/seats", {**SEAT, "succession": "by_notice"})
        taken = {"holder": "王一", "from_date": "2025-01-01"}
        assert (await caller.post(f"/seats/{by_post['id']}/succession", taken)).status_code == 201
        refused = await caller.post(f"/seats/{by_notice['id']}/succession", taken)
        assert codes(refused) == [("document", "document_missing")]
        documented = {**taken, "document": "示文〔2025〕1号"}
        held = await caller.create(f"/seats/{by_notice['id']}/succession", documented)
        assert held["holdings"][0]["document"] == "示文〔2025〕1号"

    registry.run(scenario)


def test_succession_only_ever_continues_what_is_on_record(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made = await caller.create("/bodies", body())
        draft = {**SEAT, "established_on": "2024-01-01"}
        seat = await caller.create(f"/bodies/{made['id']}/seats", draft)
        path = f"/seats/{seat['id']}"
        await caller.create(f"{path}/succession", {"holder": "王一", "from_date": "2024-02-01"})
        for day, issue in (
            ("2023-12-31", "before_seat"),
            ("2024-01-15", "later_holder"),
            ("2024-02-01", "later_holder"),
        ):
            answer = await caller.post(f"{path}/succession", {"holder": "李二", "from_date": day})
            assert codes(answer) == [("from_date", issue)], day
        same = await caller.post(f"{path}/succession", {"holder": "王一", "from_date": "2024-03-01"})
        assert codes(same) == [("holder", "same_holder")]
        await caller.create(f"{path}/succession", {"holder": "李二", "from_date": "2026-02-01"})  # arranged ahead
        seen = [(await caller.get(path, as_of=day)).json()["holder"] for day in ("2025-12-01", "2026-02-01")]
        assert seen == ["王一", "李二"]
        ahead = await caller.post(f"{path}/vacancy", {"until_date": "2025-06-01", "reason": "调离"})
        assert codes(ahead) == [("until_date", "later_holder")]
        late = {**SEAT, "established_on": "2024-03-01"}
        assert codes(await changed(caller, "put", path, late, path)) == [("established_on", "after_first_holder")]

    registry.run(scenario)


def test_a_vacancy_is_dated_and_filled_again(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made, seats = await council(caller, 2)
        path = f"/seats/{seats[0]['id']}"
        out = {"until_date": "2025-06-01", "reason": "调离"}
        gone = await caller.create(f"{path}/vacancy", out)
        assert (gone["holder"], gone["holdings"][0]["end_reason"]) == (None, "调离")
        again = await caller.post(f"{path}/vacancy", {**out, "until_date": "2025-07-01"})
        assert (again.status_code, again.json()["code"]) == (409, "seat_vacant")
        assert (await caller.get("/seats", vacant=True)).json()["total"] == 1
        assert (await caller.get("/seats", vacant=True, as_of="2025-05-31")).json()["total"] == 0
        assert (await caller.get("/seats", holder="理事1")).json()["total"] == 1
        summary = (await caller.get("/bodies")).json()["items"][0]
        assert (summary["seats"], summary["vacant"]) == (2, 1)
        await caller.create(f"{path}/succession", {"holder": "李二", "from_date": "2025-08-01"})
        days = ("2025-05-31", "2025-06-01", "2025-07-31", "2025-08-01")
        seen = [(await caller.get(path, as_of=day)).json()["holder"] for day in days]
        assert seen == ["理事0", None, None, "李二"]
        assert (await caller.get(f"/bodies/{made['id']}")).json()["vacant"] == 0

    registry.run(scenario)


def test_an_abolished_seat_stays_on_record(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made, seats = await council(caller, 2)
        path = f"/seats/{seats[1]['id']}"
        end = {"abolished_on": "2025-06-01", "reason": "机构调整"}
        answer = await changed(caller, "post", f"{path}/abolition", end, path)
        assert (answer.status_code, answer.json()["holdings"][0]["until_date"]) == (200, "2025-06-01")
        counts = [len((await caller.get("/seats", as_of=day)).json()["items"]) for day in ("2025-05-31", "2025-06-01")]
        assert counts == [2, 1]
        assert len((await caller.get(f"/bodies/{made['id']}")).json()["seat_list"]) == 1
        again = await changed(caller, "post", f"{path}/abolition", end, path)
        assert (again.status_code, again.json()["code"]) == (409, "seat_abolished")
        late = await caller.post(f"{path}/succession", {"holder": "李二", "from_date": "2025-07-01"})
        assert codes(late) == [("from_date", "after_seat")]

    registry.run(scenario)


def test_two_who_take_one_seat_at_once_are_told_apart(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        _, seats = await council(caller, 1)
        path = f"/seats/{seats[0]['id']}/succession"
        drafts = [{"holder": name, "from_date": "2025-06-01"} for name in ("李二", "赵三")]
        answers = await asyncio.gather(*(caller.post(path, draft) for draft in drafts))
        assert sorted(answer.status_code for answer in answers) == [201, 422]

    registry.run(scenario)


def test_leads_stand_from_and_until_a_day(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        unit = await caller.create("/members", member("示例学院", category="higher_vocational"))
        made = await caller.create("/leads", {"member": unit["id"], "scope": "集团龙头", "from_date": "2024-01-01"})
        assert (made["unit_name"], made["member"]["name"]) == ("示例学院", "示例学院")
        twice = await caller.post("/leads", {"member": unit["id"], "scope": "集团龙头"})
        assert codes(twice) == [("scope", "lead_stands")]
        assert codes(await caller.post("/leads", {"scope": "集团龙头"})) == [("member", "unit_missing")]
        path = f"/leads/{made['id']}"
        end = {"ended_on": "2025-06-01", "reason": "调整"}
        assert (await changed(caller, "post", f"{path}/ending", end, path)).status_code == 200
        for day, count in (("2023-12-31", 0), ("2024-01-01", 1), ("2025-05-31", 1), ("2025-06-01", 0)):
            assert len((await caller.get("/leads", as_of=day)).json()["items"]) == count, day
        again = await changed(caller, "post", f"{path}/ending", end, path)
        assert (again.status_code, again.json()["code"]) == (409, "lead_ended")

    registry.run(scenario)


def test_others_read_and_do_not_write(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made, seats = await council(caller, 1)
        for role, claims in (("county_clerk", {"division": "340822"}), ("leader", {}), ("secretariat_head", {})):
            other = caller.acting(role, **claims)
            assert (await other.get(f"/bodies/{made['id']}")).status_code == 200
            expected = 201 if role == "secretariat_head" else 403
            answer = await other.post(
                f"/seats/{seats[0]['id']}/succession", {"holder": "李二", "from_date": "2025-01-01"}
            )
            assert answer.status_code == expected, role
        abroad = caller.acting("secretariat_clerk", alliance="xiaogan")
        assert (await abroad.get(f"/bodies/{made['id']}")).status_code == 404
        assert (await abroad.get("/seats")).json()["total"] == 0

    registry.run(scenario)


def test_a_change_is_told_without_names(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        await council(caller, 1)
        events = (await services_of(caller).get("/outbox", after=0, limit=50)).json()["items"]
        assert [event["type"] for event in events] == ["body.created", "seat.created", "seat.succeeded"]
        assert "理事0" not in str(events)
        entries = (await caller.acting("audit_admin").get("/audit-entries", action="seat.succeed")).json()["items"]
        assert len(entries) == 1
        assert "理事0" not in str(entries[0])

    registry.run(scenario)


def test_an_export_has_every_seat_and_is_recorded(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made, _ = await council(caller, 3)
        answer = await caller.get("/seats/export.xlsx", body=made["id"], reason="换届准备")
        assert answer.content.startswith(b"PK")
        entries = (await caller.acting("audit_admin").get("/audit-entries", action="seat.exported")).json()["items"]
        assert (entries[0]["after"]["rows"], entries[0]["reason"]) == (3, "换届准备")

    registry.run(scenario)


# ---- 孝感: succession without a new notice


def test_a_seat_of_the_xiaogan_group_passes_to_the_successor_in_post_and_keeps_its_history(registry: Registry) -> None:
    """领导小组成员如有变动，由成员单位接任工作的同志替补，不另行文."""

    async def scenario(caller: Caller) -> None:
        office = await adopted(registry, caller, "xiaogan-2023")
        group = next(b for b in (await office.get("/bodies")).json()["items"] if b["kind"] == "leading_group")
        assert (group["seats"], group["vacant"]) == (24, 0)
        seats = (await office.get(f"/bodies/{group['id']}")).json()["seat_list"]
        assert {seat["succession"] for seat in seats} == {"by_post"}
        seat = next(seat for seat in seats if seat["holder"] == "管志刚")
        assert (seat["title"], seat["member"]["name"], seat["post"]) == ("副组长", "孝感市教育局", "局长")
        await office.create(f"/seats/{seat['id']}/succession", {"holder": "示例接任者", "from_date": "2024-03-15"})
        for day, holder in (
            ("2023-06-01", "管志刚"),
            ("2024-03-14", "管志刚"),
            ("2024-03-15", "示例接任者"),
            ("2025-12-01", "示例接任者"),
        ):
            shown = (await office.get("/structure", as_of=day)).json()
            held = next(b for b in shown["bodies"] if b["kind"] == "leading_group")["seats"]
            assert sum(len(one["seats"]) for one in held) == 24, day
            deputy = next(one for one in held if one["seats"][0]["id"] == seat["id"])
            assert deputy["holder"] == holder, day
            listed = (await office.get("/seats", holder=holder, as_of=day)).json()["items"]
            assert [one["id"] for one in listed] == [seat["id"]]
            assert holder in (await office.get("/structure/picture.svg", as_of=day)).text
        assert not (await office.get("/structure", as_of="2023-05-31")).json()["bodies"]
        holdings = (await office.get(f"/seats/{seat['id']}")).json()["holdings"]
        assert [(one["holder"], one["from_date"], one["until_date"]) for one in holdings] == [
            ("示例接任者", "2024-03-15", None),
            ("管志刚", "2023-06-01", "2024-03-15"),
        ]
        assert holdings[0]["document"] is None
        again = (await office.post("/structure/adoption", {"pack": "xiaogan-2023"})).json()
        assert again["made"] == again["changed"] == 0  # the document's holder does not come back
        assert (await office.get(f"/seats/{seat['id']}")).json()["holder"] == "示例接任者"

    registry.run(scenario)


# ---- who holds which seat on which day, against a naive calendar

START = date(2025, 1, 1)
DAYS = 12
STEPS = st.lists(st.tuples(st.integers(0, DAYS - 1), st.sampled_from(["甲", "乙", "丙", None])), max_size=6)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_holders_as_of_any_day_are_those_of_a_naive_calendar(
    registry: Registry, steps: list[tuple[int, str | None]]
) -> None:
    async def scenario(caller: Caller) -> None:
        made = await caller.create("/bodies", body(f"机构{uuid4()}", founded_on="2024-01-01"))
        seat = await caller.create(f"/bodies/{made['id']}/seats", {**SEAT, "established_on": "2024-01-01"})
        calendar: list[str | None] = [None] * DAYS
        for day, holder in steps:
            on = (START + timedelta(days=day)).isoformat()
            if holder is None:
                answer = await caller.post(f"/seats/{seat['id']}/vacancy", {"until_date": on, "reason": "调离"})
            else:
                answer = await caller.post(f"/seats/{seat['id']}/succession", {"holder": holder, "from_date": on})
            if answer.status_code == 201:
                calendar[day:] = [holder] * (DAYS - day)
        for day in range(DAYS):
            on = (START + timedelta(days=day)).isoformat()
            listed = (await caller.get("/seats", body=made["id"], as_of=on)).json()["items"]
            assert [one["holder"] for one in listed] == [calendar[day]], (day, steps)
            vacant = (await caller.get("/seats", body=made["id"], as_of=on, vacant=True)).json()["total"]
            assert vacant == (calendar[day] is None)

    registry.run(scenario)
