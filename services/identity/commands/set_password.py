"""Set a new password."""

from services.identity.commands.end_access import end_access_of_account
from services.identity.commands.unlock import unlock
from services.identity.domain import password_issues, refuse
from services.identity.keyring import Keyring
from services.identity.passwords import Passwords
from services.identity.queries import get_account
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.principal import Principal


async def set_password(
    session: WriteSession,
    clock: Clock,
    actor: Principal,
    passwords: Passwords,
    keyring: Keyring,
    username: str,
    password: str,
) -> None:
    """Replace the password, lift a lock, and sign the account out everywhere. Raises AccountUnknown, InvalidInput."""
    account = await get_account(session, actor.alliance, username)
    refuse(password_issues(account.username, password))
    now = clock.now()
    account.password_hash = await passwords.hash(password)
    account.password_set_at = account.updated_at = now
    await unlock(session, keyring, actor.alliance, account.username)
    await end_access_of_account(session, actor.alliance, account.id, now)
    await audit(session, clock, actor, "account.set_password", "account", account.id)
