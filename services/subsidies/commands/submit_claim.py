"""Submit a claim: count it on the rosters as they stand, pin them, and hand it to the reviewers."""

from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict
from services.kernel.principal import Principal
from services.subsidies.commands.decide_claim import record_step
from services.subsidies.domain import ClaimAction, ClaimState, next_claim_state
from services.subsidies.queries.claim_sums import sum_up
from services.subsidies.queries.policy import current_policy
from services.subsidies.rosters.storing import next_sequence
from services.subsidies.tables import Claim


async def submit_claim(
    session: WriteSession, clock: Clock, principal: Principal, claim: Claim, opinion: str | None
) -> Claim:
    """Raises Conflict from a state that cannot be submitted, or when the rosters hold nothing under the claim.

    Under the lock on the roster number: an import at the same time is counted here, or finds the claim submitted and
    brings it up to date. Otherwise the reviewers could accept sums that leave out what a settlement would pay.
    """
    next_claim_state(ClaimState(claim.state), ClaimAction.SUBMIT)
    await next_sequence(session, principal.alliance)
    policy = await current_policy(session, principal.alliance)
    summary = await sum_up(session, clock, policy, claim)
    if summary.subjects == 0:
        raise Conflict("名册中没有申报这一项目的学生或班级，请先导入名册。", code="claim_empty")
    return await record_step(session, clock, principal, claim, ClaimAction.SUBMIT, opinion=opinion, summary=summary)
