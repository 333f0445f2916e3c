"""Count wrong passwords and wrong codes, both on the typed user name, so that neither can be guessed at leisure.

The failure that locks a name also ends whatever its account holds open: a locked account works nowhere.
"""

from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.identity.actors import identity_itself
from services.identity.commands.end_sessions_of import end_sessions_of
from services.identity.domain import Guard, Outcome, judge
from services.identity.tables import Account, SignInGuard
from services.identity.tools import SignInTools
from services.kernel.database import WriteSession

LOCKED_OUT: Final = "连续失败锁定"
"""The reason in the audit log for the end of the sessions."""


async def lock_guard(session: WriteSession, alliance: str, name: bytes) -> SignInGuard:
    """The guard's row of a blinded name, locked, so that guesses sent at the same time are counted one by one.

    It is the first row to be locked: whoever holds it may be about to end every session of the account. What a caller
    noted on its own session is written at the end of the transaction.
    """
    fresh = insert(SignInGuard).values(alliance=alliance, name_digest=name, failures=0)
    own = select(SignInGuard).where(SignInGuard.alliance == alliance, SignInGuard.name_digest == name)
    await session.execute(fresh.on_conflict_do_nothing())
    return (await session.scalars(own.with_for_update())).one()


async def count(
    session: WriteSession,
    tools: SignInTools,
    row: SignInGuard,
    account: Account | None,
    *,
    right: bool,
    last_step: bool,
) -> Outcome:
    """Judge one attempt and note it; the caller answers a refusal without raising, or nothing of this would stay.

    Only the last step of a sign-in forgets the failures before it. Otherwise whoever knows the password could guess a
    few codes, give the password again, and guess on.
    """
    before, now = Guard(row.failures, row.last_failed_at, row.locked_until), tools.clock.now()
    limit, lock = tools.settings.failures_before_lock, tools.settings.lock_time
    active = account is not None and account.active
    outcome, after = judge(before, right=right, active=active, now=now, limit=limit, lock=lock)
    if outcome is Outcome.ACCEPTED and not last_step:
        after = before.current(now, lock)
    row.failures, row.last_failed_at, row.locked_until = after.failures, after.last_failed_at, after.locked_until
    if account is not None and after.locked(now) and not before.locked(now):
        await end_sessions_of(session, tools.clock, identity_itself(row.alliance), account, reason=LOCKED_OUT)
    return outcome
