"""The snapshot for other services, the to-do list, and articles of applied policy documents."""

import asyncio
from typing import Any

from services.kernel.database import Database
from services.kernel.permissions import Role
from services.kernel.policy.canonical import sha256_of
from services.kernel.principal import Principal
from services.registry.commands.apply_policy import AppliedVersion, apply_policy
from tests.registry.conftest import Caller, Registry, member, services_of, uscc
from tests.registry.test_collaborations import GRANT, college

DOCUMENT: dict[str, Any] = {
    "number": "示例〔2024〕1号",
    "title": "示例实施意见",
    "articles": [
        {"id": "二9", "heading": "组建联合体", "summary": "省级奖 50 万元。"},
        {"id": "三(二)", "heading": "经费", "summary": "每年 500 万元。"},
    ],
}
CLERK = Principal("operator", "系统", Role.SECRETARIAT_CLERK, "anqing", frozenset())


def test_a_snapshot_changes_its_version_with_its_facts_only(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        service = services_of(caller)
        empty = await service.get("/snapshot")
        made = await caller.create("/members", member(uscc=uscc(1), contact_phone="12345"))
        one = await service.get("/snapshot")
        assert one.json()["version"] != empty.json()["version"]
        assert one.headers["ETag"] == f'"{one.json()["version"]}"'
        registry.clock.instant = registry.clock.instant.replace(hour=9)
        later = await service.get("/snapshot")
        assert later.json()["version"] == one.json()["version"]
        assert later.json()["as_of"] != one.json()["as_of"]
        await caller.put(f"/members/{made['id']}", member(uscc=uscc(1), contact_phone="54321"), '"1"')
        assert (await service.get("/snapshot")).json()["version"] == one.json()["version"]
        await caller.put(f"/members/{made['id']}", member(uscc=uscc(1), aliases=["甲"]), '"2"')
        assert (await service.get("/snapshot")).json()["version"] != one.json()["version"]

    registry.run(scenario)


def test_a_version_that_is_held_is_answered_with_304(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        service = services_of(caller)
        tag = (await service.get("/snapshot")).headers["ETag"]
        same = await service.get("/snapshot", headers={"If-None-Match": f'"x", {tag}'})
        assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", tag)
        await caller.create("/members", member())
        assert (await service.get("/snapshot", headers={"If-None-Match": tag})).status_code == 200

    registry.run(scenario)


def test_a_snapshot_has_the_shape_of_the_contract(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made = await caller.create("/members", member(uscc=uscc(1), aliases=["简称"]))
        joint = await caller.create("/collaborations", college(host_member=made["id"]))
        await caller.create(f"/collaborations/{joint['id']}/recognitions", GRANT)
        content = (await services_of(caller).get("/snapshot")).json()
        assert set(content) == {"version", "as_of", "members", "collaborations"}
        facts = {key: content[key] for key in ("members", "collaborations")}
        assert content["version"] == sha256_of(facts)
        assert content["members"] == [
            {
                "id": made["id"],
                "name": "示例职业学校",
                "aliases": ["简称"],
                "uscc": uscc(1),
                "category": "secondary_vocational",
                "division": "340822",
                "enterprise_size": None,
                "size_evidence": None,
                "status": "active",
            }
        ]
        (seen,) = content["collaborations"]
        assert (seen["host_member"], seen["lead_member"]) == (made["id"], None)
        assert [(g["level"], g["granted_on"], g["withdrawn_on"]) for g in seen["recognitions"]] == [
            ("provincial", "2025-09-26", None)
        ]

    registry.run(scenario)


def test_a_snapshot_is_for_services_and_of_one_alliance(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        await caller.create("/members", member())
        assert (await caller.get("/snapshot")).status_code == 403
        assert (await services_of(caller, "xiaogan").get("/snapshot")).json()["members"] == []
        assert (await caller.acting("service", alliance=None).get("/snapshot")).status_code == 401

    registry.run(scenario)


def test_todos_name_the_gaps_and_lead_to_them(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        assert (await caller.get("/todos")).json() == {"items": []}
        await caller.create("/members", member("甲公司", category="enterprise", uscc=uscc(1)))
        await caller.create("/members", member("乙公司", category="enterprise", uscc=uscc(2), enterprise_size="small"))
        await caller.create("/members", member("丙校", division=None, uscc=uscc(3)))
        await caller.create("/collaborations", {"kind": "consortium", "name": "示例联合体"})
        items = (await caller.get("/todos")).json()["items"]
        assert [(item["title"], item["href"], item["state"]) for item in items] == [
            ("2 家企业缺企业规模或佐证材料", "/members?missing=size_evidence", "open"),
            ("1 家成员单位没有区划", "/members?missing=division", "open"),
            ("1 个市域产教联合体没有牵头单位", "/collaborations?kind=consortium", "open"),
        ]
        for item in items[:2]:
            query = dict([item["href"].split("?")[1].split("=")])
            assert (await caller.get("/members", **query)).json()["total"] == int(item["title"].split()[0])
        county = caller.acting("county_clerk", division="340822")
        assert (await county.get("/todos")).json() == {"items": []}

    registry.run(scenario)


def test_divisions_are_those_of_the_alliance_and_its_city(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        assert (await caller.get("/divisions")).json() == {"divisions": [], "zones": []}
        await asyncio.to_thread(apply, registry, {**DOCUMENT, "alliance": {"division": "3408"}}, {})
        await caller.create("/members", member("池州示例公司", category="enterprise", division="341702"))
        found = (await caller.get("/divisions")).json()
        names = {entry["code"]: entry["name"] for entry in found["divisions"]}
        assert (names["340800"], names["340822"], names["341702"]) == ("安庆市", "怀宁县", "贵池区")
        assert [zone["code"] for zone in found["zones"]] == ["3408Z1", "3408Z2"]
        county = caller.acting("county_clerk", division="340822")
        assert (await county.get("/divisions")).json()["divisions"] == [{"code": "340822", "name": "怀宁县"}]

    registry.run(scenario)


def apply(registry: Registry, document: dict[str, Any], structure: dict[str, Any]) -> AppliedVersion:
    async def body() -> AppliedVersion:
        database = Database(registry.settings.database_url.get_secret_value(), clock=registry.clock)
        parts = {"document": document, "structure": structure, "targets": {}, "subsidies": {}}
        hashes = {name: sha256_of(part) for name, part in parts.items()}
        async with database.write("anqing") as session:
            applied = await apply_policy(session, registry.clock, CLERK, "anqing-2024", parts, hashes)
        await database.close()
        return applied

    return asyncio.run(body())


def test_a_policy_gets_a_new_version_only_when_its_content_is_new(registry: Registry) -> None:
    first = apply(registry, DOCUMENT, {"units": []})
    assert (first.version, first.changed) == (1, True)
    assert apply(registry, DOCUMENT, {"units": []}) == AppliedVersion("anqing-2024", 1, first.sha256, changed=False)
    second = apply(registry, DOCUMENT, {"units": [{"code": "a"}]})
    assert (second.version, second.changed) == (2, True)
    back = apply(registry, DOCUMENT, {"units": []})
    assert (back.version, back.sha256, back.changed) == (3, first.sha256, True)


def test_articles_are_read_from_the_newest_version(registry: Registry) -> None:
    apply(registry, DOCUMENT, {})
    newer = {**DOCUMENT, "articles": [*DOCUMENT["articles"], {"id": "二10", "heading": "学院", "summary": "新。"}]}

    async def scenario(caller: Caller) -> None:
        article = (await caller.get("/policies/anqing-2024/articles/三(二)")).json()
        assert article == {
            "pack": "anqing-2024",
            "version": 1,
            "number": "示例〔2024〕1号",
            "title": "示例实施意见",
            "article": "三(二)",
            "heading": "经费",
            "summary": "每年 500 万元。",
        }
        assert (await caller.get("/policies/anqing-2024/articles/二10")).json()["code"] == "article_not_found"
        assert (await caller.get("/policies/other/articles/二9")).json()["code"] == "policy_not_applied"
        await asyncio.to_thread(apply, registry, newer, {})
        assert (await caller.get("/policies/anqing-2024/articles/二10")).json()["version"] == 2
        other = caller.acting("secretariat_clerk", alliance="xiaogan")
        assert (await other.get("/policies/anqing-2024/articles/二9")).status_code == 404

    registry.run(scenario)
