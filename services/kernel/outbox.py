"""Outbox: what changed, written in the transaction of the change, for the exchange service to collect."""

from typing import Any, Final, TypedDict
from uuid import UUID

from sqlalchemy import RowMapping, select

from services.kernel import context
from services.kernel.clock import Clock
from services.kernel.database import ReadSession, WriteSession
from services.kernel.ids import new_id
from services.kernel.shared_tables import outbox_event

OFFICE_ONLY: Final = "-"
"""Given as `division`: no county and no unit sees the event, only the secretariat."""


class Audience(TypedDict):
    """Who beside the secretariat may see an event."""

    division: str | None
    member: UUID | None


def audience_of(owner: str) -> Audience:
    """The audience of what belongs to an owner (`Principal.owner`): its county or its unit, and nobody else."""
    kind, _, code = owner.partition(":")
    if kind == "division":
        return Audience(division=code, member=None)
    if kind == "member":
        return Audience(division=None, member=UUID(code))
    return Audience(division=OFFICE_ONLY, member=None)


def publish(
    session: WriteSession,
    clock: Clock,
    alliance: str,
    event: str,
    *,
    object_kind: str,
    object_id: UUID | str | int,
    division: str | None = None,
    member: UUID | None = None,
    data: dict[str, Any],
) -> None:
    """Tell a change: `event` is `<object>.<past participle>`, `data` holds ids, codes, states, sums, no personal data.

    Beside the secretariat it is for the county `division` and the unit `member`; for everybody when both are None;
    for nobody else with `OFFICE_ONLY` as division.
    """
    session.write_last(
        outbox_event,
        {
            "alliance": alliance,
            "id": new_id(),
            "at": clock.now(),
            "type": event,
            "object_kind": object_kind,
            "object_id": str(object_id),
            "division": division,
            "member": member,
            "data": data,
            "request_id": context.request_id.get(),
        },
    )


async def events_after(session: ReadSession, alliance: str, after: int, limit: int) -> list[RowMapping]:
    """The next events in the order of their numbers; none that is committed later has a number below these."""
    own = (outbox_event.c.alliance == alliance, outbox_event.c.seq > after)
    statement = select(outbox_event).where(*own).order_by(outbox_event.c.seq).limit(limit)
    return list((await session.execute(statement)).mappings().all())
