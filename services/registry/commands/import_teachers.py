"""Take in the checked rows of a workbook of teachers with their practice; rows that fit no unit come back."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock, business_date
from services.kernel.database import WriteSession
from services.kernel.ids import new_id
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.kernel.workbooks import CellIssue, CheckedTable, Row, Value
from services.registry.commands.rows_taken import Taken, UnitsByName
from services.registry.commands.teacher_rows import facts, fill, tell_teacher
from services.registry.queries.teaching import TeacherFilter, all_own, periods_of
from services.registry.tables import Member, PracticePeriod, Teacher

REASON = "批量导入"
OWN_FIELDS = ("kind", "title", "specialty", "shared")
DAY = timedelta(days=1)
Key = tuple[UUID, str]


@dataclass
class _Records:
    """Teachers by unit and name, their periods, and what the file has said of each so far."""

    units: UnitsByName
    enterprises: UnitsByName
    teachers: dict[Key, list[Teacher]] = field(default_factory=dict)
    periods: dict[UUID, list[PracticePeriod]] = field(default_factory=dict)
    said: dict[Key, tuple[int, dict[str, Any]]] = field(default_factory=dict)

    def find(self, key: Key) -> Teacher | None:
        return next(iter(self.teachers.get(key, [])), None)


async def import_teachers(
    session: WriteSession, clock: Clock, principal: Principal, checked: CheckedTable, present: frozenset[str]
) -> Taken:
    """Create or update the teacher and the practice of each row that fits; the other rows' faults are in the result."""
    records = await _read(session, clock, Scope.of(principal))
    taken = Taken(issues=list(checked.issues))
    for row in checked.rows:
        unit = records.units.find(str(row.values["unit"]))
        issues = _issues(row, unit, records, present)
        taken.issues += issues
        if not issues and unit is not None:
            await _take(session, clock, principal, records, unit, row, present, taken)
    return taken


async def _read(session: WriteSession, clock: Clock, scope: Scope) -> _Records:
    everybody = Scope(scope.alliance)
    units = await UnitsByName.read(session, scope)
    records = _Records(units, await UnitsByName.read(session, everybody))
    for teacher in await all_own(session, scope, TeacherFilter(), business_date(clock)):
        records.teachers.setdefault((teacher.member, teacher.name), []).append(teacher)
    ids = [teacher.id for same in records.teachers.values() for teacher in same]
    records.periods = dict(await periods_of(session, scope, ids))
    return records


def _teacher_values(values: dict[str, Value], present: frozenset[str]) -> dict[str, Any]:
    given: dict[str, Any] = {name: values[name] for name in OWN_FIELDS if name in present}
    if "shared" in given:
        given["shared"] = given["shared"] == "yes"
    return given


def _issues(row: Row, unit: Member | None, records: _Records, present: frozenset[str]) -> list[CellIssue]:
    def fault(name: str, header: str, code: str, message: str) -> CellIssue:
        return CellIssue(row.line, name, header, code, message)

    issues = []
    values = row.values
    if unit is None:
        issues.append(fault("unit", "单位", "unit_unknown", "没有登记这家单位，或它不归您维护，请核对名称。"))
    elif len(records.teachers.get((unit.id, str(values["name"])), [])) > 1:
        issues.append(fault("name", "姓名", "name_of_two", "该单位有两位同名教师，请在页面上登记。"))
    elif (said := records.said.get((unit.id, str(values["name"])))) and said[1] != _teacher_values(values, present):
        sentence = f"与第 {said[0]} 行是同一位教师，类别、职称、专业方向或共享却不同，请改成一致。"
        issues.append(fault("name", "姓名", "teacher_differs", sentence))
    begins, last = values["from_date"], values["last_date"]
    if values["enterprise"] and begins is None:
        issues.append(fault("from_date", "实践开始", "from_missing", "填写了实践企业，请填写开始日期。"))
    if not values["enterprise"] and (begins or last):
        issues.append(fault("enterprise", "实践企业", "enterprise_missing", "填写了实践日期，请填写企业。"))
    if isinstance(begins, date) and isinstance(last, date) and last < begins:
        issues.append(fault("last_date", "实践结束", "last_before_from", "结束日期早于开始日期，请核对。"))
    return issues


async def _take(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    records: _Records,
    unit: Member,
    row: Row,
    present: frozenset[str],
    taken: Taken,
) -> None:
    key = (unit.id, str(row.values["name"]))
    found, values = records.find(key), _teacher_values(row.values, present)
    now = clock.now()
    teacher = found or Teacher(alliance=principal.alliance, id=new_id(), created_at=now, updated_at=now)
    before = facts(found) if found else None
    fresh: dict[str, Any] = {} if found else {"member": unit.id, "name": key[1], "shared": False}
    changed = fill(teacher, {**fresh, **values})
    if found is None:
        session.add(teacher)
        records.teachers[key] = [teacher]
        await session.flush()  # its periods refer to this row
    practised = _put_period(session, clock, records, teacher, row.values)
    records.said.setdefault(key, (row.line, values))
    if not changed and not practised:
        taken.unchanged += 1
        return
    teacher.updated_at = now
    taken.count(new=found is None)
    verb, event = ("create", "teacher.created") if found is None else ("update", "teacher.updated")
    told = {"before": before, "after": {**facts(teacher), "practice": practised}, "reason": REASON}
    await audit(session, clock, principal, f"teacher.{verb}", "teacher", teacher.id, **told)  # type: ignore[arg-type]
    tell_teacher(session, clock, unit, teacher, event)


def _put_period(
    session: WriteSession, clock: Clock, records: _Records, teacher: Teacher, values: dict[str, Value]
) -> bool:
    """Add the period of a row, or set the end of the same one on record; whether anything changed."""
    begins, last = values["from_date"], values["last_date"]
    if not isinstance(begins, date):
        return False
    until = last + DAY if isinstance(last, date) else None
    enterprise = records.enterprises.find(str(values["enterprise"]))
    named = {"enterprise": enterprise.id if enterprise else None}
    named["enterprise_name"] = None if enterprise else values["enterprise"]  # type: ignore[assignment]
    periods = records.periods.setdefault(teacher.id, [])
    same = next((p for p in periods if p.from_date == begins and _is(p, named)), None)
    if same is not None and same.until_date == until:
        return False
    if same is None:
        key = {"alliance": teacher.alliance, "id": new_id(), "teacher": teacher.id}
        same = PracticePeriod(**key, **named, from_date=begins, created_at=clock.now())
        session.add(same)
        periods.append(same)
    same.until_date = until
    same.updated_at = clock.now()
    return True


def _is(period: PracticePeriod, named: dict[str, Any]) -> bool:
    return all(getattr(period, name) == value for name, value in named.items())
