"""Change an agreement."""

from uuid import UUID

from sqlalchemy.orm.attributes import flag_modified

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import FieldIssue, InvalidInput
from services.kernel.etags import check_version
from services.kernel.history import effective_day
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.agreement_rows import Since, draft_issues, facts, fill, set_coverage, set_parties, tell
from services.registry.queries.agreements import find_agreement
from services.registry.schemas.agreements import AgreementUpdate
from services.registry.tables import Agreement


async def update_agreement(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    agreement_id: UUID,
    draft: AgreementUpdate,
    if_match: str,
) -> Agreement:
    """Load, check version and fields, change from the effective day, audit, tell.

    Raises NotFound, StaleVersion, InvalidInput.
    """
    scope = Scope.of(principal)
    agreement = await find_agreement(session, scope, agreement_id)
    check_version(if_match, agreement.row_version)
    issues = [*await draft_issues(session, scope, clock, draft, agreement_id), *_end_issues(agreement, draft)]
    if issues:
        raise InvalidInput(issues)
    day = effective_day(draft.effective_on, clock)
    await session.effective_on(day)
    before = await facts(session, agreement)
    since = Since(max(day, draft.signed_on), agreement.signed_on, draft.signed_on)
    fill(agreement, draft, draft.kind)
    await set_parties(session, agreement, draft.parties, since)
    await set_coverage(session, agreement, draft, since)
    await session.flush()
    after = await facts(session, agreement)
    if before == after:
        return agreement
    agreement.updated_at = clock.now()
    flag_modified(agreement, "updated_at")  # parties and coverage count as a change of the agreement
    await session.flush()  # the new row version goes into the answer's ETag
    action, kind = "agreement.update", "agreement"
    await audit(session, clock, principal, action, kind, agreement_id, before=before, after=after)
    tell(session, clock, agreement, "agreement.updated", changed=sorted(k for k in after if before[k] != after[k]))
    return agreement


def _end_issues(agreement: Agreement, draft: AgreementUpdate) -> list[FieldIssue]:
    """What was ended early keeps its end within its days."""
    ended = agreement.ended_on
    if ended is None:
        return []
    issues = []
    if draft.signed_on > ended:
        issues.append(FieldIssue("signed_on", "signed_after_end", "签订日期晚于提前终止的日期，请核对。"))
    if draft.until_date is not None and draft.until_date <= ended:
        issues.append(FieldIssue("until_date", "until_before_end", "终止日期不晚于提前终止的日期，请核对。"))
    return issues
