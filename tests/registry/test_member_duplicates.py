"""Likely double entries: warned of on entry, listed in pairs, dismissed with a reason."""

from typing import Any
from uuid import uuid4

import pytest

from tests.registry.conftest import Caller, Registry, member, uscc

CODE = "3134000001"
NAMES: list[tuple[str, str, bool]] = [
    ("安庆示例汽车有限公司", "安庆市示例汽车有限责任公司", True),
    ("安庆示例汽车有限公司", "安庆 示例（汽车）股份有限公司", True),
    ("怀宁县职业技术学校", "怀宁职业技术学校", True),
    ("怀宁县职业技术学校", "怀宁县职业技术学校（东校区）", True),
    ("怀宁县第一中学", "怀宁县第二中学", False),
    ("安庆示例汽车有限公司", "桐城示例包装有限公司", False),
    ("太湖县人民政府", "太湖中学", False),
]


async def found(caller: Caller, **query: Any) -> list[tuple[str, list[str]]]:
    answer = await caller.get("/member-duplicates/candidates", **query)
    assert answer.status_code == 200, answer.text
    return [(item["member"]["name"], item["same_codes"]) for item in answer.json()["items"]]


@pytest.mark.parametrize(("standing", "entered", "alike"), NAMES)
def test_names_that_are_alike_and_names_that_are_not(
    registry: Registry, standing: str, entered: str, alike: bool
) -> None:
    async def scenario(caller: Caller) -> None:
        await caller.create("/members", member(standing))
        assert await found(caller, name=entered) == ([(standing, [])] if alike else [])
        await caller.create("/members", member(entered))
        pairs = (await caller.get("/member-duplicates")).json()
        assert (pairs["total"], len(pairs["items"])) == ((1, 1) if alike else (0, 0))

    registry.run(scenario)


def test_aliases_former_names_and_codes_are_compared_too(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        former = [{"name": "安庆农业学校", "until": "2004-05-01"}]
        college = member("安庆职业技术学院", aliases=["安职院"], former_names=former, uscc=uscc(1), school_code=CODE)
        made = await caller.create("/members", college)
        shown = [("安庆职业技术学院", [])]
        for query in ({"name": "安职院"}, {"alias": "安庆市农业学校"}, {"name": "x", "alias": ["y", "安职院"]}):
            assert await found(caller, **query) == shown, query
        assert await found(caller, uscc=uscc(1).lower() + " ") == [("安庆职业技术学院", ["uscc"])]
        assert await found(caller, school_code=CODE, name="安职院") == [("安庆职业技术学院", ["school_code"])]
        assert await found(caller, name="安庆职业技术学院", own=made["id"]) == []
        assert await found(caller) == []
        assert await found(caller.acting("secretariat_clerk", alliance="xiaogan"), name="安职院") == []

    registry.run(scenario)


def test_a_pair_goes_once_it_is_dismissed_with_a_reason(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        first = await caller.create("/members", member("甲县示例职业学校", school_code=CODE))
        second = await caller.create("/members", member("乙大学", school_code=CODE))
        (pair,) = (await caller.get("/member-duplicates")).json()["items"]
        assert {pair["one"]["id"], pair["other"]["id"]} == {first["id"], second["id"]}
        assert (pair["likeness"], pair["same_codes"]) == (1.0, ["school_code"])
        told = {"one": first["id"], "other": second["id"]}
        assert (await caller.post("/member-duplicates/dismissals", {**told, "reason": " "})).status_code == 422
        for wrong in ({**told, "other": first["id"]}, {**told, "other": str(uuid4())}):
            assert (await caller.post("/member-duplicates/dismissals", {**wrong, "reason": "x"})).status_code == 422
        made = await caller.create("/member-duplicates/dismissals", {**told, "reason": "代码填错，两校不同"})
        assert made["one"] < made["other"]
        assert (await caller.get("/member-duplicates")).json()["total"] == 0
        turned = {"one": second["id"], "other": first["id"], "reason": "再次"}
        again = await caller.post("/member-duplicates/dismissals", turned)
        assert (again.status_code, again.json()["code"]) == (409, "already_dismissed")

    registry.run(scenario)


def test_pairs_come_likeliest_first_and_page_without_gaps(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        for name in ("甲示例职业技术学校", "甲示例职业技术学院", "甲市示例职业技术学校", "甲示例职业技术学校东校区"):
            await caller.create("/members", member(name))
        whole = (await caller.get("/member-duplicates")).json()
        scores = [item["likeness"] for item in whole["items"]]
        assert (scores[0], scores == sorted(scores, reverse=True), whole["total"]) == (1.0, True, len(scores))
        assert len(scores) >= 3
        seen: list[Any] = []
        query: dict[str, Any] = {"limit": 1}
        while True:
            page = (await caller.get("/member-duplicates", **query)).json()
            seen += page["items"]
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
        assert seen == whole["items"]
        assert (await caller.get("/member-duplicates", at_least=1)).json()["total"] == 1
        assert (await caller.get("/member-duplicates", cursor="x")).status_code == 422

    registry.run(scenario)


def test_only_the_secretariat_looks_for_double_entries(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        for other in (caller.acting("county_clerk", division="340822"), caller.acting("leader")):
            for path in ("/member-duplicates", "/member-duplicates/candidates?name=x"):
                assert (await other.get(path)).status_code == 403

    registry.run(scenario)


def test_school_codes_are_of_schools_and_have_ten_digits(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        for changes, field in (
            ({"school_code": "313400000"}, "school_code"),
            ({"school_code": "31340000011"}, "school_code"),
            ({"school_code": CODE, "category": "enterprise"}, "school_code"),
            ({"industry_code": "3"}, "industry_code"),
            ({"industry_code": "Z1"}, "industry_code"),
            ({"former_names": [{"name": "旧", "until": "2025-02-30"}]}, "former_names.0.until"),
        ):
            answer = await caller.post("/members", member(**changes))
            assert (answer.status_code, [i["field"] for i in answer.json()["errors"]]) == (422, [field]), changes
        made = await caller.create(
            "/members", member(school_code=" 3134 000001", industry_code="c3670", address="路1号")
        )
        assert (made["school_code"], made["industry_code"], made["address"]) == (CODE, "C3670", "路1号")
        assert (await caller.get("/members", q=CODE[2:])).json()["total"] == 1
        assert (await caller.get("/members", q="\\_%")).json()["total"] == 0

    registry.run(scenario)
