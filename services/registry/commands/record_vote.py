"""Record a vote: by show of hands or by name. The outcome follows from the counts and the body's rules.

A record can be put right until the meeting is archived. A number once given stays with its resolution.
"""

from collections import Counter
from uuid import UUID

from sqlalchemy import delete, func, select, text

from services.kernel.audit import audit
from services.kernel.clock import Clock, business_date
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict, FieldIssue
from services.kernel.etags import check_version
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.governance_rows import facts, refuse, tell
from services.registry.commands.meeting_rows import require_state
from services.registry.commands.resolution_rows import FACTS, derive
from services.registry.domain.governance import (
    ATTENDING,
    Count,
    MajorityOf,
    MeetingState,
    Outcome,
    Presence,
    Share,
    Vote,
    VotingRules,
    outcome_of,
)
from services.registry.queries.governance import find_body
from services.registry.queries.meetings import (
    attendance_of,
    find_meeting,
    find_resolution,
    seats_at,
    turnout_of,
    voting,
)
from services.registry.schemas.meetings import VoteRecord
from services.registry.tables import Attendance, Body, Meeting, Resolution, ResolutionVote, Seat

ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('resolution number ' || :alliance, 0))")


async def record_vote(
    session: WriteSession, clock: Clock, principal: Principal, resolution_id: UUID, record: VoteRecord, if_match: str
) -> Resolution:
    """Lock, check version, state and voters, count, decide, number what is passed, audit, tell.

    Raises NotFound, StaleVersion, InvalidInput, or Conflict when the body has no rules or nobody is recorded.
    """
    scope = Scope.of(principal)
    resolution = await find_resolution(session, scope, resolution_id, lock=True)
    check_version(if_match, resolution.row_version)
    meeting = await find_meeting(session, scope, resolution.meeting, lock=True)
    require_state(meeting, MeetingState.CONVENED)
    body = await find_body(session, scope, meeting.body)
    rules = rules_of(body)
    seats = await seats_at(session, scope, meeting, business_date(clock))
    attendance = await attendance_of(session, scope, meeting.id)
    if not attendance:
        raise Conflict("还没有登记到会情况，无法判断法定人数；请先登记到会。", code="attendance_missing")
    turnout = turnout_of(seats, attendance)
    refuse(_issues(record, seats, attendance, turnout.present))
    before = facts(resolution, FACTS)
    count = _count(record, turnout.seats, turnout.present)
    _decide(resolution, meeting, body, count, rules, record)
    if resolution.outcome == Outcome.PASSED and resolution.number is None:
        await _number(session, resolution, body, meeting)
    derive(resolution, meeting.held_on)
    resolution.updated_at = clock.now()
    await session.flush()
    await _keep_votes(session, resolution, record, attendance)
    after = facts(resolution, FACTS)
    await audit(session, clock, principal, "resolution.vote", "resolution", resolution_id, before=before, after=after)
    told = {"meeting": str(meeting.id), "body": str(meeting.body), "year": resolution.year, "number": resolution.number}
    tell(session, clock, principal.alliance, f"resolution.{resolution.outcome}", resolution_id, told)
    return resolution


def rules_of(body: Body) -> VotingRules:
    """The rules of a body. Raises Conflict where nobody has said what they are: they are never guessed."""
    quorum = (body.quorum_numerator, body.quorum_denominator)
    majority = (body.majority_numerator, body.majority_denominator)
    if quorum[0] is None or quorum[1] is None or majority[0] is None or majority[1] is None:
        sentence = f"“{body.name}”还没有登记法定人数和通过比例，请先在机构资料中按章程填写。"
        raise Conflict(sentence, code="rules_missing")
    return VotingRules(
        Share(quorum[0], quorum[1], body.quorum_strict),
        Share(majority[0], majority[1], body.majority_strict),
        MajorityOf(body.majority_of),
    )


def _issues(
    record: VoteRecord, seats: list[Seat], attendance: dict[UUID, Attendance], present: int
) -> list[FieldIssue]:
    if record.votes is None:
        total = (record.in_favour or 0) + (record.against or 0) + (record.abstained or 0)
        sentence = f"赞成、反对、弃权共 {total} 票，多于到会的 {present} 席，请核对。"
        return [FieldIssue("in_favour", "votes_above_present", sentence)] if total > present else []
    entitled = {seat.id for seat in voting(seats) if seat.id in attendance}
    there = {seat for seat in entitled if attendance[seat].presence in ATTENDING}
    issues = []
    if len({vote.seat for vote in record.votes}) != len(record.votes):
        issues.append(FieldIssue("votes", "seat_repeated", "同一席位登记了两票，一席一票。"))
    for number, vote in enumerate(record.votes):
        if vote.seat not in there:
            sentence = "这个席位没有到会或没有表决权，不能计票。"
            issues.append(FieldIssue(f"votes.{number}.seat", "seat_not_voting", sentence))
    return issues


def _count(record: VoteRecord, seats: int, present: int) -> Count:
    if record.votes is None:
        return Count(seats, present, record.in_favour or 0, record.against or 0, record.abstained or 0)
    cast = Counter(vote.vote for vote in record.votes)
    return Count(seats, present, cast[Vote.FOR], cast[Vote.AGAINST], cast[Vote.ABSTAIN])


def _decide(
    resolution: Resolution, meeting: Meeting, body: Body, count: Count, rules: VotingRules, record: VoteRecord
) -> None:
    """Set the counts, the rules as they stand, and what follows from both."""
    resolution.outcome = outcome_of(count, rules).value
    resolution.method = record.method
    resolution.resolved_on = meeting.held_on
    resolution.seats_total, resolution.seats_present = count.seats, count.present
    resolution.in_favour, resolution.against, resolution.abstained = count.in_favour, count.against, count.abstained
    for name in ("quorum", "majority"):
        for part in ("numerator", "denominator", "strict"):
            setattr(resolution, f"{name}_{part}", getattr(body, f"{name}_{part}"))
    resolution.majority_of, resolution.rules_source = body.majority_of, body.rules_source


async def _number(session: WriteSession, resolution: Resolution, body: Body, meeting: Meeting) -> None:
    """The next number of the alliance in the year of the meeting."""
    await session.execute(ONE_AT_A_TIME, {"alliance": resolution.alliance})
    year = meeting.held_on.year
    same = (Resolution.alliance == resolution.alliance, Resolution.year == year)
    last = await session.scalar(select(func.max(Resolution.number)).where(*same))
    resolution.year, resolution.number = year, (last or 0) + 1
    resolution.number_prefix = body.number_prefix


async def _keep_votes(
    session: WriteSession, resolution: Resolution, record: VoteRecord, attendance: dict[UUID, Attendance]
) -> None:
    same = (ResolutionVote.alliance == resolution.alliance, ResolutionVote.resolution == resolution.id)
    await session.execute(delete(ResolutionVote).where(*same))
    for vote in record.votes or []:
        seat = attendance[vote.seat]
        cast = {"vote": vote.vote.value, "cast_by": seat.attendee, "by_proxy": seat.presence == Presence.PROXY}
        key = {"alliance": resolution.alliance, "resolution": resolution.id, "seat": vote.seat}
        session.add(ResolutionVote(**key, **cast))
    await session.flush()
