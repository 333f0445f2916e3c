"""The sessions of an account that are still good for something, for their owner and for who may end them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, func, or_, select

from services.identity.tables import LoginSession, Post, RefreshToken
from services.kernel.database import AnySession


@dataclass(frozen=True)
class OpenSession:
    """A session, its post, and when somebody last used it or a token of it."""

    login: LoginSession
    post: Post | None
    last_seen_at: datetime
    expires_at: datetime


async def open_sessions(session: AnySession, alliance: str, account_id: UUID, now: datetime) -> list[OpenSession]:
    """Sessions that nobody ended and that live, or whose tokens may still be refreshed; the last used first."""
    living = and_(RefreshToken.revoked_at.is_(None), RefreshToken.expires_at > now)
    tokens = (
        select(
            RefreshToken.session_id,
            func.max(RefreshToken.issued_at).label("issued_at"),
            func.max(RefreshToken.expires_at).label("expires_at"),
        )
        .where(RefreshToken.alliance == alliance, RefreshToken.account_id == account_id, living)
        .group_by(RefreshToken.session_id)
        .subquery()
    )
    seen = func.greatest(LoginSession.seen_at, tokens.c.issued_at)
    statement = (
        select(LoginSession, Post, seen, func.greatest(LoginSession.expires_at, tokens.c.expires_at))
        .outerjoin(Post, and_(Post.alliance == LoginSession.alliance, Post.id == LoginSession.post_id))
        .outerjoin(tokens, tokens.c.session_id == LoginSession.id)
        .where(LoginSession.alliance == alliance, LoginSession.account_id == account_id)
        .where(LoginSession.ended_at.is_(None), LoginSession.stage == "complete")
        .where(or_(LoginSession.expires_at > now, tokens.c.session_id.is_not(None)))
        .order_by(seen.desc(), LoginSession.id)
    )
    return [OpenSession(*row) for row in (await session.execute(statement)).all()]
