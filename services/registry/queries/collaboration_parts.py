"""Who takes part in which collaborations, as host, lead or participant: as a set of ids, or as a condition on a row."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Select, Uuid, any_, cast, exists, or_, select, union, union_all
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


def takes_part(table: type[Collaboration], members: Members, as_of: date | None = None) -> ColumnElement[bool]:
    """The condition of one row, for a few rows or a list that is read in its order until a page is full."""
    participant = at(Participant, as_of)
    participates = exists().where(
        participant.alliance == table.alliance,
        participant.collaboration == table.id,
        _one_of(participant.member, members),
    )
    return or_(_one_of(table.host_member, members), _one_of(table.lead_member, members), participates)


async def looked_up(session: AnySession, scope: Scope, members: Members, as_of: date | None) -> list[UUID] | None:
    """The ids of `with_part`, read beforehand; None when today's are more than a page should be picked from by id.

    Of another day they are always read: its rows are put together from the history, once here and not for each row.
    """
    if as_of is None:
        every = union_all(*_branches(scope, members, None)).subquery()
        # A collaboration comes once for each part that its members have, so there are more rows than ids.
        return await search.few(session, select(every.c.id), 2 * search.MOST_FOUND)
    if isinstance(members, Select):
        members = list(await session.scalars(members))
    return list(await session.scalars(with_part(scope, members, as_of)))


def _branches(scope: Scope, members: Members, as_of: date | None) -> list[Select[UUID]]:
    hosted, led = (aliased(Collaboration) if as_of is None else at(Collaboration, as_of) for _ in range(2))
    participant = at(Participant, as_of)
    return [
        select(hosted.id).where(hosted.alliance == scope.alliance, _one_of(hosted.host_member, members)),
        select(led.id).where(led.alliance == scope.alliance, _one_of(led.lead_member, members)),
        select(participant.collaboration).where(
            participant.alliance == scope.alliance, _one_of(participant.member, members)
        ),
    ]


def _one_of(column: Any, members: Members) -> ColumnElement[bool]:
    if isinstance(members, Select):
        return column.in_(members)  # type: ignore[no-any-return]
    return column == any_(cast(list(members), ARRAY(Uuid)))  # type: ignore[no-any-return]
