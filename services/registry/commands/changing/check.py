"""The job that works out what a change set would do; nothing but the set itself is written."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from services.kernel.audit import audit
from services.kernel.errors import HubError
from services.kernel.files import FileStore
from services.kernel.jobs import JobContext
from services.kernel.tenancy import Scope
from services.kernel.workbooks import CellIssue, CheckedTable, Table, TableSpec, check_table, read_table, write_rejects
from services.registry.commands.changing.adapter import LABEL_LENGTH, Adapter, Planned
from services.registry.domain.change_sets import ChangeState, move
from services.registry.queries.change_sets import counts_of, find_change_set
from services.registry.tables import ChangeRow, ChangeSet

BATCH = 1_000


async def check_change_set(context: JobContext, adapters: Mapping[str, Adapter], files: FileStore) -> dict[str, Any]:
    """Plan every row, keep the plan, and write the workbook of rejected rows; done twice, it is done once."""
    set_id, scope = UUID(context.payload["change_set"]), Scope.of(context.principal)
    async with context.database.read(context.principal.alliance) as session:
        found = await find_change_set(session, scope, set_id)
    if found.state != ChangeState.CHECKING:
        return counts_of(found)
    try:
        return await _check(context, adapters[found.kind], files, found)
    except HubError:
        async with context.database.write(context.principal.alliance) as session:
            refused = await find_change_set(session, scope, set_id)
            refused.state = ChangeState.DISCARDED
            refused.updated_at = context.clock.now()
        raise


async def _check(context: JobContext, adapter: Adapter, files: FileStore, found: ChangeSet) -> dict[str, Any]:
    scope = Scope.of(context.principal)
    table, checked = await _read(adapter.spec, files, found)
    await context.progress(0, len(table.rows) if table else 0, "正在核对")
    async with context.database.write(context.principal.alliance) as session:
        if table is None:
            plans = await adapter.plan_edit(session, context.clock, scope, found.asked or {})
        else:
            plans = await adapter.plan_rows(session, context.clock, scope, checked.rows, table.present)
            plans += _refused_cells(checked)
        stored = await find_change_set(session, scope, found.id)
        issues = [issue for plan in plans for issue in plan.issues]
        if table is not None and issues:
            issues.sort(key=lambda issue: (issue.line, issue.header))
            rejects = await asyncio.to_thread(write_rejects, adapter.spec, table.rows, issues)
            stored.rejects_file = await asyncio.to_thread(files.save, rejects)
        await _keep(context, session, stored, plans)
        counts = counts_of(stored)
        await audit(session, context.clock, context.principal, "change_set.check", "change_set", found.id, after=counts)
    await context.progress(len(plans), len(plans), _sentence(counts))
    return counts


async def _read(spec: TableSpec, files: FileStore, found: ChangeSet) -> tuple[Table | None, CheckedTable]:
    if found.file is None:
        return None, CheckedTable([], [])
    content = await asyncio.to_thread(files.load, found.file)
    table = await asyncio.to_thread(read_table, content, spec)
    return table, await asyncio.to_thread(check_table, spec, table)


def _refused_cells(checked: CheckedTable) -> list[Planned]:
    """The rows of which a cell was refused, each with all its faults."""
    faults: dict[int, list[CellIssue]] = {}
    for issue in checked.issues:
        faults.setdefault(issue.line, []).append(issue)
    return [Planned(line, "rejected", f"第 {line} 行", issues=found) for line, found in faults.items()]


async def _keep(context: JobContext, session: Any, stored: ChangeSet, plans: Sequence[Planned]) -> None:
    counted = Counter(plan.outcome for plan in plans)
    stored.state = move(stored.state, ChangeState.READY)
    stored.total = len(plans)
    stored.new, stored.changed = counted["new"], counted["changed"]
    stored.unchanged, stored.rejected = counted["unchanged"], counted["rejected"]
    stored.updated_at = context.clock.now()
    for start in range(0, len(plans), BATCH):
        await session.execute(insert(ChangeRow), [_row(stored, plan) for plan in plans[start : start + BATCH]])


def _row(stored: ChangeSet, plan: Planned) -> dict[str, Any]:
    return {
        "alliance": stored.alliance,
        "change_set": stored.id,
        "line": plan.line,
        "outcome": plan.outcome,
        "object_id": plan.object_id,
        "label": plan.label[:LABEL_LENGTH],
        "before": dict(plan.before) if plan.before is not None else None,
        "after": dict(plan.after) if plan.after is not None else None,
        "issues": [asdict(issue) for issue in plan.issues],
    }


def _sentence(counts: Mapping[str, Any]) -> str:
    return (
        f"共 {counts['total']} 行：新增 {counts['new']}，修改 {counts['changed']}，"
        f"未变 {counts['unchanged']}，有错误 {counts['rejected']}"
    )
