"""The practice alliance gets the members on record, without their contacts, and is never the source of anything."""

from typing import Any

from tests.registry.conftest import Caller, Registry, member, uscc

PRACTICE = "anqing-practice"


async def seeded(caller: Caller) -> dict[str, Any]:
    """A school with a contact, an enterprise, and an industry college that they hold together."""
    contact = {"contact_person": "张老师", "contact_phone": "0556-1234567"}
    school = (await caller.post("/members", member("怀宁职校", uscc=uscc(1), division="340822", **contact))).json()
    firm = (await caller.post("/members", member("某机械厂", uscc=uscc(2), category="enterprise"))).json()
    body = {
        "kind": "industry_college",
        "name": "机械产业学院",
        "host_member": school["id"],
        "participants": [firm["id"]],
    }
    college = (await caller.post("/collaborations", body)).json()
    recognition = {"level": "provincial", "granted_on": "2025-03-01", "document_number": "皖教〔2025〕1号"}
    await caller.post(f"/collaborations/{college['id']}/recognitions", recognition)
    return {"school": school, "college": college}


def test_members_and_collaborations_are_copied_under_their_ids_and_without_contacts(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made = await seeded(caller)
        practice = caller.acting("secretariat_clerk", alliance=PRACTICE)
        assert (await practice.get("/members")).json()["total"] == 0
        answer = await caller.post("/practice/members", None)
        assert answer.json() == {"alliance": PRACTICE, "members": 2, "collaborations": 1}
        copied = (await practice.get(f"/members/{made['school']['id']}")).json()
        assert (copied["name"], copied["contact_person"], copied["contact_phone"]) == ("怀宁职校", None, None)
        college = (await practice.get(f"/collaborations/{made['college']['id']}")).json()
        assert [r["level"] for r in college["recognitions"]] == ["provincial"]

    registry.run(scenario)


def test_copying_again_follows_changes_and_keeps_what_was_tried_out(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made = await seeded(caller)
        practice = caller.acting("secretariat_clerk", alliance=PRACTICE)
        for _ in range(2):
            await caller.post("/practice/members", None)
        assert (await practice.get("/members")).json()["total"] == 2
        await practice.post("/members", member("练习单位"))
        path = f"/members/{made['school']['id']}"
        found = await caller.get(path)
        renamed = {**member("怀宁职业学校", uscc=uscc(1), division="340822")}
        await caller.put(path, renamed, found.headers["etag"])
        await caller.post("/practice/members", None)
        names = {item["name"] for item in (await practice.get("/members")).json()["items"]}
        assert names == {"怀宁职业学校", "某机械厂", "练习单位"}
        assert (await caller.get("/members")).json()["total"] == 2

    registry.run(scenario)


def test_only_the_secretariat_copies_and_only_from_the_real_records(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        inside = caller.acting("secretariat_clerk", alliance=PRACTICE)
        refused = await inside.post("/practice/members", None)
        assert (refused.status_code, refused.json()["code"]) == (409, "in_practice_alliance")
        county = caller.acting("county_clerk", division="340822")
        assert (await county.post("/practice/members", None)).status_code == 403

    registry.run(scenario)
