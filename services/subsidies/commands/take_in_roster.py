"""The job behind a roster import: read and check in parts, store, return claims for review, and forget the file.

Everything of one file is one transaction, so a job whose worker died begins anew and finds nothing half done.
"""

import asyncio
import logging
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, select

from services.kernel.audit import audit
from services.kernel.database import WriteSession
from services.kernel.errors import HubError, NotFound
from services.kernel.jobs import JobContext
from services.kernel.outbox import audience_of, publish
from services.kernel.workbooks.bulk import Format
from services.subsidies.clients.registry import Latest
from services.subsidies.commands.reopen_claims import reopen_claims
from services.subsidies.commands.start_roster_import import facts_key
from services.subsidies.domain import ImportMode, ImportState, RosterKind
from services.subsidies.queries.bulk import ahead
from services.subsidies.queries.policy import Policy, current_policy
from services.subsidies.queries.rosters import current_sequence
from services.subsidies.rosters.checking import RosterChecker
from services.subsidies.rosters.storing import Incoming, Source, Stored
from services.subsidies.rosters.taking import Taking, Tally
from services.subsidies.tables import RosterImport, RosterReject
from services.subsidies.tools import Tools

log = logging.getLogger(__name__)
REJECTS_KEPT = timedelta(days=30)
NOTHING_KEPT_LONGER = REJECTS_KEPT + timedelta(days=1)
WHOLE: Final = 100
"""Progress is told in parts of a hundred: how many rows a file has is known only when it was read."""

READ: Final = 90


async def take_in_roster(context: JobContext, tools: Tools) -> dict[str, Any]:
    """Take in the file of `payload["import"]`; safe to run again after a worker died.

    Raises HubError when the file cannot be read; the import then says why, and the file is gone all the same.
    """
    import_id = UUID(context.payload["import"])
    row, policy = await _load(context, import_id)
    if row.state != ImportState.QUEUED.value:
        _forget(tools, row.file_id)
        return outcome_of(row)
    taking: Taking | None = None
    try:
        await context.progress(0, WHOLE, "正在读取登记信息")
        latest = await tools.registry.latest(context.database, context.principal.alliance)
        taking = _taking(tools, row, policy, latest)
        row = await _take_in(context, tools, row, taking, latest, facts_key(latest.facts, policy))
    except HubError as refusal:
        await _fail(context, tools, import_id, refusal.detail, taking)
        raise
    except Exception:
        await _fail(context, tools, import_id, "处理时系统内部出错，已记录；请稍后重新上传。", None)
        raise
    _forget(tools, row.file_id)
    await context.progress(WHOLE, WHOLE, _summary(row))
    await _purge(context, tools)
    return outcome_of(row)


async def _load(context: JobContext, import_id: UUID) -> tuple[RosterImport, Policy]:
    alliance = context.principal.alliance
    async with context.database.read(alliance) as session:
        row = await session.get(RosterImport, (alliance, import_id))
        if row is None:
            raise NotFound("这次导入已随练习数据清空。", code="import_not_found")
        return row, await current_policy(session, alliance)


def _taking(tools: Tools, row: RosterImport, policy: Policy, latest: Latest) -> Taking:
    file_id = row.file_id
    if file_id is None:
        raise RuntimeError("a queued import has its file")
    checker = RosterChecker(RosterKind(row.kind), policy.student_choices, latest.facts, tools.person_key)
    return Taking(lambda: tools.files.frames(file_id), Format(row.format), checker)


async def _take_in(
    context: JobContext, tools: Tools, queued: RosterImport, taking: Taking, latest: Latest, checked_with: str
) -> RosterImport:
    alliance, rejects = context.principal.alliance, None
    try:
        async with context.database.write(alliance) as session:
            row = await session.get_one(RosterImport, (alliance, queued.id), with_for_update=True)
            incoming = Incoming(session, RosterKind(row.kind), Source(alliance, row.owner, row.year, row.id))
            await _gather(context, incoming, row, taking)
            stored = await _stored(session, incoming, row, taking.tally)
            workbook = await asyncio.to_thread(taking.rejects)
            rejects = await asyncio.to_thread(tools.files.save, workbook) if workbook else None
            _record(row, taking, stored, context, rejects)
            row.registry_as_of, row.registry_fresh = latest.facts.as_of, latest.fresh
            row.checked_with = checked_with
            await _consequences(session, context, row, stored)
            return row
    except BaseException:
        _forget(tools, rejects)
        raise


async def _gather(context: JobContext, incoming: Incoming, row: RosterImport, taking: Taking) -> None:
    """All parts into the temporary tables, while the next is read and checked in a thread."""
    await incoming.prepare()
    # The encoding of a text is found in a reading of its own, so the file is read twice.
    expected = max(1, 2 * row.bytes)
    async for part in ahead(taking.parts()):
        await incoming.add(part.rows, part.faults)
        done = min(READ, READ * taking.tally.bytes_read // expected)
        await context.progress(done, WHOLE, f"已核对 {part.checked} 行，退回 {part.rejected} 行")
    await context.progress(READ, WHOLE, f"正在保存，共 {taking.tally.total} 行")


async def _stored(session: WriteSession, incoming: Incoming, row: RosterImport, tally: Tally) -> Stored:
    """Merge what is sound, unless one faulty row is to hold back the whole file."""
    if tally.faults:
        await incoming.keep_faults()
    if tally.rejected and row.mode == ImportMode.ALL_OR_NOTHING.value:
        row.state = ImportState.REFUSED.value
        return Stored(0, 0, 0, None, await current_sequence(session, row.alliance))
    row.state = ImportState.DONE.value
    return await incoming.merge(tally.sound)


def _record(row: RosterImport, taking: Taking, stored: Stored, context: JobContext, rejects: UUID | None) -> None:
    tally, now = taking.tally, context.clock.now()
    row.total_rows, row.rejected_rows, row.fault_count = tally.total, tally.rejected, tally.faults
    row.new_rows, row.changed_rows, row.unchanged_rows = stored.new, stored.changed, stored.unchanged
    row.recorded_seq, row.standing_seq = stored.sequence, stored.standing
    row.issues = _issues(tally)
    row.warnings = taking.warnings()
    row.rejects_file_id = rejects
    row.rejects_until = now + REJECTS_KEPT if tally.rejected else None
    row.finished_at = now


def _issues(tally: Tally) -> list[dict[str, Any]]:
    return [
        {"line": i.line, "field": i.field, "header": i.header, "code": i.code, "message": i.message}
        for i in tally.shown
    ]


async def _consequences(session: WriteSession, context: JobContext, row: RosterImport, stored: Stored) -> None:
    principal, clock = context.principal, context.clock
    if stored.sequence is not None:
        why = f"{RosterKind(row.kind).label}有变动：新增 {stored.new} 行、修改 {stored.changed} 行，请重新审核。"
        await reopen_claims(session, clock, principal, owner=row.owner, year=row.year, why=why)
    counts = {"new": stored.new, "changed": stored.changed, "unchanged": stored.unchanged}
    after = {"state": row.state, **counts, "rejected": row.rejected_rows, "sequence": stored.sequence}
    about = {"kind": row.kind, "year": row.year, "total": row.total_rows}
    await audit(
        session, clock, principal, "roster.recorded", "roster_import", row.id, after={**after, "sha256": row.sha256}
    )
    publish(
        session,
        clock,
        row.alliance,
        "roster.imported",
        object_kind="roster_import",
        object_id=row.id,
        **audience_of(row.owner),
        data={**about, **after},
    )


async def _fail(context: JobContext, tools: Tools, import_id: UUID, detail: str, taking: Taking | None) -> None:
    alliance = context.principal.alliance
    async with context.database.write(alliance) as session:
        row = await session.get(RosterImport, (alliance, import_id), with_for_update=True)
        if row is None:
            return
        row.state, row.failure, row.finished_at = ImportState.FAILED.value, detail, context.clock.now()
        row.issues = _issues(taking.tally) if taking else []
    _forget(tools, row.file_id)


async def _purge(context: JobContext, tools: Tools) -> None:
    """Delete what was returned once its time is over, and whatever else lay there longer than that may."""
    alliance = context.principal.alliance
    own = RosterImport.alliance == alliance
    over = RosterImport.rejects_until < context.clock.now()
    async with context.database.write(alliance) as session:
        kept = RosterImport.rejects_file_id.is_not(None)
        for row in await session.scalars(select(RosterImport).where(own, over, kept)):
            _forget(tools, row.rejects_file_id)
            row.rejects_file_id = None
        ended = select(RosterImport.id).where(own, over)
        await session.execute(
            delete(RosterReject).where(RosterReject.alliance == alliance, RosterReject.import_id.in_(ended))
        )
    swept = await asyncio.to_thread(tools.files.sweep, context.clock.now() - NOTHING_KEPT_LONGER)
    if swept:
        log.warning("forgotten files deleted", extra={"files": swept})


def _forget(tools: Tools, file_id: UUID | None) -> None:
    if file_id is not None:
        tools.files.delete(file_id)


def _summary(row: RosterImport) -> str:
    stale = "" if row.registry_fresh else "（登记服务未应答，按最近一次登记信息核对）"
    if row.state == ImportState.REFUSED.value:
        return f"共 {row.total_rows} 行，其中 {row.rejected_rows} 行有误，按要求整份退回，没有导入{stale}"
    return (
        f"新增 {row.new_rows} 行，修改 {row.changed_rows} 行，未变 {row.unchanged_rows} 行，"
        f"退回 {row.rejected_rows} 行{stale}"
    )


def outcome_of(row: RosterImport) -> dict[str, Any]:
    """What an import came to, in numbers."""
    return {
        "import": str(row.id),
        "state": row.state,
        "total_rows": row.total_rows,
        "accepted_rows": row.new_rows + row.changed_rows + row.unchanged_rows,
        "new_rows": row.new_rows,
        "changed_rows": row.changed_rows,
        "unchanged_rows": row.unchanged_rows,
        "rejected_rows": row.rejected_rows,
        "faults": row.fault_count,
    }
