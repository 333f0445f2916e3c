"""What was done to collaborations, audited and told in one go when all of it is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.principal import Principal
from services.registry.commands.telling import divisions_of, publish_collaboration
from services.registry.tables import Collaboration


@dataclass(frozen=True)
class Done:
    """What was done to one collaboration; `concerned` take part in it, or did so before."""

    verb: Literal["create", "update", "remove"]
    collaboration: Collaboration
    concerned: set[UUID]
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


async def tell_done(
    session: WriteSession, clock: Clock, principal: Principal, done: Sequence[Done], reason: str | None
) -> None:
    """Audit and publish what was done, in its order; what is no change is not told."""
    told_of = [one for one in done if one.before != one.after]
    if not told_of:
        return
    concerned = [(one.collaboration, one.concerned) for one in told_of]
    divisions = await divisions_of(session, principal.alliance, concerned)
    for one in told_of:
        found = one.collaboration
        told = {"before": one.before, "after": one.after, "reason": reason}
        await audit(session, clock, principal, f"collaboration.{one.verb}", "collaboration", found.id, **told)  # type: ignore[arg-type]
        publish_collaboration(session, clock, found, one.concerned, divisions, f"collaboration.{one.verb}d")
