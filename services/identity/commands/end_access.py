"""End what an account or a session holds open: browsers and refresh tokens. Access tokens end by themselves soon."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import update

from services.identity.tables import LoginSession, RefreshToken
from services.kernel.database import WriteSession


async def end_access_of_account(session: WriteSession, alliance: str, account_id: UUID, now: datetime) -> None:
    """Sign the account out everywhere."""
    sessions = update(LoginSession).where(LoginSession.alliance == alliance, LoginSession.account_id == account_id)
    await session.execute(sessions.where(LoginSession.ended_at.is_(None)).values(ended_at=now))
    tokens = update(RefreshToken).where(RefreshToken.alliance == alliance, RefreshToken.account_id == account_id)
    await session.execute(tokens.where(RefreshToken.revoked_at.is_(None)).values(revoked_at=now))


async def end_access_of_session(session: WriteSession, alliance: str, session_id: UUID, now: datetime) -> None:
    """Sign one browser out, and the clients that it signed in to."""
    own = update(LoginSession).where(LoginSession.alliance == alliance, LoginSession.id == session_id)
    await session.execute(own.values(ended_at=now))
    tokens = update(RefreshToken).where(RefreshToken.alliance == alliance, RefreshToken.session_id == session_id)
    await session.execute(tokens.where(RefreshToken.revoked_at.is_(None)).values(revoked_at=now))
