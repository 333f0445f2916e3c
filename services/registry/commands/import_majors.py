"""Take in the checked rows of a workbook of majors; rows that fit no school or repeat one another come back."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.ids import new_id
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.kernel.workbooks import CellIssue, CheckedTable, Row
from services.registry.commands.major_rows import FIELDS, facts, tell_major
from services.registry.commands.rows_taken import Taken, UnitsByName
from services.registry.domain.catalogues import CatalogueKind
from services.registry.queries.catalogues import names_in
from services.registry.queries.coverage import SCHOOLS
from services.registry.queries.kept_units import kept_by
from services.registry.queries.majors import offered_until
from services.registry.tables import Member, MemberMajor

REASON = "批量导入"


async def import_majors(
    session: WriteSession, clock: Clock, principal: Principal, checked: CheckedTable, present: frozenset[str]
) -> Taken:
    """Create or update the major of each row that fits; the other rows' faults are in the result."""
    scope = Scope.of(principal)
    schools = await UnitsByName.read(session, scope, SCHOOLS)
    kept = scope.select(MemberMajor).where(kept_by(scope, MemberMajor.member)).with_for_update()
    standing = {(one.member, one.major_code): one for one in await session.scalars(kept)}
    codes = [str(row.values["major_code"]) for row in checked.rows]
    names = await names_in(session, scope, CatalogueKind.MAJORS, codes)
    ended = await offered_until(session, scope)
    taken = Taken(issues=list(checked.issues))
    lines: dict[tuple[UUID, str], int] = {}
    for row in checked.rows:
        school = schools.find(str(row.values["school"]))
        code = str(row.values["major_code"])
        found = standing.get((school.id, code)) if school else None
        issues = [*_issues(row, school, code, found, names, lines)]
        if found is None and school is not None:
            issues += _overlap(row, ended.get((school.id, code)))
        taken.issues += issues
        if not issues and school is not None:
            lines[school.id, code] = row.line
            await _take(session, clock, principal, school, found, _values(row, present, found, names), taken)
    return taken


def _issues(
    row: Row,
    school: Member | None,
    code: str,
    found: MemberMajor | None,
    names: dict[str, str],
    lines: dict[tuple[UUID, str], int],
) -> Iterable[CellIssue]:
    if school is None:
        sentence = "没有登记这所学校，或它不归您维护，请核对名称。"
        yield CellIssue(row.line, "school", "学校", "school_unknown", sentence)
    elif (school.id, code) in lines:
        sentence = f"与第 {lines[school.id, code]} 行是同一专业，请只保留一行。"
        yield CellIssue(row.line, "major_code", "专业代码", "row_duplicate", sentence)
    if not row.values["name"] and found is None and code not in names:
        sentence = "现行专业目录里没有这个代码，请填写专业名称。"
        yield CellIssue(row.line, "name", "专业名称", "name_missing", sentence)


def _overlap(row: Row, ended: date | None) -> Iterable[CellIssue]:
    since = row.values["since"]
    if ended is not None and isinstance(since, date) and since < ended:
        sentence = f"这个专业到 {ended.isoformat()} 才停办，开设日期不能早于这一天。"
        yield CellIssue(row.line, "since", "开设日期", "overlaps_earlier", sentence)


def _values(row: Row, present: frozenset[str], found: MemberMajor | None, names: dict[str, str]) -> dict[str, Any]:
    """The fields that a row sets: those whose columns the file has."""
    values = {name: row.values[name] for name in FIELDS if name in present}
    if not values.get("name"):
        values["name"] = found.name if found else names[str(values["major_code"])]
    if values.get("students") is not None:
        values["students"] = int(str(values["students"]))
    return values


async def _take(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    school: Member,
    found: MemberMajor | None,
    values: dict[str, Any],
    taken: Taken,
) -> None:
    before = facts(found) if found else None
    if found is not None and all(getattr(found, name) == value for name, value in values.items()):
        taken.unchanged += 1
        return
    now = clock.now()
    major = found or MemberMajor(alliance=principal.alliance, id=new_id(), member=school.id, created_at=now)
    for name, value in values.items():
        setattr(major, name, value)
    major.updated_at = now
    session.add(major)
    await session.flush()  # the row's facts are read for the audit, and the history keeps its day
    taken.count(new=found is None)
    verb, event = ("create", "major.created") if found is None else ("update", "major.updated")
    told = {"before": before, "after": facts(major), "reason": REASON}
    await audit(session, clock, principal, f"major.{verb}", "major", major.id, **told)  # type: ignore[arg-type]
    tell_major(session, clock, school, major, event)
