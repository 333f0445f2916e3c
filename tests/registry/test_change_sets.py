"""Imports and bulk edits: seen before they are saved, saved as they were seen, and undone as if they had never been."""

import asyncio
import io
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import openpyxl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select, text
from sqlalchemy.engine import Engine

from services.kernel.database import Database
from services.kernel.errors import Conflict
from services.kernel.shared_tables import audit_entry, outbox_event
from services.registry.commands.changing import together
from services.registry.commands.member_rows import fill
from services.registry.domain.change_sets import TRANSITIONS, ChangeState, move
from services.registry.tables import Member
from tests.registry.conftest import BASE, Caller, Registry, member, uscc

HEADER = [
    "单位名称",
    "简称",
    "统一社会信用代码",
    "类别",
    "区划代码",
    "企业规模",
    "规模佐证材料",
    "联系电话",
    "加入日期",
]


def sheet(*rows: list[Any], header: list[str] = HEADER) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        target = book.add_worksheet("成员单位")
        target.write_row(0, 0, header)
        for number, cells in enumerate(rows, start=1):
            target.write_row(number, 0, cells)
    return buffer.getvalue()


def row(name: str, code: str = "", category: str = "中职学校", division: str = "340822", **cells: Any) -> list[Any]:
    places = ("size", "evidence", "phone", "joined")
    return [name, cells.get("aliases", ""), code, category, division, *(cells.get(place, "") for place in places)]


@dataclass
class Sets:
    """How a test speaks to change sets."""

    caller: Caller

    async def send(self, content: bytes, name: str = "成员.xlsx") -> dict[str, Any]:
        """Import a workbook and let the worker check it."""
        answer = await self.caller.upload(content, name)
        assert answer.status_code == 202, answer.text
        return await self.caller.worked(answer.json())

    async def edit(self, values: dict[str, Any], **asked: Any) -> dict[str, Any]:
        body = {"kind": "members", "filter": asked, "values": values, "reason": "区划调整"}
        answer = await self.caller.post("/change-sets/edits", body)
        assert answer.status_code == 202, answer.text
        return await self.caller.worked(answer.json())

    async def act(self, found: dict[str, Any], verb: str, body: Any = None) -> dict[str, Any]:
        answer = await self.caller.post(
            f"/change-sets/{found['id']}/{verb}", body or {}, If_Match=f'"{found["row_version"]}"'
        )
        assert answer.status_code == 202, answer.text
        return await self.caller.worked(answer.json())

    async def apply(self, found: dict[str, Any], **wanted: Any) -> dict[str, Any]:
        return await self.act(found, "application", wanted)

    async def rows(self, found: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
        page = (await self.caller.get(f"/change-sets/{found['id']}/rows", limit=200, **query)).json()
        items: list[dict[str, Any]] = page["items"]
        return items

    async def members(self, **query: Any) -> dict[str, dict[str, Any]]:
        page = (await self.caller.get("/members", limit=200, **query)).json()
        return {item["name"]: item for item in page["items"]}


COUNTS = ("total", "new", "changed", "unchanged", "rejected")


def counts(found: dict[str, Any]) -> tuple[int, ...]:
    return tuple(found[name] for name in COUNTS)


def test_a_preview_saves_nothing_and_tells_everything(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        sets = Sets(caller)
        await caller.create("/members", member("甲职业学校", uscc=uscc(1)))
        await caller.create("/members", member("乙职业学校", uscc=uscc(2)))
        found = await sets.send(
            sheet(
                row("甲职业学校", uscc(1), division="340825"),
                row("乙职业学校", uscc(2)),
                row("丙公司", uscc(3), "企业", size="中型", evidence="证明1号"),
                row("丁学校", uscc(4), size="大型"),
                row("戊学校", "91350100M000100Y4Z"),
            )
        )
        assert found["state"] == "ready"
        assert counts(found) == (5, 1, 1, 1, 2)
        assert set(await sets.members()) == {"甲职业学校", "乙职业学校"}
        assert (await sets.members())["甲职业学校"]["division"] == "340822"
        changed = (await sets.rows(found, outcome="changed"))[0]
        assert changed["changes"] == [
            {"field": "division", "header": "区划代码", "before": "340822", "after": "340825"}
        ]
        new = (await sets.rows(found, outcome="new"))[0]
        assert {c["header"]: c["after"] for c in new["changes"]}["企业规模"] == "中型"
        faults = {
            (r["line"], i["field"], i["code"]) for r in await sets.rows(found, outcome="rejected") for i in r["issues"]
        }
        assert faults == {(5, "enterprise_size", "size_not_applicable"), (6, "uscc", "uscc_invalid")}

        applied = await sets.apply(found)
        assert (applied["state"], applied["applied"], applied["left_out"]) == ("applied", 2, 0)
        now = await sets.members()
        assert set(now) == {"甲职业学校", "乙职业学校", "丙公司"}
        assert now["甲职业学校"]["division"] == "340825"

    registry.run(scenario)


def test_what_was_applied_is_undone_as_if_it_had_never_been(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        sets = Sets(caller)
        await caller.create("/members", member("甲职业学校", uscc=uscc(1)))
        found = await sets.send(
            sheet(row("甲职业学校", uscc(1), division="340825"), row("丙公司", uscc(3), "企业", joined="2024-09-01"))
        )
        applied = await sets.apply(found)
        undone = await sets.act(applied, "undoing")
        assert (undone["state"], undone["undone"]) == ("undone", 2)
        assert {name: m["division"] for name, m in (await sets.members()).items()} == {"甲职业学校": "340822"}
        again = await sets.send(
            sheet(row("甲职业学校", uscc(1), division="340825"), row("丙公司", uscc(3), "企业", joined="2024-09-01"))
        )
        assert counts(again) == (2, 1, 1, 0, 0)

    registry.run(scenario)


def test_a_rename_by_import_keeps_the_old_name_and_its_undoing_none(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        sets = Sets(caller)
        await caller.create("/members", member("甲职业学校", uscc=uscc(1)))
        applied = await sets.apply(await sets.send(sheet(row("甲职业学院", uscc(1)))))
        renamed = (await sets.members())["甲职业学院"]
        assert [former["name"] for former in renamed["former_names"]] == ["甲职业学校"]
        assert set(await sets.members(q="甲职业学校")) == {"甲职业学院"}
        await sets.act(applied, "undoing")
        assert (await sets.members())["甲职业学校"]["former_names"] == []
        assert set(await sets.members(q="甲职业学院")) == set()

    registry.run(scenario)


def test_undoing_leaves_what_somebody_changed_since(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        sets = Sets(caller)
        found = await sets.send(sheet(row("甲职业学校", uscc(1)), row("乙职业学校", uscc(2))))
        applied = await sets.apply(found)
        kept = (await sets.members())["甲职业学校"]
        path = f"/members/{kept['id']}"
        etag = (await caller.get(path)).headers["ETag"]
        answer = await caller.put(path, member("甲职业学校", uscc=uscc(1), division="340826"), etag)
        assert answer.status_code == 200, answer.text
        undone = await sets.act(applied, "undoing")
        assert (undone["applied"], undone["undone"]) == (2, 1)
        assert set(await sets.members()) == {"甲职业学校"}
        told = (await sets.rows(undone, result="kept"))[0]
        assert told["label"] == "甲职业学校"
        assert "又被修改" in told["note"]

    registry.run(scenario)


def test_a_row_that_somebody_changed_after_the_preview_is_left_out(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        sets = Sets(caller)
        made = await caller.create("/members", member("甲职业学校", uscc=uscc(1)))
        found = await sets.send(sheet(row("甲职业学校", uscc(1), division="340825"), row("新学校", uscc(2))))
        path = f"/members/{made['id']}"
        etag = (await caller.get(path)).headers["ETag"]
        await caller.put(path, member("甲职业学校", uscc=uscc(1), division="340826"), etag)
        await caller.create("/members", member("新学校", uscc=uscc(2)))
        applied = await sets.apply(found)
        assert (applied["applied"], applied["left_out"]) == (0, 2)
        assert (await sets.members())["甲职业学校"]["division"] == "340826"
        assert all(r["note"] for r in await sets.rows(applied, result="left_out"))

    registry.run(scenario)


def test_a_row_that_would_write_over_later_history_is_left_out(registry: Registry) -> None:
    """What one school was since is changed by itself; the other row is saved from the day, and both undone exactly."""

    async def scenario(caller: Caller) -> None:
        sets = Sets(caller)
        moved = await caller.create("/members", member("甲职业学校", uscc=uscc(1), joined_on="2024-09-01"))
        await caller.create("/members", member("乙职业学校", uscc=uscc(2), joined_on="2024-09-01"))
        path = f"/members/{moved['id']}"
        draft = member("甲职业学校", uscc=uscc(1), joined_on="2024-09-01", division="340825")
        etag = (await caller.get(path)).headers["ETag"]
        assert (await caller.put(path, {**draft, "effective_on": "2025-06-01"}, etag)).status_code == 200
        days = ("2024-10-01", "2025-03-01", "2025-07-01", "2025-12-01")
        before = [await sets.members(as_of=day) for day in days]
        found = await sets.edit({"division": "340826"})
        applied = await sets.apply(found, effective_on="2025-01-01")
        assert (applied["applied"], applied["left_out"]) == (1, 1)
        left = await sets.rows(applied, result="left_out")
        assert [(row["label"], "2025-01-01 之后" in row["note"]) for row in left] == [("甲职业学校", True)]
        told = {name: one["division"] for name, one in (await sets.members(as_of="2025-03-01")).items()}
        assert told == {"甲职业学校": "340822", "乙职业学校": "340826"}
        await sets.act(applied, "undoing")
        assert [await sets.members(as_of=day) for day in days] == before

    registry.run(scenario)


def test_a_row_left_out_leaves_the_day_of_the_next(registry: Registry) -> None:
    """A unit that left in 2024 cannot be entered after all; the one below it still begins today, not in 2024."""

    async def scenario(caller: Caller) -> None:
        sets = Sets(caller)
        header = [*HEADER, "状态", "退出日期"]
        gone = [*row("甲职业学校", joined="2023-09-01"), "已退出", "2024-06-30"]
        found = await sets.send(sheet(gone, [*row("乙职业学校"), "在册", ""], header=header))
        await caller.create("/members", member("甲职业学校"))
        applied = await sets.apply(found)
        assert (applied["applied"], applied["left_out"]) == (1, 1)
        assert {*await sets.members()} == {"甲职业学校", "乙职业学校"}
        assert {*await sets.members(as_of="2025-11-30")} == set()

    registry.run(scenario)


def test_an_export_comes_back_unchanged(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        sets = Sets(caller)
        former = [{"name": "旧甲校", "until": "2020-06-30"}, {"name": "更旧甲校（东区）", "until": None}]
        school = {"former_names": former, "school_code": "3134000001", "address": "示例路1号"}
        named = member("甲职业学校", uscc=uscc(1), aliases=["甲校"], joined_on="2024-09-01", **school)
        await caller.create("/members", named)
        await caller.create(
            "/members",
            member(
                "乙公司",
                industry_code="C3670",
                uscc=uscc(2),
                category="enterprise",
                enterprise_size="medium",
                size_evidence="证明1号",
            ),
        )
        left = member(
            "丙学校", status="exited", joined_on="2024-01-01", left_on="2025-06-30", contact_phone="0556-1234567"
        )
        await caller.create("/members", left)
        queries: list[dict[str, Any]] = [{}, {"category": "enterprise"}, {"status": "exited"}]
        for query in queries:
            exported = await caller.get("/members/export.xlsx", **query)
            found = await sets.send(exported.content)
            assert counts(found) == (found["total"], 0, 0, found["total"], 0), await sets.rows(found)
            assert found["total"] == (1 if query else 3)

    registry.run(scenario)


def broken_rows(count: int) -> tuple[list[list[Any]], dict[int, set[str]], list[list[Any]]]:
    """A workbook with faults at known cells: its rows, the headers at fault by line, and the repaired rows."""
    chance = random.Random(20251201)  # a repeatable draw, no secret
    broken: list[list[Any]] = []
    repaired: list[list[Any]] = []
    faults: dict[int, set[str]] = {}
    for number in range(count):
        sound = row(f"第{number:05d}公司", uscc(number), "企业", size="小型", evidence="证明", joined="2025-01-01")
        spoiled = list(sound)
        for place, wrong in (
            (2, "91350100M000100Y4Z"),
            (3, "公司"),
            (4, "999999"),
            (5, "特大"),
            (7, "电话"),
            (8, "去年"),
        ):
            if chance.random() < 0.02:
                spoiled[place] = wrong
                faults.setdefault(number + 2, set()).add(HEADER[place])
        broken.append(spoiled)
        repaired.append(sound)
    return broken, faults, repaired


def test_a_broken_workbook_of_5000_rows_comes_back_and_is_accepted_after_repair(registry: Registry) -> None:
    broken, faults, repaired = broken_rows(5_000)

    async def scenario(caller: Caller) -> None:
        sets = Sets(caller)
        found = await sets.send(sheet(*broken))
        assert found["rejected"] == len(faults) > 400
        assert found["new"] == 5_000 - len(faults)
        told: dict[int, set[str]] = {}
        cursor = None
        while True:
            query: dict[str, Any] = {"outcome": "rejected", "limit": 200, **({"cursor": cursor} if cursor else {})}
            page = (await caller.get(f"/change-sets/{found['id']}/rows", **query)).json()
            for one in page["items"]:
                told[one["line"]] = {issue["header"] for issue in one["issues"]}
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert told == faults

        back = await caller.get(f"/change-sets/{found['id']}/errors.xlsx")
        book = openpyxl.load_workbook(io.BytesIO(back.content))
        target = book["成员单位"]
        heads = [cell.value for cell in next(target.iter_rows(min_row=2, max_row=2))]
        assert {"错误原因", "原行号"} <= set(heads)
        lines = {heads[place]: place for place in range(len(heads))}
        listed = list(target.iter_rows(min_row=3))
        assert [int(str(cells[lines["原行号"]].value)) for cells in listed] == sorted(faults)
        for cells in listed:
            number = int(str(cells[lines["原行号"]].value))
            assert all(header in str(cells[lines["错误原因"]].value) for header in faults[number])
            for header in HEADER:  # the clerk repairs each cell where it stands
                value = repaired[number - 2][HEADER.index(header)]
                cells[lines[header]].value = value or None
        buffer = io.BytesIO()
        book.save(buffer)

        applied = await sets.apply(found)
        assert applied["applied"] == 5_000 - len(faults)
        mended = await sets.send(buffer.getvalue())
        assert counts(mended) == (len(faults), len(faults), 0, 0, 0)
        assert (await sets.apply(mended))["applied"] == len(faults)
        assert (await caller.get("/members", limit=1)).json()["total"] == 5_000

    registry.run(scenario)


def test_a_bulk_edit_is_seen_applied_from_its_day_and_undone(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        sets = Sets(caller)
        for number in range(3):
            await caller.create("/members", member(f"学校{number}", uscc=uscc(number), joined_on="2024-01-01"))
        await caller.create("/members", member("企业甲", uscc=uscc(9), category="enterprise"))
        found = await sets.edit({"division": "340825"}, category="secondary_vocational")
        assert counts(found) == (3, 0, 3, 0, 0)
        applied = await sets.apply(found, effective_on="2025-07-01")
        assert {m["division"] for m in (await sets.members(category="secondary_vocational")).values()} == {"340825"}
        assert (await sets.members())["企业甲"]["division"] == "340822"
        undone = await sets.act(applied, "undoing")
        assert undone["undone"] == 3
        assert {m["division"] for m in (await sets.members()).values()} == {"340822"}

    registry.run(scenario)


@pytest.mark.parametrize(
    ("values", "field", "code"),
    [
        ({"name": "新名"}, "values.name", "field_not_editable"),
        ({"status": "exited"}, "values.status", "field_not_editable"),
        ({"structure_role": "boss"}, "values.structure_role", "value_not_allowed"),
        ({"division": "12"}, "values.division", "value_not_allowed"),
    ],
)
def test_a_bulk_edit_of_what_it_may_not_set_is_refused(
    registry: Registry, values: dict[str, Any], field: str, code: str
) -> None:
    async def scenario(caller: Caller) -> None:
        body = {"kind": "members", "filter": {}, "values": values, "reason": "试"}
        answer = await caller.post("/change-sets/edits", body)
        assert answer.status_code == 422
        assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [(field, code)]

    registry.run(scenario)


def test_a_bulk_edit_that_breaks_a_rule_between_fields_rejects_the_row(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        sets = Sets(caller)
        await caller.create("/members", member("学校"))
        found = await sets.edit({"division": "340899"})
        assert counts(found) == (1, 0, 0, 0, 1)
        assert (await sets.rows(found))[0]["issues"][0]["code"] == "division_unknown"
        lacking = [(await sets.edit({"industry": "汽车"}, missing=what))["total"] for what in ("uscc", "division")]
        assert lacking == [1, 0]

    registry.run(scenario)


def test_steps_follow_one_another_and_need_the_version_that_was_seen(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        sets = Sets(caller)
        found = await sets.send(sheet(row("甲职业学校", uscc(1))))
        path = f"/change-sets/{found['id']}"
        assert (await caller.post(f"{path}/application", {})).status_code == 428
        assert (await caller.post(f"{path}/application", {}, If_Match='"99"')).status_code == 412
        early = await caller.post(f"{path}/undoing", {}, If_Match=f'"{found["row_version"]}"')
        assert (early.status_code, early.json()["code"]) == (409, "change_set_state")
        ahead = {"effective_on": (date(2025, 12, 1) + timedelta(days=1)).isoformat()}
        late = await caller.post(f"{path}/application", ahead, If_Match=f'"{found["row_version"]}"')
        assert late.json()["errors"][0]["code"] == "day_ahead"
        gone = await caller.post(f"{path}/discarding", {}, If_Match=f'"{found["row_version"]}"')
        assert gone.json()["state"] == "discarded"
        again = await caller.post(f"{path}/application", {}, If_Match=gone.headers["ETag"])
        assert again.status_code == 409
        assert await sets.members() == {}

    registry.run(scenario)


def test_only_the_secretariat_of_this_alliance_sees_a_change_set(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        found = await Sets(caller).send(sheet(row("甲职业学校", uscc(1), phone="0556-1234567")))
        path = f"/change-sets/{found['id']}"
        for role, claims in (("county_clerk", {"division": "340822"}), ("leader", {}), ("system_admin", {})):
            assert (await caller.acting(role, **claims).get(path)).status_code == 403
        assert (await caller.acting("secretariat_clerk", alliance="xiaogan").get(path)).status_code == 404

    registry.run(scenario)


def test_rows_are_forgotten_after_their_days_and_then_stay(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        sets = Sets(caller)
        applied = await sets.apply(await sets.send(sheet(row("甲职业学校", uscc(1)))))
        registry.clock.advance(timedelta(days=30, minutes=1))
        await sets.send(sheet(row("乙职业学校", uscc(2))))
        assert all(not r["changes"] for r in await sets.rows(applied))
        late = await caller.post(f"/change-sets/{applied['id']}/undoing", {}, If_Match=f'"{applied["row_version"]}"')
        assert (late.status_code, late.json()["code"]) == (409, "change_set_forgotten")
        assert set(await sets.members()) == {"甲职业学校"}

    registry.run(scenario)


def test_a_file_that_is_none_and_a_kind_that_is_none_are_refused(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        files = {"file": ("x.xlsx", b"no workbook")}
        for kind, code in (("members", "header_missing"), ("dragons", "kind_unknown")):
            answer = await caller.http.post(
                f"{BASE}/change-sets", params={"kind": kind}, files=files, headers=caller.headers
            )
            assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)

    registry.run(scenario)


@given(path=st.lists(st.sampled_from([*ChangeState]), max_size=8))
def test_no_path_applies_what_was_discarded_or_undoes_what_was_not_applied(path: list[ChangeState]) -> None:
    state, walked = ChangeState.CHECKING, [ChangeState.CHECKING]
    for step in path:
        try:
            state = move(state, step)
        except Conflict:
            assert step not in TRANSITIONS[state]
        else:
            walked.append(state)
    order = [*ChangeState]
    assert len(walked) == len(set(walked))
    assert not {ChangeState.DISCARDED, ChangeState.APPLYING} <= set(walked)
    if ChangeState.UNDONE in walked:
        assert order.index(ChangeState.APPLIED) < len(order)
        assert ChangeState.APPLIED in walked


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    """Every statement that is sent to a database meanwhile; one for many rows is one."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_more_rows_of_a_batch_are_no_more_statements(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        sets = Sets(caller)
        sent: dict[str, list[int]] = {"new": [], "changed": [], "edited": [], "undone": []}
        for first, count in ((0, 20), (100, 160)):
            numbers = range(first, first + count)
            plain = await sets.send(sheet(*(row(f"学校{n}", uscc(n), joined="2024-09-01") for n in numbers)))
            with counted_statements() as statements:
                applied = await sets.apply(plain)
            sent["new"].append(len(statements))
            moved = await sets.send(sheet(*(row(f"学校{n}", uscc(n), division="340825") for n in numbers)))
            with counted_statements() as statements:
                assert (await sets.apply(moved))["applied"] == count
            sent["changed"].append(len(statements))
            edited = await sets.edit({"division": "340826"}, q="学校")
            with counted_statements() as statements:
                edited = await sets.apply(edited, effective_on="2025-11-30")
            sent["edited"].append(len(statements))
            with counted_statements() as statements:
                await sets.act(edited, "undoing")
            sent["undone"].append(len(statements))
            assert applied["applied"] == count
        assert {name: few for name, (few, many) in sent.items() if many > few + 2} == {}, sent
        assert max(few for few, _ in sent.values()) < 60, sent

    registry.run(scenario)


async def told_of_members(registry: Registry) -> Counter[tuple[str, str]]:
    """How often the audit and the events tell what of each member (by its name in the audit or among the members)."""
    database = Database(registry.settings.database_url.get_secret_value())
    try:
        async with database.read("anqing") as session:
            entries = (await session.execute(select(audit_entry).order_by(audit_entry.c.entry_no))).all()
            events = (await session.execute(select(outbox_event))).all()
    finally:
        await database.close()
    named = {one.object_id: one.after["name"] for one in entries if one.action == "member.create"}
    told = [(one.action, one.object_id) for one in entries if one.object_kind == "member" and one.reason]
    told += [(one.type, one.object_id) for one in events if one.object_kind == "member"]
    return Counter((verb, named[thing]) for verb, thing in told)


async def waits_for_a_lock(database: Database) -> None:
    """Until some statement waits for another session."""
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = current_user")
    for _ in range(500):
        async with database.engine.connect() as connection:
            if (await connection.execute(waiting)).scalar_one():
                return
        await asyncio.sleep(0.01)
    raise AssertionError("nothing waits")


def test_a_name_that_another_session_enters_meanwhile_leaves_out_its_row_alone(registry: Registry) -> None:
    """It is not committed yet when its row is saved in the middle of the others, and refuses it when it is."""

    async def scenario(caller: Caller) -> None:
        sets = Sets(caller)
        names = [f"学校{n}" for n in range(9)]
        found = await sets.send(sheet(*(row(name, uscc(n)) for n, name in enumerate(names))))
        database = Database(registry.settings.database_url.get_secret_value(), clock=registry.clock)
        try:
            async with database.write("anqing") as session:
                now = registry.clock.now()
                rival = Member(alliance="anqing", id=uuid4(), created_at=now, updated_at=now)
                fill(rival, {"name": names[4], "category": "technician", "status": "active", "aliases": []}, now.date())
                session.add(rival)
                await session.flush()
                applying = asyncio.create_task(sets.apply(found))
                await waits_for_a_lock(database)
            applied = await applying
        finally:
            await database.close()
        assert (applied["applied"], applied["left_out"]) == (8, 1)
        left = await sets.rows(applied, result="left_out")
        assert [(one["line"], one["label"], one["note"]) for one in left] == [
            (6, names[4], "预览之后已有同名或同代码的单位，没有写入。")
        ]
        members = await sets.members()
        assert {name: members[name]["category"] for name in names} == {
            name: "technician" if name == names[4] else "secondary_vocational" for name in names
        }
        told = Counter(
            {(verb, name): 1 for name in names if name != names[4] for verb in ("member.create", "member.created")}
        )
        assert await told_of_members(registry) == told

    registry.run(scenario)


def test_a_code_that_was_taken_meanwhile_leaves_out_its_change_alone(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        sets = Sets(caller)
        for n in range(5):
            await caller.create("/members", member(f"学校{n}"))
        rows = [row(f"学校{n}", uscc(n), division="340825") for n in range(5)]
        found = await sets.send(sheet(*rows, row("新学校", uscc(9))))
        await caller.create("/members", member("旧学校", uscc=uscc(2)))
        applied = await sets.apply(found)
        assert (applied["applied"], applied["left_out"]) == (5, 1)
        left = await sets.rows(applied, result="left_out")
        assert [(one["line"], one["note"]) for one in left] == [(4, "名称或代码已属于另一家单位，没有写入。")]
        members = await sets.members()
        assert [members[f"学校{n}"]["division"] for n in range(5)] == ["340825", "340825", "340822", "340825", "340825"]
        assert [members[name]["uscc"] for name in ("学校2", "学校3", "新学校")] == [None, uscc(3), uscc(9)]
        versions = [(await caller.get(f"/members/{members[f'学校{n}']['id']}")).headers["ETag"] for n in range(5)]
        assert versions == ['"2"', '"2"', '"1"', '"2"', '"2"']
        told = await told_of_members(registry)
        assert {name for (verb, name) in told if verb == "member.updated"} == {f"学校{n}" for n in (0, 1, 3, 4)}
        assert set(told.values()) == {1}

    registry.run(scenario)


def test_what_is_referred_to_stays_alone_when_the_rest_is_taken_back(registry: Registry) -> None:
    """Rows of several days are taken back together, and told once, though one of them is refused in between."""

    async def scenario(caller: Caller) -> None:
        sets = Sets(caller)
        joined = ["2025-01-01", "", "2024-09-01", "2024-09-01", "", "2025-01-01"]
        applied = await sets.apply(
            await sets.send(sheet(*(row(f"学校{n}", uscc(n), joined=day) for n, day in enumerate(joined))))
        )
        kept = (await sets.members())["学校3"]["id"]
        await caller.create("/collaborations", {"kind": "base", "name": "基地", "host_member": kept})
        undone = await sets.act(applied, "undoing")
        assert (undone["applied"], undone["undone"]) == (6, 5)
        left = await sets.rows(undone, result="kept")
        assert [(one["line"], one["note"]) for one in left] == [(5, "已有其他记录引用这家单位，保留。")]
        assert [[*await sets.members(as_of=day)] for day in ("2024-09-01", "2025-12-01")] == [["学校3"], ["学校3"]]
        told = await told_of_members(registry)
        assert {name for (verb, name) in told if verb == "member.remove"} == {f"学校{n}" for n in (0, 1, 2, 4, 5)}
        assert set(told.values()) == {1}

    registry.run(scenario)


@given(
    rows=st.lists(st.sampled_from(["free", "taken", "renamed", "gone"]), min_size=1, max_size=9),
    at_once=st.sampled_from([1, 2, 3, 200]),
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_size_of_a_batch_shows_nowhere(registry: Registry, rows: list[str], at_once: int) -> None:
    """Of new units, and of known ones that get a code and perhaps a new name, those whose name or code was taken stay
    out; whatever is saved together, the rest is saved, told once, and taken back.
    """

    async def scenario(caller: Caller) -> None:
        sets, mark = Sets(caller), uuid4().hex[:6]
        base = int(mark, 16) % 90_000 * 10
        before = {}
        for n, kind in enumerate(rows):
            if kind in ("renamed", "gone"):
                made = await caller.create("/members", member(f"{mark}旧{n}", uscc=uscc(base + n)))
                before[f"{mark}旧{n}"] = made["division"]
        found = await sets.send(
            sheet(*(row(f"{mark}新{n}", uscc(base + n), division="340825") for n in range(len(rows))))
        )
        for n, kind in enumerate(rows):
            if kind in ("taken", "gone"):
                await caller.create("/members", member(f"{mark}新{n}"))
                before[f"{mark}新{n}"] = "340822"
        with patch.object(together, "AT_ONCE", at_once):
            applied = await sets.apply(found)
            refused = [n + 2 for n, kind in enumerate(rows) if kind in ("taken", "gone")]
            assert [one["line"] for one in await sets.rows(applied, result="left_out")] == refused
            now = {f"{mark}新{n}": "340825" for n, kind in enumerate(rows) if kind in ("free", "renamed")}
            stays = {name: "340822" for name in before if "新" in name}
            stays |= {f"{mark}旧{n}": "340822" for n, kind in enumerate(rows) if kind == "gone"}
            shown = {name: one["division"] for name, one in (await sets.members(q=mark)).items()}
            assert shown == now | stays
            undone = await sets.act(applied, "undoing")
        assert undone["undone"] == applied["applied"] == len(rows) - len(refused)
        assert {name: one["division"] for name, one in (await sets.members(q=mark)).items()} == before
        told = await told_of_members(registry)
        done = {"free": 4, "renamed": 4, "taken": 0, "gone": 0}
        verbs = (
            "member.create",
            "member.update",
            "member.remove",
            "member.created",
            "member.updated",
            "member.removed",
        )
        ours = sum(many for (verb, name), many in told.items() if verb in verbs and name.startswith(mark))
        assert ours == sum(done[kind] for kind in rows) + len(before)  # each that stood before was itself told once

    registry.run(scenario)
