"""Collaborations as a kind of thing that is imported: what all kinds share, and one table more for each kind.

Rows hold what the workbook shows: members by name, lists joined by 、. So a preview can be read, and an export that
comes back unchanged is unchanged. Levels stand in the export for people; they are granted one by one, never imported.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from services.kernel import registry_words as words
from services.kernel.audit import audit
from services.kernel.clock import Clock, business_date
from services.kernel.database import AnySession, WriteSession
from services.kernel.errors import Conflict, FieldIssue, InvalidInput
from services.kernel.name_lists import split_names
from services.kernel.policy.messages import sentence
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.kernel.workbooks import CellIssue, Row, TableSpec, Value
from services.registry.collaboration_workbook import PREFIX, importable_spec
from services.registry.commands.changing.adapter import Left, Planned
from services.registry.commands.collaboration_rows import facts
from services.registry.commands.create_collaboration import create_collaboration
from services.registry.commands.export_collaborations import collaboration_cells
from services.registry.commands.telling import tell_collaboration
from services.registry.commands.update_collaboration import update_collaboration
from services.registry.domain.collaborations import CollaborationKind, Part, end_issues
from services.registry.queries.collaborations import details_of
from services.registry.schemas.collaboration_details import DETAILS
from services.registry.schemas.collaborations import CollaborationCreate, CollaborationUpdate
from services.registry.schemas.kind_fields import fields_of
from services.registry.tables import ChangeRow, Collaboration, Member, Participant

PARTS: Final = {"enterprises": Part.ENTERPRISE, "partners": Part.PARTNER, "supporters": Part.SUPPORTER}
HOLDERS: Final = ("host_member", "lead_member")
PLAIN: Final = ("kind", "name", "founded_on", "status", "ended_on", "end_reason")
"""Fields that the workbook and the wire write alike."""


@dataclass(frozen=True)
class _Standing:
    """A collaboration on record as its row of the workbook."""

    id: UUID
    version: int
    details: Mapping[str, Any]
    cells: Mapping[str, str | None]


@dataclass(frozen=True)
class Members:
    """Members by every name they are known by, and the full name of each."""

    by_name: Mapping[str, set[UUID]]
    names: Mapping[UUID, str]

    def in_full(self, field: str, text: str | None) -> str | None:
        """The names of a cell as they are registered; what cannot be told stays as it is written."""
        if text is None or field not in (*HOLDERS, *PARTS):
            return text
        told = [self._full(name) for name in (split_names(text) if field in PARTS else [text])]
        return "、".join(dict.fromkeys(told))

    def _full(self, name: str) -> str:
        known = self.by_name.get(name, set())
        return self.names[next(iter(known))] if len(known) == 1 else name


@dataclass(frozen=True)
class _Loaded:
    """What applying and undoing need: what stands, and the members."""

    standing: Mapping[UUID, _Standing]
    members: Members


class CollaborationChanges:
    """The adapter of collaborations; with a `kind` of theirs it also takes that kind's own columns."""

    editable: Mapping[str, str] = {}
    personal: frozenset[str] = frozenset()

    def __init__(self, own: str | None = None) -> None:
        self.own = own
        self.kind = own or "collaborations"
        self.noun = words.COLLABORATION_KINDS[own] if own else "合作载体"
        self.spec: TableSpec = importable_spec(own)
        self.fields = [column.field for column in self.spec.columns]
        self.headers = {column.field: column.header for column in self.spec.columns}

    def check_edit(self, values: Mapping[str, Any]) -> None:
        """Nothing of a collaboration is set in bulk without a workbook. Raises InvalidInput."""
        raise InvalidInput(
            [FieldIssue(f"values.{name}", "field_not_editable", "合作载体请用工作簿批量修改。") for name in values]
        )

    async def plan_edit(self, *_given: Any) -> list[Planned]:
        """What `check_edit` refuses before. Raises Conflict."""
        raise Conflict("合作载体请用工作簿批量修改。", code="field_not_editable")

    async def plan_rows(
        self, session: AnySession, clock: Clock, scope: Scope, rows: Sequence[Row], present: frozenset[str]
    ) -> list[Planned]:
        """Rows are matched by kind and name; columns that the file lacks are left alone."""
        members = await _members_by_name(session, scope)
        wanted = {str(row.values["name"]) for row in rows}
        named = scope.select(Collaboration).where(Collaboration.name.in_(wanted))
        standing = await self._standing(session, clock, scope, list(await session.scalars(named)))
        by_name = {(one.cells["kind"], one.cells["name"]): one for one in standing.values()}
        lines: dict[tuple[str | None, str | None], int] = {}
        plans = []
        for row in rows:
            texts = {field: text_of(row.values.get(field)) for field in self.fields if field in present}
            given = {field: members.in_full(field, text) for field, text in texts.items()}
            key = (given["kind"], given["name"])
            known = by_name.get(key)
            issues = self._row_issues(given, known, members, lines.get(key), business_date(clock))
            lines.setdefault(key, row.line)
            plans.append(self._planned(row.line, given, known, issues))
        return plans

    def _row_issues(
        self,
        given: Mapping[str, str | None],
        known: _Standing | None,
        members: Members,
        earlier: int | None,
        today: date,
    ) -> list[FieldIssue]:
        if self.own and given["kind"] != self.own:
            return [FieldIssue("kind", "kind_differs", f"本表只导入“{self.noun}”，其他类型请另用其模板。")]
        if earlier is not None:
            return [FieldIssue("name", "row_duplicate", f"与第 {earlier} 行是同一个载体，请只保留一行。")]
        merged = {**(known.cells if known else {}), **given}
        try:
            draft = CollaborationUpdate.model_validate(wire_of(merged, members, known.details if known else {}))
        except InvalidInput as refusal:
            return list(refusal.issues)
        except ValidationError as error:
            return [
                FieldIssue(_field_of(detail["loc"]), detail["type"], sentence(detail))
                for detail in error.errors(include_url=False)
            ]
        return end_issues(draft, today)

    def _planned(
        self, line: int, given: Mapping[str, str | None], known: _Standing | None, issues: Sequence[FieldIssue]
    ) -> Planned:
        label, object_id = str(given["name"]), known.id if known else None
        if issues:
            cells = [CellIssue(line, i.field, self.headers.get(i.field, ""), i.code, i.message) for i in issues]
            return Planned(line, "rejected", label, object_id, issues=cells)
        if known is None:
            return Planned(line, "new", label, after={field: text for field, text in given.items() if text})
        differing = [field for field, text in given.items() if not _same(field, known.cells.get(field), text)]
        if not differing:
            return Planned(line, "unchanged", label, object_id)
        before = {field: known.cells.get(field) for field in differing}
        return Planned(line, "changed", label, object_id, before, {field: given[field] for field in differing})

    async def _standing(
        self, session: AnySession, clock: Clock, scope: Scope, found: list[Collaboration]
    ) -> dict[UUID, _Standing]:
        details = await details_of(session, scope, found)
        today = business_date(clock)
        standing = {}
        for one in found:
            cells = collaboration_cells(one, details, today)
            texts = {field: text_of(cells.get(field)) for field in self.fields}
            standing[one.id] = _Standing(one.id, one.row_version, one.details or {}, texts)
        return standing

    async def prepare(self, session: WriteSession, clock: Clock, scope: Scope, rows: Sequence[ChangeRow]) -> _Loaded:
        ids = [row.object_id for row in rows if row.object_id is not None]
        locked = scope.select(Collaboration).where(Collaboration.id.in_(ids)).order_by(Collaboration.id)
        found = list(await session.scalars(locked.with_for_update()))
        return _Loaded(await self._standing(session, clock, scope, found), await _members_by_name(session, scope))

    async def apply(
        self,
        session: WriteSession,
        clock: Clock,
        principal: Principal,
        loaded: _Loaded,
        row: ChangeRow,
        reason: str,  # noqa: ARG002  # the commands audit what they do; the set's own entry has the reason
    ) -> UUID:
        if row.outcome == "changed":
            standing = _unchanged(loaded, row, row.before or {}, "预览之后已被他人修改，没有写入。")
            await _change(session, clock, principal, loaded, standing, row.after or {})
            return standing.id
        day = session.effective_day
        try:
            wire = {**wire_of(row.after or {}, loaded.members, {}), "effective_on": _earlier(row, day)}
            async with session.begin_nested():
                made = await create_collaboration(session, clock, principal, CollaborationCreate.model_validate(wire))
        except (InvalidInput, ValidationError, IntegrityError) as fault:
            raise Left("预览之后情况有变（已有同类同名的载体，或所填单位已不在册），没有写入。") from fault
        finally:
            await session.effective_on(day)
        return made.id

    def begins_on(self, row: ChangeRow) -> date | None:
        founded_on = (row.after or {}).get("founded_on") if row.outcome == "new" else None
        return date.fromisoformat(founded_on) if founded_on else None

    async def undo(
        self, session: WriteSession, clock: Clock, principal: Principal, loaded: _Loaded, row: ChangeRow, reason: str
    ) -> None:
        standing = _unchanged(loaded, row, row.after or {}, "导入之后又被修改，保留现状。")
        if row.outcome == "changed":
            await _change(session, clock, principal, loaded, standing, row.before or {})
        else:
            await _remove(session, clock, principal, standing.id, reason)


def _earlier(row: ChangeRow, day: date) -> date:
    """A new collaboration holds from its foundation when that is before the day of the import."""
    founded_on = (row.after or {}).get("founded_on")
    return min(date.fromisoformat(founded_on), day) if founded_on else day


def text_of(value: Value | Sequence[str]) -> str | None:
    """A cell as it is kept in a row: dates and numbers in one spelling each."""
    if value is None or value == "":
        return None
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return str(value)


def _same(field: str, stands: str | None, given: str | None) -> bool:
    if field in PARTS:
        return set(split_names(stands)) == set(split_names(given))
    return stands == given


async def _members_by_name(session: AnySession, scope: Scope) -> Members:
    named: dict[str, set[UUID]] = {}
    names: dict[UUID, str] = {}
    statement = scope.limit(select(Member.id, Member.name, Member.aliases), Member)
    for row in await session.execute(statement):
        names[row.id] = row.name
        for name in (row.name, *row.aliases):
            named.setdefault(name, set()).add(row.id)
    return Members(named, names)


def wire_of(cells: Mapping[str, str | None], members: Members, details: Mapping[str, Any]) -> dict[str, Any]:
    """What the commands take. Raises InvalidInput for members that cannot be told."""
    issues: list[FieldIssue] = []

    def member_of(field: str, name: str) -> UUID | None:
        known = members.by_name.get(name, set())
        if len(known) == 1:
            return next(iter(known))
        sentences = {0: f"没有登记“{name}”这家单位，请填登记的全称或简称。"}
        issues.append(
            FieldIssue(field, "member_unknown", sentences.get(len(known), f"“{name}”可指多家单位，请填全称。"))
        )
        return None

    holders = {field: member_of(field, name) for field in HOLDERS if (name := cells.get(field))}
    participants = [
        {"member": member, "part": part}
        for field, part in PARTS.items()
        for name in split_names(cells.get(field))
        if (member := member_of(field, name))
    ]
    if issues:
        raise InvalidInput(issues)
    own = {field.removeprefix(PREFIX): text for field, text in cells.items() if field.startswith(PREFIX)}
    plain = {field: cells.get(field) for field in PLAIN}
    plain["status"] = plain["status"] or "active"
    kind = cells.get("kind")
    lists = {one.name for one in fields_of(DETAILS[CollaborationKind(kind)]) if one.type == "lines"} if kind else set()
    split = {name: split_names(text) if name in lists else text for name, text in own.items()}
    return {**plain, **holders, "participants": participants, "details": {**details, **split}}


def _field_of(location: tuple[int | str, ...]) -> str:
    """The column of a fault: `details.<name>` for a kind's own fields."""
    parts = [str(step) for step in location]
    return f"{PREFIX}{parts[1]}" if parts[0] == "details" and len(parts) > 1 else parts[0]


def _unchanged(loaded: _Loaded, row: ChangeRow, expected: Mapping[str, Any], told: str) -> _Standing:
    standing = loaded.standing.get(row.object_id) if row.object_id else None
    if standing is None:
        raise Left("这个载体的记录已经不在了。")
    if any(not _same(field, standing.cells.get(field), text) for field, text in expected.items()):
        raise Left(told)
    return standing


async def _change(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    loaded: _Loaded,
    standing: _Standing,
    values: Mapping[str, Any],
) -> None:
    day = session.effective_day
    try:
        wire = wire_of({**standing.cells, **values}, loaded.members, standing.details)
        draft = CollaborationUpdate.model_validate({**wire, "effective_on": day})
        async with session.begin_nested():
            await update_collaboration(session, clock, principal, standing.id, draft, f'"{standing.version}"')
    except (InvalidInput, ValidationError, IntegrityError) as fault:
        raise Left("预览之后情况有变（名称重复，或所填单位已不在册），没有写入。") from fault
    finally:
        await session.effective_on(day)


async def _remove(
    session: WriteSession, clock: Clock, principal: Principal, collaboration_id: UUID, reason: str
) -> None:
    own = (Participant.alliance == principal.alliance, Participant.collaboration == collaboration_id)
    found = await session.get_one(Collaboration, (principal.alliance, collaboration_id))
    parts = {part.member: part.part for part in await session.scalars(select(Participant).where(*own))}
    before = facts(found, parts)
    try:
        async with session.begin_nested():
            await session.execute(delete(Participant).where(*own))
            await session.delete(found)
            await session.flush()  # what refers to it shows here
    except IntegrityError as fault:
        raise Left("已有级别认定、投入等记录引用这个载体，保留。") from fault
    told = {"before": before, "reason": reason}
    await audit(session, clock, principal, "collaboration.remove", "collaboration", collaboration_id, **told)  # type: ignore[arg-type]
    await tell_collaboration(session, clock, found, {*parts}, "collaboration.removed")
