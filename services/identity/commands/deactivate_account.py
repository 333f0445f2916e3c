"""Deactivate an account: it stays for the record and can no longer be used."""

from services.identity.commands.end_access import end_sessions
from services.identity.commands.invite import revoke_invitations
from services.identity.domain import AccountState
from services.identity.tables import Account
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import Forbidden
from services.kernel.principal import Principal


async def deactivate_account(
    session: WriteSession, clock: Clock, actor: Principal, account: Account, *, reason: str | None = None
) -> None:
    """Deactivate a locked account and sign it out everywhere; twice is no error. Raises Forbidden for oneself."""
    if actor.subject == str(account.id):
        raise Forbidden("不能停用自己的账号，请由另一位系统管理员办理。", code="own_account")
    if account.state == AccountState.DEACTIVATED:
        return
    before, after = {"state": account.state}, {"state": AccountState.DEACTIVATED.value}
    account.state = AccountState.DEACTIVATED.value
    account.changed(clock.now())
    await revoke_invitations(session, account, clock.now())
    await end_sessions(session, clock, actor.alliance, account_id=account.id)
    await audit(
        session, clock, actor, "account.deactivate", "account", account.id, before=before, after=after, reason=reason
    )
