"""Collaborations and their recognitions through HTTP."""

from typing import Any
from uuid import uuid4

import pytest

from services.kernel import search
from tests.registry.conftest import Caller, Registry, member


async def members(caller: Caller) -> dict[str, str]:
    """Ids of three members: a college of the city, a school of Huaining, an enterprise of Taihu."""
    drafts = {
        "college": member("安庆示例学院", category="higher_vocational", division="340800"),
        "school": member("怀宁示例职业学校"),
        "enterprise": member("太湖示例公司", category="enterprise", division="340825"),
    }
    return {key: (await caller.create("/members", draft))["id"] for key, draft in drafts.items()}


def college(name: str = "汽车产业学院", **changes: Any) -> dict[str, Any]:
    return {"kind": "industry_college", "name": name, **changes}


GRANT = {"level": "provincial", "granted_on": "2025-09-26", "document_number": "皖教高示例〔2025〕3号"}


def test_a_collaboration_is_created_changed_and_listed(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        ids = await members(caller)
        draft = college(host_member=ids["college"], participants=[ids["enterprise"], ids["enterprise"], ids["college"]])
        answer = await caller.post("/collaborations", draft)
        made = answer.json()
        assert (answer.status_code, answer.headers["ETag"]) == (201, '"1"')
        assert made["host_member"] == {"id": ids["college"], "name": "安庆示例学院"}
        assert [part["name"] for part in made["participants"]] == ["太湖示例公司"]
        path = f"/collaborations/{made['id']}"
        assert (await caller.get(path)).json() == made
        changed = await caller.put(path, {**draft, "participants": [ids["school"]], "founded_on": "2023-05-01"}, '"1"')
        assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
        assert [part["name"] for part in changed.json()["participants"]] == ["怀宁示例职业学校"]
        assert (await caller.put(path, draft, '"1"')).status_code == 412
        assert (await caller.put(path, draft, None)).status_code == 428
        items = (await caller.get("/collaborations")).json()["items"]
        assert [(item["name"], item["level"]) for item in items] == [("汽车产业学院", None)]
        history = (await caller.get(f"{path}/history")).json()["items"]
        assert [entry["action"] for entry in history] == ["collaboration.update", "collaboration.create"]

    registry.run(scenario)


def test_unknown_members_and_twins_are_refused_by_field(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        await caller.create("/collaborations", college())
        stranger = str(uuid4())
        twin = await caller.post("/collaborations", college(host_member=stranger, participants=[stranger]))
        assert twin.status_code == 422
        assert [(i["field"], i["code"]) for i in twin.json()["errors"]] == [
            ("host_member", "member_unknown"),
            ("participants", "member_unknown"),
            ("name", "name_taken"),
        ]
        other_kind = await caller.post("/collaborations", {**college(), "kind": "base"})
        assert other_kind.status_code == 201

    registry.run(scenario)


def test_members_of_another_alliance_cannot_be_named(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        other = caller.acting("secretariat_clerk", alliance="xiaogan")
        stranger = (await other.create("/members", member()))["id"]
        answer = await caller.post("/collaborations", college(host_member=stranger))
        assert answer.json()["errors"][0]["code"] == "member_unknown"

    registry.run(scenario)


def test_a_create_with_a_key_is_done_once(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        first = await caller.post("/collaborations", college(), Idempotency_Key="k")
        again = await caller.post("/collaborations", college(), Idempotency_Key="k")
        assert (again.status_code, again.json()) == (201, first.json())

    registry.run(scenario)


QUERIES: list[tuple[dict[str, str], int]] = [
    ({"q": "qiche"}, 1),
    ({"q": "联合体"}, 1),
    ({"kind": "industry_college"}, 1),
    ({"level": "provincial"}, 1),
    ({"level": "national"}, 0),
    ({"status": "ended"}, 0),
    ({}, 2),
]


def test_collaborations_are_found(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made = await caller.create("/collaborations", college())
        await caller.create("/collaborations", {"kind": "consortium", "name": "示例开发区产教联合体"})
        await caller.create(f"/collaborations/{made['id']}/recognitions", GRANT)
        for query, count in QUERIES:
            answer = (await caller.get("/collaborations", **query)).json()
            assert (len(answer["items"]), answer["total"]) == (count, count), query

    registry.run(scenario)


def test_recognitions_are_granted_withdrawn_and_granted_again(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made = await caller.create("/collaborations", college())
        path = f"/collaborations/{made['id']}"
        municipal = {**GRANT, "level": "municipal", "granted_on": "2023-09-01"}
        await caller.create(f"{path}/recognitions", municipal)
        grant = await caller.create(f"{path}/recognitions", GRANT)
        read = await caller.get(path)
        assert (read.json()["level"], read.json()["recognised_on"]) == ("provincial", "2025-09-26")
        assert [g["level"] for g in read.json()["recognitions"]] == ["municipal", "provincial"]
        assert read.headers["ETag"] == '"3"'
        twice = await caller.post(f"{path}/recognitions", {**GRANT, "granted_on": "2025-10-01"})
        assert twice.json()["errors"][0]["code"] == "level_stands"
        out = {"withdrawn_on": "2025-11-30", "reason": "复核未通过"}
        withdrawal = f"{path}/recognitions/{grant['id']}/withdrawal"
        early = await caller.post(withdrawal, {**out, "withdrawn_on": "2025-09-25"})
        assert early.json()["errors"][0]["code"] == "before_grant"
        gone = await caller.post(withdrawal, out)
        assert (gone.status_code, gone.json()["withdrawn_on"]) == (200, "2025-11-30")
        assert (await caller.post(withdrawal, out)).json()["code"] == "recognition_withdrawn"
        assert (await caller.get(path)).json()["level"] == "municipal"
        again = await caller.post(f"{path}/recognitions", {**GRANT, "granted_on": "2025-12-01"})
        assert again.status_code == 201

    registry.run(scenario)


FAULTY_GRANTS: list[tuple[dict[str, str], str, str]] = [
    ({"granted_on": "2025-12-02"}, "granted_on", "date_in_future"),
    ({"granted_on": "2021-01-01"}, "granted_on", "before_founding"),
    ({"document_number": " "}, "document_number", "string_too_short"),
    ({"level": "county"}, "level", "enum"),
    ({"granted_on": "昨天"}, "granted_on", "date_from_datetime_parsing"),
]


def test_a_recognition_is_checked(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made = await caller.create("/collaborations", college(founded_on="2022-01-01"))
        for changes, field, code in FAULTY_GRANTS:
            answer = await caller.post(f"/collaborations/{made['id']}/recognitions", {**GRANT, **changes})
            assert answer.status_code == 422
            assert [(i["field"], i["code"]) for i in answer.json()["errors"]] == [(field, code)]

    registry.run(scenario)


def test_a_recognition_of_another_collaboration_is_not_found(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        first = await caller.create("/collaborations", college())
        second = await caller.create("/collaborations", college("数字产业学院"))
        grant = await caller.create(f"/collaborations/{first['id']}/recognitions", GRANT)
        wrong = f"/collaborations/{second['id']}/recognitions/{grant['id']}/withdrawal"
        answer = await caller.post(wrong, {"withdrawn_on": "2025-11-30", "reason": "误"})
        assert (answer.status_code, answer.json()["code"]) == (404, "recognition_not_found")

    registry.run(scenario)


def test_a_county_sees_what_its_members_take_part_in(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        ids = await members(caller)
        hosted = await caller.create("/collaborations", college("甲", host_member=ids["school"]))
        joined = await caller.create(
            "/collaborations", college("乙", host_member=ids["college"], participants=[ids["school"]])
        )
        other = await caller.create("/collaborations", college("丙", lead_member=ids["enterprise"]))
        county = caller.acting("county_clerk", division="340822")
        seen = (await county.get("/collaborations")).json()
        assert {item["id"] for item in seen["items"]} == {hosted["id"], joined["id"]}
        assert (await county.get(f"/collaborations/{joined['id']}")).json()["host_member"]["name"] == "安庆示例学院"
        assert (await county.get(f"/collaborations/{other['id']}")).status_code == 404
        unit = caller.acting("unit_reporter", member=ids["enterprise"])
        assert (await unit.get("/collaborations")).json()["total"] == 3
        assert (await unit.get("/collaborations", member=ids["enterprise"])).json()["total"] == 1

    registry.run(scenario)


def test_another_alliance_and_other_roles_cannot_touch_it(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made = await caller.create("/collaborations", college())
        path = f"/collaborations/{made['id']}"
        stranger = caller.acting("secretariat_clerk", alliance="xiaogan")
        assert (await stranger.get(path)).status_code == 404
        assert (await stranger.post(f"{path}/recognitions", GRANT)).status_code == 404
        unit = caller.acting("unit_reporter", member=str(uuid4()))
        assert (await unit.post("/collaborations", college("乙"))).status_code == 403
        assert (await unit.put(path, college(), '"1"')).status_code == 403
        assert (await unit.post(f"{path}/recognitions", GRANT)).status_code == 403

    registry.run(scenario)


def test_very_many_that_hold_a_fragment_are_shown_uncounted(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MOST_FOUND", 1)

    async def scenario(caller: Caller) -> None:
        for name in ("甲学院", "乙学院", "丙学院"):
            await caller.create("/collaborations", college(name))
        first = await caller.get("/collaborations", q="学院", limit=2)
        assert first.status_code == 200, first.text
        assert (len(first.json()["items"]), first.json()["total"]) == (2, None)
        rest = await caller.get("/collaborations", q="学院", limit=2, cursor=first.json()["next_cursor"])
        assert (len(rest.json()["items"]), rest.json()["next_cursor"]) == (1, None)
        assert (await caller.get("/collaborations", q="学院")).json()["total"] == 3
        assert (await caller.get("/collaborations", q="甲学")).json()["total"] == 1

    registry.run(scenario)
