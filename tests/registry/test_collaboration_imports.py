"""Collaborations by workbook: seen before they are saved, taken back afterwards, and an export that comes back."""

import io
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from sqlalchemy import select

from services.kernel.database import Database
from services.kernel.shared_tables import audit_entry
from services.registry.collaboration_workbook import importable_spec
from services.registry.domain.collaborations import CollaborationKind
from tests.registry.conftest import BASE, Caller, Registry, member

HEADER = ["名称", "类型", "办学（承办）单位", "牵头单位", "合作企业", "合作方", "成立日期"]


def sheet(*rows: list[Any], header: list[str] = HEADER) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        target = book.add_worksheet("合作载体")
        target.write_row(0, 0, header)
        for number, cells in enumerate(rows, start=1):
            target.write_row(number, 0, cells)
    return buffer.getvalue()


async def sent(caller: Caller, content: bytes, kind: str = "collaborations") -> dict[str, Any]:
    answer = await caller.http.post(
        f"{BASE}/change-sets", params={"kind": kind}, files={"file": ("载体.xlsx", content)}, headers=caller.headers
    )
    assert answer.status_code == 202, answer.text
    return await caller.worked(answer.json())


async def acted(caller: Caller, found: dict[str, Any], verb: str) -> dict[str, Any]:
    path = f"/change-sets/{found['id']}/{verb}"
    answer = await caller.post(path, {}, If_Match=f'"{found["row_version"]}"')
    assert answer.status_code == 202, answer.text
    return await caller.worked(answer.json())


async def rows(caller: Caller, found: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await caller.get(f"/change-sets/{found['id']}/rows", **query)).json()["items"]
    return items


def counts(found: dict[str, Any]) -> tuple[int, ...]:
    return tuple(found[name] for name in ("new", "changed", "unchanged", "rejected"))


async def three_members(caller: Caller) -> dict[str, str]:
    made = {}
    for name, more in (
        ("甲职业学校", {"aliases": ["甲校"]}),
        ("乙公司", {"category": "enterprise"}),
        ("丙公司", {"category": "enterprise"}),
    ):
        made[name] = (await caller.create("/members", member(name, **more)))["id"]
    return made


def test_collaborations_are_seen_applied_and_undone(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        ids = await three_members(caller)
        standing = {
            "kind": "base",
            "name": "实训基地",
            "host_member": ids["甲职业学校"],
            "participants": [ids["乙公司"]],
        }
        kept = await caller.create("/collaborations", standing)
        found = await sent(
            caller,
            sheet(
                ["实训基地", "实训基地", "甲职业学校", "", "", "乙公司、丙公司", ""],
                ["汽车产业学院", "产业学院", "甲校", "", "丙公司", "", "2024-09-01"],
                ["无名学院", "产业学院", "丁学校", "", "", "", ""],
                ["汽车产业学院", "产业学院", "", "", "", "", ""],
            ),
        )
        assert counts(found) == (1, 1, 0, 2)
        issues = {(r["line"], i["field"], i["code"]) for r in await rows(caller, found) for i in r["issues"]}
        assert issues == {(4, "host_member", "member_unknown"), (5, "name", "row_duplicate")}
        changed = (await rows(caller, found, outcome="changed"))[0]["changes"]
        assert changed == [{"field": "partners", "header": "合作方", "before": "乙公司", "after": "乙公司、丙公司"}]
        assert (await caller.get("/collaborations")).json()["total"] == 1

        applied = await acted(caller, found, "application")
        assert (applied["applied"], applied["left_out"]) == (2, 0)
        now = {one["name"]: one for one in (await caller.get("/collaborations")).json()["items"]}
        assert set(now) == {"实训基地", "汽车产业学院"}
        college = (await caller.get(f"/collaborations/{now['汽车产业学院']['id']}")).json()
        assert college["host_member"]["name"] == "甲职业学校"
        assert [(p["name"], p["part"]) for p in college["participants"]] == [("丙公司", "enterprise")]
        then = (await caller.get("/collaborations", as_of="2024-09-01")).json()
        assert [one["name"] for one in then["items"]] == ["汽车产业学院"]

        undone = await acted(caller, applied, "undoing")
        assert undone["undone"] == 2
        left = (await caller.get("/collaborations")).json()["items"]
        assert [one["name"] for one in left] == ["实训基地"]
        base = (await caller.get(f"/collaborations/{kept['id']}")).json()
        assert [p["name"] for p in base["participants"]] == ["乙公司"]
        assert (await caller.get("/collaborations", as_of="2024-09-01")).json()["items"] == []

    registry.run(scenario)


@pytest.mark.parametrize("kind", [None, *CollaborationKind])
def test_an_export_of_any_kind_comes_back_unchanged(registry: Registry, kind: CollaborationKind | None) -> None:
    own: dict[str, dict[str, Any]] = {
        "school_enterprise_class": {"cohort": 2025, "format": "订单", "class_code": "2501"},
        "base": {"area_square_metres": "31000", "centres": [{"name": "智能制造"}]},
        "industry_college": {"industry": "新能源汽车", "majors": ["汽车制造", "机电"]},
        "consortium": {"park": "经开区", "industries": ["汽车"]},
    }

    async def scenario(caller: Caller) -> None:
        ids = await three_members(caller)
        for one in CollaborationKind:
            body = {
                "kind": one,
                "name": f"{one}甲",
                "host_member": ids["甲职业学校"],
                "participants": [
                    {"member": ids["乙公司"], "part": "partner"},
                    {"member": ids["丙公司"], "part": "supporter"},
                ],
                "founded_on": "2024-09-01",
                "details": own.get(one, {}),
            }
            made = await caller.create("/collaborations", body)
            grant = {"level": "provincial", "granted_on": "2025-09-01", "document_number": "皖教〔2025〕1号"}
            await caller.create(f"/collaborations/{made['id']}/recognitions", grant)
        asked = {"kind": str(kind)} if kind else {}
        exported = await caller.get("/collaborations/export.xlsx", None, **asked)
        assert exported.status_code == 200
        for into in {"collaborations", str(kind or "collaborations")}:
            found = await sent(caller, exported.content, into)
            assert counts(found) == (0, 0, 1 if kind else len(CollaborationKind), 0), await rows(caller, found)

    registry.run(scenario)


def test_each_template_is_one_that_an_import_reads(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        for kind in (None, "base", "industry_college"):
            asked = {"kind": kind} if kind else {}
            template = await caller.get("/collaborations/template.xlsx", None, **asked)
            book = openpyxl.load_workbook(io.BytesIO(template.content))
            assert [cell.value for cell in book["合作载体"][2]] == [c.header for c in importable_spec(kind).columns]
            for place, cell in enumerate((f"{kind}甲", "实训基地" if kind in (None, "base") else "产业学院"), start=1):
                book["合作载体"].cell(3, place, cell)
            filled = io.BytesIO()
            book.save(filled)
            assert counts(await sent(caller, filled.getvalue(), kind or "collaborations")) == (1, 0, 0, 0)

    registry.run(scenario)


def test_a_kind_takes_its_own_columns(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        await three_members(caller)
        header = ["名称", "类型", "办学（承办）单位", "合作企业", "开班年度", "合作形式"]
        headers = {column.header for column in importable_spec("school_enterprise_class").columns}
        assert {"名称", "类型"} <= headers
        cohort, form = (next(h for h in headers if h.startswith(word)) for word in ("年级", "合作形式"))
        header[4], header[5] = cohort, form
        content = sheet(
            ["汽修班", "校企合作班", "甲校", "乙公司", 2025, "订单"],
            ["电工班", "校企合作班", "甲校", "乙公司", 1800, "订单"],
            ["基地", "实训基地", "甲校", "", "", ""],
            header=header,
        )
        found = await sent(caller, content, "school_enterprise_class")
        assert counts(found) == (1, 0, 0, 2), await rows(caller, found)
        faults = {r["line"]: r["issues"][0]["field"] for r in await rows(caller, found, outcome="rejected")}
        assert faults == {3: "details.cohort", 4: "kind"}
        await acted(caller, found, "application")
        made = (await caller.get("/collaborations")).json()["items"][0]
        details = (await caller.get(f"/collaborations/{made['id']}")).json()["details"]
        assert (details["cohort"], details["format"]) == (2025, "订单")

    registry.run(scenario)


async def told_of(registry: Registry, names: dict[str, str]) -> dict[str, list[str]]:
    """What the audit tells of bulk changes of collaborations, by name, in its order."""
    database = Database(registry.settings.database_url.get_secret_value())
    wanted = select(audit_entry).where(audit_entry.c.object_kind == "collaboration", audit_entry.c.reason.is_not(None))
    try:
        async with database.read("anqing") as session:
            entries = (await session.execute(wanted.order_by(audit_entry.c.entry_no))).all()
    finally:
        await database.close()
    told: dict[str, list[str]] = {}
    for entry in entries:
        told.setdefault(names[entry.object_id], []).append(entry.action.removeprefix("collaboration."))
    return told


def test_what_is_referred_to_meanwhile_stays_alone_among_many(registry: Registry) -> None:
    """Rows of several days are saved and taken back together; the one that is refused is told of nowhere."""

    async def scenario(caller: Caller) -> None:
        await three_members(caller)
        days = ["2024-09-01", "", "2025-03-01", "2024-09-01", "2025-03-01", ""]
        content = [[f"基地{n}", "实训基地", "甲校", "", "乙公司", "丙公司", day] for n, day in enumerate(days)]
        found = await sent(caller, sheet(*content))
        await caller.create("/collaborations", {"kind": "base", "name": "基地1"})
        applied = await acted(caller, found, "application")
        assert (applied["applied"], applied["left_out"]) == (5, 1)
        left = await rows(caller, applied, result="left_out")
        assert [(one["line"], one["label"]) for one in left] == [(3, "基地1")]
        standing = {one["name"]: one["id"] for one in (await caller.get("/collaborations")).json()["items"]}
        names = {one: name for name, one in standing.items()}
        for name, day in (("基地0", "2024-09-01"), ("基地4", "2025-03-01"), ("基地5", "2025-12-01")):
            first = (await caller.get(f"/collaborations/{standing[name]}", as_of=day)).json()
            assert sorted((p["name"], p["part"]) for p in first["participants"]) == [
                ("丙公司", "partner"),
                ("乙公司", "enterprise"),
            ]
        grant = {"level": "municipal", "granted_on": "2025-05-01", "document_number": "示例〔2025〕1号"}
        await caller.create(f"/collaborations/{standing['基地2']}/recognitions", grant)
        undone = await acted(caller, applied, "undoing")
        assert (undone["applied"], undone["undone"]) == (5, 4)
        kept = await rows(caller, undone, result="kept")
        assert [(one["line"], one["note"]) for one in kept] == [(4, "已有级别认定、投入等记录引用这个载体，保留。")]
        left_over = {one["name"] for one in (await caller.get("/collaborations")).json()["items"]}
        assert left_over == {"基地1", "基地2"}
        told = await told_of(registry, names)
        assert told == {"基地2": ["create"], **{f"基地{n}": ["create", "remove"] for n in (0, 3, 4, 5)}}

    registry.run(scenario)


def test_who_takes_part_as_something_else_from_now_on_did_not_before(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        await three_members(caller)
        plain = [[f"基地{n}", "实训基地", "甲校", "", "乙公司", "丙公司", "2024-09-01"] for n in range(3)]
        await acted(caller, await sent(caller, sheet(*plain)), "application")
        other = [[*row[:4], "丙公司", "乙公司" if n else "", row[6]] for n, row in enumerate(plain)]
        applied = await acted(caller, await sent(caller, sheet(*other)), "application")
        assert applied["applied"] == 3
        made = (await caller.get("/collaborations", sort="name")).json()["items"]

        async def parts(**query: Any) -> list[dict[str, str]]:
            found = [(await caller.get(f"/collaborations/{one['id']}", **query)).json() for one in made]
            return [{p["name"]: p["part"] for p in one["participants"]} for one in found]

        first = {"乙公司": "enterprise", "丙公司": "partner"}
        turned = {"乙公司": "partner", "丙公司": "enterprise"}
        assert await parts() == [{"丙公司": "enterprise"}, turned, turned]
        assert await parts(as_of="2025-11-30") == [first, first, first]
        await acted(caller, applied, "undoing")
        assert await parts() == await parts(as_of="2025-11-30") == [first, first, first]

    registry.run(scenario)
