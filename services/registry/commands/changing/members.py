"""Members as a kind of thing that is imported and edited in bulk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python
from sqlalchemy import ARRAY, Uuid, any_, cast

from services.kernel.clock import Clock
from services.kernel.database import AnySession, WriteSession
from services.kernel.errors import FieldIssue
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.kernel.workbooks import CellIssue, Row
from services.registry.commands.changing.adapter import Left, Planned, Saved
from services.registry.commands.changing.edit_values import checked_values
from services.registry.commands.changing.member_saving import (
    Change,
    Done,
    change_members,
    create_members,
    forget_names,
    remove_members,
    tell_done,
)
from services.registry.commands.member_rows import FIELDS, PERSONAL
from services.registry.domain.members import member_issues
from services.registry.queries.members import MISSING, MemberFilter, matching
from services.registry.schemas.members import MemberUpdate
from services.registry.tables import ChangeRow, Member
from services.registry.workbook import MEMBERS, member_values

HEADERS: Final = {column.field: column.header for column in MEMBERS.columns}
TYPES: Final[dict[str, TypeAdapter[Any]]] = {
    name: TypeAdapter(info.rebuild_annotation()) for name, info in MemberUpdate.model_fields.items()
}
EDITABLE: Final = {
    "division": "区划",
    "functional_zone": "功能区",
    "structure_role": "架构角色",
    "industry": "所属行业",
}
FILTERS: Final[dict[str, frozenset[str] | None]] = {
    **dict.fromkeys(("q", "category", "division", "status", "structure_role", "ids")),
    "missing": frozenset(MISSING),
}
NEW_STANDING: Final = {"status": "active", "aliases": []}


def from_json(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a change row as Python sees them."""
    return {name: TYPES[name].validate_python(value) for name, value in kept.items()}


@dataclass
class _Known:
    """A member on record, or one that an earlier row of the file brings."""

    id: UUID | None
    fields: dict[str, Any]
    line: int | None = None


class _Records:
    """The alliance's members by code and by name, kept up to date while rows are planned."""

    def __init__(self, members: Sequence[Member]) -> None:
        self.by_name: dict[str, _Known] = {}
        self.by_uscc: dict[str, _Known] = {}
        for member in members:
            self.put(_Known(member.id, {name: getattr(member, name) for name in FIELDS}))

    def put(self, known: _Known) -> None:
        self.by_name[known.fields["name"]] = known
        if known.fields.get("uscc"):
            self.by_uscc[known.fields["uscc"]] = known

    def drop(self, known: _Known) -> None:
        self.by_name.pop(known.fields["name"], None)
        if known.fields.get("uscc"):
            self.by_uscc.pop(known.fields["uscc"], None)

    def find(self, name: str, uscc: str | None) -> tuple[_Known | None, FieldIssue | None]:
        """The member that a row means, or why it cannot be told."""
        coded = self.by_uscc.get(uscc) if uscc else None
        named = self.by_name.get(name)
        if coded is not None:
            if named is not None and named is not coded:
                return None, FieldIssue("name", "name_taken", "该名称已属于另一家单位，请核对名称和代码。")
            return coded, None
        if named is not None and uscc and named.fields.get("uscc") not in (None, uscc):
            return None, FieldIssue("uscc", "uscc_differs", "同名单位登记的代码与此不同，请核对。")
        return named, None


class MemberChanges:
    """The adapter of members."""

    kind = "members"
    noun = "成员单位"
    table = Member
    spec = MEMBERS
    editable = EDITABLE
    filters = FILTERS
    personal = frozenset(PERSONAL)

    async def plan_rows(
        self,
        session: AnySession,
        clock: Clock,  # noqa: ARG002  # as every adapter
        scope: Scope,
        rows: Sequence[Row],
        present: frozenset[str],
    ) -> list[Planned]:
        """Rows are matched by 统一社会信用代码, then by name; columns that the file lacks are left alone."""
        records = _Records((await session.scalars(scope.select(Member))).all())
        return [_plan_row(records, row, member_values(row.values, present)) for row in rows]

    async def edit_issues(
        self,
        session: AnySession,  # noqa: ARG002  # as every adapter
        scope: Scope,  # noqa: ARG002
        values: Mapping[str, Any],
    ) -> list[FieldIssue]:
        return checked_values(EDITABLE, values, _one_field)[1]

    async def plan_edit(
        self,
        session: AnySession,
        clock: Clock,  # noqa: ARG002  # as every adapter
        scope: Scope,
        asked: Mapping[str, Any],
    ) -> list[Planned]:
        """One planned row for each member of the filter, in order of name."""
        values, _ = checked_values(EDITABLE, asked["values"], _one_field)
        wanted = MemberFilter(**{**asked["filter"], "ids": tuple(UUID(one) for one in asked["filter"].get("ids", ()))})
        found = await session.scalars(matching(scope, wanted).order_by(Member.sort_key, Member.id))
        plans = []
        for line, member in enumerate(found, start=1):
            known = _Known(member.id, {name: getattr(member, name) for name in FIELDS})
            issues = _field_issues({**known.fields, **values})
            plans.append(_rejected(line, known, issues) if issues else _difference(line, known, values))
        return plans

    async def prepare(
        self,
        session: WriteSession,
        clock: Clock,  # noqa: ARG002  # as every adapter
        scope: Scope,
        rows: Sequence[ChangeRow],
    ) -> dict[UUID, Member]:
        ids = [row.object_id for row in rows if row.object_id is not None]
        wanted = scope.select(Member).where(Member.id == any_(cast(ids, ARRAY(Uuid))))
        statement = wanted.order_by(Member.id).with_for_update().execution_options(populate_existing=True)
        return {member.id: member for member in await session.scalars(statement)}

    async def apply(
        self,
        session: WriteSession,
        clock: Clock,
        principal: Principal,
        loaded: dict[UUID, Member],
        rows: Sequence[ChangeRow],
    ) -> list[Saved]:
        left: dict[int, Left] = {}
        changes: dict[int, Change] = {}
        for row in rows:
            if row.outcome == "changed":
                member = _unchanged(loaded, row, row.before or {}, "预览之后已被他人修改，没有写入。")
                if isinstance(member, Left):
                    left[row.line] = member
                else:
                    changes[row.line] = (member, from_json(row.after or {}))
        drafts = {row.line: NEW_STANDING | from_json(row.after or {}) for row in rows if row.outcome == "new"}
        done = dict(zip(changes, await change_members(session, clock, [*changes.values()]), strict=True))
        made = await create_members(session, clock, principal.alliance, [*drafts.values()])
        done |= zip(drafts, made, strict=True)
        return [Saved(left[row.line]) if row.line in left else done[row.line].saved for row in rows]

    def begins_on(self, row: ChangeRow) -> date | None:
        joined_on = (row.after or {}).get("joined_on") if row.outcome == "new" else None
        return date.fromisoformat(joined_on) if joined_on else None

    async def undo(
        self,
        session: WriteSession,
        clock: Clock,
        principal: Principal,
        loaded: dict[UUID, Member],
        rows: Sequence[ChangeRow],
    ) -> list[Saved]:
        left: dict[int, Left] = {}
        entered: dict[int, Member] = {}
        changes: dict[int, Change] = {}
        for row in rows:
            member = _unchanged(loaded, row, row.after or {}, "导入之后又被修改，保留现状。")
            if isinstance(member, Left):
                left[row.line] = member
            elif row.outcome == "changed":
                changes[row.line] = (member, from_json(row.before or {}))
            else:
                entered[row.line] = member
        undone = {member.id: member.name for member, _ in changes.values()}
        done = dict(zip(entered, await remove_members(session, principal.alliance, [*entered.values()]), strict=True))
        done |= zip(changes, await change_members(session, clock, [*changes.values()]), strict=True)
        await forget_names(session, [member for member, _ in changes.values()], undone)
        return [Saved(left[row.line]) if row.line in left else done[row.line].saved for row in rows]

    async def tell(
        self, session: WriteSession, clock: Clock, principal: Principal, done: Sequence[Done], reason: str
    ) -> None:
        await tell_done(session, clock, principal, done, reason)

    def refusal(self, row: ChangeRow, *, undoing: bool) -> str:
        if row.outcome == "changed":
            return "名称或代码已属于另一家单位，没有写入。"
        entered = "已有其他记录引用这家单位，保留。"
        return entered if undoing else "预览之后已有同名或同代码的单位，没有写入。"


def _plan_row(records: _Records, row: Row, values: dict[str, Any]) -> Planned:
    known, conflict = records.find(values["name"], values.get("uscc"))
    if conflict is not None:
        return _rejected(row.line, _Known(None, {"name": values["name"]}), [conflict])
    if known is not None and known.line is not None:
        repeated = FieldIssue("name", "row_duplicate", f"与第 {known.line} 行是同一家单位，请只保留一行。")
        return _rejected(row.line, known, [repeated])
    standing = known.fields if known is not None else NEW_STANDING
    merged = {**dict.fromkeys(FIELDS), **standing, **values}
    issues = _field_issues(merged)
    if issues:
        return _rejected(row.line, known or _Known(None, {"name": values["name"]}), issues)
    if known is not None:
        records.drop(known)
    planned = _difference(row.line, known, values) if known is not None else _new(row.line, values)
    records.put(_Known(known.id if known else None, merged, row.line))
    return planned


def _field_issues(merged: Mapping[str, Any]) -> list[FieldIssue]:
    return member_issues(MemberUpdate.model_construct(**merged))


def _rejected(line: int, known: _Known, issues: Sequence[FieldIssue]) -> Planned:
    cells = [CellIssue(line, i.field, HEADERS.get(i.field, ""), i.code, i.message) for i in issues]
    return Planned(line, "rejected", known.fields["name"], known.id, issues=cells)


def _new(line: int, values: Mapping[str, Any]) -> Planned:
    given = {name: to_jsonable_python(value) for name, value in values.items() if value not in (None, [])}
    return Planned(line, "new", values["name"], after=given)


def _difference(line: int, known: _Known, values: Mapping[str, Any]) -> Planned:
    differing = [name for name, value in values.items() if known.fields.get(name) != value]
    label = known.fields["name"]
    if not differing:
        return Planned(line, "unchanged", label, known.id)
    before = {name: to_jsonable_python(known.fields.get(name)) for name in differing}
    after = {name: to_jsonable_python(values[name]) for name in differing}
    return Planned(line, "changed", label, known.id, before, after)


def _one_field(name: str, value: Any) -> Any:
    """One field of a member, checked and cleaned as the whole would be. Raises ValidationError."""
    whole = {"name": "单位", "category": "enterprise", name: value}
    return getattr(MemberUpdate.model_validate(whole), name)


def _unchanged(loaded: dict[UUID, Member], row: ChangeRow, expected: Mapping[str, Any], sentence: str) -> Member | Left:
    """The member of a row that still is what is expected, or why not."""
    member = loaded.get(row.object_id) if row.object_id else None
    if member is None:
        return Left("这家单位的记录已经不在了。")
    if any(to_jsonable_python(getattr(member, name)) != value for name, value in expected.items()):
        return Left(sentence)
    return member
