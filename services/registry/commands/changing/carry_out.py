"""The jobs that apply a change set and undo it, each in one transaction: all of what can be done, or nothing."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import BUSINESS_ZONE, business_date
from services.kernel.database import WriteSession
from services.kernel.history import states_of
from services.kernel.jobs import JobContext
from services.kernel.outbox import OFFICE_ONLY, publish
from services.kernel.tenancy import Scope
from services.registry.commands.changing.adapter import Adapter, Left
from services.registry.domain.change_sets import ChangeState, move
from services.registry.queries.change_sets import counts_of, find_change_set
from services.registry.tables import ChangeRow, ChangeSet

IMPORTED: Final = "批量导入"
EDITED: Final = "批量修改"
DETAILS: Final = "details"
"""The column that holds what is no column of its own."""


async def apply_change_set(context: JobContext, adapters: Mapping[str, Adapter]) -> dict[str, Any]:
    """Save every new and changed row that still is what the preview showed; done twice, it is done once."""
    async with context.database.write(context.principal.alliance) as session:
        found = await _locked(session, context)
        if found.state != ChangeState.APPLYING:
            return counts_of(found)
        if found.effective_on is not None:
            await session.effective_on(found.effective_on)
        await _apply_rows(session, context, adapters[found.kind], found)
        found.state = move(found.state, ChangeState.APPLIED)
        found.applied_at = found.updated_at = context.clock.now()
        counts = await _told(session, context, found, "change_set.applied")
    total = counts["applied"] + counts["left_out"]
    await context.progress(total, total, f"已写入 {counts['applied']} 行，未写入 {counts['left_out']} 行")
    return counts


async def _apply_rows(session: WriteSession, context: JobContext, adapter: Adapter, found: ChangeSet) -> None:
    scope = Scope.of(context.principal)
    wanted = scope.select(ChangeRow).where(ChangeRow.change_set == found.id, ChangeRow.outcome.in_(("new", "changed")))
    rows = (await session.scalars(wanted.order_by(ChangeRow.line))).all()
    loaded = await adapter.prepare(session, context.clock, scope, rows)
    reason = found.reason or (IMPORTED if found.origin == "import" else EDITED)
    for row in rows:
        try:
            if row.outcome == "changed":
                await _check_history(session, adapter, row)
            row.object_id = await adapter.apply(session, context.clock, context.principal, loaded, row, reason)
            row.result = "applied"
            found.applied += 1
        except Left as left:
            row.result, row.note = "left_out", str(left)
            found.left_out += 1


async def _check_history(session: WriteSession, adapter: Adapter, row: ChangeRow) -> None:
    """A row from an earlier day on would write over what was otherwise since then, and undoing could not bring it back.

    Raises Left.
    """
    day = session.effective_day
    holds = min(adapter.begins_on(row) or day, day)
    if holds >= session.today:
        return
    columns = {name if name in adapter.table.__table__.columns else DETAILS for name in row.before or {}}
    states = await states_of(session, adapter.table, row.alliance, row.object_id)
    since = [state.data for state in states if state.valid_until is None or state.valid_until > holds]
    if any(data.get(name) != since[-1].get(name) for data in since for name in columns):
        raise Left(f"{holds} 之后这条记录的这些内容还有变更，批量写入会把它盖掉，没有写入；请单独办理。")


async def undo_change_set(context: JobContext, adapters: Mapping[str, Adapter]) -> dict[str, Any]:
    """Put back every applied row that nobody changed since, as if it had never been; the others say why they stay."""
    async with context.database.write(context.principal.alliance) as session:
        found = await _locked(session, context)
        if found.state != ChangeState.UNDOING:
            return counts_of(found)
        await _undo_rows(session, context, adapters[found.kind], found)
        found.state = move(found.state, ChangeState.UNDONE)
        found.undone_at = found.updated_at = context.clock.now()
        counts = await _told(session, context, found, "change_set.undone")
    await context.progress(counts["applied"], counts["applied"], f"已撤销 {counts['undone']} 行")
    return counts


async def _undo_rows(session: WriteSession, context: JobContext, adapter: Adapter, found: ChangeSet) -> None:
    """From the day on which the set took effect, so that no day shows what was taken back."""
    scope = Scope.of(context.principal)
    applied = scope.select(ChangeRow).where(ChangeRow.change_set == found.id, ChangeRow.result == "applied")
    rows = (await session.scalars(applied.order_by(ChangeRow.line.desc()))).all()
    loaded = await adapter.prepare(session, context.clock, scope, rows)
    started = found.effective_on or _applied_on(found, context)
    for row in rows:
        try:
            await session.effective_on(min(adapter.begins_on(row) or started, started))
            await adapter.undo(session, context.clock, context.principal, loaded, row, f"撤销“{found.title}”")
            row.result = "undone"
            found.undone += 1
        except Left as left:
            row.result, row.note = "kept", str(left)


def _applied_on(found: ChangeSet, context: JobContext) -> date:
    applied_at = found.applied_at
    return business_date(context.clock) if applied_at is None else applied_at.astimezone(BUSINESS_ZONE).date()


async def _locked(session: WriteSession, context: JobContext) -> ChangeSet:
    set_id, scope = UUID(context.payload["change_set"]), Scope.of(context.principal)
    found = await find_change_set(session, scope, set_id)
    await session.refresh(found, with_for_update=True)
    return found


async def _told(session: WriteSession, context: JobContext, found: ChangeSet, event: str) -> dict[str, Any]:
    counts = counts_of(found)
    told = (session, context.clock, context.principal)
    await audit(*told, event, "change_set", found.id, after=counts, reason=found.reason)
    publish(
        session,
        context.clock,
        context.principal.alliance,
        event,
        object_kind="change_set",
        object_id=found.id,
        division=OFFICE_ONLY,
        data={"kind": found.kind, **counts},
    )
    return counts
