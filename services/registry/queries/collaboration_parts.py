"""Who takes part in which collaborations, as host, lead or participant."""

from datetime import date
from typing import Any

from sqlalchemy import select, union
from sqlalchemy.orm import aliased

from services.kernel.history import at
from services.kernel.tenancy import Scope
from services.registry.tables import Collaboration, Participant


def with_part(scope: Scope, members: Any, as_of: date | None) -> Any:
    """The ids of collaborations in which one of the members has a part, each branch by its own index."""
    hosted, led = (aliased(Collaboration) if as_of is None else at(Collaboration, as_of) for _ in range(2))
    participant = at(Participant, as_of)
    return union(
        select(hosted.id).where(hosted.alliance == scope.alliance, hosted.host_member.in_(members)),
        select(led.id).where(led.alliance == scope.alliance, led.lead_member.in_(members)),
        select(participant.collaboration).where(
            participant.alliance == scope.alliance, participant.member.in_(members)
        ),
    )
