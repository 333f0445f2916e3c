"""Reading rosters, as they stand or as they stood at an earlier roster number, and their imports."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select

from services.kernel.database import AnySession
from services.kernel.errors import NotFound
from services.kernel.pagination import PageRequest, paginate, sort_column
from services.kernel.tenancy import Scope
from services.subsidies.domain import ImportState, StudentStatus
from services.subsidies.tables import RosterImport, RosterReject, RosterSequence, SchoolClass, Student

STUDENT_SORTS = {"no": Student.no, "enrolled_on": Student.enrolled_on, "school_name": Student.school_name}
CLASS_SORTS = {"no": SchoolClass.no, "class_code": SchoolClass.class_code, "school_name": SchoolClass.school_name}
IMPORT_SORTS = {"created_at": RosterImport.created_at}


@dataclass(frozen=True)
class RosterFilter:
    """Which rows: null leaves a column open; `sequence` reads the rosters as they stood at that number."""

    year: int | None = None
    school: UUID | None = None
    class_code: str | None = None
    claimed_rule: str | None = None
    owner: str | None = None
    sequence: int | None = None


def standing(table: type[Student] | type[SchoolClass], sequence: int | None) -> ColumnElement[bool]:
    """Rows that stand now, or stood at a roster number."""
    if sequence is None:
        return table.superseded_seq.is_(None)
    later = or_(table.superseded_seq.is_(None), table.superseded_seq > sequence)
    return (table.recorded_seq <= sequence) & later


def _filtered(scope: Scope, table: Any, wanted: RosterFilter) -> Select[Any]:
    statement = scope.select(table).where(standing(table, wanted.sequence))
    for name in ("year", "school", "class_code", "owner"):
        value = getattr(wanted, name)
        if value is not None:
            statement = statement.where(getattr(table, name) == value)
    return statement


async def page_of_students(
    session: AnySession, scope: Scope, request: PageRequest, wanted: RosterFilter
) -> tuple[list[Student], str | None, int]:
    """Students, masked as they are stored. `claimed_rule` `none` finds those for whom nothing is claimed."""
    statement = _filtered(scope, Student, wanted)
    if wanted.claimed_rule is not None:
        nothing = wanted.claimed_rule == "none"
        same = Student.claimed_rule.is_(None) if nothing else Student.claimed_rule == wanted.claimed_rule
        statement = statement.where(same)
    order = sort_column(request, STUDENT_SORTS, "no")
    return await paginate(session, statement, request, order=order, tie=Student.no)


async def page_of_classes(
    session: AnySession, scope: Scope, request: PageRequest, wanted: RosterFilter
) -> tuple[list[SchoolClass], str | None, int]:
    """Classes run with enterprises."""
    order = sort_column(request, CLASS_SORTS, "no")
    statement = _filtered(scope, SchoolClass, wanted)
    return await paginate(session, statement, request, order=order, tie=SchoolClass.no)


async def page_of_imports(
    session: AnySession, scope: Scope, request: PageRequest, *, year: int | None
) -> tuple[list[RosterImport], str | None, int]:
    """Imports, newest last unless asked otherwise."""
    statement = scope.select(RosterImport)
    if year is not None:
        statement = statement.where(RosterImport.year == year)
    order = sort_column(request, IMPORT_SORTS, "created_at")
    return await paginate(session, statement, request, order=order, tie=RosterImport.id)


async def find_import(session: AnySession, scope: Scope, import_id: UUID) -> RosterImport:
    """One import. Raises NotFound."""
    found = (await session.scalars(scope.select(RosterImport).where(RosterImport.id == import_id))).one_or_none()
    if found is None:
        raise NotFound("没有这次导入，或它不属于您的单位。", code="import_not_found")
    return found


async def page_of_rejects(
    session: AnySession, row: RosterImport, request: PageRequest
) -> tuple[list[RosterReject], str | None, int]:
    """Faults of an import that the caller may see, in the order of its file."""
    order = sort_column(request, {"no": RosterReject.no}, "no")
    return await paginate(session, _rejects_of(row), request, order=order, tie=RosterReject.no)


async def next_rejects(session: AnySession, row: RosterImport, after: int, count: int) -> list[RosterReject]:
    """The next faults behind a number, for a file of all of them."""
    following = _rejects_of(row).where(RosterReject.no > after).order_by(RosterReject.no).limit(count)
    return list((await session.scalars(following)).all())


def _rejects_of(row: RosterImport) -> Select[RosterReject]:
    return select(RosterReject).where(RosterReject.alliance == row.alliance, RosterReject.import_id == row.id)


async def current_sequence(session: AnySession, alliance: str) -> int:
    """The number of the last change to the alliance's rosters; 0 before the first."""
    return await session.scalar(select(RosterSequence.last).where(RosterSequence.alliance == alliance)) or 0


@dataclass(frozen=True)
class SchoolCount:
    """One school on one owner's rosters of a year."""

    owner: str
    school: UUID
    school_name: str
    students: int
    left: int
    claimed: dict[str, int]
    classes: int


@dataclass(frozen=True)
class RosterSummary:
    """The rosters of a year in numbers, and when they last changed."""

    year: int
    sequence: int
    last_import_at: datetime | None
    schools: list[SchoolCount]


async def summarise(session: AnySession, scope: Scope, year: int) -> RosterSummary:
    """Counts by owner and school of what the scope may see."""
    students = await _student_counts(session, scope, year)
    classes = await _class_counts(session, scope, year)
    names = {key: name for counts in (students, classes) for key, (name, *_) in counts.items()}
    schools = [
        _merged(key, name, students, classes) for key, name in sorted(names.items(), key=lambda i: (i[0][0], i[1]))
    ]
    done = (RosterImport.year == year, RosterImport.state == ImportState.DONE.value)
    last = await session.scalar(scope.limit(select(func.max(RosterImport.finished_at)), RosterImport).where(*done))
    return RosterSummary(year, await current_sequence(session, scope.alliance), last, schools)


Key = tuple[str, UUID]


def _merged(key: Key, name: str, students: dict[Key, Any], classes: dict[Key, Any]) -> SchoolCount:
    _, total, left, claimed = students.get(key, (name, 0, 0, {}))
    return SchoolCount(key[0], key[1], name, total, left, claimed, classes.get(key, (name, 0))[1])


async def _student_counts(session: AnySession, scope: Scope, year: int) -> dict[Key, Any]:
    left = func.count().filter(Student.status == StudentStatus.LEFT.value)
    columns = (Student.owner, Student.school, func.max(Student.school_name), Student.claimed_rule, func.count(), left)
    grouped = scope.limit(select(*columns), Student).where(Student.year == year, standing(Student, None))
    counts: dict[Key, Any] = {}
    rows = await session.execute(grouped.group_by(Student.owner, Student.school, Student.claimed_rule))
    for owner, school, name, rule, number, gone in rows:
        before = counts.get((owner, school), (name, 0, 0, {}))
        claimed = {**before[3], **({rule: number} if rule else {})}
        counts[owner, school] = (name, before[1] + number, before[2] + gone, claimed)
    return counts


async def _class_counts(session: AnySession, scope: Scope, year: int) -> dict[Key, Any]:
    columns = (SchoolClass.owner, SchoolClass.school, func.max(SchoolClass.school_name), func.count())
    grouped = scope.limit(select(*columns), SchoolClass).where(SchoolClass.year == year, standing(SchoolClass, None))
    rows = await session.execute(grouped.group_by(SchoolClass.owner, SchoolClass.school))
    return {(owner, school): (name, number) for owner, school, name, number in rows}
