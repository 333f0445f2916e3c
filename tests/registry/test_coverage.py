"""Majors, leading industries and their coverage through HTTP: on a day, by who may see them, also as files."""

import asyncio
import io
import xml.etree.ElementTree as ET
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import openpyxl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.kernel.database import Database
from services.kernel.tenancy import Scope
from services.registry.commands.coverage_transfer import transfer
from services.registry.queries.coverage import touched_by
from services.registry.tables import Member
from tests.registry.conftest import Caller, Registry
from tests.registry.rooms import (
    apply_structure,
    bureau,
    codes,
    enterprise,
    remove,
    school,
    send,
    table_of,
    unit,
)

NAMES = [
    {"code": "car", "name": "汽车及零部件", "article": "二13"},
    {"code": "chem", "name": "化工新材料", "article": "二13"},
]


async def major(caller: Caller, member: str, code: str, **changes: Any) -> dict[str, Any]:
    return await caller.create(f"/members/{member}/majors", {"major_code": code, "name": f"专业{code}", **changes})


async def industry(caller: Caller, name: str, **changes: Any) -> dict[str, Any]:
    return await caller.create("/leading-industries", {"name": name, **changes})


async def match(caller: Caller, code: str, of: str, **changes: Any) -> dict[str, Any]:
    body = {"major_code": code, "industry": of, "reason": "培养对口人员", **changes}
    return await caller.create("/leading-industries/matches", body)


def test_a_school_keeps_its_majors(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        one = await school(caller)
        own = unit(caller, one)
        extract = await caller.create("/catalogues/extracts", {"kind": "majors"})
        path = f"/catalogues/majors/versions/{extract['id']}/adoption"
        await caller.post(path, None, If_Match="*")
        made = await own.create(f"/members/{one}/majors", {"major_code": " 660301", "students": 120})
        assert (made["name"], made["stage"], made["in_catalogue"]) == ("机电技术应用", "secondary", True)
        odd = await own.post(f"/members/{one}/majors", {"major_code": "669999"})
        assert codes(odd) == {("name", "name_missing")}
        outside = await own.create(f"/members/{one}/majors", {"major_code": "669999", "name": "校设专业"})
        assert (outside["in_catalogue"], outside["catalogue_name"]) == (False, None)
        twin = await own.post(f"/members/{one}/majors", {"major_code": "660301"})
        assert codes(twin) == {("major_code", "code_taken")}
        bad = await own.post(f"/members/{one}/majors", {"major_code": "机电", "students": -1, "since": "0001-01-01"})
        assert {field for field, _ in codes(bad)} == {"major_code", "students", "since"}

        address = f"/members/{one}/majors/{made['id']}"
        body = {"major_code": "660301", "students": 90}
        assert (await own.put(address, body, None)).status_code == 428
        assert (await own.put(address, body, '"9"')).status_code == 412
        changed = await own.put(address, body, '"1"')
        assert (changed.json()["students"], changed.headers["ETag"]) == (90, '"2"')
        assert (await remove(own, address, '"2"')).status_code == 204
        listed = (await own.get(f"/members/{one}/majors")).json()["items"]
        assert [item["major_code"] for item in listed] == ["669999"]

    registry.run(scenario)


def test_whose_majors_one_may_keep(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        here, there = await school(caller, "甲校"), await school(caller, "乙校", division="340881")
        firm = await enterprise(caller, "示例企业")
        body = {"major_code": "660301", "name": "机电"}
        for keeper in (unit(caller, here), bureau(caller)):
            assert (await keeper.post(f"/members/{there}/majors", body)).status_code == 404
        assert (await unit(caller, here).post(f"/members/{here}/majors", body)).status_code == 201
        assert (await bureau(caller, "340881").post(f"/members/{there}/majors", body)).status_code == 201
        assert (await caller.acting("leader").post(f"/members/{here}/majors", body)).status_code == 403
        assert codes(await caller.post(f"/members/{firm}/majors", body)) == {("member", "not_a_school")}
        assert (await bureau(caller).get("/majors")).json()["total"] == 1
        assert (await unit(caller, here).get("/majors")).json()["total"] == 2
        assert (await bureau(caller).get(f"/members/{there}/majors")).status_code == 404

    registry.run(scenario)


def test_majors_stand_from_their_day(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        one = await school(caller)
        made = await major(caller, one, "660301", since="2024-09-01", students=10)
        path = f"/members/{one}/majors"
        body = {"major_code": "660301", "name": "专业660301", "since": "2024-09-01", "students": 30}
        await caller.put(f"{path}/{made['id']}", {**body, "effective_on": "2025-06-01"}, '"1"')
        await remove(caller, f"{path}/{made['id']}", '"2"', effective_on="2025-11-01")
        for day, students in (
            ("2024-08-31", []),
            ("2024-09-01", [10]),
            ("2025-05-31", [10]),
            ("2025-06-01", [30]),
            ("2025-10-31", [30]),
            ("2025-11-01", []),
        ):
            found = (await caller.get(path, as_of=day)).json()["items"]
            assert [item["students"] for item in found] == students, day
        assert codes(await caller.get(path, as_of="9999-12-31")) == {("as_of", "day_out_of_range")}
        assert codes(await caller.post(path, {**body, "effective_on": "2025-12-02"})) == {("effective_on", "day_ahead")}

    registry.run(scenario)


def test_majors_are_imported_and_exported(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        await school(caller, "甲校", aliases=["甲"])
        await school(caller, "乙校", division="340881")
        head = ["学校", "专业代码", "专业名称", "开设日期", "在校生数"]
        rows = [
            ["甲", "660301", "机电技术应用", "2020-09-01", "120"],
            ["甲校", "660301", "重复", "", ""],
            ["丙校", "660301", "无此校", "", ""],
            ["甲校", "660302", "", "", ""],
            ["甲校", "x", "坏代码", "", "1.5"],
            ["乙校", "710201", "计算机应用", "", ""],
        ]
        answer = await send(caller, "/majors/import", table_of(head, *rows))
        assert answer.status_code == 200, answer.text
        taken = answer.json()
        assert (taken["total"], taken["created"], taken["updated"], taken["rejected"]) == (6, 2, 0, 4)
        assert [(i["line"], i["code"]) for i in taken["issues"]] == [
            (3, "row_duplicate"),
            (4, "school_unknown"),
            (5, "name_missing"),
            (6, "code_shape"),
            (6, "number_invalid"),
        ]
        file = await caller.get("/majors/export.xlsx", code="66")
        sheet = openpyxl.load_workbook(io.BytesIO(file.content)).worksheets[0]
        assert [cell.value for cell in sheet[3]][:3] == ["甲校", "660301", "机电技术应用"]
        again = await caller.http.post(
            "/api/registry/v1/majors/import", files={"file": ("表.xlsx", file.content)}, headers=caller.headers
        )
        assert (again.json()["unchanged"], again.json()["rejected"]) == (1, 0)
        county = await send(bureau(caller), "/majors/import", table_of(head, *rows[-1:]))
        assert [i["code"] for i in county.json()["issues"]] == ["school_unknown"]
        partial = await send(caller, "/majors/import", table_of(["学校", "专业代码", "在校生数"], ["乙", "1", "1"]))
        assert partial.json()["rejected"] == 1
        update = await send(
            caller, "/majors/import", table_of(["学校", "专业代码", "在校生数"], ["乙校", "710201", "7"])
        )
        assert (update.json()["updated"], update.json()["created"]) == (1, 0)
        (ending,) = (await caller.get("/majors", code="66")).json()["items"]
        path = f"/members/{ending['member']}/majors/{ending['id']}"
        assert (await remove(caller, path, "*", effective_on="2025-11-20")).status_code == 204
        back = await send(caller, "/majors/import", table_of(head, rows[0]))
        assert [(i["field"], i["code"]) for i in back.json()["issues"]] == [("since", "overlaps_earlier")]
        assert (
            await send(caller, "/majors/import", table_of(head, ["甲", "660301", "机电", "2025-11-20", ""]))
        ).json()["created"] == 1

    registry.run(scenario)


def test_leading_industries_with_their_enterprises(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        firm, one = await enterprise(caller, "示例汽车"), await school(caller)
        wrong = {"name": "汽车", "article": "二13", "enterprises": [one], "industry_codes": ["C36"]}
        assert codes(await caller.post("/leading-industries", wrong)) == {
            ("industry_codes.0", "string_pattern_mismatch")
        }
        wrong["industry_codes"] = ["36", "3670"]
        assert codes(await caller.post("/leading-industries", wrong)) == {
            ("pack", "pack_missing"),
            ("enterprises", "enterprise_unknown"),
        }
        made = await industry(caller, "汽车", enterprises=[firm, firm], industry_codes=["36", "36"])
        assert [unit["name"] for unit in made["enterprises"]] == ["示例汽车"]
        assert codes(await caller.post("/leading-industries", {"name": "汽车"})) == {("name", "name_taken")}
        path = f"/leading-industries/{made['id']}"
        same = {"name": "汽车", "enterprises": [firm], "industry_codes": ["36"]}
        assert (await caller.put(path, same, '"1"')).json()["row_version"] == 1
        changed = await caller.put(path, {**same, "enterprises": [], "effective_on": "2025-11-01"}, '"1"')
        assert (changed.json()["enterprises"], changed.headers["ETag"]) == ([], '"2"')
        await match(caller, "66", made["id"])
        assert codes(
            await caller.post(
                "/leading-industries/matches", {"major_code": "66", "industry": made["id"], "reason": "重"}
            )
        ) == {("major_code", "match_taken")}
        assert codes(
            await caller.post("/leading-industries/matches", {"major_code": "66", "industry": one, "reason": "无"})
        ) == {("industry", "industry_unknown")}
        assert (await remove(caller, path, '"2"')).status_code == 204
        assert (await caller.get("/leading-industries/matches")).json()["total"] == 0
        assert (await caller.get(path)).status_code == 404
        assert (await bureau(caller).post("/leading-industries", {"name": "县"})).status_code == 403

    registry.run(scenario)


def test_industries_that_a_policy_names_are_recorded_once(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        absent = await caller.post("/leading-industries/adoption", {"pack": "demo"})
        assert (absent.status_code, absent.json()["code"]) == (404, "policy_not_applied")
        await apply_structure(registry, "empty")
        none = await caller.post("/leading-industries/adoption", {"pack": "empty"})
        assert (none.status_code, none.json()["code"]) == (409, "no_industries_named")
        await apply_structure(registry, "demo", industries=NAMES)
        await industry(caller, "化工新材料")
        answer = await caller.post("/leading-industries/adoption", {"pack": "demo"})
        assert answer.json() == {"pack": "demo", "named": 2, "created": ["汽车及零部件"]}
        assert (await caller.post("/leading-industries/adoption", {"pack": "demo"})).json()["created"] == []
        listed = (await caller.get("/leading-industries", q="汽车")).json()["items"]
        assert [(one["name"], one["pack"], one["article"]) for one in listed] == [("汽车及零部件", "demo", "二13")]

    registry.run(scenario)


def test_suggestions_count_for_nothing_until_confirmed(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        one = await school(caller)
        await major(caller, one, "700206", name="汽车运用与维修")
        cars = await industry(caller, "汽车产业")
        (found,) = (await caller.get("/leading-industries/suggestions")).json()["items"]
        assert (found["major_code"], found["industry"], found["words"]) == ("700206", cars["id"], ["汽车"])
        coverage = (await caller.get("/coverage")).json()
        assert coverage["industries_covered"] == {"numerator": 0, "denominator": 1}
        made = await match(caller, "700206", cars["id"])
        assert (made["majors"], made["industry_name"]) == (1, "汽车产业")
        assert (await caller.get("/leading-industries/suggestions")).json()["items"] == []
        coverage = (await caller.get("/coverage")).json()
        assert coverage["industries_covered"] == {"numerator": 1, "denominator": 1}

    registry.run(scenario)


async def a_city(caller: Caller) -> dict[str, str]:
    """Two schools in two counties, a lead enterprise that works with the first, one that works with nobody."""
    here, there = await school(caller, "怀宁校"), await school(caller, "桐城校", division="340881")
    joined, lonely = await enterprise(caller, "甲汽车"), await enterprise(caller, "乙汽车", division="340881")
    cars = await industry(caller, "汽车", enterprises=[joined, lonely], position=1)
    chem = await industry(caller, "化工", position=2)
    await match(caller, "6607", cars["id"])
    await major(caller, here, "660701", name="汽车制造与检测")
    await major(caller, here, "720201", name="护理")
    await major(caller, there, "660702", name="新能源汽车")
    college = {"name": "汽车学院", "kind": "industry_college", "host_member": here, "participants": [joined]}
    await caller.create("/collaborations", college)
    return {"here": here, "there": there, "joined": joined, "lonely": lonely, "cars": cars["id"], "chem": chem["id"]}


def test_the_coverage_of_a_city(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        city = await a_city(caller)
        found = (await caller.get("/coverage")).json()
        assert [(row["label"], row["cells"], row["unmatched"]) for row in found["rows"]] == [
            ("怀宁校", [1, 0], 1),
            ("桐城校", [1, 0], 0),
        ]
        assert (found["totals"]["label"], found["totals"]["cells"]) == ("合计", [2, 0])
        assert [one["name"] for one in found["uncovered"]] == ["化工"]
        assert [(one["school_name"], one["name"]) for one in found["unmatched"]] == [("怀宁校", "护理")]
        assert found["industries_covered"] == {"numerator": 1, "denominator": 2}
        assert found["programmes_serving"] == {"numerator": 2, "denominator": 3}
        connected = {one["enterprise_name"]: one for one in found["connections"]}
        assert [unit["id"] for unit in connected["甲汽车"]["schools"]] == [city["here"]]
        assert [one["major_code"] for one in connected["甲汽车"]["programmes"]] == ["660701"]
        assert connected["乙汽车"]["schools"] == []
        assert found["enterprises_connected"] == {"numerator": 1, "denominator": 2}
        counts = {row["division"]: row["counts"] for row in found["members"]}
        assert counts == {
            "340822": {"secondary_vocational": 1, "enterprise": 1},
            "340881": {"secondary_vocational": 1, "enterprise": 1},
        }
        by_major = (await caller.get("/coverage", by="major")).json()
        assert [row["label"] for row in by_major["rows"]] == [
            "660701 汽车制造与检测",
            "720201 护理",
            "660702 新能源汽车",
        ]

        county = (await bureau(caller).get("/coverage")).json()
        assert (county["division"], [row["label"] for row in county["rows"]]) == ("340822", ["怀宁校"])
        assert [one["enterprise_name"] for one in county["connections"]] == ["甲汽车"]
        assert county["member_count"] == 2
        assert (await caller.acting("leader").get("/coverage")).json()["totals"] == found["totals"]
        earlier = (await caller.get("/coverage", as_of="2025-11-30")).json()
        assert (earlier["rows"], earlier["industries"], earlier["member_count"]) == ([], [], 0)

    registry.run(scenario)


def test_the_coverage_as_workbooks_and_picture(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        await a_city(caller)
        tables = {}
        for table in ("matrix", "unmatched", "enterprises", "members"):
            file = await caller.get("/coverage/export.xlsx", table=table)
            assert file.status_code == 200, file.text
            sheet = openpyxl.load_workbook(io.BytesIO(file.content)).worksheets[0]
            tables[table] = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
        assert tables["matrix"] == [
            ["学校", "汽车", "化工", "专业点数", "未对接专业点数"],
            ["怀宁校", 1, 0, 2, 1],
            ["桐城校", 1, 0, 1, 0],
            ["合计", 2, 0, 3, 1],
        ]
        assert tables["unmatched"][1:] == [["怀宁校", "720201", "护理"], ["合计", None, "1 个专业点"]]
        assert tables["enterprises"][-1][:3] == ["合计", "2 家", "已对接 1 家"]
        assert tables["members"] == [
            ["县（市、区）", "中职学校", "企业", "合计"],
            ["怀宁县", 1, 1, 2],
            ["桐城市", 1, 1, 2],
            ["合计", 2, 2, 4],
        ]
        picture = await caller.get("/coverage/picture.svg")
        assert picture.headers["content-type"].startswith("image/svg+xml")
        drawn = ET.fromstring(picture.content)
        space = {"s": "http://www.w3.org/2000/svg"}
        assert "2025年12月1日" in (drawn.findtext("s:title", namespaces=space) or "")
        assert "没有专业服务的主导产业：化工" in (drawn.findtext("s:desc", namespaces=space) or "")
        words = [text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")]
        assert {"怀宁校", "桐城校", "合计", "汽车", "化工"} <= {*words}

    registry.run(scenario)


STEPS = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from(["major", "match", "end_major", "end_match"]), st.integers(0, 2)),
    min_size=1,
    max_size=10,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_each_day_covers_what_a_calendar_would(registry: Registry, steps: list[tuple[int, str, int]]) -> None:
    """Majors and matches begin and end on days of November; each day's coverage is that of a calendar of sets."""
    first = date(2025, 11, 1)
    majors, matches = ("660301", "660302", "710201"), ("6603", "660302", "71")

    async def scenario(caller: Caller) -> None:
        alliance = f"c{uuid4().hex[:12]}"
        office = caller.acting("secretariat_clerk", alliance=alliance)
        one = await school(office, joined_on="2025-01-01")
        cars = await industry(office, "汽车", effective_on="2025-01-01")
        calendar: list[dict[str, set[str]]] = [{"major": set(), "match": set()} for _ in range(10)]
        standing: dict[str, dict[str, Any]] = {}
        for day, verb, which in steps:
            effective = (first + timedelta(days=day)).isoformat()
            kind = verb.removeprefix("end_")
            code = (majors if kind == "major" else matches)[which]
            key = f"{kind} {code}"
            if verb == kind and key not in standing:
                if kind == "major" and any(code in then["major"] for then in calendar[day:]):
                    body = {"major_code": code, "name": "重叠", "effective_on": effective}
                    refusal = await office.post(f"/members/{one}/majors", body)
                    assert codes(refusal) == {("effective_on", "overlaps_earlier")}
                    continue
                make = major(office, one, code, effective_on=effective) if kind == "major" else None
                standing[key] = await (make or match(office, code, cars["id"], effective_on=effective))
            elif verb != kind and key in standing:
                base = f"/members/{one}/majors" if kind == "major" else "/leading-industries/matches"
                gone = await remove(office, f"{base}/{standing.pop(key)['id']}", "*", effective_on=effective)
                assert gone.status_code == 204
            else:
                continue
            for later in range(day, 10):
                (calendar[later][kind].add if verb == kind else calendar[later][kind].discard)(code)
        for day, then in enumerate(calendar):
            found = (await office.get("/coverage", as_of=(first + timedelta(days=day)).isoformat())).json()
            serving = sum(1 for code in then["major"] if any(code.startswith(begin) for begin in then["match"]))
            expected = {"numerator": serving, "denominator": len(then["major"])}
            assert found["programmes_serving"] == expected, (day, steps)

    registry.run(scenario)


def test_a_merger_moves_majors_and_leads(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        old, new = await school(caller, "旧校"), await school(caller, "新校")
        firm, heir = await enterprise(caller, "旧企"), await enterprise(caller, "新企")
        for member_id, code in ((old, "660301"), (old, "660302"), (new, "660302")):
            await major(caller, member_id, code)
        await industry(caller, "汽车", enterprises=[firm])
        await industry(caller, "化工", enterprises=[firm, heir])
        database = Database(registry.settings.database_url.get_secret_value(), clock=registry.clock)
        try:
            async with database.write("anqing") as session:
                members = {one: await session.get_one(Member, ("anqing", one)) for one in (old, new, firm, heir)}
                scope = Scope("anqing")
                touched = await touched_by(session, scope, members[old].id)
                assert sorted(touch.title for touch in touched) == ["660301 专业660301", "660302 专业660302"]
                assert [t.kind for t in await touched_by(session, scope, members[firm].id)] == ["龙头企业"] * 2
                assert await transfer(session, members[old], members[new]) == 1
                assert await transfer(session, members[firm], members[heir]) == 1
                assert await touched_by(session, scope, members[old].id) == []
        finally:
            await database.close()
        listed = (await caller.get(f"/members/{new}/majors")).json()["items"]
        assert [item["major_code"] for item in listed] == ["660301", "660302"]
        industries = (await caller.get("/leading-industries", sort="name")).json()["items"]
        assert [[unit["name"] for unit in one["enterprises"]] for one in industries] == [["新企"], ["新企"]]

    registry.run(scenario)


def test_two_adoptions_at_once_record_an_industry_once(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        await apply_structure(registry, "demo", industries=NAMES)
        path, body = "/leading-industries/adoption", {"pack": "demo"}
        answers = await asyncio.gather(*(caller.post(path, body) for _ in range(3)))
        assert {answer.status_code for answer in answers} <= {200, 409}
        assert (await caller.get("/leading-industries")).json()["total"] == 2

    registry.run(scenario)
