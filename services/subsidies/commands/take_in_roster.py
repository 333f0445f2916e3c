"""The job behind a roster import: read, check, store, return claims for review, and forget the file."""

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.kernel.audit import audit
from services.kernel.database import WriteSession
from services.kernel.errors import HubError
from services.kernel.jobs import JobContext
from services.subsidies.clients.registry import Latest
from services.subsidies.commands.reopen_claims import reopen_claims
from services.subsidies.domain import ImportState, RosterKind
from services.subsidies.queries.policy import Policy, current_policy
from services.subsidies.rosters.checking import CheckedRoster, check_roster
from services.subsidies.rosters.storing import Source, Stored, store_roster
from services.subsidies.tables import RosterImport
from services.subsidies.tools import Tools

log = logging.getLogger(__name__)
REJECTS_KEPT = timedelta(days=30)
NOTHING_KEPT_LONGER = REJECTS_KEPT + timedelta(days=1)
SHOWN_ISSUES = 200
STEPS = 4


async def take_in_roster(context: JobContext, tools: Tools) -> dict[str, Any]:
    """Take in the file of `payload["import"]`; safe to run again after a worker died.

    Raises HubError when the file cannot be read; the import then says why, and the file is gone all the same.
    """
    import_id = UUID(context.payload["import"])
    row, policy = await _load(context, import_id)
    if row.state != ImportState.QUEUED.value:
        _forget(tools, row.file_id)
        return _result(row)
    try:
        await context.progress(0, STEPS, "正在读取登记信息")
        latest = await tools.registry.latest(context.database, context.principal.alliance)
        await context.progress(1, STEPS, "正在读取和核对表格")
        checked = await _check(tools, row, policy, latest)
        await context.progress(2, STEPS, f"正在保存，共 {checked.total_rows} 行")
        row = await _store(context, tools, import_id, checked, latest)
    except HubError as refusal:
        await _fail(context, tools, import_id, refusal.detail)
        raise
    except Exception:
        await _fail(context, tools, import_id, "处理时系统内部出错，已记录；请稍后重新上传。")
        raise
    _forget(tools, row.file_id)
    await context.progress(STEPS, STEPS, _summary(row))
    await _purge(context, tools)
    return _result(row)


async def _load(context: JobContext, import_id: UUID) -> tuple[RosterImport, Policy]:
    alliance = context.principal.alliance
    async with context.database.read(alliance) as session:
        row = await session.get_one(RosterImport, (alliance, import_id))
        return row, await current_policy(session, alliance)


async def _check(tools: Tools, row: RosterImport, policy: Policy, latest: Latest) -> CheckedRoster:
    """Off the event loop: reading a large workbook takes seconds of CPU."""
    if row.file_id is None:
        raise RuntimeError("a queued import has its file")
    content = tools.files.load(row.file_id)
    return await asyncio.to_thread(
        check_roster, RosterKind(row.kind), content, policy.student_choices, latest.facts, tools.person_key
    )


async def _store(
    context: JobContext, tools: Tools, import_id: UUID, checked: CheckedRoster, latest: Latest
) -> RosterImport:
    rejects = tools.files.save(checked.rejects) if checked.rejects else None
    try:
        async with context.database.write(context.principal.alliance) as session:
            row = await session.get_one(RosterImport, (context.principal.alliance, import_id), with_for_update=True)
            source = Source(row.alliance, row.owner, row.year, row.id)
            stored = await store_roster(session, RosterKind(row.kind), source, checked.records)
            _record(row, checked, stored, latest, rejects, context.clock.now())
            await _consequences(session, context, row, stored)
            return row
    except BaseException:
        _forget(tools, rejects)
        raise


def _record(
    row: RosterImport,
    checked: CheckedRoster,
    stored: Stored,
    latest: Latest,
    rejects: UUID | None,
    now: datetime,
) -> None:
    row.state = ImportState.DONE.value
    row.total_rows, row.rejected_rows = checked.total_rows, checked.rejected_rows
    row.new_rows, row.changed_rows, row.unchanged_rows = stored.new, stored.changed, stored.unchanged
    row.recorded_seq = stored.sequence
    row.issues = [
        {"line": i.line, "field": i.field, "header": i.header, "code": i.code, "message": i.message}
        for i in checked.issues[:SHOWN_ISSUES]
    ]
    row.registry_as_of, row.registry_fresh = latest.facts.as_of, latest.fresh
    row.rejects_file_id = rejects
    row.rejects_until = now + REJECTS_KEPT if rejects else None
    row.finished_at = now


async def _consequences(session: WriteSession, context: JobContext, row: RosterImport, stored: Stored) -> None:
    principal, clock = context.principal, context.clock
    if stored.sequence is not None:
        why = f"{RosterKind(row.kind).label}有变动：新增 {stored.new} 行、修改 {stored.changed} 行，请重新审核。"
        await reopen_claims(session, clock, principal, owner=row.owner, year=row.year, why=why)
    after = {"new": stored.new, "changed": stored.changed, "rejected": row.rejected_rows, "sequence": stored.sequence}
    await audit(session, clock, principal, "roster.recorded", "roster_import", row.id, after=after)


async def _fail(context: JobContext, tools: Tools, import_id: UUID, detail: str) -> None:
    alliance = context.principal.alliance
    async with context.database.write(alliance) as session:
        row = await session.get_one(RosterImport, (alliance, import_id), with_for_update=True)
        row.state, row.failure, row.finished_at = ImportState.FAILED.value, detail, context.clock.now()
    _forget(tools, row.file_id)


async def _purge(context: JobContext, tools: Tools) -> None:
    """Delete the workbooks of rejected rows whose time is over, and whatever else lay there longer than those may."""
    alliance = context.principal.alliance
    over = (RosterImport.rejects_file_id.is_not(None), RosterImport.rejects_until < context.clock.now())
    async with context.database.write(alliance) as session:
        rows = await session.scalars(select(RosterImport).where(RosterImport.alliance == alliance, *over))
        for row in rows:
            _forget(tools, row.rejects_file_id)
            row.rejects_file_id = None
    swept = await asyncio.to_thread(tools.files.sweep, context.clock.now() - NOTHING_KEPT_LONGER)
    if swept:
        log.warning("forgotten files deleted", extra={"files": swept})


def _forget(tools: Tools, file_id: UUID | None) -> None:
    if file_id is not None:
        tools.files.delete(file_id)


def _summary(row: RosterImport) -> str:
    stale = "" if row.registry_fresh else "（登记服务未应答，按最近一次登记信息核对）"
    return (
        f"新增 {row.new_rows} 行，修改 {row.changed_rows} 行，未变 {row.unchanged_rows} 行，"
        f"退回 {row.rejected_rows} 行{stale}"
    )


def _result(row: RosterImport) -> dict[str, Any]:
    return {
        "import": str(row.id),
        "total_rows": row.total_rows,
        "new_rows": row.new_rows,
        "changed_rows": row.changed_rows,
        "unchanged_rows": row.unchanged_rows,
        "rejected_rows": row.rejected_rows,
    }
