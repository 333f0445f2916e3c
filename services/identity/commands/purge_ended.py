"""Delete what ended long ago; the audit log keeps what happened."""

from datetime import datetime, timedelta

from sqlalchemy import delete, or_

from services.identity.settings import IdentitySettings
from services.identity.tables import AuthorizationCode, LoginSession, RefreshToken, SignInGuard
from services.kernel.database import WriteSession

KEPT = timedelta(days=7)


async def purge_ended(session: WriteSession, alliance: str, now: datetime, settings: IdentitySettings) -> None:
    """Delete codes, refresh tokens and sessions a week after their end, and guards that no longer count."""
    before = now - KEPT
    of_codes = AuthorizationCode.alliance == alliance
    await session.execute(delete(AuthorizationCode).where(of_codes, AuthorizationCode.expires_at < before))
    of_tokens = RefreshToken.alliance == alliance
    await session.execute(delete(RefreshToken).where(of_tokens, RefreshToken.expires_at < before))
    of_sessions = LoginSession.alliance == alliance
    await session.execute(delete(LoginSession).where(of_sessions, LoginSession.expires_at < before))
    forgotten = or_(SignInGuard.last_failed_at.is_(None), SignInGuard.last_failed_at < now - 2 * settings.lock_time)
    await session.execute(delete(SignInGuard).where(SignInGuard.alliance == alliance, forgotten))
