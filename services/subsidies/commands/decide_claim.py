"""One step of a claim: the transition, the row that records it, the audit, and the event."""

from typing import Final

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.money import yuan_text
from services.kernel.outbox import audience_of, publish
from services.kernel.principal import Principal
from services.subsidies.domain import ClaimAction, ClaimState, next_claim_state
from services.subsidies.queries.claim_sums import Summary
from services.subsidies.tables import Claim, ClaimDecision

EVENTS: Final = {
    ClaimAction.OPEN: "claim.opened",
    ClaimAction.SUBMIT: "claim.submitted",
    ClaimAction.ACCEPT: "claim.accepted",
    ClaimAction.RETURN: "claim.returned",
    ClaimAction.WITHDRAW: "claim.withdrawn",
    ClaimAction.REOPEN: "claim.reopened",
    ClaimAction.REFRESH: "claim.refreshed",
}


async def record_step(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    claim: Claim,
    action: ClaimAction,
    *,
    opinion: str | None = None,
    summary: Summary | None = None,
) -> Claim:
    """Carry out one transition. Raises Conflict when the table of transitions does not list it."""
    before = ClaimState(claim.state)
    after = next_claim_state(before, action)
    claim.state, claim.changed_at = after.value, clock.now()
    if summary is not None:
        claim.roster_seq, claim.subjects = summary.roster_seq, summary.subjects
        claim.requested_fen = summary.requested_fen
    await add_decision(session, clock, principal, claim, action, before, opinion)
    await session.flush()  # so that a stale version is refused here, and the answer carries the new one
    return claim


async def add_decision(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    claim: Claim,
    action: ClaimAction,
    before: ClaimState | None,
    opinion: str | None,
) -> None:
    """Append the decision row, its audit entry and its event."""
    session.add(
        ClaimDecision(
            alliance=claim.alliance,
            owner=claim.owner,
            claim_id=claim.id,
            action=action.value,
            from_state=before.value if before else None,
            to_state=claim.state,
            actor=principal.subject,
            actor_name=principal.name,
            actor_role=principal.role.value,
            at=clock.now(),
            opinion=opinion,
            roster_seq=claim.roster_seq,
            subjects=claim.subjects,
            requested_fen=claim.requested_fen,
        )
    )
    states = ({"state": before.value} if before else None, {"state": claim.state})
    await audit(
        session,
        clock,
        principal,
        f"claim.{action.value}",
        "claim",
        claim.id,
        before=states[0],
        after=states[1],
        reason=opinion,
    )
    publish(
        session,
        clock,
        claim.alliance,
        EVENTS[action],
        object_kind="claim",
        object_id=claim.id,
        **audience_of(claim.owner),
        data={
            "year": claim.year,
            "rule": claim.rule,
            "owner": claim.owner,
            "collaboration": str(claim.collaboration) if claim.collaboration else None,
            "state": claim.state,
            "subjects": claim.subjects,
            "requested": yuan_text(claim.requested_fen),
        },
    )
