"""Renew an agreement: the next one, with its parties and what it covers."""

from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock, business_date
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict, FieldIssue, InvalidInput
from services.kernel.ids import new_id
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.agreement_rows import facts, fill, number_issues, tell
from services.registry.domain.agreements import AgreementState, day_issues
from services.registry.queries.agreements import coverage_of, find_agreement, parties_of
from services.registry.schemas.agreements import AgreementRenewal
from services.registry.tables import Agreement, AgreementCoverage, AgreementParty


async def renew_agreement(
    session: WriteSession, clock: Clock, principal: Principal, agreement_id: UUID, draft: AgreementRenewal
) -> Agreement:
    """Load, check, insert the next one, audit, tell. Raises NotFound, Conflict when renewed before, InvalidInput."""
    scope = Scope.of(principal)
    former = await find_agreement(session, scope, agreement_id)
    if (await session.scalars(scope.select(Agreement).where(Agreement.renews == former.id))).first() is not None:
        raise Conflict("这份协议已经续签，请在续签的协议上办理。", code="already_renewed")
    issues = day_issues(draft.signed_on, draft.from_date, draft.until_date, business_date(clock))
    if draft.from_date <= former.from_date:
        issues.append(FieldIssue("from_date", "begins_before_former", "续签的协议应在原协议生效之后开始，请核对。"))
    issues += await number_issues(session, scope, draft, None)
    if issues:
        raise InvalidInput(issues)
    made = _next(former, draft, clock)
    session.add(made)
    await session.flush()  # parties and coverage refer to this row
    await _copy(session, scope, former, made)
    await session.flush()
    after = await facts(session, made)
    await audit(session, clock, principal, "agreement.renew", "agreement", made.id, after=after)
    tell(session, clock, made, "agreement.renewed", renews=str(former.id))
    return made


def _next(former: Agreement, draft: AgreementRenewal, clock: Clock) -> Agreement:
    now = clock.now()
    made = Agreement(
        alliance=former.alliance,
        id=new_id(),
        renews=former.id,
        state=AgreementState.IN_FORCE,
        created_at=now,
        updated_at=now,
    )
    fill(made, draft, former.kind)
    return made


async def _copy(session: WriteSession, scope: Scope, former: Agreement, made: Agreement) -> None:
    """Parties and coverage as they are now, from the day of the new signing."""
    own = {"alliance": made.alliance, "agreement": made.id, "since": made.signed_on}
    for party in (await parties_of(session, scope, [former.id])).get(former.id, []):
        session.add(AgreementParty(**own, member=party.member, part=party.part))
    for one in (await coverage_of(session, scope, [former.id])).get(former.id, []):
        about = {"collaboration": one.collaboration, "subject": one.subject, "place": one.place}
        session.add(AgreementCoverage(**own, id=new_id(), **about))
