"""What a claim asks for, counted on the rosters as they stand."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select

from services.kernel.clock import Clock, business_date
from services.kernel.database import AnySession
from services.kernel.errors import Conflict
from services.subsidies.domain import snapshot_date_of
from services.subsidies.queries.policy import Policy
from services.subsidies.rules.vocabulary import RuleKind
from services.subsidies.tables import Claim, RosterSequence, SchoolClass, Student


@dataclass(frozen=True)
class Summary:
    """What a claim asks for: the rosters it counts (by number), how many subjects, and how much in 分."""

    roster_seq: int
    subjects: int
    requested_fen: int


async def sum_up(session: AnySession, clock: Clock, policy: Policy, claim: Claim) -> Summary:
    """The claim's sums now: subjects times the rule's amount, before any condition is looked at.

    Raises Conflict when the rule is no longer in the applied policy.
    """
    terms = policy.book.terms(claim.year, snapshot_date_of(claim.year, business_date(clock)))
    rule = next((rule for rule in terms.rules if rule.code == claim.rule), None)
    kind = policy.rule(claim.rule)
    if rule is None or kind is None:
        raise Conflict("现行奖补文件中没有这一申报项目。", code="rule_unknown")
    sequence = await session.scalar(select(RosterSequence.last).where(RosterSequence.alliance == claim.alliance))
    subjects = await _subjects(session, claim, kind.kind)
    return Summary(sequence or 0, subjects, subjects * rule.amount_fen)


async def _subjects(session: AnySession, claim: Claim, kind: RuleKind) -> int:
    if kind is RuleKind.RECOGNITION_AWARD:
        return 1
    if kind is RuleKind.CLASS_AWARD:
        return await _count(session, SchoolClass, claim)
    return await _count(session, Student, claim, Student.claimed_rule == claim.rule)


async def _count(
    session: AnySession, table: type[Student] | type[SchoolClass], claim: Claim, *more: ColumnElement[bool]
) -> int:
    own = (table.alliance == claim.alliance, table.owner == claim.owner, table.year == claim.year)
    statement = select(func.count()).select_from(table).where(*own, table.superseded_seq.is_(None), *more)
    return int((await session.execute(statement)).scalar_one())
