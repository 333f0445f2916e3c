"""Hand over what is open from one member to another: a merger, or the heir of a member that was split.

Each room that points at members offers `commands/<room>_transfer.py` with
`transfer(session, from_member, to_member) -> int` and stands in `TRANSFERS`. Both are `Member` rows of one alliance,
changed in this transaction: their `updated_at` is now. It moves what is open and counts it, from the session's
effective day on; what is over stays with whom it was. What it moves, its `touched_by` (`queries/touches.py`) shows.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from services.kernel.database import WriteSession
from services.registry.commands import (
    agreements_transfer,
    collaboration_transfer,
    coverage_transfer,
    governance_transfer,
    member_contact_transfer,
    recognition_transfer,
    teaching_transfer,
)
from services.registry.tables import Member

Transfer = Callable[[WriteSession, Member, Member], Awaitable[int]]

TRANSFERS: Final[tuple[Transfer, ...]] = (
    collaboration_transfer.transfer,
    recognition_transfer.transfer,
    agreements_transfer.transfer,
    member_contact_transfer.transfer,
    governance_transfer.transfer,
    coverage_transfer.transfer,
    teaching_transfer.transfer,
)


async def transfer_everything(session: WriteSession, from_member: Member, to_member: Member) -> int:
    """Move what every room has open; returns how many things that were."""
    return sum([await transfer(session, from_member, to_member) for transfer in TRANSFERS])
