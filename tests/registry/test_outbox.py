"""What the registry tells: to a member and its county, to each county with a part in a collaboration; no contacts."""

from typing import Any

from tests.registry.conftest import Caller, Registry, member, services_of
from tests.registry.test_collaborations import GRANT, college, members
from tests.registry.test_member_imports import row, sheet

HUAINING, TAIHU = "340822", "340825"


async def told(caller: Caller, after: int = 0) -> list[dict[str, Any]]:
    answer = await services_of(caller).get("/outbox", after=after)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def last(caller: Caller) -> int:
    events = await told(caller)
    return int(events[-1]["seq"]) if events else 0


def audiences(events: list[dict[str, Any]]) -> list[tuple[str, str | None, str | None]]:
    return [(event["type"], event["division"], event["member"]) for event in events]


def test_a_member_is_told_to_itself_and_its_county_without_its_contact(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made = await caller.create("/members", member(contact_person="张三", contact_phone="0556-1234567"))
        path = f"/members/{made['id']}"
        same = await caller.put(path, member(contact_person="张三", contact_phone="0556-1234567"), '"1"')
        assert same.status_code == 200
        await caller.put(path, member(contact_person="李四"), '"1"')
        events = await told(caller)
        assert audiences(events) == [
            ("member.created", HUAINING, made["id"]),
            ("member.updated", HUAINING, made["id"]),
        ]
        assert events[1]["data"] == {
            "category": "secondary_vocational",
            "division": HUAINING,
            "status": "active",
            "changed": ["contact_person", "contact_phone"],
        }
        assert not any(secret in str(events) for secret in ("张三", "李四", "1234567"))

    registry.run(scenario)


def test_the_county_that_a_member_leaves_hears_only_that_it_moved(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made = await caller.create("/members", member())
        await caller.put(f"/members/{made['id']}", member(division=TAIHU), '"1"')
        updated, moved = (await told(caller))[1:]
        assert audiences([updated, moved]) == [
            ("member.updated", TAIHU, made["id"]),
            ("member.moved", HUAINING, None),
        ]
        assert moved["data"] == {"division": TAIHU}

    registry.run(scenario)


def test_rows_of_an_import_are_told_one_by_one_and_its_end_to_the_secretariat(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        ended = await caller.imported(sheet(row("甲校", None), row("乙校", "x")))
        events = await told(caller)
        assert [event["type"] for event in events] == ["member.created", "change_set.applied"]
        assert (events[-1]["object_id"], events[-1]["division"]) == (ended["id"], "-")
        before = events[-1]["seq"]
        await caller.imported(sheet(row("甲校", None)))
        assert await told(caller, before) == []

    registry.run(scenario)


def test_each_county_with_a_part_in_a_collaboration_is_told_once(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        ids = await members(caller)
        before = await last(caller)
        draft = college(host_member=ids["school"], participants=[ids["enterprise"]])
        made = await caller.create("/collaborations", draft)
        assert audiences(await told(caller, before)) == [
            ("collaboration.created", HUAINING, ids["school"]),
            ("collaboration.created", TAIHU, None),
        ]
        before = await last(caller)
        await caller.put(f"/collaborations/{made['id']}", college(host_member=ids["school"]), '"1"')
        events = await told(caller, before)
        assert [event["division"] for event in events] == [HUAINING, TAIHU], "the one that left hears of it, too"
        assert {event["object_id"] for event in events} == {made["id"]}

    registry.run(scenario)


def test_a_collaboration_of_nobody_is_for_the_secretariat_only(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        await caller.create("/collaborations", college())
        assert audiences(await told(caller)) == [("collaboration.created", "-", None)]

    registry.run(scenario)


def test_recognitions_are_told_with_their_level(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        ids = await members(caller)
        made = await caller.create("/collaborations", college(lead_member=ids["school"]))
        before = await last(caller)
        path = f"/collaborations/{made['id']}/recognitions"
        grant = await caller.create(path, GRANT)
        withdrawal = {"withdrawn_on": "2025-11-01", "reason": "复核未通过"}
        assert (await caller.post(f"{path}/{grant['id']}/withdrawal", withdrawal)).status_code == 200
        granted, withdrawn = await told(caller, before)
        assert audiences([granted, withdrawn]) == [
            ("recognition.granted", HUAINING, ids["school"]),
            ("recognition.withdrawn", HUAINING, ids["school"]),
        ]
        assert granted["object_id"] == withdrawn["object_id"] == grant["id"]
        assert (granted["data"]["collaboration"], granted["data"]["level"]) == (made["id"], "provincial")
        assert withdrawn["data"]["withdrawn_on"] == "2025-11-01"

    registry.run(scenario)
