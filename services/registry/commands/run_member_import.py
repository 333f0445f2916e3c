"""The job behind an import of members: read, check, upsert, and write the workbook of rows that come back."""

import asyncio
from dataclasses import asdict
from typing import Any
from uuid import UUID

from services.kernel.audit import audit
from services.kernel.files import FileStore
from services.kernel.jobs import JobContext
from services.kernel.outbox import OFFICE_ONLY, publish
from services.kernel.tenancy import Scope
from services.kernel.workbooks import CellIssue, Table, check_table, read_table, write_rejects
from services.registry.commands.take_in_members import TakenIn, take_in_members
from services.registry.queries.others import find_import
from services.registry.tables import MemberImport
from services.registry.workbook import MEMBERS

ISSUES_SHOWN = 200


async def run_member_import(context: JobContext, files: FileStore) -> dict[str, Any]:
    """Run one import to its end in one transaction; one that was already done only tells its counts again."""
    import_id = UUID(context.payload["import"])
    scope = Scope.of(context.principal)
    async with context.database.read(context.principal.alliance) as session:
        started = await find_import(session, scope, import_id)
    if started.state == "done":
        return _counts(started)
    content = await asyncio.to_thread(files.load, started.file)
    table = await asyncio.to_thread(read_table, content, MEMBERS)
    checked = await asyncio.to_thread(check_table, MEMBERS, table)
    await context.progress(0, len(table.rows), "正在核对并写入")
    async with context.database.write(context.principal.alliance) as session:
        taken = await take_in_members(session, context.clock, context.principal, checked.rows, table.present)
        issues = sorted([*checked.issues, *taken.issues], key=lambda issue: issue.line)
        found = await find_import(session, scope, import_id)
        _record(found, table, taken, issues)
        if issues:
            rejects = await asyncio.to_thread(write_rejects, MEMBERS, table.rows, issues)
            found.rejects_file = await asyncio.to_thread(files.save, rejects)
        counts = _counts(found)
        await audit(
            session, context.clock, context.principal, "member.import", "member_import", import_id, after=counts
        )
        publish(
            session,
            context.clock,
            context.principal.alliance,
            "member_import.completed",
            object_kind="member_import",
            object_id=import_id,
            division=OFFICE_ONLY,
            data=counts,
        )
    await context.progress(len(table.rows), len(table.rows), _sentence(counts))
    return counts


def _record(found: MemberImport, table: Table, taken: TakenIn, issues: list[CellIssue]) -> None:
    found.state = "done"
    found.total = len(table.rows)
    found.created, found.updated, found.unchanged = taken.created, taken.updated, taken.unchanged
    found.rejected = len({issue.line for issue in issues})
    found.issues = [asdict(issue) for issue in issues[:ISSUES_SHOWN]]


def _counts(found: MemberImport) -> dict[str, Any]:
    names = ("total", "created", "updated", "unchanged", "rejected")
    return {"import": str(found.id), **{name: getattr(found, name) for name in names}}


def _sentence(counts: dict[str, Any]) -> str:
    return (
        f"共 {counts['total']} 行：新增 {counts['created']}，更新 {counts['updated']}，"
        f"未变 {counts['unchanged']}，退回 {counts['rejected']}"
    )
