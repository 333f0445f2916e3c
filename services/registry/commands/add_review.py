"""Record the assessment of one year; one that failed waits for a decision (`decide_review`)."""

from sqlalchemy import select

from services.kernel.clock import Clock, business_date
from services.kernel.database import WriteSession
from services.kernel.errors import FieldIssue, InvalidInput
from services.kernel.ids import new_id
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.recognition_subjects import tell
from services.registry.commands.review_subjects import Reviewed
from services.registry.schemas.recognitions import ReviewCreate
from services.registry.tables import CollaborationReview


async def add_review(
    session: WriteSession, clock: Clock, principal: Principal, reviewed: Reviewed, draft: ReviewCreate
) -> CollaborationReview:
    """Check days and year, insert, audit. Raises InvalidInput."""
    issues = _issues(draft, reviewed, clock)
    table = CollaborationReview
    same = Scope.of(principal).limit(select(table.id), table).where(table.subject == reviewed.id)
    if (await session.scalars(same.where(table.year == draft.year))).first() is not None:
        issues.append(FieldIssue("year", "year_reviewed", "该年度的考核已经登记；登记有误的请先更正原记录。"))
    if issues:
        raise InvalidInput(issues)
    now = clock.now()
    review = CollaborationReview(
        alliance=principal.alliance,
        id=new_id(),
        collaboration=None if reviewed.plate else reviewed.subject.of.id,
        recognition=reviewed.plate,
        created_at=now,
        updated_at=now,
        **draft.model_dump(),
    )
    session.add(review)
    await session.flush()  # its version goes into the answer
    told = {"year": draft.year, "result": draft.result, "reviewed_on": draft.reviewed_on.isoformat()}
    event = "collaboration_review.recorded"
    await tell(session, clock, principal, reviewed.subject, "review.add", event, review.id, data=told)
    return review


def _issues(draft: ReviewCreate, reviewed: Reviewed, clock: Clock) -> list[FieldIssue]:
    issues = []
    if draft.reviewed_on > business_date(clock):
        issues.append(FieldIssue("reviewed_on", "date_in_future", "考核日期晚于今天，请核对。"))
    if draft.year > draft.reviewed_on.year:
        issues.append(FieldIssue("year", "year_ahead", "考核年度晚于考核日期，请核对。"))
    first = min((grant.granted_on for grant in reviewed.grants), default=None)
    if reviewed.plate and first and draft.reviewed_on < first:
        issues.append(FieldIssue("reviewed_on", "before_grant", "考核日期早于认定日期，请核对。"))
    return issues
