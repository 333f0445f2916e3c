"""Begin a change set: keep the file or the request, and queue the job that works out what it would do."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import func, select, update

from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import InvalidInput
from services.kernel.files import FileStore
from services.kernel.history import effective_day
from services.kernel.ids import new_id
from services.kernel.jobs import enqueue
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.changing.adapter import Adapter
from services.registry.commands.changing.edit_values import edit_issues
from services.registry.commands.faults import told_with
from services.registry.domain.change_sets import ChangeState
from services.registry.queries.change_sets import COUNTS
from services.registry.tables import ChangeRow, ChangeSet

CHECK: Final = "change_set_check"
APPLY: Final = "change_set_apply"
UNDO: Final = "change_set_undo"


async def start_import(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    adapter: Adapter,
    files: FileStore,
    content: bytes,
    file_name: str,
) -> ChangeSet:
    """Keep a workbook that holds the kind's table (the caller has checked that) and queue its check."""
    kept = {"origin": "import", "file": files.save(content), "title": file_name[-200:]}
    return await _start(session, clock, principal, adapter, kept)


async def start_edit(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    adapter: Adapter,
    asked: Mapping[str, Any],
    effective_on: date | None,
    reason: str,
) -> ChangeSet:
    """Check what is asked, record it, and queue the check of what it would do. Raises InvalidInput."""
    issues = await edit_issues(session, Scope.of(principal), adapter, asked)
    with told_with(issues):
        day = effective_day(effective_on, clock) if effective_on else None
    if issues:
        raise InvalidInput(issues)
    fields = "、".join(adapter.editable.get(name, name) for name in asked["values"])
    kept = {"origin": "edit", "asked": dict(asked), "effective_on": day, "reason": reason}
    return await _start(session, clock, principal, adapter, {**kept, "title": f"批量修改{fields}"[:200]})


async def _start(
    session: WriteSession, clock: Clock, principal: Principal, adapter: Adapter, kept: Mapping[str, Any]
) -> ChangeSet:
    now = clock.now()
    started = ChangeSet(
        alliance=principal.alliance,
        id=new_id(),
        kind=adapter.kind,
        state=ChangeState.CHECKING,
        created_by=principal.subject,
        created_by_name=principal.name,
        created_at=now,
        updated_at=now,
        **dict.fromkeys(COUNTS, 0),
        **kept,
    )
    started.job = await queue(session, clock, principal, CHECK, started)
    session.add(started)
    return started


async def queue(session: WriteSession, clock: Clock, principal: Principal, kind: str, found: ChangeSet) -> Any:
    """Queue the next job of a change set; returns its id."""
    return await enqueue(session, clock, principal, "registry", kind, {"change_set": str(found.id)})


async def forget_old_rows(session: WriteSession, clock: Clock, principal: Principal, days: int) -> None:
    """Empty what rows hold of sets that ended more than `days` days ago; whoever starts the next one calls this."""
    ended = func.coalesce(ChangeSet.applied_at, ChangeSet.created_at) < clock.now() - timedelta(days=days)
    old = select(ChangeSet.id).where(ChangeSet.alliance == principal.alliance, ended)
    rows = update(ChangeRow).where(
        ChangeRow.alliance == principal.alliance, ChangeRow.change_set.in_(old), ChangeRow.after.is_not(None)
    )
    await session.execute(rows.values(before=None, after=None), execution_options={"synchronize_session": False})
