"""Forget a lost second factor, so that its owner sets up another at the next sign-in."""

from sqlalchemy import delete

from services.identity.commands.end_access import end_sessions
from services.identity.tables import Account, RecoveryCode
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.principal import Principal


async def reset_second_factor(
    session: WriteSession, clock: Clock, actor: Principal, account: Account, *, reason: str
) -> None:
    """Forget a locked account's secret and recovery codes, and sign it out everywhere. Audited."""
    before = {"second_factor": account.totp_confirmed_at is not None}
    account.totp_secret = account.totp_confirmed_at = account.totp_last_step = None
    account.changed(clock.now())
    codes = delete(RecoveryCode).where(RecoveryCode.alliance == account.alliance)
    await session.execute(codes.where(RecoveryCode.account_id == account.id))
    await end_sessions(session, clock, account.alliance, account_id=account.id)
    after = {"second_factor": False}
    await audit(
        session,
        clock,
        actor,
        "account.second_factor_reset",
        "account",
        account.id,
        before=before,
        after=after,
        reason=reason,
    )
