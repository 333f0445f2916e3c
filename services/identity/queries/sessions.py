"""Browsers that are signed in."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from services.identity.credentials import digest
from services.identity.domain import AccountState
from services.identity.tables import Account, LoginSession
from services.kernel.database import AnySession


async def live_session(
    session: AnySession, alliance: str, cookie: str, now: datetime, idle: timedelta
) -> tuple[LoginSession, Account] | None:
    """The login session of a cookie and its active account, unless it ended, rested too long or grew too old.

    Whatever its stage: the caller looks at `stage` before it trusts the session with more than the next question.
    """
    statement = (
        select(LoginSession, Account)
        .join(Account, (Account.alliance == LoginSession.alliance) & (Account.id == LoginSession.account_id))
        .options(joinedload(Account.person, innerjoin=True))
        .where(LoginSession.alliance == alliance, LoginSession.token_hash == digest(cookie))
        .where(LoginSession.ended_at.is_(None), LoginSession.expires_at > now, LoginSession.seen_at > now - idle)
        .where(Account.state == AccountState.ACTIVE)
    )
    row = (await session.execute(statement)).one_or_none()
    return (row[0], row[1]) if row else None


async def session_by_id(session: AnySession, alliance: str, session_id: UUID) -> LoginSession | None:
    """A login session, also one that ended or is over."""
    own = select(LoginSession).where(LoginSession.alliance == alliance, LoginSession.id == session_id)
    return (await session.scalars(own)).one_or_none()
