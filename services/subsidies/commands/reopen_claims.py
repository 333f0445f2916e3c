"""Rosters changed: accepted claims of their owner go back to review, waiting ones show the new sums.

An approval must not survive the change of what was approved. Claims for a collaboration do not rest on rosters.
"""

from sqlalchemy import select

from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.principal import Principal
from services.subsidies.commands.decide_claim import record_step
from services.subsidies.domain import ClaimAction, ClaimState
from services.subsidies.queries.claim_sums import sum_up
from services.subsidies.queries.policy import current_policy
from services.subsidies.tables import Claim

_ACTIONS = {ClaimState.ACCEPTED: ClaimAction.REOPEN, ClaimState.SUBMITTED: ClaimAction.REFRESH}


async def reopen_claims(
    session: WriteSession, clock: Clock, principal: Principal, *, owner: str, year: int, why: str
) -> int:
    """Return the owner's accepted claims of the year to `submitted`; returns how many claims were touched."""
    touched = [state.value for state in _ACTIONS]
    statement = (
        select(Claim)
        .where(Claim.alliance == principal.alliance, Claim.owner == owner, Claim.year == year)
        .where(Claim.collaboration.is_(None), Claim.state.in_(touched))
        .order_by(Claim.id)
        .with_for_update()
    )
    claims = (await session.scalars(statement)).all()
    policy = await current_policy(session, principal.alliance)
    for claim in claims:
        summary = await sum_up(session, clock, policy, claim)
        action = _ACTIONS[ClaimState(claim.state)]
        await record_step(session, clock, principal, claim, action, opinion=why, summary=summary)
    return len(claims)
