"""Take back an assessment that was entered wrongly, before a decision stands on it; what it said stays in the audit."""

from uuid import UUID

from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict
from services.kernel.etags import check_version
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.recognition_subjects import tell
from services.registry.commands.review_subjects import Reviewed, find_review


async def remove_review(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    reviewed: Reviewed,
    review_id: UUID,
    reason: str,
    if_match: str,
) -> None:
    """Load, check, delete, audit. Raises NotFound, StaleVersion, Conflict once decided."""
    review = await find_review(session, Scope.of(principal), reviewed.id, review_id)
    check_version(if_match, review.row_version)
    if review.decision is not None:
        raise Conflict("这次考核已有处理决定，不能更正删除。", code="review_decided")
    before = {
        "year": review.year,
        "result": review.result,
        "reviewed_on": review.reviewed_on.isoformat(),
        "opinion": review.opinion,
        "document_number": review.document_number,
    }
    await session.delete(review)
    event = "collaboration_review.removed"
    told = {"year": review.year}
    await tell(
        session,
        clock,
        principal,
        reviewed.subject,
        "review.remove",
        event,
        review.id,
        data=told,
        before=before,
        reason=reason,
    )
