"""Where somebody worked last."""

from uuid import UUID

from sqlalchemy import select

from services.identity.tables import LoginSession
from services.kernel.database import AnySession


async def last_choice(session: AnySession, alliance: str, account_id: UUID) -> tuple[UUID, bool] | None:
    """The post, and whether in practice, of the session that was used last; None before the first, or long ago."""
    own = select(LoginSession.post_id, LoginSession.practice).where(LoginSession.alliance == alliance)
    chosen = own.where(LoginSession.account_id == account_id, LoginSession.post_id.is_not(None))
    row = (await session.execute(chosen.order_by(LoginSession.seen_at.desc(), LoginSession.id).limit(1))).one_or_none()
    return (row.post_id, row.practice) if row and row.post_id else None
