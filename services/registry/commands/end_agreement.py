"""End an agreement before its time."""

from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock, business_date
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict, InvalidInput
from services.kernel.etags import check_version
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.agreement_rows import tell
from services.registry.domain.agreements import AgreementState, ending_issues
from services.registry.queries.agreements import find_agreement
from services.registry.schemas.agreements import AgreementEnding
from services.registry.tables import Agreement


async def end_agreement(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    agreement_id: UUID,
    draft: AgreementEnding,
    if_match: str,
) -> Agreement:
    """Load, check, end from the given day on, audit, tell. Raises NotFound, StaleVersion, Conflict, InvalidInput."""
    agreement = await find_agreement(session, Scope.of(principal), agreement_id)
    if agreement.state == AgreementState.ENDED:
        raise Conflict("这份协议已经终止，不能再次终止。", code="agreement_ended")
    check_version(if_match, agreement.row_version)
    issues = ending_issues(agreement, agreement.signed_on, draft.ended_on, business_date(clock))
    if issues:
        raise InvalidInput(issues)
    await session.effective_on(draft.ended_on)
    agreement.state = AgreementState.ENDED
    agreement.ended_on = draft.ended_on
    agreement.end_reason = draft.reason
    agreement.updated_at = clock.now()
    await session.flush()  # the new row version goes into the answer's ETag
    after = {"ended_on": draft.ended_on.isoformat()}
    action, kind = "agreement.end", "agreement"
    await audit(session, clock, principal, action, kind, agreement_id, after=after, reason=draft.reason)
    tell(session, clock, agreement, "agreement.ended", **after)
    return agreement
