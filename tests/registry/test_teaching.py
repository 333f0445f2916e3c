"""Teachers and their practice through HTTP: whose they are, what others see, how the practice stands on a day."""

import io
from datetime import date, timedelta
from typing import Any

import openpyxl
from sqlalchemy import select

from services.kernel import registry_words as words
from services.kernel.database import Database
from services.kernel.shared_tables import audit_entry, outbox_event
from services.kernel.tenancy import Scope
from services.registry.commands.teaching_transfer import transfer
from services.registry.domain.catalogues import LEVELS, STAGES, CatalogueKind, VersionState
from services.registry.domain.practice_months import Standing
from services.registry.domain.teaching import TeacherKind, TeacherTitle
from services.registry.queries.teaching import touched_by
from services.registry.tables import Member
from tests.registry.conftest import Caller, Registry
from tests.registry.rooms import (
    PRACTICE,
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


def test_the_words_of_these_rooms_are_those_of_the_rules() -> None:
    for enum, labels in (
        (TeacherKind, words.TEACHER_KINDS),
        (TeacherTitle, words.TEACHER_TITLES),
        (Standing, words.PRACTICE_STANDINGS),
        (CatalogueKind, words.CATALOGUE_KINDS),
        (VersionState, words.CATALOGUE_STATES),
        (LEVELS[CatalogueKind.MAJORS], words.MAJOR_LEVELS),
        (LEVELS[CatalogueKind.INDUSTRIES], words.INDUSTRY_LEVELS),
        (STAGES, words.MAJOR_STAGES),
    ):
        assert [str(code) for code in enum] == list(labels)


async def teacher(caller: Caller, member: str, name: str = "张三", **changes: Any) -> dict[str, Any]:
    return await caller.create("/teachers", {"member": member, "name": name, "kind": "dual", **changes})


async def practice(caller: Caller, one: str, begins: str, until: str | None, **changes: Any) -> dict[str, Any]:
    body = {"enterprise_name": "示例企业", "from_date": begins, "until_date": until, **changes}
    return await caller.create(f"/teachers/{one}/practice-periods", body)


def test_a_teacher_with_practice(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        await apply_structure(registry, teacher_practice=PRACTICE)
        one, firm = await school(caller), await enterprise(caller, "怀宁企业")
        made = await teacher(caller, one, title="middle", specialty="汽车维修", shared=True)
        assert (made["practice"]["standing"], made["rule"]["pack"]) == ("unmet", "community")
        path = f"/teachers/{made['id']}"
        period = await practice(caller, made["id"], "2025-03-01", "2025-08-31", enterprise=firm, enterprise_name=None)
        assert period["enterprise_name"] == "怀宁企业"
        short = (await caller.get(path)).json()
        assert (short["practice"]["months"], short["practice"]["standing"]) == ("5.9", "unmet")
        body = {"enterprise": firm, "from_date": "2025-03-01", "until_date": "2025-09-01"}
        address = f"{path}/practice-periods/{period['id']}"
        assert (await caller.put(address, body, None)).status_code == 428
        assert (await caller.put(address, body, '"7"')).status_code == 412
        assert (await caller.put(address, body, '"1"')).headers["ETag"] == '"2"'
        whole = (await caller.get(path)).json()
        assert (whole["practice"]["months"], whole["practice"]["standing"]) == ("6", "met")
        assert whole["practice"]["falls_short_on"] == "2030-03-01"
        assert whole["row_version"] == 3
        assert (await remove(caller, address, '"2"')).status_code == 204
        assert (await caller.get(path)).json()["periods"] == []

    registry.run(scenario)


def test_faults_of_a_teacher_and_of_practice(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        one = await school(caller)
        bad = {"member": one, "name": "110105194912310021", "kind": "x", "phone": "1"}
        assert codes(await caller.post("/teachers", bad)) == {
            ("name", "string_pattern_mismatch"),
            ("kind", "enum"),
            ("phone", "extra_forbidden"),
        }
        made = await teacher(caller, one)
        path = f"/teachers/{made['id']}/practice-periods"
        none = await caller.post(path, {"from_date": "2025-03-01", "until_date": "2025-03-01"})
        assert codes(none) == {("enterprise_name", "enterprise_missing"), ("until_date", "until_before_from")}
        twice = {"enterprise": made["id"], "enterprise_name": "甲", "from_date": "2025-03-01"}
        assert codes(await caller.post(path, twice)) == {
            ("enterprise_name", "enterprise_twice"),
            ("enterprise", "member_unknown"),
        }
        far = await caller.post(path, {"enterprise_name": "甲", "from_date": "2500-01-01"})
        assert codes(far) == {("from_date", "less_than_equal")}

    registry.run(scenario)


def test_whose_teachers_one_sees(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        here, there = await school(caller, "甲校"), await school(caller, "乙校", division="340881")
        mine = await teacher(caller, here, "张三")
        theirs = await teacher(caller, there, "李四", shared=True, specialty="数控", title="senior")
        for keeper in (unit(caller, here), bureau(caller)):
            listed = (await keeper.get("/teachers")).json()
            assert [one["name"] for one in listed["items"]] == ["张三"]
            assert (await keeper.get(f"/teachers/{theirs['id']}")).status_code == 404
            body = {"member": here, "name": "张三", "kind": "dual"}
            assert (await keeper.put(f"/teachers/{theirs['id']}", body, "*")).status_code == 404
            moved = await keeper.put(f"/teachers/{mine['id']}", {**body, "member": there}, "*")
            assert codes(moved) == {("member", "member_unknown")}
            assert codes(await keeper.post("/teachers", {**body, "member": there})) == {("member", "member_unknown")}
            shared = (await keeper.get("/teachers/shared")).json()["items"]
            assert shared == [
                {
                    "id": theirs["id"],
                    "member": there,
                    "member_name": "乙校",
                    "kind": "dual",
                    "title": "senior",
                    "specialty": "数控",
                }
            ]
        leader = caller.acting("leader")
        assert (await leader.get("/teachers")).status_code == 403
        assert (await leader.get(f"/teachers/{mine['id']}")).status_code == 403
        assert (await leader.get("/teachers/shared", q="数")).json()["total"] == 1
        assert (await leader.get("/teachers/shared", q="李四")).json()["total"] == 0
        assert (await caller.get("/teachers")).json()["total"] == 2
        elsewhere = caller.acting("secretariat_clerk", alliance="xiaogan")
        assert (await elsewhere.get("/teachers/shared")).json()["total"] == 0

    registry.run(scenario)


async def exported(caller: Caller, **asked: str) -> list[str]:
    """The names in the workbook of the teachers."""
    file = await caller.get("/teachers/export.xlsx", **asked)
    assert file.status_code == 200, file.text
    sheet = openpyxl.load_workbook(io.BytesIO(file.content)).worksheets[0]
    return [str(row[1].value) for row in sheet.iter_rows(min_row=3) if row[1].value]


def test_lists_by_standing_and_on_a_day(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        await apply_structure(registry, teacher_practice=PRACTICE)
        one = await school(caller)
        people = {name: (await teacher(caller, one, name))["id"] for name in ("甲", "乙", "丙")}
        await practice(caller, people["甲"], "2025-01-01", "2025-07-01")
        await practice(caller, people["乙"], "2021-01-01", "2021-07-01")
        for standing, names in (("met", ["甲"]), ("near", ["乙"]), ("unmet", ["丙"])):
            found = (await caller.get("/teachers", standing=standing)).json()
            assert ([item["name"] for item in found["items"]], found["total"]) == (names, 1), standing
        overview = (await caller.get("/teachers/overview")).json()
        assert overview["counts"] == {"met": 1, "near": 1, "unmet": 1}
        assert (overview["rule"]["months"], overview["rule"]["window_years"]) == (6, 5)
        later = (await caller.get("/teachers", as_of="2026-01-01", standing="near")).json()
        assert later["items"] == []
        later = (await caller.get("/teachers/overview", as_of="2026-01-01")).json()
        assert later["counts"] == {"met": 1, "near": 0, "unmet": 2}
        assert (await caller.get("/teachers", as_of="2025-11-30")).json()["total"] == 0
        for asked, names in (
            ({}, ["丙", "甲", "乙"]),
            ({"standing": "near"}, ["乙"]),
            ({"as_of": "2026-01-01", "standing": "near"}, []),
            ({"as_of": "2026-01-01", "standing": "unmet"}, ["丙", "乙"]),
            ({"as_of": "2025-11-30"}, []),
        ):
            assert await exported(caller, **asked) == names, asked
        body = {"member": one, "name": "丙", "kind": "part_time", "left_on": "2025-12-01"}
        assert (await caller.put(f"/teachers/{people['丙']}", body, "*")).status_code == 200
        assert (await caller.get("/teachers")).json()["total"] == 2
        assert (await caller.get("/teachers", kind="part_time")).json()["total"] == 0

    registry.run(scenario)


def test_without_a_rule_nothing_is_judged(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        await apply_structure(registry, "without", teacher_practice=None)
        one = await school(caller)
        made = await teacher(caller, one)
        await practice(caller, made["id"], "2025-01-01", None)
        found = (await caller.get(f"/teachers/{made['id']}")).json()
        assert (found["rule"], found["practice"], len(found["periods"])) == (None, None, 1)
        overview = (await caller.get("/teachers/overview")).json()
        assert (overview["rule"], overview["counts"], overview["total"]) == (None, {}, 1)
        await apply_structure(registry, "first", teacher_practice={**PRACTICE, "months": 12})
        registry.clock.advance(timedelta(seconds=1))
        await apply_structure(registry, "second", teacher_practice=PRACTICE)
        await apply_structure(registry, "first", teacher_practice=None)
        assert (await caller.get("/teachers/overview")).json()["rule"]["pack"] == "second"

    registry.run(scenario)


def test_reading_and_exporting_is_recorded_without_names(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        one = await school(caller)
        made = await teacher(caller, one, "欧阳示例")
        await caller.get("/teachers", q="欧阳", kind="dual")
        await caller.get(f"/teachers/{made['id']}")
        await caller.get("/teachers/export.xlsx", reason="年检")
        body = {"member": one, "name": "欧阳改名", "kind": "dual"}
        await caller.put(f"/teachers/{made['id']}", body, "*")
        await practice(caller, made["id"], "2025-01-01", None)
        database = Database(registry.settings.database_url.get_secret_value(), clock=registry.clock)
        try:
            async with database.read("anqing") as session:
                kinds = audit_entry.c.object_kind == "teacher"
                rows = (await session.execute(select(audit_entry).where(kinds).order_by(audit_entry.c.entry_no))).all()
                events = (await session.execute(select(outbox_event).order_by(outbox_event.c.seq))).all()
        finally:
            await database.close()
        actions = ["teacher.create", "teacher.read", "teacher.read", "teacher.exported", "teacher.update"]
        assert [row.action for row in rows] == [*actions, "teacher.practice_add"]
        assert (rows[1].after["rows"], rows[1].after["query"]["kind"], rows[3].reason) == (1, "dual", "年检")
        assert "欧阳" not in str([(row.before, row.after) for row in rows]) + str([event.data for event in events])
        told = [(event.type, event.division, str(event.member)) for event in events if event.object_kind == "teacher"]
        assert told == [
            (event, "340822", one) for event in ("teacher.created", "teacher.updated", "teacher.practice_changed")
        ]

    registry.run(scenario)


HEAD = ["单位", "姓名", "类别", "职称", "专业方向", "共享", "实践企业", "实践开始", "实践结束"]


def test_a_workbook_of_teachers(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        await apply_structure(registry, teacher_practice=PRACTICE)
        one = await school(caller, "甲校", aliases=["甲"])
        await enterprise(caller, "怀宁企业")
        await teacher(caller, one, "同名")
        await teacher(caller, one, "同名", kind="part_time")
        rows = [
            ["甲校", "张三", "双师", "中级", "汽车", "是", "怀宁企业", "2025-01-01", "2025-03-31"],
            ["甲", "张三", "双师", "中级", "汽车", "是", "外地企业", "2025-05-01", "2025-07-31"],
            ["甲校", "李四", "兼职", "", "", "", "", "", ""],
            ["甲校", "张三", "兼职", "中级", "汽车", "是", "", "", ""],
            ["乙校", "王五", "双师", "", "", "", "", "", ""],
            ["甲校", "同名", "双师", "", "", "", "", "", ""],
            ["甲校", "李四1101", "双师", "", "", "", "", "", ""],
            ["甲校", "赵六", "双师", "", "", "", "某企业", "", "2025-01-01"],
            ["甲校", "钱七", "双师", "", "", "", "", "2025-02-01", "2025-01-01"],
        ]
        answer = await send(caller, "/teachers/import", table_of(HEAD, *rows))
        assert answer.status_code == 200, answer.text
        taken = answer.json()
        assert (taken["total"], taken["created"], taken["updated"], taken["rejected"]) == (9, 2, 1, 6)
        assert [(issue["line"], issue["code"]) for issue in taken["issues"]] == [
            (5, "teacher_differs"),
            (6, "unit_unknown"),
            (7, "name_of_two"),
            (8, "name_has_digits"),
            (9, "from_missing"),
            (10, "enterprise_missing"),
            (10, "last_before_from"),
        ]
        (found,) = (await caller.get("/teachers", q="zhangsan")).json()["items"]
        assert (found["practice"]["months"], found["shared"], found["title"]) == ("6", True, "middle")
        periods = (await caller.get(f"/teachers/{found['id']}")).json()["periods"]
        assert [(p["enterprise_name"], p["enterprise"] is None, p["until_date"]) for p in periods] == [
            ("外地企业", True, "2025-08-01"),
            ("怀宁企业", False, "2025-04-01"),
        ]
        file = await caller.get("/teachers/export.xlsx", q="张三")
        sheet = openpyxl.load_workbook(io.BytesIO(file.content)).worksheets[0]
        assert [cell.value for cell in sheet[4]][:7] == ["甲校", "张三", "双师", "中级", "汽车", "是", "怀宁企业"]
        again = await caller.http.post(
            "/api/registry/v1/teachers/import", files={"file": ("表.xlsx", file.content)}, headers=caller.headers
        )
        assert (again.json()["unchanged"], again.json()["rejected"]) == (2, 0)
        longer = await send(caller, "/teachers/import", table_of(HEAD, [*rows[0][:8], "2025-04-30"]))
        assert (longer.json()["updated"], longer.json()["created"]) == (1, 0)
        assert (await caller.get("/teachers", q="张三")).json()["items"][0]["practice"]["months"] == "7"
        own = await send(unit(caller, one), "/teachers/import", table_of(HEAD, rows[2]))
        assert own.json()["unchanged"] == 1

    registry.run(scenario)


def test_too_many_rows_are_refused(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        row = ["甲校", "张三", "双师", "", "", "", "", "", ""]
        answer = await send(caller, "/teachers/import", table_of(HEAD, *[row] * 2001))
        assert codes(answer) == {("file", "too_many_rows")}

    registry.run(scenario)


def test_a_merger_moves_teachers_and_practice_that_goes_on(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        old, new = await school(caller, "旧校"), await school(caller, "新校")
        made = await teacher(caller, old, specialty="护理")
        left = await teacher(caller, old, "离岗", left_on="2025-01-01")
        await practice(caller, made["id"], "2025-01-01", None, enterprise=old, enterprise_name=None)
        await practice(caller, made["id"], "2024-01-01", "2024-02-01", enterprise=old, enterprise_name=None)
        database = Database(registry.settings.database_url.get_secret_value(), clock=registry.clock)
        try:
            async with database.write("anqing") as session:
                members = {one: await session.get_one(Member, ("anqing", one)) for one in (old, new)}
                touched = await touched_by(session, Scope("anqing"), members[old].id)
                assert [(touch.kind, touch.title) for touch in touched] == [
                    ("师资", "双师教师 护理"),
                    ("企业实践", "2025-01-01 起的教师企业实践"),
                ]
                assert await transfer(session, members[old], members[new]) == 2
        finally:
            await database.close()
        found = (await caller.get(f"/teachers/{made['id']}")).json()
        assert (found["member_name"], [p["enterprise_name"] for p in found["periods"]]) == ("新校", ["新校", "旧校"])
        assert (await caller.get(f"/teachers/{left['id']}")).json()["member_name"] == "旧校"
        yesterday = (date(2025, 12, 1) - timedelta(days=1)).isoformat()
        assert (await caller.get(f"/teachers/{made['id']}", as_of=yesterday)).status_code == 404

    registry.run(scenario)
