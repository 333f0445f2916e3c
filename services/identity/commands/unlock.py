"""Forget the failed attempts on a user name."""

from sqlalchemy import delete

from services.identity.keyring import Keyring
from services.identity.tables import Account, SignInGuard
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.principal import Principal


async def unlock(session: WriteSession, keyring: Keyring, alliance: str, username: str) -> None:
    """Lift a lock on a normalised user name; without one nothing happens."""
    own = delete(SignInGuard).where(SignInGuard.alliance == alliance)
    await session.execute(own.where(SignInGuard.name_digest == keyring.blind_name(username)))


async def unlock_account(
    session: WriteSession, clock: Clock, actor: Principal, keyring: Keyring, account: Account, *, reason: str
) -> None:
    """Lift the lock on an account before its time. Audited."""
    await unlock(session, keyring, account.alliance, account.username)
    await audit(session, clock, actor, "account.unlock", "account", account.id, reason=reason)
