"""Sign somebody out everywhere, or one of one's own browsers."""

from uuid import UUID

from services.identity.commands.end_access import end_sessions
from services.identity.domain import SessionUnknown
from services.identity.queries.login_sessions import open_sessions
from services.identity.tables import Account
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.principal import Principal


async def end_sessions_of(
    session: WriteSession, clock: Clock, actor: Principal, account: Account, *, reason: str
) -> int:
    """End every session of an account; returns how many. Audited."""
    ended = await end_sessions(session, clock, account.alliance, account_id=account.id)
    after = {"sessions_ended": ended}
    await audit(session, clock, actor, "account.sign_out", "account", account.id, after=after, reason=reason)
    return ended


async def end_own_session(session: WriteSession, clock: Clock, caller: Principal, session_id: UUID) -> None:
    """End one of the caller's own sessions. Raises SessionUnknown."""
    account_id = UUID(caller.subject)
    own = await open_sessions(session, caller.alliance, account_id, clock.now())
    if session_id not in {one.login.id for one in own}:
        raise SessionUnknown("没有这个登录，可能已经退出，请刷新后再看。")
    await end_sessions(session, clock, caller.alliance, session_id=session_id, account_id=account_id)
    await audit(session, clock, caller, "session.end", "session", session_id)
