"""The coverage of a day as the wire shows it: the pure answer (`domain/coverage.py`) with names."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from services.kernel.database import AnySession
from services.kernel.divisions import division_name
from services.kernel.tenancy import Scope
from services.registry.domain.catalogues import CatalogueKind
from services.registry.domain.coverage import Connection, MatrixRow, Programme, Ratio, RowsBy, coverage_of
from services.registry.queries.catalogues import names_in
from services.registry.queries.coverage import Named, coverage_facts
from services.registry.schemas.coverage import (
    ConnectionRead,
    CoverageRead,
    DivisionCounts,
    MatrixRowRead,
    ProgrammeRead,
    RatioRead,
    UnitRef,
)

TOTAL = "合计"


async def read_coverage(session: AnySession, scope: Scope, by: RowsBy, today: date, as_of: date | None) -> CoverageRead:
    """What the caller may see of the coverage on a day: a county its own schools, enterprises and members."""
    day = as_of or today
    named = await coverage_facts(session, scope, day, as_of)
    found = coverage_of(named.facts, by)
    labels = await _labels(session, scope, named, by, as_of)
    industries = {one.id: UnitRef(id=one.id, name=one.name) for one in named.industries}
    categories: dict[str, int] = {}
    for unit in named.facts.units:
        categories[unit.category] = categories.get(unit.category, 0) + 1
    return CoverageRead(
        as_of=day,
        by=by,
        division=scope.division,
        industries=list(industries.values()),
        rows=[_row(row, labels, named) for row in found.rows],
        totals=_row(found.totals, {"": TOTAL}, named),
        uncovered=[industries[industry] for industry in found.uncovered],
        unmatched=[_programme(programme, named) for programme in found.unmatched],
        industries_covered=_ratio(found.industries_covered),
        programmes_serving=_ratio(found.programmes_serving),
        connections=[_connection(one, named, industries) for one in found.connections],
        enterprises_connected=_ratio(found.enterprises_connected),
        members=[_division(code, counts) for code, counts in sorted(found.members.items())],
        category_totals=categories,
        member_count=len(named.facts.units),
    )


async def _labels(session: AnySession, scope: Scope, named: Named, by: RowsBy, as_of: date | None) -> dict[str, str]:
    if by is RowsBy.SCHOOL:
        return {str(member): name for member, name in named.members.items()}
    called = {programme.major_code: programme.name for programme in named.facts.programmes}
    called |= await names_in(session, scope, CatalogueKind.MAJORS, called, as_of)
    return {code: f"{code} {name}" for code, name in called.items()}


def _row(row: MatrixRow, labels: Mapping[str, str], named: Named) -> MatrixRowRead:
    return MatrixRowRead(
        key=row.key,
        label=labels[row.key],
        cells=[row.cells[industry.id] for industry in named.industries],
        programmes=row.programmes,
        unmatched=row.unmatched,
    )


def _programme(programme: Programme, named: Named) -> ProgrammeRead:
    school = named.members[programme.school]
    return ProgrammeRead(
        school=programme.school, school_name=school, major_code=programme.major_code, name=programme.name
    )


def _connection(one: Connection, named: Named, industries: Mapping[UUID, UnitRef]) -> ConnectionRead:
    schools = [UnitRef(id=school, name=named.members[school]) for school in one.schools]
    return ConnectionRead(
        industry=one.industry,
        industry_name=industries[one.industry].name,
        enterprise=one.enterprise,
        enterprise_name=named.members[one.enterprise],
        schools=sorted(schools, key=lambda school: school.name),
        programmes=[_programme(programme, named) for programme in one.programmes],
    )


def _ratio(ratio: Ratio) -> RatioRead:
    return RatioRead(numerator=ratio.numerator, denominator=ratio.denominator)


def _division(code: str, counts: Mapping[str, int]) -> DivisionCounts:
    return DivisionCounts(
        division=code, division_name=division_name(code), counts=dict(counts), total=sum(counts.values())
    )
