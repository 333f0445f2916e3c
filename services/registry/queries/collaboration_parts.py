"""Who takes part in which collaborations, as host, lead or participant: as a set of ids, or as a condition on a row."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, or_, select, union, union_all
from sqlalchemy.orm import aliased

from services.kernel import search
from services.kernel.database import AnySession
from services.kernel.history import at
from services.kernel.tenancy import Scope
from services.registry.tables import Collaboration, Participant

Members = Sequence[UUID] | Select[UUID]
"""Some members: their ids, or the statement that selects them."""


def with_part(scope: Scope, members: Members, as_of: date | None) -> Any:
    """The ids of collaborations in which one of the members has a part, each branch by its own index."""
    return union(*_branches(scope, members, as_of))


async def looked_up(session: AnySession, scope: Scope, members: Members) -> list[UUID] | None:
    """The same ids of today, read beforehand; None when there are more than a page should be picked from by id."""
    ids = union_all(*_branches(scope, members, None)).subquery()
    # A collaboration comes once for each part that its members have, so a few more rows than ids are read.
    rows = (await session.scalars(select(ids.c.id).limit(2 * search.MOST_FOUND + 1))).all()
    found = list(dict.fromkeys(rows))
    return found if len(rows) <= 2 * search.MOST_FOUND and len(found) <= search.MOST_FOUND else None


def takes_part(table: type[Collaboration], members: Members) -> ColumnElement[bool]:
    """The condition of one row of today, for a list that is read in its order until a page is full."""
    participates = exists().where(
        Participant.alliance == table.alliance,
        Participant.collaboration == table.id,
        Participant.member.in_(members),
    )
    return or_(table.host_member.in_(members), table.lead_member.in_(members), participates)


def _branches(scope: Scope, members: Members, as_of: date | None) -> list[Select[UUID]]:
    hosted, led = (aliased(Collaboration) if as_of is None else at(Collaboration, as_of) for _ in range(2))
    participant = at(Participant, as_of)
    return [
        select(hosted.id.label("id")).where(hosted.alliance == scope.alliance, hosted.host_member.in_(members)),
        select(led.id).where(led.alliance == scope.alliance, led.lead_member.in_(members)),
        select(participant.collaboration).where(
            participant.alliance == scope.alliance, participant.member.in_(members)
        ),
    ]
