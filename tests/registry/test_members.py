"""Members through HTTP: create, read, change, find, and who sees whom."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import select, update

from services.kernel import registry_words as words
from services.kernel.database import Database, WriteSession
from services.kernel.shared_tables import audit_entry, idempotency_key
from services.registry.domain import collaborations, members, recognitions
from tests.registry.conftest import Caller, Registry, member, services_of, uscc
from tests.registry.life_cycle_world import APPLICATION


def test_the_enums_are_the_vocabulary_that_people_see() -> None:
    for enum, labels in (
        (members.MemberCategory, words.MEMBER_CATEGORIES),
        (members.StructureRole, words.STRUCTURE_ROLES),
        (members.EnterpriseSize, words.ENTERPRISE_SIZES),
        (members.MemberStatus, words.MEMBER_STATUSES),
        (collaborations.CollaborationKind, words.COLLABORATION_KINDS),
        (collaborations.CollaborationStatus, words.COLLABORATION_STATUSES),
        (recognitions.RecognitionLevel, words.RECOGNITION_LEVELS),
    ):
        assert [str(code) for code in enum] == list(labels)


def test_members_and_applicants_of_every_category_are_taken_and_schools_have_their_code(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        paper = {**APPLICATION, "received_on": "2025-11-03"}
        for number, category in enumerate(words.MEMBER_CATEGORIES):
            code = {"school_code": f"{3134000000 + number}"} if category in words.SCHOOLS else {}
            made = await caller.create("/members", member(f"示例单位{number}", category=category, **code))
            assert (made["category"], made["school_code"]) == (category, code.get("school_code"))
            applied = await caller.create("/applications", {**paper, "name": f"申请单位{number}", "category": category})
            assert applied["category"] == category
        listed = await caller.get("/members", category="university")
        assert [one["name"] for one in listed.json()["items"]] == ["示例单位0"]

    registry.run(scenario)


def test_a_member_is_created_and_read_back(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        body = member(
            " 怀宁示例汽车零部件有限公司 ",
            aliases=["示例零部件", "示例零部件"],
            uscc=uscc(1).lower() + " ",
            category="enterprise",
            enterprise_size="medium",
            size_evidence="证明第1号",
            functional_zone="3408Z1",
            contact_person="张三",
            contact_phone="0556-1234567",
            joined_on="2024-09-01",
            industry="",
        )
        answer = await caller.post("/members", body)
        assert answer.status_code == 201, answer.text
        made = answer.json()
        assert answer.headers["ETag"] == '"1"'
        read = await caller.get(f"/members/{made['id']}")
        assert answer.headers["Location"].endswith(f"/members/{made['id']}")
        assert read.json() == made
        assert read.headers["ETag"] == '"1"'
        assert (made["name"], made["aliases"], made["uscc"]) == ("怀宁示例汽车零部件有限公司", ["示例零部件"], uscc(1))
        assert (made["division_name"], made["functional_zone_name"]) == ("怀宁县", "安庆经济技术开发区")
        assert (made["contact_person"], made["industry"], made["status"]) == ("张三", None, "active")

    registry.run(scenario)


def test_every_fault_of_a_field_is_told_at_once(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        answer = await caller.post(
            "/members",
            {"name": " ", "uscc": "91350100M000100Y4Z", "category": "school", "division": "34", "contact_phone": "x"},
        )
        assert answer.status_code == 422
        problem = answer.json()
        found = {issue["field"]: issue["code"] for issue in problem["errors"]}
        assert found["uscc"] == "uscc_invalid"
        assert set(found) == {"name", "uscc", "category", "division", "contact_phone"}
        assert all(issue["message"].endswith("。") for issue in problem["errors"])

    registry.run(scenario)


BETWEEN_FIELDS: list[tuple[dict[str, Any], str, str]] = [
    ({"division": "340899"}, "division", "division_unknown"),
    ({"functional_zone": "3408Z9"}, "functional_zone", "zone_unknown"),
    ({"enterprise_size": "large"}, "enterprise_size", "size_not_applicable"),
    ({"status": "exited"}, "left_on", "left_on_missing"),
    ({"left_on": "2025-01-01"}, "left_on", "left_on_unexpected"),
    (
        {"status": "exited", "joined_on": "2025-02-01", "left_on": "2025-01-01"},
        "left_on",
        "left_before_joined",
    ),
]


def test_rules_between_fields(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        for changes, field, code in BETWEEN_FIELDS:
            answer = await caller.post("/members", member(**changes))
            assert answer.status_code == 422
            assert [(i["field"], i["code"]) for i in answer.json()["errors"]] == [(field, code)]

    registry.run(scenario)


def test_names_and_codes_are_unique_within_an_alliance_only(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        await caller.create("/members", member("甲校", uscc=uscc(1)))
        twin = await caller.post("/members", member("甲校", uscc=uscc(1)))
        assert twin.status_code == 422
        assert {(i["field"], i["code"]) for i in twin.json()["errors"]} == {
            ("name", "name_taken"),
            ("uscc", "uscc_taken"),
        }
        other = await caller.acting("secretariat_clerk", alliance="xiaogan").post(
            "/members", member("甲校", uscc=uscc(1))
        )
        assert other.status_code == 201

    registry.run(scenario)


def test_two_creates_at_once_make_one_member(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        answers = await asyncio.gather(*(caller.post("/members", member("甲校")) for _ in range(4)))
        statuses = sorted(answer.status_code for answer in answers)
        assert statuses[0] == 201
        assert set(statuses[1:]) <= {409, 422}
        assert (await caller.get("/members")).json()["total"] == 1

    registry.run(scenario)


def test_a_create_with_a_key_is_done_once(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        first = await caller.post("/members", member(), Idempotency_Key="k1")
        again = await caller.post("/members", member(), Idempotency_Key="k1")
        assert (again.status_code, again.json(), again.headers["Idempotent-Replay"]) == (201, first.json(), "true")
        assert again.headers["ETag"] == first.headers["ETag"]
        other = await caller.post("/members", member("另一所"), Idempotency_Key="k1")
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")

    registry.run(scenario)


def test_a_key_is_of_one_post_and_forgotten_after_a_week(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        clerk = caller.acting("secretariat_clerk", sub="p", post=str(uuid4()))
        head = caller.acting("secretariat_head", sub="p", post=str(uuid4()))
        made = await clerk.post("/members", member(), Idempotency_Key="k1")
        other = await head.post("/members", member(), Idempotency_Key="k1")
        assert (made.status_code, other.status_code, other.json()["code"]) == (201, 409, "idempotency_key_reused")
        await age(timedelta(days=6, hours=23))
        again = await clerk.post("/members", member(), Idempotency_Key="k1")
        assert again.headers["Idempotent-Replay"] == "true"
        await age(timedelta(hours=2))
        await clerk.post("/members", member("乙校"), Idempotency_Key="k2")
        assert await kept() == ["k2"]

    async def age(by: timedelta) -> None:
        async with stored() as session:
            await session.execute(update(idempotency_key).values(created_at=idempotency_key.c.created_at - by))

    async def kept() -> list[str]:
        async with stored() as session:
            return list(await session.scalars(select(idempotency_key.c.key)))

    @asynccontextmanager
    async def stored() -> AsyncIterator[WriteSession]:
        database = Database(registry.settings.database_url.get_secret_value())
        try:
            async with database.write("anqing") as session:
                yield session
        finally:
            await database.close()

    registry.run(scenario)


def test_an_update_needs_the_version_that_stands(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made = await caller.create("/members", member())
        path = f"/members/{made['id']}"
        assert (await caller.put(path, member(), None)).status_code == 428
        changed = await caller.put(path, member(aliases=["简称"]), '"1"')
        assert (changed.status_code, changed.headers["ETag"], changed.json()["aliases"]) == (200, '"2"', ["简称"])
        stale = await caller.put(path, member(), '"1"')
        assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
        same = await caller.put(path, member(aliases=["简称"]), '"2"')
        assert (same.status_code, same.headers["ETag"]) == (200, '"2"')

    registry.run(scenario)


def test_a_new_name_is_found_by_its_pinyin(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made = await caller.create("/members", member("甲校"))
        await caller.put(f"/members/{made['id']}", member("岳西示例学校"), '"1"')
        assert (await caller.get("/members", q="yuexi")).json()["total"] == 1
        assert (await caller.get("/members", q="jiaxiao")).json()["total"] == 1  # it was called so before

    registry.run(scenario)


QUERIES: list[tuple[dict[str, str], list[str]]] = [
    ({"q": "职业"}, ["怀宁示例职业学校", "安庆职业技术学院"]),
    ({"q": "anqing"}, ["安庆职业技术学院", "安庆示例汽车有限公司"]),
    ({"q": "AQZY"}, ["安庆职业技术学院"]),
    ({"q": "安职院"}, ["安庆职业技术学院"]),
    ({"q": uscc(3)[4:12]}, ["怀宁示例职业学校", "安庆示例汽车有限公司", "太湖示例中学"]),
    ({"q": uscc(3)}, ["怀宁示例职业学校"]),
    ({"q": "%"}, []),
    ({"category": "enterprise"}, ["安庆示例汽车有限公司"]),
    ({"division": "340822"}, ["怀宁示例职业学校"]),
    ({"status": "exited"}, ["太湖示例中学"]),
    ({"structure_role": "leading"}, ["安庆职业技术学院"]),
    ({"missing": "uscc"}, ["安庆职业技术学院"]),
    ({"missing": "size_evidence"}, ["安庆示例汽车有限公司"]),
    ({"missing": "division"}, ["安庆示例汽车有限公司"]),
]


def test_members_are_found_by_fragment_pinyin_code_and_fields(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        await four_members(caller)
        for query, names in QUERIES:
            answer = (await caller.get("/members", **query)).json()
            assert ({item["name"] for item in answer["items"]}, answer["total"]) == (set(names), len(names)), query

    registry.run(scenario)


async def four_members(caller: Caller) -> None:
    await caller.create(
        "/members",
        member(
            "安庆职业技术学院",
            aliases=["安职院"],
            category="higher_vocational",
            division="340800",
            structure_role="leading",
        ),
    )
    await caller.create("/members", member("安庆示例汽车有限公司", category="enterprise", division=None, uscc=uscc(2)))
    await caller.create("/members", member("怀宁示例职业学校", uscc=uscc(3)))
    gone = {"status": "exited", "joined_on": "2020-01-01", "left_on": "2023-01-01", "uscc": uscc(4, "N2")}
    await caller.create("/members", member("太湖示例中学", category="sending_school", division="340825", **gone))


def test_lists_sort_by_pinyin_and_page_without_gaps(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        await four_members(caller)
        by_name = [item["name"] for item in (await caller.get("/members")).json()["items"]]
        assert by_name == ["安庆示例汽车有限公司", "安庆职业技术学院", "怀宁示例职业学校", "太湖示例中学"]
        for sort in ("name", "-name", "category", "-category", "division", "-division"):
            whole = [item["id"] for item in (await caller.get("/members", sort=sort)).json()["items"]]
            paged: list[str] = []
            query: dict[str, Any] = {"sort": sort, "limit": 1}
            while True:
                page = (await caller.get("/members", **query)).json()
                assert page["total"] == 4
                paged += [item["id"] for item in page["items"]]
                if page["next_cursor"] is None:
                    break
                query["cursor"] = page["next_cursor"]
            assert paged == whole
        assert (await caller.get("/members", sort="colour")).status_code == 422

    registry.run(scenario)


def test_a_county_sees_its_own_members_only(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        await four_members(caller)
        huaining = caller.acting("county_clerk", division="340822")
        seen = (await huaining.get("/members")).json()
        assert ([item["name"] for item in seen["items"]], seen["total"]) == (["怀宁示例职业学校"], 1)
        everyone = (await caller.get("/members")).json()["items"]
        statuses = {item["name"]: (await huaining.get(f"/members/{item['id']}")).status_code for item in everyone}
        assert [name for name, status in statuses.items() if status == 200] == ["怀宁示例职业学校"]
        assert set(statuses.values()) == {200, 404}

    registry.run(scenario)


def test_another_alliance_sees_nothing(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made = await caller.create("/members", member())
        other = caller.acting("secretariat_clerk", alliance="xiaogan")
        assert (await other.get("/members")).json()["total"] == 0
        assert (await other.get(f"/members/{made['id']}")).status_code == 404
        assert (await other.put(f"/members/{made['id']}", member(), '"1"')).status_code == 404

    registry.run(scenario)


def test_only_the_secretariat_writes(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made = await caller.create("/members", member())
        others = (
            caller.acting("county_clerk", division="340822"),
            caller.acting("unit_reporter", member=str(uuid4())),
            services_of(caller),
        )
        for other in others:
            assert (await other.post("/members", member("乙"))).status_code == 403
            assert (await other.put(f"/members/{made['id']}", member(), '"1"')).status_code == 403
            assert (await other.upload(b"x")).status_code == 403
            assert (await other.get(f"/members/{made['id']}/history")).status_code == 403

    registry.run(scenario)


def test_without_a_token_nothing_is_answered(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        caller.headers = {}
        assert (await caller.get("/members")).status_code == 401

    registry.run(scenario)


def test_contacts_are_shown_to_whom_they_concern(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made = await caller.create("/members", member(contact_person="张三", contact_phone="0556-1234567"))
        path = f"/members/{made['id']}"
        itself = caller.acting("unit_reporter", member=made["id"])
        other = caller.acting("unit_reporter", member=str(uuid4()))
        county = caller.acting("county_clerk", division="340822")
        shown = [(await c.get(path)).json()["contact_phone"] for c in (caller, itself, county, other)]
        assert shown == ["0556-1234567", "0556-1234567", "0556-1234567", None]
        assert "contact_phone" not in (await caller.get("/members")).json()["items"][0]

    registry.run(scenario)


def test_whoever_is_shown_a_contact_is_recorded_apart_from_the_history(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made = await caller.create("/members", member(contact_phone="0556-1234567"))
        plain = await caller.create("/members", member("没有联系人的学校"))
        stranger = caller.acting("unit_reporter", member=str(uuid4()))
        for reader in (caller, stranger):
            for found in (made, plain):
                assert (await reader.get(f"/members/{found['id']}")).status_code == 200
        database = Database(registry.settings.database_url.get_secret_value())
        async with database.read("anqing") as session:
            wanted = select(audit_entry).where(audit_entry.c.action == "member_contact.read")
            entries = (await session.execute(wanted)).all()
        await database.close()
        assert [(e.actor_role, e.object_id, e.after) for e in entries] == [
            ("secretariat_clerk", made["id"], {"rows": 1})
        ]
        history = (await caller.get(f"/members/{made['id']}/history")).json()["items"]
        assert [item["action"] for item in history] == ["member.create"]

    registry.run(scenario)


def test_history_tells_who_changed_what_without_contents(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made = await caller.create("/members", member(contact_phone="0556-1234567"))
        path = f"/members/{made['id']}"
        await caller.put(path, member(contact_phone="0556-7654321", aliases=["简称"]), '"1"')
        answer = await caller.get(f"{path}/history")
        items = answer.json()["items"]
        assert [(item["action"], item["changed"]) for item in items] == [
            ("member.update", ["aliases", "contact_phone"]),
            ("member.create", []),
        ]
        assert items[0]["actor_name"] == "测试人员"
        assert "0556" not in answer.text

    registry.run(scenario)


def test_who_places_people_sees_names_of_units_and_nothing_more(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        await caller.create("/members", member("怀宁示例职校", contact_person="张老师", contact_phone="0556-1234567"))
        for role in ("security_admin", "system_admin"):
            administrator = caller.acting(role)
            units = (await administrator.get("/units", q="怀宁")).json()["items"]
            assert [set(unit) for unit in units] == [{"id", "name", "category", "division"}]
            assert (await administrator.get("/divisions")).status_code == 200
            assert (await administrator.get("/members")).status_code == 403
        assert (await caller.acting("audit_admin").get("/units")).status_code == 403
        other = caller.acting("county_clerk", division="340825")
        assert (await other.get("/units")).json()["items"] == []

    registry.run(scenario)
