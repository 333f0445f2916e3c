"""Deactivate an account: it stays for the record and can no longer be used."""

from services.identity.commands.end_access import end_sessions
from services.identity.domain import AccountState
from services.identity.queries import get_account
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.principal import Principal


async def deactivate_account(
    session: WriteSession, clock: Clock, actor: Principal, username: str, *, reason: str | None = None
) -> None:
    """Deactivate and sign out everywhere; to do so twice is no error. Raises AccountUnknown."""
    account = await get_account(session, actor.alliance, username)
    if account.state == AccountState.DEACTIVATED:
        return
    before, after = {"state": account.state}, {"state": AccountState.DEACTIVATED.value}
    account.state = AccountState.DEACTIVATED.value
    account.changed(clock.now())
    await end_sessions(session, clock, actor.alliance, account_id=account.id)
    await audit(
        session, clock, actor, "account.deactivate", "account", account.id, before=before, after=after, reason=reason
    )
