"""Count wrong passwords and wrong codes, both on the typed user name, so that neither can be guessed at leisure."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.identity.domain import Guard, Outcome, judge
from services.identity.settings import IdentitySettings
from services.identity.tables import SignInGuard
from services.kernel.clock import Clock
from services.kernel.database import WriteSession


async def lock_guard(session: WriteSession, alliance: str, name: bytes) -> SignInGuard:
    """The guard's row of a blinded name, locked, so that guesses sent at the same time are counted one by one."""
    fresh = insert(SignInGuard).values(alliance=alliance, name_digest=name, failures=0)
    await session.execute(fresh.on_conflict_do_nothing())
    own = select(SignInGuard).where(SignInGuard.alliance == alliance, SignInGuard.name_digest == name)
    return (await session.scalars(own.with_for_update())).one()


def count(
    row: SignInGuard, clock: Clock, settings: IdentitySettings, *, right: bool, active: bool, last_step: bool
) -> Outcome:
    """Judge one attempt and note it. Only the last step of a sign-in forgets the failures before it.

    Otherwise whoever knows the password could guess a few codes, give the password again, and guess on.
    """
    before = Guard(row.failures, row.last_failed_at, row.locked_until)
    now = clock.now()
    limit, lock = settings.failures_before_lock, settings.lock_time
    outcome, after = judge(before, right=right, active=active, now=now, limit=limit, lock=lock)
    if outcome is Outcome.ACCEPTED and not last_step:
        after = before.current(now, lock)
    row.failures, row.last_failed_at, row.locked_until = after.failures, after.last_failed_at, after.locked_until
    return outcome
