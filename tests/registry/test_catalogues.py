"""Catalogues through HTTP: imported as a draft, compared, adopted; earlier versions stay."""

from datetime import timedelta
from typing import Any

from tests.registry.conftest import BASE, Caller, Registry
from tests.registry.rooms import bureau, codes, remove, school, send, table_of

HEAD = ["代码", "名称"]
FIRST = table_of(HEAD, ["66", "装备制造大类"], ["6603", "自动化类"], ["660301", "机电技术应用"], ["660302", "电气"])
SECOND = table_of(HEAD, ["66", "装备制造大类"], ["6603", "自动化类"], ["660302", "电气设备运行与控制"], ["67", "新"])


async def draft(
    caller: Caller, content: bytes = FIRST, kind: str = "majors", label: str = "2021 年版"
) -> dict[str, Any]:
    answer = await send(caller, f"/catalogues/{kind}/versions", content, label=label, source="示例文号")
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def adopt(caller: Caller, made: dict[str, Any]) -> dict[str, Any]:
    path = f"/catalogues/{made['kind']}/versions/{made['id']}"
    seen = {"If-Match": (await caller.get(path)).headers["ETag"]}
    answer = await caller.http.post(f"{BASE}{path}/adoption", headers={**caller.headers, **seen})
    assert answer.status_code == 200, answer.text
    adopted: dict[str, Any] = answer.json()
    return adopted


def test_a_draft_is_compared_and_adopted(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        first = await draft(caller)
        assert (first["state"], first["number"], first["current"], first["entries"]) == ("draft", None, False, 4)
        assert (await caller.get("/catalogues/majors/entries")).status_code == 404
        compared = (await caller.get(f"/catalogues/majors/versions/{first['id']}/comparison")).json()
        assert (compared["against"], compared["new_count"]) == (None, 4)
        adopted = await adopt(caller, first)
        assert (adopted["number"], adopted["adopted_on"], adopted["current"]) == (1, "2025-12-01", True)

        one = await school(caller)
        for code in ("660301", "660302"):
            await caller.create(f"/members/{one}/majors", {"major_code": code})
        registry.clock.advance(timedelta(minutes=1))  # the list is ordered by when a version was drafted
        second = await draft(caller, SECOND, label="2026 年版")
        compared = (await caller.get(f"/catalogues/majors/versions/{second['id']}/comparison")).json()
        assert compared["against"]["id"] == first["id"]
        assert [entry["code"] for entry in compared["new"]] == ["67"]
        assert [(c["before"]["name"], c["after"]["name"]) for c in compared["changed"]] == [
            ("电气", "电气设备运行与控制")
        ]
        assert [entry["code"] for entry in compared["removed"]] == ["660301"]
        assert compared["in_use_lacking"] == [{"code": "660301", "name": "机电技术应用", "uses": 1}]

        registry.clock.advance(timedelta(days=3))
        await adopt(caller, second)
        listed = (await caller.get("/catalogues/majors/versions", sort="-created_at")).json()["items"]
        assert [(v["label"], v["current"]) for v in listed] == [("2026 年版", True), ("2021 年版", False)]
        again = (await caller.get(f"/catalogues/majors/versions/{second['id']}/comparison")).json()
        assert again["against"]["id"] == first["id"]
        for day, name in ((None, "电气设备运行与控制"), ("2025-12-03", "电气"), ("2025-12-04", "电气设备运行与控制")):
            query = {"as_of": day} if day else {}
            found = (await caller.get("/catalogues/majors/entries", q="660302", **query)).json()["items"]
            assert [entry["name"] for entry in found] == [name]
        before_all = await caller.get("/catalogues/majors/entries", as_of="2025-11-30")
        assert (before_all.status_code, before_all.json()["code"]) == (404, "catalogue_missing")
        old = (await caller.get(f"/catalogues/majors/versions/{first['id']}/entries", level="major")).json()["items"]
        assert [(entry["code"], entry["parent"]) for entry in old] == [("660301", "6603"), ("660302", "6603")]

    registry.run(scenario)


def test_the_extracts_can_be_taken_exported_and_imported_again(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        for kind in ("majors", "industries"):
            made = await caller.create("/catalogues/extracts", {"kind": kind})
            assert made["entries"] > 100
            assert "节选" in made["source"]
            await adopt(caller, made)
            file = await caller.get(f"/catalogues/{kind}/versions/{made['id']}/entries.xlsx")
            files = {"file": ("表.xlsx", file.content)}
            fields = {"label": "再导入", "source": "导出的文件"}
            answer = await caller.http.post(
                f"{BASE}/catalogues/{kind}/versions", files=files, data=fields, headers=caller.headers
            )
            assert answer.status_code == 201, answer.text
            path = f"/catalogues/{kind}/versions/{answer.json()['id']}/comparison"
            compared = (await caller.get(path)).json()
            assert [compared[f"{change}_count"] for change in ("new", "changed", "removed")] == [0, 0, 0]
        found = (await caller.get("/catalogues/industries/entries", q="qichelingbujian")).json()["items"]
        assert [entry["code"] for entry in found] == ["367", "3670"]
        assert (await caller.get("/catalogues/industries/entries", parent="C")).json()["total"] > 20

    registry.run(scenario)


def test_a_faulty_table_is_not_taken_at_all(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        wrong = table_of(HEAD, ["66", "甲"], ["66", "乙"], ["6X", "丙"], ["67", ""])
        answer = await send(caller, "/catalogues/majors/versions", wrong, label="坏", source="坏")
        assert {code for _, code in codes(answer)} == {"code_repeated", "code_shape", "field_missing"}
        assert all("第 " in issue["message"] for issue in answer.json()["errors"])
        empty = await send(caller, "/catalogues/majors/versions", table_of(HEAD), label="空", source="空")
        assert codes(empty) == {("file", "table_empty")}
        headless = await send(caller, "/catalogues/majors/versions", table_of(["x"]), label="空", source="空")
        assert headless.status_code == 422
        assert (await caller.get("/catalogues/majors/versions")).json()["total"] == 0

    registry.run(scenario)


def test_only_a_draft_is_discarded_and_only_once_adopted(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        first, second = await draft(caller), await draft(caller, SECOND)
        await adopt(caller, first)
        path = f"/catalogues/majors/versions/{first['id']}"
        assert (await remove(caller, path, "*")).json()["code"] == "version_adopted"
        twice = await caller.http.post(f"{BASE}{path}/adoption", headers={**caller.headers, "If-Match": "*"})
        assert (twice.status_code, twice.json()["code"]) == (409, "version_adopted")
        other = f"/catalogues/majors/versions/{second['id']}"
        assert (await remove(caller, other, None)).status_code == 428
        assert (await remove(caller, other, '"9"')).status_code == 412
        assert (await remove(caller, other, '"1"')).status_code == 204
        assert (await caller.get(other)).status_code == 404
        assert (await caller.get(f"/catalogues/industries/versions/{first['id']}")).status_code == 404

    registry.run(scenario)


def test_the_same_upload_under_one_key_is_taken_once(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        caller.headers["Idempotency-Key"] = "k1"
        one, two = await draft(caller), await draft(caller)
        assert one == two
        other = await send(caller, "/catalogues/majors/versions", SECOND, label="2021 年版", source="示例文号")
        assert other.json()["code"] == "idempotency_key_reused"

    registry.run(scenario)


def test_who_may_what(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        made = await adopt(caller, await draft(caller))
        for reader in (bureau(caller), caller.acting("leader")):
            assert (await reader.get("/catalogues/majors/entries")).json()["total"] == 4
            assert (await send(reader, "/catalogues/majors/versions", FIRST, label="x", source="x")).status_code == 403
            assert (await reader.post("/catalogues/extracts", {"kind": "majors"})).status_code == 403
        elsewhere = caller.acting("secretariat_clerk", alliance="xiaogan")
        assert (await elsewhere.get(f"/catalogues/majors/versions/{made['id']}")).status_code == 404

    registry.run(scenario)
