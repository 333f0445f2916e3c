"""Set a new password."""

from services.identity.commands.end_access import end_sessions
from services.identity.commands.unlock import unlock
from services.identity.domain import AccountState, refuse
from services.identity.keyring import Keyring
from services.identity.password_rules import password_issues
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
    account.password_set_at = now
    if account.state == AccountState.INVITED:
        account.state = AccountState.ACTIVE
    account.changed(now)
    await unlock(session, keyring, actor.alliance, account.username)
    await end_sessions(session, clock, actor.alliance, account_id=account.id)
    await audit(session, clock, actor, "account.set_password", "account", account.id)
