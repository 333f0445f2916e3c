"""Set up, renew and remove a second factor; no secret and no code is audited or logged."""

from typing import Final
from uuid import UUID

from sqlalchemy import delete, insert

from services.identity.queries import alliance_name
from services.identity.second_factor import Enrolment, accepted_step, enrolment_of, new_recovery_codes, normalise_code
from services.identity.tables import Account, RecoveryCode
from services.identity.tools import SignInTools
from services.kernel.audit import audit
from services.kernel.database import AnySession, WriteSession
from services.kernel.principal import Principal

CURRENT: Final = ("row_version", "totp_secret", "totp_confirmed_at", "totp_last_step")


async def offered_enrolment(session: AnySession, tools: SignInTools, account: Account, session_id: UUID) -> Enrolment:
    """What this login session may set up: shown again alike until a factor was confirmed or removed."""
    secret = tools.keyring.enrolment_secret(session_id, account.row_version)
    return enrolment_of(secret, account.username, await alliance_name(session, account.alliance))


async def offered_step(
    session: WriteSession, tools: SignInTools, actor: Principal, account: Account, session_id: UUID, typed: str
) -> int | None:
    """The time step of a right first code; None for a wrong one, which is audited and not counted.

    It is no guess at a secret, for the page shows it. Of two that confirm at once the later one is wrong, because the
    account's version has changed; so the row is locked.
    """
    await session.refresh(account, CURRENT, with_for_update=True)
    secret = tools.keyring.enrolment_secret(session_id, account.row_version)
    step = accepted_step(secret, typed, tools.clock.now(), None)
    if step is None:
        reason = "wrong code at enrolment"
        await audit(session, tools.clock, actor, "second_factor.refused", "account", account.id, reason=reason)
    return step


async def confirm_enrolment(
    session: WriteSession, tools: SignInTools, actor: Principal, account: Account, session_id: UUID, typed: str
) -> list[str] | None:
    """Take the first code of the offered secret. Returns fresh recovery codes, or None when the code is wrong.

    Replaces a factor that is there; the caller has asked for its code before.
    """
    step = await offered_step(session, tools, actor, account, session_id, typed)
    if step is None:
        return None
    now = tools.clock.now()
    secret = tools.keyring.enrolment_secret(session_id, account.row_version)
    account.totp_secret = tools.keyring.seal_factor(secret)
    account.totp_confirmed_at, account.totp_last_step = now, step
    account.changed(now)
    await audit(session, tools.clock, actor, "second_factor.enrolled", "account", account.id)
    return await renew_recovery_codes(session, tools, actor, account)


async def renew_recovery_codes(
    session: WriteSession, tools: SignInTools, actor: Principal, account: Account
) -> list[str]:
    """Fresh recovery codes, shown once; those before are worth nothing from now on."""
    codes = new_recovery_codes()
    await _forget_recovery_codes(session, account)
    hashes = [tools.keyring.recovery_hash(account.id, normalise_code(code)) for code in codes]
    rows = [{"alliance": account.alliance, "account_id": account.id, "code_hash": hash_} for hash_ in hashes]
    await session.execute(insert(RecoveryCode), rows)
    after = {"recovery_codes": len(codes)}
    await audit(session, tools.clock, actor, "recovery_codes.renewed", "account", account.id, after=after)
    return codes


async def remove_factor(
    session: WriteSession, tools: SignInTools, actor: Principal, account: Account, *, reason: str | None = None
) -> None:
    """Remove the second factor and its recovery codes. Whose post needs one sets up another at the next sign-in."""
    account.totp_secret = account.totp_confirmed_at = None
    account.changed(tools.clock.now())
    await _forget_recovery_codes(session, account)
    await audit(session, tools.clock, actor, "second_factor.removed", "account", account.id, reason=reason)


async def _forget_recovery_codes(session: WriteSession, account: Account) -> None:
    own = RecoveryCode.alliance == account.alliance
    await session.execute(delete(RecoveryCode).where(own, RecoveryCode.account_id == account.id))
