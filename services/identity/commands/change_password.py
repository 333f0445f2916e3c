"""Change one's own password, with the present one as proof."""

from uuid import UUID

from services.identity.commands.end_access import end_sessions
from services.identity.commands.guard_sign_in import count, lock_guard
from services.identity.commands.locks import lock_account
from services.identity.domain import Outcome
from services.identity.queries import get_account_by_id
from services.identity.tables import Account
from services.identity.tools import SignInTools
from services.kernel.audit import audit
from services.kernel.database import WriteSession
from services.kernel.principal import Principal


async def change_password(
    session: WriteSession, tools: SignInTools, caller: Principal, current: str, new: str
) -> Outcome:
    """Verify the present password, counted like a sign-in, and replace it; every other session ends. Audited.

    The new one has been judged already: a refusal must leave the count behind, so this raises nothing for it.
    """
    username = (await get_account_by_id(session, caller.alliance, UUID(caller.subject))).username
    guard = await lock_guard(session, caller.alliance, tools.keyring.blind_name(username))
    account = await lock_account(session, caller.alliance, UUID(caller.subject))  # after the guard, as at sign-in
    right = await tools.passwords.verify(account.password_hash, current)
    last = account.totp_confirmed_at is None  # the password alone does not forget wrong codes
    outcome = await count(session, tools, guard, account, right=right, last_step=last)
    if outcome is Outcome.ACCEPTED:
        await _replace(session, tools, caller, account, new)
    else:
        action, reason = "account.change_password_refused", outcome.value
        await audit(session, tools.clock, caller, action, "account", account.id, reason=reason)
    return outcome


async def _replace(session: WriteSession, tools: SignInTools, caller: Principal, account: Account, new: str) -> None:
    now = tools.clock.now()
    account.password_hash, account.password_set_at = await tools.passwords.hash(new), now
    account.changed(now)
    keep = UUID(caller.session_id) if caller.session_id else None
    ended = await end_sessions(session, tools.clock, account.alliance, account_id=account.id, keep=keep)
    after = {"sessions_ended": ended}
    await audit(session, tools.clock, caller, "account.change_password", "account", account.id, after=after)
