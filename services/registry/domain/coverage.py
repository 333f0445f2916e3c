"""How the majors of the schools cover the leading industries. Pure: facts of one day in, counts out.

- A *programme* is one major at one school. It serves a leading industry when the secretariat matched its code, or a
  beginning of it, with that industry. Suggestions count only once they are confirmed as a match.
- An industry is covered when at least one programme serves it. A lead enterprise is connected when a school works with
  it in something they build together (a collaboration that runs).
- Every ratio is a numerator and a denominator; nothing is averaged.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID


class RowsBy(StrEnum):
    """What a row of the matrix stands for."""

    SCHOOL = "school"
    MAJOR = "major"


@dataclass(frozen=True)
class Programme:
    """One major at one school."""

    school: UUID
    major_code: str
    name: str


@dataclass(frozen=True)
class Match:
    """The decision that majors whose code begins with `beginning` serve an industry."""

    beginning: str
    industry: UUID


@dataclass(frozen=True)
class LeadLink:
    """A lead enterprise of an industry."""

    industry: UUID
    enterprise: UUID


@dataclass(frozen=True)
class UnitFacts:
    """A member as far as the table of members goes."""

    division: str | None
    category: str


@dataclass(frozen=True)
class CoverageFacts:
    """Everything that the coverage of one day is computed from. `industries` are in their order.

    `partners` are the schools with which an enterprise works.
    """

    programmes: Sequence[Programme]
    industries: Sequence[UUID]
    matches: Sequence[Match]
    leads: Sequence[LeadLink] = ()
    partners: Mapping[UUID, frozenset[UUID]] = field(default_factory=dict)
    units: Sequence[UnitFacts] = ()


@dataclass(frozen=True)
class Ratio:
    """A part and its whole."""

    numerator: int
    denominator: int


@dataclass(frozen=True)
class MatrixRow:
    """The programmes of one school or one major: how many serve each industry, how many all, how many none."""

    key: str
    cells: Mapping[UUID, int]
    programmes: int
    unmatched: int


@dataclass(frozen=True)
class Connection:
    """A lead enterprise of an industry: the schools it works with, and their programmes that serve the industry."""

    industry: UUID
    enterprise: UUID
    schools: frozenset[UUID]
    programmes: tuple[Programme, ...]


@dataclass(frozen=True)
class Coverage:
    """The answer for one day."""

    rows: tuple[MatrixRow, ...]
    totals: MatrixRow
    uncovered: tuple[UUID, ...]
    unmatched: tuple[Programme, ...]
    industries_covered: Ratio
    programmes_serving: Ratio
    connections: tuple[Connection, ...]
    enterprises_connected: Ratio
    members: Mapping[str, Mapping[str, int]]
    """By division ("" for none) and category."""


def served_by(major_code: str, matches: Iterable[Match]) -> frozenset[UUID]:
    """The industries that a major serves."""
    return frozenset(match.industry for match in matches if major_code.startswith(match.beginning))


def coverage_of(facts: CoverageFacts, rows_by: RowsBy = RowsBy.SCHOOL) -> Coverage:
    """The matrix with its totals, what is not covered, what serves nothing, and the lead enterprises."""
    known = frozenset(facts.industries)
    served = {p: served_by(p.major_code, facts.matches) & known for p in facts.programmes}
    groups: dict[str, list[Programme]] = {}
    for programme in facts.programmes:
        groups.setdefault(_key(programme, rows_by), []).append(programme)
    totals = _row("", facts.programmes, served, facts.industries)
    covered = sum(1 for count in totals.cells.values() if count)
    connections = tuple(_connection(link, facts, served) for link in facts.leads if link.industry in known)
    return Coverage(
        rows=tuple(_row(key, group, served, facts.industries) for key, group in groups.items()),
        totals=totals,
        uncovered=tuple(industry for industry in facts.industries if not totals.cells[industry]),
        unmatched=tuple(programme for programme in facts.programmes if not served[programme]),
        industries_covered=Ratio(covered, len(facts.industries)),
        programmes_serving=Ratio(totals.programmes - totals.unmatched, totals.programmes),
        connections=connections,
        enterprises_connected=_connected(connections),
        members=_members(facts.units),
    )


def _key(programme: Programme, rows_by: RowsBy) -> str:
    return str(programme.school) if rows_by is RowsBy.SCHOOL else programme.major_code


def _row(
    key: str,
    programmes: Sequence[Programme],
    served: Mapping[Programme, frozenset[UUID]],
    industries: Sequence[UUID],
) -> MatrixRow:
    cells = {industry: sum(1 for p in programmes if industry in served[p]) for industry in industries}
    return MatrixRow(key, cells, len(programmes), sum(1 for p in programmes if not served[p]))


def _connection(link: LeadLink, facts: CoverageFacts, served: Mapping[Programme, frozenset[UUID]]) -> Connection:
    schools = facts.partners.get(link.enterprise, frozenset())
    serving = tuple(p for p in facts.programmes if p.school in schools and link.industry in served[p])
    return Connection(link.industry, link.enterprise, schools, serving)


def _connected(connections: Sequence[Connection]) -> Ratio:
    """Enterprises count once, also one that leads in several industries."""
    all_of_them = {connection.enterprise for connection in connections}
    connected = {connection.enterprise for connection in connections if connection.schools}
    return Ratio(len(connected), len(all_of_them))


def _members(units: Iterable[UnitFacts]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for unit in units:
        of_division = counts.setdefault(unit.division or "", {})
        of_division[unit.category] = of_division.get(unit.category, 0) + 1
    return counts
