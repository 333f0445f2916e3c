"""For whom a token speaks when a person signed in: somebody at work in a post, by one login session."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.identity.queries import HeldPost, held_posts
from services.identity.tables import LoginSession, Post
from services.kernel.permissions import Role


@dataclass(frozen=True)
class Subject:
    """What Authlib calls the user: the post as it is held now, and the session in which it was chosen."""

    held: HeldPost
    login: LoginSession

    @property
    def role(self) -> Role:
        return self.held.role

    @property
    def account_id(self) -> UUID:
        return self.held.account.id

    @property
    def claims(self) -> dict[str, Any]:
        """What an access token says of the person, beside the post: by which session, proved how (RFC 8176)."""
        return {**self.held.claims, "sid": str(self.login.id), "amr": list(self.login.amr)}


def subject_of(
    session: Session, alliance: str, session_id: UUID, post_id: UUID, today: date, *, practice: bool
) -> Subject | None:
    """The person of a complete session that nobody ended, while the account is active and the post is held today.

    Whether the session rested too long or grew too old is the caller's question: it differs by what is asked for.
    """
    open_one = select(LoginSession).where(LoginSession.alliance == alliance, LoginSession.id == session_id)
    login = session.scalars(open_one.where(LoginSession.ended_at.is_(None))).one_or_none()
    if login is None or login.stage != "complete":
        return None
    held = held_posts(alliance, login.account_id, today).where(Post.id == post_id)
    for account, post, until_date in session.execute(held):
        return Subject(HeldPost(account, post, practice, until_date), login)
    return None
