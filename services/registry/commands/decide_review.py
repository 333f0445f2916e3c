"""Decide on a failed assessment: it stays and is put right, or every recognition that stands is withdrawn."""

from uuid import UUID

from services.kernel.clock import Clock, business_date
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict, FieldIssue, InvalidInput
from services.kernel.etags import check_version
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.citing import citation_issues
from services.registry.commands.recognition_subjects import tell
from services.registry.commands.review_subjects import Reviewed, find_review
from services.registry.commands.withdraw_recognition import withdraw_recognition
from services.registry.domain.recognitions import ReviewDecision, ReviewResult
from services.registry.schemas.recognitions import DecisionCreate, RecognitionWithdrawal
from services.registry.tables import CollaborationReview


async def decide_review(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    reviewed: Reviewed,
    review_id: UUID,
    draft: DecisionCreate,
    if_match: str,
) -> CollaborationReview:
    """Load, check, decide, withdraw if so decided, audit. Raises NotFound, Conflict, StaleVersion, InvalidInput."""
    review = await find_review(session, Scope.of(principal), reviewed.id, review_id)
    check_version(if_match, review.row_version)
    if review.result != ReviewResult.FAILED:
        raise Conflict("考核合格的年度不需要处理决定。", code="review_passed")
    if review.decision is not None:
        raise Conflict("这次考核已有处理决定，不能再改。", code="review_decided")
    issues = _issues(draft, review, reviewed, clock)
    issues += await citation_issues(session, Scope.of(principal), draft.resolution)
    if issues:
        raise InvalidInput(issues)
    _decide(review, draft)
    review.updated_at = clock.now()
    if draft.decision is ReviewDecision.WITHDRAW:
        withdrawal = RecognitionWithdrawal(withdrawn_on=draft.decided_on, reason=draft.reason)
        for grant in reviewed.standing(draft.decided_on):
            await withdraw_recognition(session, clock, principal, reviewed.subject, grant, withdrawal)
    await session.flush()  # the new version goes into the answer
    told = {"year": review.year, "decision": draft.decision, "decided_on": draft.decided_on.isoformat()}
    action, event = "review.decide", "collaboration_review.decided"
    await tell(session, clock, principal, reviewed.subject, action, event, review.id, data=told, reason=draft.reason)
    return review


def _decide(review: CollaborationReview, draft: DecisionCreate) -> None:
    review.decision = draft.decision
    review.decided_on = draft.decided_on
    review.decision_document = draft.document_number
    review.resolution = draft.resolution
    review.decision_reason = draft.reason
    review.rectify_until = draft.rectify_until


def _issues(draft: DecisionCreate, review: CollaborationReview, reviewed: Reviewed, clock: Clock) -> list[FieldIssue]:
    issues = []
    if draft.document_number is None and draft.resolution is None:
        issues.append(FieldIssue("document_number", "basis_missing", "请填写决定文号，或选择所依据的决议。"))
    if draft.decided_on > business_date(clock):
        issues.append(FieldIssue("decided_on", "date_in_future", "决定日期晚于今天，请核对文件。"))
    if draft.decided_on < review.reviewed_on:
        issues.append(FieldIssue("decided_on", "before_review", "决定日期早于考核日期，请核对。"))
    if draft.decision is ReviewDecision.WITHDRAW:
        if not reviewed.standing(draft.decided_on):
            issues.append(FieldIssue("decision", "nothing_stands", "到该日没有有效的认定可撤销，请核对日期。"))
        if draft.rectify_until is not None:
            issues.append(FieldIssue("rectify_until", "rectify_not_applicable", "撤销认定的不填整改期限。"))
    elif draft.rectify_until is None:
        issues.append(FieldIssue("rectify_until", "rectify_until_missing", "保留并整改的请填写整改期限。"))
    elif draft.rectify_until < draft.decided_on:
        issues.append(FieldIssue("rectify_until", "rectify_before_decision", "整改期限早于决定日期，请核对。"))
    return issues
