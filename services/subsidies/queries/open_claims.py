"""The claims of one member that are not done with: not withdrawn, and their year not yet settled for good."""

from uuid import UUID

from sqlalchemy import select

from services.kernel.database import AnySession
from services.kernel.tenancy import Scope
from services.subsidies.domain import ClaimState, SettlementState
from services.subsidies.queries.policy import find_policy
from services.subsidies.schemas.claims import OpenClaimRead
from services.subsidies.tables import Claim, Settlement


async def open_claims_of(session: AnySession, scope: Scope, member: UUID) -> list[OpenClaimRead]:
    """Newest first, each named by its year and the rule's own words."""
    settled = select(Settlement.year).where(
        Settlement.alliance == scope.alliance, Settlement.state == SettlementState.CONFIRMED.value
    )
    goes_on = (Claim.state != ClaimState.WITHDRAWN.value, Claim.year.not_in(settled))
    statement = scope.select(Claim).where(Claim.owner == f"member:{member}", *goes_on)
    claims = (await session.scalars(statement.order_by(Claim.year.desc(), Claim.rule, Claim.id))).all()
    if not claims:
        return []
    policy = await find_policy(session, scope.alliance)
    rules = [policy.rule(claim.rule) for claim in claims] if policy else []
    names = {rule.code: rule.name for rule in rules if rule is not None}
    return [
        OpenClaimRead(
            id=claim.id,
            title=f"{claim.year}年 {names.get(claim.rule, claim.rule)}（{ClaimState(claim.state).label}）",
            state=claim.state,
        )
        for claim in claims
    ]
