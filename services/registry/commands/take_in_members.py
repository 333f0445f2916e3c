"""Upsert the checked rows of a workbook of members; rows in conflict with one another or the records are refused."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import FieldIssue
from services.kernel.ids import new_id
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.kernel.workbooks import CellIssue, Row
from services.registry.commands.member_rows import FIELDS, change, enter, facts, fill
from services.registry.commands.telling import tell_member
from services.registry.domain.members import member_issues
from services.registry.tables import Member
from services.registry.workbook import MEMBERS, member_values

HEADERS = {column.field: column.header for column in MEMBERS.columns}
REASON = "批量导入"


@dataclass
class TakenIn:
    """What became of the rows."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    issues: list[CellIssue] = field(default_factory=list)


@dataclass
class _Draft:
    """A member as a row would leave it, for the rules between fields."""

    category: str
    division: str | None
    functional_zone: str | None
    school_code: str | None
    enterprise_size: str | None
    status: str
    joined_on: Any
    left_on: Any


class _Records:
    """The alliance's members by code and by name, kept up to date while rows are taken in."""

    def __init__(self, members: Iterable[Member]) -> None:
        self.by_name: dict[str, Member] = {}
        self.by_uscc: dict[str, Member] = {}
        self.lines: dict[UUID, int] = {}
        for member in members:
            self.put(member)

    def put(self, member: Member) -> None:
        self.by_name[member.name] = member
        if member.uscc:
            self.by_uscc[member.uscc] = member

    def drop(self, member: Member) -> None:
        self.by_name.pop(member.name, None)
        if member.uscc:
            self.by_uscc.pop(member.uscc, None)

    def find(self, name: str, uscc: str | None) -> tuple[Member | None, FieldIssue | None]:
        """The member that a row means, or why it cannot be told."""
        coded = self.by_uscc.get(uscc) if uscc else None
        named = self.by_name.get(name)
        if coded is not None:
            if named is not None and named is not coded:
                return None, FieldIssue("name", "name_taken", "该名称已属于另一家单位，请核对名称和代码。")
            return coded, None
        if named is not None and uscc and named.uscc and named.uscc != uscc:
            return None, FieldIssue("uscc", "uscc_differs", "同名单位登记的代码与此不同，请核对。")
        return named, None


async def take_in_members(
    session: WriteSession, clock: Clock, principal: Principal, rows: list[Row], present: frozenset[str]
) -> TakenIn:
    """Create or update a member for each row that fits the records; every other row's faults are returned."""
    scope = Scope.of(principal)
    records = _Records((await session.scalars(scope.select(Member).with_for_update())).all())
    result = TakenIn()
    for row in rows:
        values = member_values(row.values, present)
        member, issues = _check(records, values)
        if issues:
            result.issues += [CellIssue(row.line, i.field, HEADERS[i.field], i.code, i.message) for i in issues]
            continue
        await _take(session, clock, principal, records, member, row, values, result)
    return result


def _check(records: _Records, values: dict[str, Any]) -> tuple[Member | None, list[FieldIssue]]:
    member, conflict = records.find(values["name"], values.get("uscc"))
    if conflict is not None:
        return None, [conflict]
    if member is not None and member.id in records.lines:
        sentence = f"与第 {records.lines[member.id]} 行是同一家单位，请只保留一行。"
        return None, [FieldIssue("name", "row_duplicate", sentence)]
    if member is None:
        standing: dict[str, Any] = {"status": "active"}
    else:
        standing = {name: getattr(member, name) for name in FIELDS}
    merged = {**standing, **values}
    draft = _Draft(*(merged.get(name) for name in _Draft.__dataclass_fields__))  # type: ignore[arg-type]
    return member, member_issues(draft)


async def _take(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    records: _Records,
    member: Member | None,
    row: Row,
    values: dict[str, Any],
    result: TakenIn,
) -> None:
    now = clock.now()
    if member is None:
        member = Member(alliance=principal.alliance, id=new_id(), created_at=now, updated_at=now)
        fill(member, {"aliases": [], "status": "active", **values}, session.effective_day)
        await enter(session, member, session.effective_day)
        result.created += 1
        action, event, before, changed = "member.create", "member.created", None, None
    else:
        before = facts(member)
        records.drop(member)
        changed = await change(session, member, values, session.effective_day)
        action, event = "member.update", "member.updated"
        if changed:
            member.updated_at = now
            before = {name: before[name] for name in changed}
            result.updated += 1
        else:
            result.unchanged += 1
    records.put(member)
    records.lines[member.id] = row.line
    if changed != []:
        after = facts(member, changed)
        await audit(session, clock, principal, action, "member", member.id, before=before, after=after, reason=REASON)
        tell_member(session, clock, member, event, changed or [], (before or {}).get("division"))
