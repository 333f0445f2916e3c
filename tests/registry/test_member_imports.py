"""Members by workbook: template, export, import, and the rows that come back."""

import io
from datetime import timedelta
from typing import Any

import openpyxl
import xlsxwriter
from sqlalchemy import select

from services.kernel.database import Database
from services.kernel.jobs import JobContext
from services.kernel.name_lists import split_names
from services.kernel.permissions import Role
from services.kernel.principal import Principal
from services.kernel.shared_tables import audit_entry
from services.kernel.workbooks import read_table
from services.registry.commands.changing.carry_out import apply_change_set
from services.registry.commands.changing.check import check_change_set
from services.registry.commands.changing.kinds import ADAPTERS
from services.registry.workbook import MEMBERS
from tests.registry.conftest import Caller, Registry, member, uscc

HEADER = ["序号", "单位名称", "简称", "统一社会信用代码", "类别", "区划代码", "企业规模", "规模佐证材料"]


def sheet(*rows: list[Any], header: list[str] = HEADER, title: str = "示例集团成员单位名单") -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        target = book.add_worksheet("成员单位")
        target.merge_range(0, 0, 0, len(header) - 1, title)
        target.write_row(1, 0, header)
        for number, cells in enumerate(rows, start=2):
            target.write_row(number, 0, cells)
    return buffer.getvalue()


def row(name: str, code: str = "", category: str = "中职学校", **cells: Any) -> list[Any]:
    return [
        1,
        name,
        cells.get("aliases", ""),
        code,
        category,
        cells.get("division", 340822),
        cells.get("size", ""),
        cells.get("evidence", ""),
    ]


async def names(caller: Caller) -> dict[str, dict[str, Any]]:
    return {item["name"]: item for item in (await caller.get("/members", limit=200)).json()["items"]}


def test_members_are_taken_in_and_the_rest_comes_back_with_its_lines(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        content = sheet(
            row("甲职业学校", uscc(1), aliases="甲校、甲职"),
            row("", uscc(2)),
            [],
            row("乙公司", uscc(3), "企业", size="中型", evidence="证明2号"),
            row("丙学校", "91350100M000100Y4Z"),
            row("丁学校", uscc(5), "学校"),
            row("戊学校", uscc(6), division=340899, size="大型"),
            row("己学校", uscc(7), size="大型"),
            row("甲职业学校", uscc(1)),
        )
        ended = await caller.imported(content)
        assert (ended["total"], ended["new"], ended["rejected"], ended["state"]) == (8, 2, 6, "applied")
        assert [(i["line"], i["field"], i["code"]) for i in ended["issues"]] == [
            (4, "name", "field_missing"),
            (7, "uscc", "uscc_invalid"),
            (8, "category", "value_not_allowed"),
            (9, "division", "division_unknown"),
            (10, "enterprise_size", "size_not_applicable"),
            (11, "name", "row_duplicate"),
        ]
        found = await names(caller)
        assert set(found) == {"甲职业学校", "乙公司"}
        assert found["甲职业学校"]["aliases"] == ["甲校", "甲职"]
        assert (found["乙公司"]["enterprise_size"], found["乙公司"]["size_evidence"]) == ("medium", "证明2号")

    registry.run(scenario)


def test_rejects_repaired_are_taken_in_and_change_nothing_else(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        ended = await caller.imported(sheet(row("甲学校", uscc(1)), row("乙学校", "91350100M000100Y4Z")))
        todo = (await caller.get("/todos")).json()["items"]
        assert any(item["href"] == f"/change-sets/{ended['id']}" for item in todo)
        rejects = await caller.get(f"/change-sets/{ended['id']}/errors.xlsx")
        book = openpyxl.load_workbook(io.BytesIO(rejects.content))
        lines = list(book["成员单位"].iter_rows(min_row=2, values_only=True))
        assert len(lines) == 2
        assert (lines[1][0], lines[1][-1]) == ("乙学校", 4)
        assert "统一社会信用代码不正确" in str(lines[1][-2])
        place = lines[0].index("统一社会信用代码") + 1
        book["成员单位"].cell(3, place, uscc(2))
        repaired = io.BytesIO()
        book.save(repaired)
        registry.clock.advance(timedelta(minutes=1))
        again = await caller.imported(repaired.getvalue())
        assert (again["total"], again["new"], again["rejected"]) == (1, 1, 0)
        assert set(await names(caller)) == {"甲学校", "乙学校"}
        assert (await caller.get(f"/change-sets/{again['id']}/errors.xlsx")).status_code == 404
        assert not any(i["id"] == "import-rejects" for i in (await caller.get("/todos")).json()["items"])

    registry.run(scenario)


def test_an_export_can_be_imported_again_unchanged(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        everything = {
            "aliases": ["简称一", "简称二"],
            "uscc": uscc(1),
            "functional_zone": "3408Z1",
            "structure_role": "backbone",
            "size_evidence": "证明1号",
            "enterprise_size": "large",
            "industry": "汽车",
            "contact_person": "张三",
            "contact_phone": "+86 556-1234567",
            "status": "exited",
            "joined_on": "2024-01-31",
            "left_on": "2025-02-28",
        }
        full = await caller.create("/members", member("甲公司", category="enterprise", **everything))
        await caller.create("/members", member("乙校（分校）", division=None))
        before = [(await caller.get(f"/members/{i['id']}")).json() for i in (await names(caller)).values()]
        exported = await caller.get("/members/export.xlsx")
        assert "filename*=UTF-8''%E6%88%90" in exported.headers["content-disposition"]
        ended = await caller.imported(exported.content)
        assert (ended["total"], ended["unchanged"], ended["rejected"]) == (2, 2, 0)
        after = [(await caller.get(f"/members/{i['id']}")).json() for i in (await names(caller)).values()]
        assert after == before
        chosen = await caller.get("/members/export.xlsx", ids=[full["id"]])
        assert len(read_table(chosen.content, MEMBERS).rows) == 1

    registry.run(scenario)


def test_an_import_updates_what_it_names_and_leaves_the_rest(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        kept = await caller.create("/members", member("甲校", uscc=uscc(1), industry="汽车", contact_phone="12345"))
        plain = await caller.create("/members", member("乙校"))
        content = sheet(row("甲校（新名）", uscc(1), aliases="甲"), row("乙校", uscc(2)))
        ended = await caller.imported(content)
        assert (ended["new"], ended["changed"]) == (0, 2)
        first = (await caller.get(f"/members/{kept['id']}")).json()
        assert (first["name"], first["aliases"], first["industry"]) == ("甲校（新名）", ["甲"], "汽车")
        assert first["contact_phone"] == "12345"
        assert (await caller.get(f"/members/{plain['id']}")).json()["uscc"] == uscc(2)
        history = (await caller.get(f"/members/{plain['id']}/history")).json()["items"]
        assert (history[0]["action"], history[0]["changed"], history[0]["reason"]) == (
            "member.update",
            ["uscc"],
            "批量导入",
        )

    registry.run(scenario)


def test_a_row_that_could_mean_two_members_comes_back(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        await caller.create("/members", member("甲校", uscc=uscc(1)))
        await caller.create("/members", member("乙校", uscc=uscc(2)))
        ended = await caller.imported(sheet(row("乙校", uscc(1)), row("甲校", uscc(3))))
        assert [(i["line"], i["code"]) for i in ended["issues"]] == [(3, "name_taken"), (4, "uscc_differs")]

    registry.run(scenario)


def test_a_csv_of_a_clerk_is_taken_in_too(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        text = f"名单,,\r\n,,\r\n 单位名称 ,单位类别（必填）,信用代码\r\n甲校,中职,{uscc(1).lower()}\r\n"
        ended = await caller.imported(text.encode("gb18030"))
        assert (ended["new"], ended["rejected"]) == (1, 0)
        assert (await names(caller))["甲校"]["uscc"] == uscc(1)

    registry.run(scenario)


WRONG_FILES: list[tuple[bytes, int, str]] = [
    (b"%PDF-1.7\x00", 415, "not_a_workbook"),
    (b"", 415, "file_empty"),
    (sheet(["x"], header=["单位名称", "简称"]), 422, "header_missing"),
    (sheet(), 422, "table_empty"),
]


def test_a_wrong_file_is_refused_at_once(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        for content, status, code in WRONG_FILES:
            answer = await caller.upload(content)
            problem = answer.json()
            assert answer.status_code == status
            assert code in {problem["code"], *(issue["code"] for issue in problem["errors"])}
            assert problem["detail"].endswith("。")

    registry.run(scenario)


def test_a_job_that_runs_twice_takes_the_rows_in_once(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        started = (await caller.upload(sheet(row("甲校", uscc(1))))).json()
        settings = registry.settings
        database = Database(settings.database_url.get_secret_value())
        clerk = Principal("clerk", "经办", Role.SECRETARIAT_CLERK, "anqing", frozenset())
        payload = {"change_set": started["id"]}
        job = JobContext(database, registry.clock, clerk, started["job"], payload)
        checks = [await check_change_set(job, ADAPTERS, settings.files()) for _ in range(2)]
        assert checks[0] == checks[1]
        path = f"/change-sets/{started['id']}/application"
        asked = await caller.post(path, {}, If_Match=(await caller.get(path.rsplit("/", 1)[0])).headers["ETag"])
        assert asked.status_code == 202
        applied = [await apply_change_set(job, ADAPTERS) for _ in range(2)]
        await database.close()
        assert applied[0] == applied[1]
        assert (applied[0]["applied"], (await caller.get("/members")).json()["total"]) == (1, 1)

    registry.run(scenario)


def test_the_template_is_one_that_an_import_reads(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        template = await caller.get("/members/template.xlsx")
        book = openpyxl.load_workbook(io.BytesIO(template.content))
        assert book.sheetnames == ["成员单位", "填写说明"]
        headers = [cell.value for cell in book["成员单位"][2]]
        assert headers == [column.header for column in MEMBERS.columns]
        for header, cell in (("单位名称", "甲校"), ("类别", "中职学校")):
            book["成员单位"].cell(3, headers.index(header) + 1, cell)
        filled = io.BytesIO()
        book.save(filled)
        assert (await caller.imported(filled.getvalue()))["new"] == 1

    registry.run(scenario)


def test_exports_are_recorded_and_hold_contacts_only_for_who_writes(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        await caller.create("/members", member("甲校", contact_phone="0556-1234567"))
        await caller.create("/members", member("乙校", division="340825"))
        county = caller.acting("county_clerk", division="340822")
        table = read_table((await county.get("/members/export.xlsx", reason="核对")).content, MEMBERS)
        assert len(table.rows) == 1
        assert "contact_phone" not in table.present
        whole = read_table((await caller.get("/members/export.xlsx")).content, MEMBERS)
        assert "contact_phone" in whole.present
        assert await exports(registry) == [
            ("核对", {"rows": 1, "contacts": False}),
            (None, {"rows": 2, "contacts": True}),
        ]

    registry.run(scenario)


async def exports(registry: Registry) -> list[tuple[str | None, dict[str, Any]]]:
    database = Database(registry.settings.database_url.get_secret_value())
    async with database.read("anqing") as session:
        wanted = select(audit_entry).where(audit_entry.c.action == "member.exported").order_by(audit_entry.c.entry_no)
        rows = (await session.execute(wanted)).all()
    await database.close()
    return [(row.reason, row.after) for row in rows]


def test_an_upload_with_a_key_is_taken_in_once(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        caller.headers["Idempotency-Key"] = "upload-1"
        content = sheet(row("甲校", uscc(1)))
        first = await caller.upload(content)
        again = await caller.upload(content)
        assert again.json() == first.json()
        assert again.headers["Location"] == first.headers["Location"]
        other = await caller.upload(sheet(row("乙校", uscc(2))))
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")

    registry.run(scenario)


def test_an_import_of_another_alliance_is_not_found(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        ended = await caller.imported(sheet(row("甲校", "x")))
        other = caller.acting("secretariat_clerk", alliance="xiaogan")
        for path in (f"/change-sets/{ended['id']}", f"/change-sets/{ended['id']}/errors.xlsx"):
            assert (await caller.get(path)).status_code == 200
            assert (await other.get(path)).status_code == 404

    registry.run(scenario)


def test_aliases_are_split_at_every_usual_mark() -> None:
    assert split_names(" 甲、乙，丙; 丁 /甲") == ["甲", "乙", "丙", "丁"]
    assert split_names(None) == []


def test_the_rows_that_came_back_hold_contacts_so_their_download_is_recorded_and_not_cached(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        ended = await caller.imported(sheet(row("甲校", "x"), row("乙校", "y")))
        answer = await caller.get(f"/change-sets/{ended['id']}/errors.xlsx")
        assert answer.headers["Cache-Control"] == "no-store"
        database = Database(registry.settings.database_url.get_secret_value())
        wanted = select(audit_entry).where(audit_entry.c.action == "change_set.exported")
        async with database.read("anqing") as session:
            [entry] = (await session.execute(wanted)).all()
        await database.close()
        assert (entry.object_id, entry.after) == (ended["id"], {"rows": 2})

    registry.run(scenario)
