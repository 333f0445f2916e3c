"""Sign in with user name and password."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.identity.actors import identity_itself, person
from services.identity.credentials import digest, new_credential
from services.identity.domain import Guard, Outcome, judge, normalise_username
from services.identity.keyring import Keyring
from services.identity.passwords import Passwords
from services.identity.queries import find_account
from services.identity.settings import IdentitySettings
from services.identity.tables import Account, LoginSession, SignInGuard
from services.kernel import context
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.ids import new_id

ADDRESS_LENGTH = 64


@dataclass(frozen=True)
class SignInTools:
    """What sign-in needs beside the session; one set per process."""

    settings: IdentitySettings
    clock: Clock
    passwords: Passwords
    keyring: Keyring


@dataclass(frozen=True)
class SignedIn:
    """An opened session; `cookie` goes to the browser and is stored as a hash only."""

    account: Account
    session: LoginSession
    cookie: str


async def sign_in(
    session: WriteSession, tools: SignInTools, alliance: str, typed_name: str, password: str
) -> SignedIn | Outcome:
    """Try once. Returns the opened session or why not; each refusal is counted and audited in this transaction.

    The password is verified in every case, so the time tells nothing about the account.
    """
    username = normalise_username(typed_name)
    row = await _lock_guard(session, alliance, tools.keyring.blind_name(username))
    account = await _account_of(session, alliance, username)
    right = await tools.passwords.verify(account.password_hash if account else None, password)
    before = Guard(row.failures, row.last_failed_at, row.locked_until)
    outcome, after = judge(
        before,
        right=right,
        active=account is not None and account.active,
        now=tools.clock.now(),
        limit=tools.settings.failures_before_lock,
        lock=tools.settings.lock_time,
    )
    row.failures, row.last_failed_at, row.locked_until = after.failures, after.last_failed_at, after.locked_until
    if account is None or outcome is not Outcome.ACCEPTED:
        await _audit_refusal(session, tools.clock, alliance, account, outcome)
        return outcome
    if tools.passwords.outdated(account.password_hash):
        account.password_hash = await tools.passwords.hash(password)
    return await _open(session, tools, account)


async def _account_of(session: WriteSession, alliance: str, username: str) -> Account | None:
    """PostgreSQL text holds no NUL, and no account's name does."""
    return None if "\x00" in username else await find_account(session, alliance, username)


async def _lock_guard(session: WriteSession, alliance: str, name: bytes) -> SignInGuard:
    """The guard's row, locked, so that guesses sent at the same time are counted one by one."""
    fresh = insert(SignInGuard).values(alliance=alliance, name_digest=name, failures=0)
    await session.execute(fresh.on_conflict_do_nothing())
    own = select(SignInGuard).where(SignInGuard.alliance == alliance, SignInGuard.name_digest == name)
    return (await session.scalars(own.with_for_update())).one()


async def _audit_refusal(
    session: WriteSession, clock: Clock, alliance: str, account: Account | None, outcome: Outcome
) -> None:
    """A name that no account has is not written down: it may be a password in the wrong field."""
    subject = account.id if account else "unknown"
    reason = outcome.value if account else f"{outcome.value}, no such account"
    actor = identity_itself(alliance)
    await audit(session, clock, actor, "sign_in.refused", "account", subject, reason=reason)


async def _open(session: WriteSession, tools: SignInTools, account: Account) -> SignedIn:
    now = tools.clock.now()
    cookie = new_credential(account.alliance)
    opened = LoginSession(
        alliance=account.alliance,
        id=new_id(),
        token_hash=digest(cookie),
        account_id=account.id,
        client_address=context.client_address.get()[:ADDRESS_LENGTH],
        created_at=now,
        seen_at=now,
        expires_at=now + timedelta(hours=tools.settings.session_absolute_hours),
    )
    session.add(opened)
    await session.flush()  # the authorisation code that follows in this transaction refers to the session
    await audit(session, tools.clock, person(account), "sign_in.accepted", "account", account.id)
    return SignedIn(account, opened, cookie)
