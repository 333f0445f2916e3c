"""Mergers and splits: what goes over, what stays, who is found by which name, and what each day shows."""

from typing import Any

from tests.registry.conftest import Caller, Registry, member, services_of, uscc
from tests.registry.test_outbox import told

DAY = "2025-09-01"
REASON = "市政府批准合并办学"


async def merge(caller: Caller, one: dict[str, Any], into: dict[str, Any], **changes: Any) -> Any:
    body = {"into": into["id"], "on_date": DAY, "document": "示例〔2025〕1号", "reason": REASON, **changes}
    return await caller.acting("secretariat_head").post(f"/members/{one['id']}/merger", body)


async def two_schools(caller: Caller) -> tuple[dict[str, Any], dict[str, Any]]:
    joined = "2020-01-01"
    old = member("旧示例学校", aliases=["旧校"], uscc=uscc(1), joined_on=joined)
    return (
        await caller.create("/members", old),
        await caller.create("/members", member("新示例学院", uscc=uscc(2), joined_on=joined)),
    )


async def a_college(caller: Caller, name: str, **parts: Any) -> str:
    founded = {"kind": "industry_college", "name": name, "founded_on": "2021-01-01"}
    made = await caller.create("/collaborations", {**founded, **parts})
    return str(made["id"])


async def parts_of(caller: Caller, collaboration: str, **query: Any) -> tuple[Any, Any, set[str]]:
    found = (await caller.get(f"/collaborations/{collaboration}", **query)).json()
    named = [(found[part] or {}).get("name") for part in ("host_member", "lead_member")]
    return (named[0], named[1], {one["name"] for one in found["participants"]})


def test_a_merger_moves_what_is_open_and_leaves_the_past_as_it_was(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        old, new = await two_schools(caller)
        hosted = await a_college(caller, "甲学院", host_member=old["id"])
        joined = await a_college(caller, "乙学院", host_member=new["id"], participants=[old["id"]])
        both = await a_college(caller, "丙学院", participants=[old["id"], new["id"]])
        await caller.create(f"/members/{old['id']}/contacts", {"post": "联络员", "person": "张三", "phone": "12345"})
        preview = await caller.get(f"/members/{old['id']}/merger-preview", into=new["id"])
        assert [touch["title"] for touch in preview.json()["touches"]] == ["丙学院", "甲学院", "乙学院", "联络员"]
        assert preview.json()["gained_names"] == ["旧示例学校", "旧校"]
        answer = await merge(caller, old, new)
        assert (answer.status_code, answer.json()["moved"]) == (201, 4)
        assert await parts_of(caller, hosted) == ("新示例学院", None, set())
        assert await parts_of(caller, joined) == ("新示例学院", None, set())
        assert await parts_of(caller, both) == (None, None, {"新示例学院"})
        assert await parts_of(caller, hosted, as_of="2025-08-31") == ("旧示例学校", None, set())
        assert (await parts_of(caller, both, as_of="2025-08-31"))[2] == {"旧示例学校", "新示例学院"}
        assert len((await caller.get(f"/members/{new['id']}/contacts")).json()["items"]) == 1
        assert (await caller.get(f"/members/{old['id']}/merger-preview", into=new["id"])).json()["touches"] == []

    registry.run(scenario)


def test_the_predecessor_leaves_and_is_found_by_its_names_in_the_successor(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        old, new = await two_schools(caller)
        await merge(caller, old, new)
        gone = (await caller.get(f"/members/{old['id']}")).json()
        assert (gone["status"], gone["left_on"]) == ("exited", DAY)
        kept = (await caller.get(f"/members/{new['id']}")).json()
        assert kept["aliases"] == ["旧示例学校", "旧校"]
        belonging = {
            asked: {
                item["name"] for item in (await caller.get("/members", as_of=asked, belonging=True)).json()["items"]
            }
            for asked in ("2025-08-31", DAY)
        }
        assert belonging == {"2025-08-31": {"旧示例学校", "新示例学院"}, DAY: {"新示例学院"}}
        snapshot = (await services_of(caller).get("/snapshot")).json()["members"]
        assert {item["name"]: item["aliases"] for item in snapshot}["新示例学院"] == ["旧示例学校", "旧校", uscc(1)]
        then = (await services_of(caller).get("/snapshot", as_of="2025-08-31")).json()["members"]
        assert {item["name"]: item["aliases"] for item in then}["新示例学院"] == []
        (past,) = (await caller.get(f"/members/{new['id']}/successions")).json()["items"]
        assert (past["kind"], past["predecessor"]["name"], past["on_date"]) == ("merge", "旧示例学校", DAY)
        assert (await caller.get(f"/members/{new['id']}/successions", as_of="2025-08-31")).json()["items"] == []
        assert (await caller.get("/member-duplicates")).json()["total"] == 0

    registry.run(scenario)


def test_a_merger_is_told_and_recorded_of_both(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        old, new = await two_schools(caller)
        await merge(caller, old, new)
        events = {event["type"]: event for event in await told(caller) if event["object_id"] == old["id"]}
        merged = events["member.merged"]
        assert (merged["division"], merged["member"]) == ("340822", old["id"])
        assert merged["data"]["successor"] == new["id"]
        assert merged["data"]["status"] == "exited"
        for one, action in ((old, "member.merge"), (new, "member.absorb")):
            entries = (await caller.get(f"/members/{one['id']}/history")).json()["items"]
            assert [(entry["action"], entry["reason"]) for entry in entries][:1] == [(action, REASON)]

    registry.run(scenario)


def test_mergers_that_cannot_be(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        old, new = await two_schools(caller)
        left = await caller.create("/members", member("已退校", status="exited", left_on="2025-01-01"))
        unknown = {"id": "00000000-0000-4000-8000-000000000001"}
        for into, changes, field, code in (
            (old, {}, "into", "same_member"),
            (left, {}, "into", "member_exited"),
            (unknown, {}, "into", "member_unknown"),
            (new, {"on_date": "2025-12-02"}, "on_date", "day_ahead"),
            (new, {"on_date": "2019-12-31"}, "on_date", "before_joined"),
        ):
            answer = await merge(caller, old, into, **changes)
            assert [(i["field"], i["code"]) for i in answer.json()["errors"]] == [(field, code)], answer.text
        body = {"into": new["id"], "on_date": DAY, "reason": REASON}
        assert (await caller.post(f"/members/{old['id']}/merger", body)).status_code == 403
        assert (await merge(caller, old, new)).status_code == 201
        again = await merge(caller, old, new)
        assert (again.status_code, again.json()["code"]) == (409, "member_merged")

    registry.run(scenario)


def test_a_double_entry_that_left_before_can_still_be_merged(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        left = await caller.create("/members", member("旧校", status="exited", left_on="2025-01-01"))
        new = await caller.create("/members", member("新校"))
        assert (await merge(caller, left, new)).status_code == 201
        assert (await caller.get(f"/members/{left['id']}")).json()["left_on"] == "2025-01-01"

    registry.run(scenario)


async def divide(caller: Caller, one: dict[str, Any], *parts: dict[str, Any], **changes: Any) -> Any:
    body = {"parts": [*parts], "on_date": DAY, "reason": "分设", **changes}
    return await caller.acting("secretariat_head").post(f"/members/{one['id']}/division", body)


def test_a_split_that_ends_the_school_gives_what_is_open_to_its_heir(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        old, new = await two_schools(caller)
        hosted = await a_college(caller, "甲学院", host_member=old["id"])
        parts = ({"new": member("南校")}, {"member": new["id"]})
        answer = await divide(caller, old, *parts, continues=False, heir=1)
        assert (answer.status_code, answer.json()["moved"]) == (201, 1), answer.text
        assert await parts_of(caller, hosted) == ("南校", None, set())
        assert [one["successor"]["name"] for one in answer.json()["successions"]] == ["南校", "新示例学院"]
        south = answer.json()["successions"][0]["successor"]["id"]
        assert (await caller.get(f"/members/{south}")).json()["joined_on"] == DAY
        assert (await caller.get(f"/members/{south}", as_of="2025-08-31")).status_code == 404
        assert (await caller.get(f"/members/{old['id']}")).json()["status"] == "exited"
        assert (await told(caller))[-1]["type"] == "member.divided"

    registry.run(scenario)


def test_a_school_that_goes_on_keeps_what_is_open(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        old, _ = await two_schools(caller)
        hosted = await a_college(caller, "甲学院", host_member=old["id"])
        answer = await divide(caller, old, {"new": member("南校")})
        assert (answer.status_code, answer.json()["moved"]) == (201, 0)
        assert await parts_of(caller, hosted) == ("旧示例学校", None, set())
        assert (await caller.get(f"/members/{old['id']}")).json()["status"] == "active"

    registry.run(scenario)


def test_every_fault_of_a_split_is_told_at_once_and_nothing_is_saved(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        old, new = await two_schools(caller)
        parts = (
            {"new": member("南校")},
            {"new": member("新示例学院", division="340899")},
            {"member": old["id"]},
            {},
            {"member": new["id"]},
            {"member": new["id"]},
        )
        answer = await divide(caller, old, *parts, continues=False)
        assert {(i["field"], i["code"]) for i in answer.json()["errors"]} == {
            ("heir", "heir_missing"),
            ("parts.1.new.division", "division_unknown"),
            ("parts.1.new.name", "name_taken"),
            ("parts.2.member", "same_member"),
            ("parts.3.member", "part_unclear"),
            ("parts.5.member", "member_repeated"),
        }
        assert (await caller.get("/members")).json()["total"] == 2
        for changes, code in (
            ({"continues": True, "heir": 1}, "heir_unexpected"),
            ({"continues": False, "heir": 2}, "heir_unknown"),
        ):
            refused = await divide(caller, old, {"new": member("南校")}, **changes)
            assert [i["code"] for i in refused.json()["errors"]] == [code]

    registry.run(scenario)
