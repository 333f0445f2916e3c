"""Whether a file was taken in before, so that taking it in again could change nothing and tell nothing new."""

from sqlalchemy import ColumnElement, Select, desc, func, or_, select

from services.kernel.database import AnySession
from services.kernel.principal import Principal
from services.subsidies.domain import ImportState, StoredRoster
from services.subsidies.tables import RosterImport

ENDED = (ImportState.DONE.value, ImportState.REFUSED.value)


async def same_file_waiting(session: AnySession, principal: Principal, roster: StoredRoster) -> RosterImport | None:
    """The very same file in the same mode, sent but not yet taken in."""
    waiting = (RosterImport.state == ImportState.QUEUED.value, RosterImport.mode == roster.mode.value)
    return (await session.scalars(_newest(principal, roster).where(*waiting))).one_or_none()


async def same_file_ended(session: AnySession, principal: Principal, roster: StoredRoster) -> RosterImport | None:
    """The newest import of the very same file that said what became of it, when no other changed these rosters since.

    An import that returned rows tells nothing about another mode.
    """
    clean = or_(RosterImport.rejected_rows == 0, RosterImport.mode == roster.mode.value)
    found = (
        await session.scalars(_newest(principal, roster).where(RosterImport.state.in_(ENDED), clean))
    ).one_or_none()
    if found is None:
        return None
    changed_later = (
        select(func.count())
        .select_from(RosterImport)
        .where(
            *_rosters(principal, roster),
            RosterImport.recorded_seq > found.standing_seq,
        )
    )
    return found if await session.scalar(changed_later) == 0 else None


def _rosters(principal: Principal, roster: StoredRoster) -> tuple[ColumnElement[bool], ...]:
    return (
        RosterImport.alliance == principal.alliance,
        RosterImport.owner == principal.owner,
        RosterImport.kind == roster.kind.value,
        RosterImport.year == roster.year,
    )


def _newest(principal: Principal, roster: StoredRoster) -> Select[RosterImport]:
    same = (*_rosters(principal, roster), RosterImport.sha256 == roster.sha256)
    return select(RosterImport).where(*same).order_by(desc(RosterImport.created_at)).limit(1)
