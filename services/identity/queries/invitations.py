"""The links by which somebody sets a password."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select

from services.identity.credentials import digest
from services.identity.domain import AccountState
from services.identity.queries.accounts import account_by_id
from services.identity.tables import Account, Invitation
from services.kernel.database import WriteSession


async def standing_invitation(
    session: WriteSession, alliance: str, token: str, now: datetime
) -> tuple[Invitation, Account] | None:
    """The invitation of a link and its account, locked, unless it was used, revoked or is over.

    None, too, for an account that was deactivated after it was invited.
    """
    return await _standing(session, alliance, Invitation.token_hash == digest(token), now)


async def standing_invitation_by_id(
    session: WriteSession, alliance: str, invitation_id: UUID, now: datetime
) -> tuple[Invitation, Account] | None:
    """As `standing_invitation`, for somebody who followed the link and comes back from his unit's own sign-in."""
    return await _standing(session, alliance, Invitation.id == invitation_id, now)


async def _standing(
    session: WriteSession, alliance: str, which: ColumnElement[bool], now: datetime
) -> tuple[Invitation, Account] | None:
    own = select(Invitation).where(Invitation.alliance == alliance, which)
    standing = own.where(Invitation.used_at.is_(None), Invitation.revoked_at.is_(None), Invitation.expires_at > now)
    invitation = (await session.scalars(standing.with_for_update())).one_or_none()
    account = await account_by_id(session, alliance, invitation.account_id) if invitation else None
    if invitation is None or account is None or account.state == AccountState.DEACTIVATED:
        return None
    return invitation, account
