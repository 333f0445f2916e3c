"""Confirm a computed settlement: the determination of the year, once."""

from collections.abc import Awaitable, Callable

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict
from services.kernel.outbox import publish
from services.kernel.principal import Principal
from services.subsidies.clients.registry import Latest
from services.subsidies.domain import SettlementAction, SettlementState, next_settlement_state
from services.subsidies.queries.pinned import Pinned, changed_inputs
from services.subsidies.queries.policy import current_policy
from services.subsidies.queries.settlements import is_year_confirmed
from services.subsidies.rosters.storing import next_sequence
from services.subsidies.tables import Settlement

NewestRegistry = Callable[[], Awaitable[Latest]]


async def confirm_settlement(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    settlement: Settlement,
    opinion: str | None,
    newest_registry: NewestRegistry,
) -> Settlement:
    """Raises Conflict when the year is confirmed already, or when what was settled has changed since.

    Under the lock on the roster number no import and no confirmation of another year, which would pay what this one
    pays, comes between the comparison and the commit.
    """
    after = next_settlement_state(SettlementState(settlement.state), SettlementAction.CONFIRM)
    registry = await newest_registry()
    await next_sequence(session, principal.alliance)
    if await is_year_confirmed(session, settlement.alliance, settlement.year):
        raise Conflict(
            f"{settlement.year} 年度已有确认的结算，一个年度只能确认一次。", code="settlement_year_confirmed"
        )
    policy = await current_policy(session, principal.alliance)
    changed = await changed_inputs(session, Pinned.from_json(settlement.pins or {}), policy, registry.facts.version)
    if changed:
        raise Conflict(f"计算之后{'、'.join(changed)}有变动，请重新结算后再确认。", code="settlement_outdated")
    settlement.state = after.value
    settlement.confirmed_at = clock.now()
    settlement.confirmed_by, settlement.confirmed_by_name = principal.subject, principal.name
    settlement.opinion = opinion
    after_json = {"state": after.value, "hash": settlement.hash}
    await audit(
        session,
        clock,
        principal,
        "settlement.confirm",
        "settlement",
        settlement.id,
        before={"state": SettlementState.COMPUTED.value},
        after=after_json,
        reason=opinion,
    )
    publish(
        session,
        clock,
        settlement.alliance,
        "settlement.confirmed",
        object_kind="settlement",
        object_id=settlement.id,
        data={"year": settlement.year, "state": after.value},
    )
    await session.flush()  # so that a second confirmation of the year is refused here
    return settlement
