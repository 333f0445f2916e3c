"""Reading settlement lines: pages by filter, one line, the stored lines as a frame, what is funded ahead of a line."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import polars as pl
from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from services.kernel.database import AnySession
from services.kernel.errors import FieldIssue, InvalidInput, NotFound
from services.kernel.pagination import PageRequest, paginate, sort_column
from services.kernel.tenancy import Scope
from services.subsidies.queries.bulk import frame_of
from services.subsidies.queries.settlements import Viewer
from services.subsidies.rules.bulk import LINES
from services.subsidies.rules.terms import RuleTerms, YearTerms
from services.subsidies.rules.vocabulary import Funding, Outcome, Reason, SubjectKind
from services.subsidies.tables import DecidedLine, PoolDecision, SchoolClass, Settlement, SettlementLine, Student

SORTABLE = {"no": SettlementLine.line_no, "amount": SettlementLine.amount_fen}


@dataclass(frozen=True)
class LineFilter:
    """Which lines, by the words of the API; null leaves a column open."""

    rule: str | None = None
    outcome: str | None = None
    reason: str | None = None
    funding: str | None = None
    payee: UUID | None = None


async def page_of_lines(
    session: AnySession,
    scope: Scope,
    viewer: Viewer,
    settlement: Settlement,
    terms: YearTerms,
    request: PageRequest,
    wanted: LineFilter,
) -> tuple[list[SettlementLine], str | None, int]:
    """Lines of one settlement that the viewer may see. Raises InvalidInput for an unknown rule or reason."""
    statement: Select[Any] = _of(scope, viewer, settlement).where(*_conditions(terms, wanted))
    order = sort_column(request, SORTABLE, "no")
    return await paginate(session, statement, request, order=order, tie=SettlementLine.line_no)


def _of(scope: Scope, viewer: Viewer, settlement: Settlement) -> Select[SettlementLine]:
    statement = scope.select(SettlementLine).where(SettlementLine.settlement_no == settlement.no)
    return statement if viewer.sees_all else statement.where(_seen_by(scope, viewer))


def _seen_by(scope: Scope, viewer: Viewer) -> ColumnElement[bool]:
    line = SettlementLine
    students = select(Student.no).where(Student.alliance == scope.alliance, Student.owner == viewer.owner)
    classes = select(SchoolClass.no).where(SchoolClass.alliance == scope.alliance, SchoolClass.owner == viewer.owner)
    return or_(
        and_(line.subject_kind == int(SubjectKind.STUDENT), line.subject_no.in_(students)),
        and_(line.subject_kind == int(SubjectKind.CLASS), line.subject_no.in_(classes)),
        line.payee.in_(viewer.payees),
    )


def _conditions(terms: YearTerms, wanted: LineFilter) -> list[ColumnElement[bool]]:
    line, found = SettlementLine, []
    if wanted.rule is not None:
        numbers = {rule.code: rule.no for rule in terms.rules}
        found.append(line.rule_no == _word(wanted.rule, numbers, "rule"))
    if wanted.outcome is not None:
        found.append(line.outcome == _word(wanted.outcome, {o.code: int(o) for o in Outcome}, "outcome"))
    if wanted.reason is not None:
        found.append(line.reason == _word(wanted.reason, {r.code: int(r) for r in Reason}, "reason"))
    if wanted.funding is not None:
        found.append(line.funding == _word(wanted.funding, {f.code: int(f) for f in Funding}, "funding"))
    if wanted.payee is not None:
        found.append(line.payee == wanted.payee)
    return found


def _word(code: str, numbers: dict[str, int], field: str) -> int:
    if code not in numbers:
        raise InvalidInput([FieldIssue(field, "value_not_allowed", f"不在可选范围内，可选：{'、'.join(numbers)}。")])
    return numbers[code]


async def find_line(
    session: AnySession, scope: Scope, viewer: Viewer, settlement: Settlement, line_no: int
) -> SettlementLine:
    """One line that the viewer may see. Raises NotFound."""
    statement = _of(scope, viewer, settlement).where(SettlementLine.line_no == line_no)
    found = (await session.scalars(statement)).one_or_none()
    if found is None:
        raise NotFound("这次结算没有这一行，或它不属于您的单位。", code="line_not_found")
    return found


async def ahead_of(session: AnySession, settlement: Settlement, terms: YearTerms, rule: RuleTerms, line_no: int) -> int:
    """What the rule's budget owes before a line, in 分: all fixed awards come before the selective ones (择优)."""
    siblings = [other for other in terms.rules if other.budget == rule.budget]
    fixed = [other.no for other in siblings if not other.selective]
    ranked = [other.no for other in siblings if other.selective]
    line = SettlementLine
    earlier = line.line_no < line_no
    if rule.selective:
        counted = or_(line.rule_no.in_(fixed), and_(line.rule_no.in_(ranked), earlier))
    else:
        counted = and_(line.rule_no.in_(fixed), earlier)
    own = (line.alliance == settlement.alliance, line.settlement_no == settlement.no)
    statement = select(func.coalesce(func.sum(line.amount_fen), 0)).where(*own, counted)
    return int((await session.execute(statement)).scalar_one())


@dataclass(frozen=True)
class ShortLine:
    """A payable line that the pool does not reach or that is not paid in full, and what was decided on it, if so."""

    line: SettlementLine
    decided: DecidedLine | None


async def short_lines(session: AnySession, settlement: Settlement, standing: Sequence[PoolDecision]) -> list[ShortLine]:
    """Every such line under the standing decisions of its settlement, in order."""
    line, row = SettlementLine, DecidedLine
    said = and_(
        row.alliance == line.alliance,
        row.line_no == line.line_no,
        row.decision.in_([decision.id for decision in standing]),
    )
    own = (line.alliance == settlement.alliance, line.settlement_no == settlement.no)
    short = or_(line.funding == int(Funding.ABOVE_POOL), row.paid_fen < line.amount_fen)
    statement = select(line, row).outerjoin(row, said).where(*own, short).order_by(line.line_no)
    return [ShortLine(*found) for found in (await session.execute(statement)).all()]


async def stored_lines(session: AnySession, settlement: Settlement) -> pl.DataFrame:
    """All lines as they are stored, in order, with the columns that are hashed."""
    query = (
        f"SELECT {', '.join(LINES)} FROM settlement_line "  # noqa: S608  # column names of the rules
        "WHERE alliance = $1 AND settlement_no = $2 ORDER BY line_no"
    )
    return await frame_of(session, query, settlement.alliance, settlement.no, schema=LINES)
