"""Collaborations as a kind of thing that is imported and edited in bulk: what all kinds share, and one table more for
each kind.

What a row holds stands in `collaboration_cells.py`, what a bulk edit may set in `collaboration_edits.py`. Levels stand
in the export for people; they are granted one by one, never imported.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from pydantic import ValidationError
from sqlalchemy import ARRAY, Uuid, any_, cast

from services.kernel import registry_words as words
from services.kernel.clock import Clock, business_date
from services.kernel.database import AnySession, WriteSession
from services.kernel.errors import FieldIssue, InvalidInput
from services.kernel.policy.messages import sentence
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.kernel.workbooks import CellIssue, Row, TableSpec
from services.registry.collaboration_workbook import PREFIX, importable_spec
from services.registry.commands.changing.adapter import Left, Planned, Saved
from services.registry.commands.changing.collaboration_cells import (
    Cells,
    Members,
    Standing,
    members_by_name,
    same,
    standing_of,
    text_of,
    unrepeated,
    wire_of,
)
from services.registry.commands.changing.collaboration_edits import EDITABLE, FILTERS, chosen, edited, edited_cells
from services.registry.commands.changing.collaboration_saving import (
    CHANGED,
    REFERRED,
    REPEATED,
    Batch,
    Loaded,
    save,
)
from services.registry.commands.collaboration_rows import holds_from
from services.registry.commands.collaboration_trail import Done, tell_done
from services.registry.domain.collaborations import CollaborationStatus, end_issues
from services.registry.queries.collaborations import matching, visible
from services.registry.schemas.collaborations import CollaborationUpdate
from services.registry.tables import ChangeRow, Collaboration


@dataclass(frozen=True)
class _Known:
    """What planning goes by: the members, and the clock for today."""

    members: Members
    clock: Clock


class CollaborationChanges:
    """The adapter of collaborations; with a `kind` of theirs it also takes that kind's own columns."""

    table = Collaboration
    editable: Mapping[str, str] = EDITABLE
    personal: frozenset[str] = frozenset()

    def __init__(self, own: str | None = None) -> None:
        self.own = own
        self.kind = own or "collaborations"
        self.noun = words.COLLABORATION_KINDS[own] if own else "合作载体"
        self.spec: TableSpec = importable_spec(own)
        self.filters = {name: values for name, values in FILTERS.items() if not (own and name == "kind")}
        self.fields = [column.field for column in self.spec.columns]
        self.headers = {column.field: column.header for column in self.spec.columns}

    async def edit_issues(self, session: AnySession, scope: Scope, values: Mapping[str, Any]) -> list[FieldIssue]:
        return (await edited(session, scope, values))[1]

    async def plan_edit(
        self, session: AnySession, clock: Clock, scope: Scope, asked: Mapping[str, Any]
    ) -> list[Planned]:
        """One planned row for each collaboration of the filter that the scope sees, in order of name."""
        values = await edited_cells(session, scope, asked["values"])
        today = business_date(clock)
        table, statement = matching(scope, chosen(asked["filter"], self.own, today))
        found = list(await session.scalars(statement.order_by(table.sort_key, table.id)))
        standing = await standing_of(session, scope, found, self.fields, today)
        known = _Known(await members_by_name(session, scope), clock)
        return [self._planned(line, values, standing[one.id], known) for line, one in enumerate(found, start=1)]

    async def plan_rows(
        self, session: AnySession, clock: Clock, scope: Scope, rows: Sequence[Row], present: frozenset[str]
    ) -> list[Planned]:
        """Rows are matched by kind and name; columns that the file lacks are left alone."""
        known = _Known(await members_by_name(session, scope), clock)
        wanted = {str(row.values["name"]) for row in rows}
        named = scope.select(Collaboration).where(Collaboration.name.in_(wanted))
        found = list(await session.scalars(named))
        standing = await standing_of(session, scope, found, self.fields, business_date(clock))
        by_name = {(one.cells["kind"], one.cells["name"]): one for one in standing.values()}
        lines: dict[tuple[str | None, str | None], int] = {}
        plans = []
        for row in rows:
            texts = {field: text_of(row.values.get(field)) for field in self.fields if field in present}
            given = {field: known.members.in_full(field, text) for field, text in texts.items()}
            key = (given["kind"], given["name"])
            misplaced = self._misplaced(given, lines.get(key))
            lines.setdefault(key, row.line)
            stands = by_name.get(key)
            plans.append(
                self._rejected(row.line, str(given["name"]), stands, misplaced)
                if misplaced
                else self._planned(row.line, given, stands, known)
            )
        return plans

    def _misplaced(self, given: Cells, earlier: int | None) -> list[FieldIssue]:
        if self.own and given["kind"] != self.own:
            return [FieldIssue("kind", "kind_differs", f"本表只导入“{self.noun}”，其他类型请另用其模板。")]
        if earlier is not None:
            return [FieldIssue("name", "row_duplicate", f"与第 {earlier} 行是同一个载体，请只保留一行。")]
        return []

    def _planned(self, line: int, given: Cells, stands: Standing | None, known: _Known) -> Planned:
        """What these cells would change of what stands, or make where nothing stands."""
        cells = unrepeated(given, stands.cells if stands else {})
        differing = {
            field: text for field, text in cells.items() if not (stands and same(field, stands.cells.get(field), text))
        }
        label = str((stands.cells if stands else given)["name"])
        if stands and not differing:
            return Planned(line, "unchanged", label, stands.id)
        issues = _issues(differing, stands, known)
        if issues:
            return self._rejected(line, label, stands, issues)
        if stands is None:
            return Planned(line, "new", label, after={field: text for field, text in cells.items() if text})
        before = {field: stands.cells.get(field) for field in differing}
        return Planned(line, "changed", label, stands.id, before, differing)

    def _rejected(self, line: int, label: str, stands: Standing | None, issues: Sequence[FieldIssue]) -> Planned:
        cells = [CellIssue(line, i.field, self.headers.get(i.field, ""), i.code, i.message) for i in issues]
        return Planned(line, "rejected", label, stands.id if stands else None, issues=cells)

    async def prepare(self, session: WriteSession, clock: Clock, scope: Scope, rows: Sequence[ChangeRow]) -> Loaded:
        ids = [row.object_id for row in rows if row.object_id is not None]
        table, statement = visible(scope)
        wanted = table.id == any_(cast(ids, ARRAY(Uuid)))  # one parameter, however many there are
        locked = statement.where(wanted).order_by(table.id).with_for_update(of=table)
        found = list(await session.scalars(locked.execution_options(populate_existing=True)))
        standing = await standing_of(session, scope, found, self.fields, business_date(clock))
        return Loaded(standing, {one.id: one for one in found}, await members_by_name(session, scope))

    async def apply(
        self,
        session: WriteSession,
        clock: Clock,
        principal: Principal,
        loaded: Loaded,
        rows: Sequence[ChangeRow],
    ) -> list[Saved]:
        day, batch = session.effective_day, Batch()
        for row in rows:
            holds = min(self.begins_on(row) or day, day)
            if row.outcome == "new":
                batch.enter(row.line, loaded, row.after or {}, holds, clock)
                continue
            standing = _unchanged(loaded, row, row.before or {}, "预览之后已被他人修改，没有写入。")
            if isinstance(standing, Left):
                batch.left[row.line] = standing
            else:
                batch.change(row.line, loaded, standing, row.after or {}, holds, clock)
        return await save(session, clock, principal, batch, rows)

    def begins_on(self, row: ChangeRow) -> date | None:
        """A new collaboration stands from its foundation, an end holds from its own day."""
        after = row.after or {}
        ends = row.outcome == "changed" and after.get("status") == CollaborationStatus.ENDED
        day = after.get("ended_on") if ends else after.get("founded_on") if row.outcome == "new" else None
        return date.fromisoformat(day) if day else None

    async def undo(
        self,
        session: WriteSession,
        clock: Clock,
        principal: Principal,
        loaded: Loaded,
        rows: Sequence[ChangeRow],
    ) -> list[Saved]:
        day, batch = session.effective_day, Batch()
        for row in rows:
            standing = _unchanged(loaded, row, row.after or {}, "写入之后又被修改，保留现状。")
            if isinstance(standing, Left):
                batch.left[row.line] = standing
            elif row.outcome == "changed":
                batch.change(row.line, loaded, standing, row.before or {}, day, clock)
            else:
                batch.gone[row.line] = loaded.records[standing.id]
        return await save(session, clock, principal, batch, rows)

    async def tell(
        self, session: WriteSession, clock: Clock, principal: Principal, done: Sequence[Done], reason: str
    ) -> None:
        await tell_done(session, clock, principal, done, reason)

    def refusal(self, row: ChangeRow, *, undoing: bool) -> str:
        if row.outcome == "changed":
            return CHANGED
        return REFERRED if undoing else REPEATED


def _issues(cells: Cells, stands: Standing | None, known: _Known) -> list[FieldIssue]:
    """Every fault of a collaboration as it would stand with these cells."""
    try:
        draft = CollaborationUpdate.model_validate(wire_of(cells, known.members, stands.wire if stands else {}))
    except InvalidInput as refusal:
        return list(refusal.issues)
    except ValidationError as error:
        return [
            FieldIssue(_field_of(detail["loc"]), detail["type"], sentence(detail))
            for detail in error.errors(include_url=False)
        ]
    issues = end_issues(draft, business_date(known.clock))
    if not issues and stands:
        try:
            holds_from(draft, str(stands.wire["status"]), known.clock)
        except InvalidInput as refusal:
            issues = [replace(issue, field="ended_on") for issue in refusal.issues]
    return issues


def _field_of(location: tuple[int | str, ...]) -> str:
    """The column of a fault: `details.<name>` for a kind's own fields."""
    parts = [str(step) for step in location]
    return f"{PREFIX}{parts[1]}" if parts[0] == "details" and len(parts) > 1 else parts[0]


def _unchanged(loaded: Loaded, row: ChangeRow, expected: Cells, told: str) -> Standing | Left:
    """The collaboration of a row that still is what is expected, or why not."""
    standing = loaded.standing.get(row.object_id) if row.object_id else None
    if standing is None:
        return Left("这个载体的记录已经不在了。")
    in_full = loaded.members.in_full  # a member that was renamed meanwhile is the same member
    if any(not same(field, standing.cells.get(field), in_full(field, text)) for field, text in expected.items()):
        return Left(told)
    return standing
