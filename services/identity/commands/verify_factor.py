"""Take a one-time password or a recovery code; each serves once, and wrong ones count with wrong passwords."""

from sqlalchemy import ColumnElement, func, select, update

from services.identity.actors import account_holder, identity_itself
from services.identity.commands.guard_sign_in import count, lock_guard
from services.identity.domain import Outcome
from services.identity.second_factor import CODE, SEVERAL, accepted_step, looks_like_recovery_code, normalise_code
from services.identity.tables import Account, RecoveryCode
from services.identity.tools import SignInTools
from services.kernel.audit import audit
from services.kernel.database import AnySession, WriteSession
from services.kernel.principal import Principal


async def verify_factor(
    session: WriteSession, tools: SignInTools, account: Account, typed: str, *, actor: Principal | None = None
) -> tuple[Outcome, list[str]]:
    """Try once. Returns how it ended and, when the code was right, what it adds to the session's `amr`.

    `actor` is the signed-in person where a code confirms a change rather than a sign-in. The person must be loaded.
    """
    guard = await lock_guard(session, account.alliance, tools.keyring.blind_name(account.username))
    await session.refresh(account, ["totp_secret", "totp_confirmed_at", "totp_last_step"])  # after the lock, not before
    methods = await _methods_of(session, tools, account, typed)
    outcome = await count(session, tools, guard, account, right=bool(methods), last_step=True)
    if outcome is not Outcome.ACCEPTED:
        who = actor or identity_itself(account.alliance)
        await audit(session, tools.clock, who, "second_factor.refused", "account", account.id, reason=outcome.value)
        return outcome, []
    await _spend(session, tools, account, typed, actor or account_holder(account))
    return outcome, methods


async def recovery_codes_left(session: AnySession, account: Account) -> int:
    """How many recovery codes have not been used."""
    unused = select(func.count()).select_from(RecoveryCode).where(*_unused(account))
    return await session.scalar(unused) or 0


async def _methods_of(session: WriteSession, tools: SignInTools, account: Account, typed: str) -> list[str]:
    """What a right code proves (RFC 8176); nothing for a wrong one. A recovery code has no name there but `mfa`."""
    if looks_like_recovery_code(typed):
        own = select(RecoveryCode.code_hash).where(
            *_unused(account), RecoveryCode.code_hash == _hash(tools, account, typed)
        )
        return [SEVERAL] if await session.scalar(own) is not None else []
    return [CODE, SEVERAL] if _step(tools, account, typed) is not None else []


async def _spend(session: WriteSession, tools: SignInTools, account: Account, typed: str, actor: Principal) -> None:
    """See that the code serves no second time."""
    if not looks_like_recovery_code(typed):
        account.totp_last_step = _step(tools, account, typed)
        return
    own = update(RecoveryCode).where(*_unused(account), RecoveryCode.code_hash == _hash(tools, account, typed))
    await session.execute(own.values(used_at=tools.clock.now()))
    left = {"recovery_codes_left": await recovery_codes_left(session, account)}
    await audit(session, tools.clock, actor, "recovery_code.used", "account", account.id, after=left)


def _unused(account: Account) -> tuple[ColumnElement[bool], ...]:
    return (
        RecoveryCode.alliance == account.alliance,
        RecoveryCode.account_id == account.id,
        RecoveryCode.used_at.is_(None),
    )


def _hash(tools: SignInTools, account: Account, typed: str) -> bytes:
    return tools.keyring.recovery_hash(account.id, normalise_code(typed))


def _step(tools: SignInTools, account: Account, typed: str) -> int | None:
    if account.totp_secret is None or account.totp_confirmed_at is None:
        return None
    secret = tools.keyring.open_factor(account.totp_secret)
    return accepted_step(secret, typed, tools.clock.now(), account.totp_last_step)
