"""The practice alliance gets what is on record but for people, can be emptied, and is never the source of anything."""

from datetime import timedelta
from typing import Any

from tests.registry.conftest import BASE, Caller, Registry, member, uscc
from tests.registry.governance_world import body

PRACTICE = "anqing-practice"


READ = (
    "bodies",
    "seats",
    "leads",
    "meetings",
    "leading-industries",
    "leading-industries/matches",
    "majors",
    "teachers",
)


async def governed(caller: Caller, school: dict[str, Any], firm: dict[str, Any]) -> dict[str, Any]:
    """A council with a seat that is held, a lead, a meeting, a major that serves an industry, a teacher."""
    council = await caller.create("/bodies", body("怀宁职教理事会", founded_on="2024-01-01", host_member=school["id"]))
    path = f"/bodies/{council['id']}"
    await caller.create(f"{path}/terms", {"number": 1, "from_date": "2024-01-01"})
    draft = {"title": "理事长", "member": school["id"], "post": "校长", "succession": "by_post"}
    seat = await caller.create(f"{path}/seats", {**draft, "established_on": "2024-01-01"})
    await caller.create(f"/seats/{seat['id']}/succession", {"holder": "张校长", "from_date": "2024-01-01"})
    await caller.create("/leads", {"member": school["id"], "scope": "集团龙头", "from_date": "2024-01-01"})
    await caller.create("/meetings", {"body": council["id"], "title": "第一次会议", "held_on": "2025-11-20"})
    major = {"major_code": "660701", "name": "汽车制造与检测", "since": "2021-09-01", "students": 120}
    await caller.create(f"/members/{school['id']}/majors", major)
    draft = {"name": "汽车", "industry_codes": ["36"], "position": 1, "enterprises": [firm["id"]]}
    industry = await caller.create("/leading-industries", draft)
    match = {"major_code": "6607", "industry": industry["id"], "reason": "岗位对应"}
    await caller.create("/leading-industries/matches", match)
    await caller.create("/teachers", {"member": school["id"], "name": "李教师", "kind": "dual"})
    return {"council": council, "seat": seat, "industry": industry}


async def standing(caller: Caller, **query: str) -> dict[str, list[Any]]:
    """What each list of the caller's alliance shows."""
    return {name: (await caller.get(f"/{name}", **query)).json()["items"] for name in READ}


def named(lists: dict[str, list[Any]]) -> dict[str, list[str]]:
    """The lists by what each item says of itself."""
    words = ("name", "title", "scope", "major_code", "id")
    return {
        name: [next(str(one[word]) for word in words if one.get(word)) for one in found]
        for name, found in lists.items()
    }


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
    return {"school": school, "firm": firm, "college": college}


def test_members_and_collaborations_are_copied_under_their_ids_and_without_contacts(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made = await seeded(caller)
        practice = caller.acting("secretariat_clerk", alliance=PRACTICE)
        assert (await practice.get("/members")).json()["total"] == 0
        answer = await caller.post("/practice/members", None)
        nothing = dict.fromkeys(("bodies", "seats", "majors", "industries"), 0)
        assert answer.json() == {"alliance": PRACTICE, "members": 2, "collaborations": 1, **nothing}
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


def test_bodies_majors_and_industries_are_copied_and_no_people(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made = await seeded(caller)
        world = await governed(caller, made["school"], made["firm"])
        counts = (await caller.post("/practice/members", None)).json()
        assert [counts[name] for name in ("bodies", "seats", "majors", "industries")] == [1, 1, 1, 1]
        practice = caller.acting("secretariat_head", alliance=PRACTICE)
        shown = await standing(practice)
        assert {name: len(found) for name, found in shown.items()} == {
            **dict.fromkeys(READ, 1), "meetings": 0, "teachers": 0,
        }  # fmt: skip
        (seat,) = shown["seats"]
        assert (seat["id"], seat["title"], seat["member"]["name"], seat["holder"]) == (
            world["seat"]["id"], "理事长", "怀宁职校", None,
        )  # fmt: skip
        read = (await practice.get(f"/bodies/{world['council']['id']}")).json()
        assert (read["rules_source"], [term["number"] for term in read["terms"]]) == (body()["rules_source"], [1])
        assert shown["majors"][0]["industries"] == ["汽车"]
        connected = (await practice.get("/coverage")).json()["industries_covered"]
        assert (connected["numerator"], connected["denominator"]) == (1, 1)

    registry.run(scenario)


def test_a_studio_is_copied_without_the_name_of_its_master(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        details = {"master": "王示例", "trade": "钳工", "team": 6}
        made = await caller.create(
            "/collaborations", {"kind": "master_studio", "name": "钳工工作室", "details": details}
        )
        await caller.post("/practice/members", None)
        copied = caller.acting("secretariat_clerk", alliance=PRACTICE)
        for reader, master in ((copied, None), (caller, "王示例")):
            shown = (await reader.get(f"/collaborations/{made['id']}")).json()["details"]
            assert (shown.get("master"), shown["trade"], shown["team"]) == (master, "钳工", 6)

    registry.run(scenario)


def test_copying_again_takes_away_what_was_ended_and_keeps_what_was_tried_out(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made = await seeded(caller)
        world = await governed(caller, made["school"], made["firm"])
        await caller.post("/practice/members", None)
        registry.clock.advance(timedelta(days=1))  # what ends on the day of its entry leaves no history
        caller = Caller(registry, caller.http, registry.signer.headers("secretariat_clerk"))
        practice = caller.acting("secretariat_clerk", alliance=PRACTICE)
        majors = f"/members/{made['school']['id']}/majors"
        await practice.create(majors, {"major_code": "710205", "name": "大数据", "since": "2024-09-01"})
        (major,) = (await caller.get(majors)).json()["items"]
        seen = {**caller.headers, "If-Match": f'"{major["row_version"]}"'}
        ended = await caller.http.delete(f"{BASE}{majors}/{major['id']}", headers=seen)
        assert ended.status_code == 204, ended.text
        industry, college = f"/leading-industries/{world['industry']['id']}", f"/collaborations/{made['college']['id']}"
        assert (await practice.get(industry)).json()["enterprises"][0]["name"] == "某机械厂"
        seen = {**caller.headers, "If-Match": (await caller.get(industry)).headers["ETag"]}
        assert (await caller.http.delete(f"{BASE}{industry}", headers=seen)).status_code == 204
        alone = {"kind": "industry_college", "name": "机械产业学院", "host_member": made["school"]["id"]}
        left = await caller.put(college, alone, (await caller.get(college)).headers["ETag"])
        assert left.status_code == 200, left.text
        counts = (await caller.post("/practice/members", None)).json()
        assert (counts["majors"], counts["industries"]) == (0, 0)
        assert (await practice.get("/leading-industries")).json()["items"] == []
        assert (await practice.get("/leading-industries/matches")).json()["items"] == []
        assert (await practice.get(college)).json()["participants"] == []
        assert [one["major_code"] for one in (await practice.get(majors)).json()["items"]] == ["710205"]

    registry.run(scenario)


def test_what_collides_with_a_name_tried_out_is_said_and_nothing_is_copied(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        practice = caller.acting("secretariat_clerk", alliance=PRACTICE)
        tried = await practice.create("/members", member("某机械厂"))
        made = await seeded(caller)
        answer = await caller.post("/practice/members", None)
        assert (answer.status_code, answer.json()["code"]) == (409, "practice_collides")
        assert (await practice.get("/members")).json()["total"] == 1
        assert made["firm"]["id"] != tried["id"]

    registry.run(scenario)


def test_the_secretariat_empties_governance_and_industries_for_good(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made = await seeded(caller)
        await governed(caller, made["school"], made["firm"])
        before = named(await standing(caller))
        await caller.post("/practice/members", None)
        practice = caller.acting("secretariat_clerk", alliance=PRACTICE)
        tried = {"body": (await practice.get("/bodies")).json()["items"][0]["id"], "title": "练习会议"}
        await practice.create("/meetings", {**tried, "held_on": "2025-11-20"})
        copied = named({**await standing(practice), "meetings": []})
        removed = (await practice.post("/practice/reset", None)).json()["removed"]
        assert {name: removed[name] for name in ("body", "seat", "lead", "meeting", "member_major")} == {
            "body": 1, "seat": 1, "lead": 1, "meeting": 1, "member_major": 1,
        }  # fmt: skip
        for query in ({}, {"as_of": "2025-06-01"}):
            assert await standing(practice, **query) == {name: [] for name in READ}, query
        assert (await practice.get("/members")).json()["total"] == 2
        assert named(await standing(caller)) == before, "the alliance itself is untouched"
        await caller.post("/practice/members", None)
        assert named(await standing(practice)) == copied

    registry.run(scenario)


def test_a_unit_empties_its_own_and_nobody_a_real_alliance(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made = await seeded(caller)
        await governed(caller, made["school"], made["firm"])
        await caller.post("/practice/members", None)
        school = caller.acting("unit_reporter", member=made["school"]["id"], alliance=PRACTICE)
        for keeper, name in ((school, "王教师"), (caller.acting("secretariat_clerk", alliance=PRACTICE), "赵教师")):
            unit = made["school"] if keeper is school else made["firm"]
            await keeper.create("/teachers", {"member": unit["id"], "name": name, "kind": "dual"})
        other = caller.acting("county_clerk", division="340825", alliance=PRACTICE)
        assert set((await other.post("/practice/reset", None)).json()["removed"].values()) == {0}
        removed = (await school.post("/practice/reset", None)).json()["removed"]
        assert removed == {"practice_period": 0, "teacher": 1, "member_major": 1, "member_contact": 0}
        office = caller.acting("secretariat_clerk", alliance=PRACTICE)
        left = await standing(office)
        assert [one["name"] for one in left["teachers"]] == ["赵教师"]
        assert (len(left["bodies"]), left["majors"]) == (1, [])
        for role in ("secretariat_clerk", "secretariat_head"):
            refused = await caller.acting(role).post("/practice/reset", None)
            assert (refused.status_code, refused.json()["code"]) == (409, "not_a_practice_alliance")
        assert (await caller.acting("leader", alliance=PRACTICE).post("/practice/reset", None)).status_code == 403

    registry.run(scenario)


def test_only_the_secretariat_copies_and_only_from_the_real_records(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        inside = caller.acting("secretariat_clerk", alliance=PRACTICE)
        refused = await inside.post("/practice/members", None)
        assert (refused.status_code, refused.json()["code"]) == (409, "in_practice_alliance")
        county = caller.acting("county_clerk", division="340822")
        assert (await county.post("/practice/members", None)).status_code == 403

    registry.run(scenario)
