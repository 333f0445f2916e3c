"""Delete what ended long ago; the audit log keeps what happened."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, delete, or_, select, text

from services.identity.queries.alliances import all_alliances
from services.identity.settings import IdentitySettings
from services.identity.tables import (
    AuthorizationCode,
    ClientAssertion,
    FederationAttempt,
    Invitation,
    LoginSession,
    RefreshToken,
    Revocation,
    SignInGuard,
)
from services.kernel.clock import Clock
from services.kernel.database import Database, WriteSession

KEPT: Final = timedelta(days=7)
ONE_AT_A_TIME: Final = text("SELECT pg_try_advisory_xact_lock(hashtext('identity purge'))")


async def purge_everywhere(database: Database, clock: Clock, settings: IdentitySettings) -> None:
    """Purge every alliance, each in its own transaction; what another process purges just now is left to it."""
    async with database.read(settings.hub.alliance_default) as session:
        alliances = [row.alliance for row in await all_alliances(session)]
    for alliance in alliances or [settings.hub.alliance_default]:
        async with database.write(alliance) as session:
            if await session.scalar(ONE_AT_A_TIME):
                await purge_ended(session, alliance, clock.now(), settings)


async def purge_ended(session: WriteSession, alliance: str, now: datetime, settings: IdentitySettings) -> None:
    """Delete what ended a week ago, guards that no longer count, and revocations and assertions that no token outlives.

    A session stays as long as one of its refresh tokens may still be used: its owner must be able to end it.
    """
    before = now - KEPT
    codes = AuthorizationCode.alliance == alliance
    await session.execute(delete(AuthorizationCode).where(codes, AuthorizationCode.expires_at < before))
    tokens = RefreshToken.alliance == alliance
    await session.execute(delete(RefreshToken).where(tokens, RefreshToken.expires_at < before))
    await session.execute(delete(LoginSession).where(LoginSession.alliance == alliance, _session_over(now, before)))
    attempts = FederationAttempt.alliance == alliance
    await session.execute(delete(FederationAttempt).where(attempts, FederationAttempt.expires_at < before))
    invitations = Invitation.alliance == alliance
    await session.execute(delete(Invitation).where(invitations, Invitation.expires_at < before))
    forgotten = or_(SignInGuard.last_failed_at.is_(None), SignInGuard.last_failed_at < now - 2 * settings.lock_time)
    await session.execute(delete(SignInGuard).where(SignInGuard.alliance == alliance, forgotten))
    await session.execute(delete(ClientAssertion).where(ClientAssertion.expires_at < now))
    await session.execute(delete(Revocation).where(Revocation.expires_at < now))


def _session_over(now: datetime, before: datetime) -> ColumnElement[bool]:
    living = select(RefreshToken.token_hash).where(
        RefreshToken.alliance == LoginSession.alliance,
        RefreshToken.session_id == LoginSession.id,
        RefreshToken.revoked_at.is_(None),
        RefreshToken.expires_at > now,
    )
    old = or_(LoginSession.expires_at < before, LoginSession.ended_at < before)
    return and_(old, ~living.exists())
