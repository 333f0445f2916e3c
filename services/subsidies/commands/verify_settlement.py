"""Verify a settlement: compute it again from its pins, and hash what is stored again."""

from dataclasses import dataclass

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict
from services.kernel.principal import Principal
from services.subsidies.clients.registry import RegistryClient
from services.subsidies.commands.compute_settlement import settle_inputs
from services.subsidies.queries.facts import Inputs
from services.subsidies.queries.lines import stored_lines
from services.subsidies.queries.settlements import inputs_of
from services.subsidies.rules.pins import settlement_hash
from services.subsidies.tables import Settlement


@dataclass(frozen=True)
class Verification:
    """The hash kept with the settlement, that of a computation made now, and that of the stored lines."""

    kept: str
    recomputed: str
    stored_lines: str
    lines: int

    @property
    def matches(self) -> bool:
        return self.kept == self.recomputed == self.stored_lines


async def verify_settlement(
    session: WriteSession, clock: Clock, principal: Principal, registry: RegistryClient, settlement: Settlement
) -> Verification:
    """Raises Conflict for a settlement that was not computed."""
    if settlement.hash is None:
        raise Conflict("这次结算还没有算出结果，不能复核。", code="settlement_not_computed")
    inputs: Inputs = await inputs_of(session, registry, settlement)
    _, settled = await settle_inputs(session, inputs)
    stored = await stored_lines(session, settlement)
    pins = inputs.pinned.pins
    result = Verification(
        settlement.hash, settlement_hash(pins, settled.lines), settlement_hash(pins, stored), stored.height
    )
    after = {"matches": result.matches, "recomputed": result.recomputed, "stored_lines": result.stored_lines}
    await audit(session, clock, principal, "settlement.verify", "settlement", settlement.id, after=after)
    return result
