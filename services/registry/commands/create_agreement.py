"""Record an agreement."""

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import InvalidInput
from services.kernel.ids import new_id
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.agreement_rows import Since, draft_issues, facts, fill, set_coverage, set_parties, tell
from services.registry.domain.agreements import AgreementState
from services.registry.schemas.agreements import AgreementCreate
from services.registry.tables import Agreement


async def create_agreement(
    session: WriteSession, clock: Clock, principal: Principal, draft: AgreementCreate
) -> Agreement:
    """Check, insert with parties and coverage from the day of signing, audit, tell. Raises InvalidInput."""
    issues = await draft_issues(session, Scope.of(principal), clock, draft, None)
    if issues:
        raise InvalidInput(issues)
    now = clock.now()
    agreement = Agreement(
        alliance=principal.alliance, id=new_id(), state=AgreementState.IN_FORCE, created_at=now, updated_at=now
    )
    fill(agreement, draft, draft.kind)
    session.add(agreement)
    await session.flush()  # parties and coverage refer to this row, and its version goes into the ETag
    since = Since(draft.signed_on, draft.signed_on, draft.signed_on)
    await set_parties(session, agreement, draft.parties, since)
    await set_coverage(session, agreement, draft, since)
    await session.flush()
    after = await facts(session, agreement)
    await audit(session, clock, principal, "agreement.create", "agreement", agreement.id, after=after)
    tell(session, clock, agreement, "agreement.created")
    return agreement
