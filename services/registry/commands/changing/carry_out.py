"""The jobs that apply a change set and undo it, each in one transaction: all of what can be done, or nothing."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import BUSINESS_ZONE, business_date
from services.kernel.database import WriteSession
from services.kernel.history import State, row_key_of, states_of_rows
from services.kernel.jobs import JobContext
from services.kernel.outbox import OFFICE_ONLY, publish
from services.kernel.tenancy import Scope
from services.registry.commands.changing.adapter import Adapter, Left, Saved
from services.registry.commands.changing.together import Work, saved_together
from services.registry.commands.rows_together import by_day
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
    told = (context.clock, context.principal)
    reason = found.reason or (IMPORTED if found.origin == "import" else EDITED)

    async def save(loaded: Any, some: Sequence[ChangeRow]) -> list[Saved]:
        left = await _written_over(session, adapter, some)
        sound = [row for row in some if row.line not in left]
        saved = dict(zip(sound, await adapter.apply(session, *told, loaded, sound), strict=True)) if sound else {}
        return [saved[row] if row in saved else Saved(left[row.line]) for row in some]

    work = Work(
        load=lambda some: adapter.prepare(session, context.clock, scope, some),
        save=save,
        tell=lambda done: adapter.tell(session, *told, done, reason),
        refusal=lambda row: adapter.refusal(row, undoing=False),
    )
    results = await saved_together(session, work, rows)
    for row, result in zip(rows, results, strict=True):
        if isinstance(result, Left):
            row.result, row.note = "left_out", str(result)
        else:
            row.result, row.object_id = "applied", result
    found.left_out = sum(isinstance(result, Left) for result in results)
    found.applied = len(results) - found.left_out


async def _written_over(session: WriteSession, adapter: Adapter, rows: Sequence[ChangeRow]) -> dict[int, Left]:
    """By line the changes from an earlier day on that are not saved: each would write over what was otherwise since
    then, and undoing could not bring it back.
    """
    day = session.effective_day
    holds = {row.line: min(adapter.begins_on(row) or day, day) for row in rows if row.outcome == "changed"}
    earlier = [row for row in rows if row.line in holds and holds[row.line] < session.today]
    if not earlier:
        return {}
    keys = [row_key_of(row.object_id) for row in earlier]
    states = await states_of_rows(session, adapter.table, earlier[0].alliance, keys)
    told = "{} 之后这条记录的这些内容还有变更，批量写入会把它盖掉，没有写入；请单独办理。"
    return {
        row.line: Left(told.format(holds[row.line]))
        for row in earlier
        if _otherwise_since(adapter, row, states.get(row_key_of(row.object_id), ()), holds[row.line])
    }


def _otherwise_since(adapter: Adapter, row: ChangeRow, states: Sequence[State], day: date) -> bool:
    """Whether what the row changes was anything else after the day than it is now."""
    columns = {name if name in adapter.table.__table__.columns else DETAILS for name in row.before or {}}
    since = [state.data for state in states if state.valid_until is None or state.valid_until > day]
    return any(data.get(name) != since[-1].get(name) for data in since for name in columns)


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
    told = (context.clock, context.principal)
    started = found.effective_on or _applied_on(found, context)

    async def save(loaded: Any, some: Sequence[ChangeRow]) -> list[Saved]:
        saved: dict[ChangeRow, Saved] = {}
        for day, of_day in by_day(some, lambda row: min(adapter.begins_on(row) or started, started)).items():
            await session.effective_on(day)
            saved |= zip(of_day, await adapter.undo(session, *told, loaded, of_day), strict=True)
        return [saved[row] for row in some]

    work = Work(
        load=lambda some: adapter.prepare(session, context.clock, scope, some),
        save=save,
        tell=lambda done: adapter.tell(session, *told, done, f"撤销“{found.title}”"),
        refusal=lambda row: adapter.refusal(row, undoing=True),
    )
    results = await saved_together(session, work, rows)
    for row, result in zip(rows, results, strict=True):
        if isinstance(result, Left):
            row.result, row.note = "kept", str(result)
        else:
            row.result = "undone"
    found.undone = sum(row.result == "undone" for row in rows)


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
