"""Sign in with user name and password: the first step."""

from uuid import UUID

from services.identity.actors import identity_itself
from services.identity.commands.guard_sign_in import count, lock_guard
from services.identity.commands.open_session import SignedIn, open_session
from services.identity.domain import Outcome, normalise_username
from services.identity.queries import find_account, posts_held
from services.identity.second_factor import PASSWORD
from services.identity.steps import factor_due
from services.identity.tables import Account
from services.identity.tools import SignInTools
from services.kernel.audit import audit
from services.kernel.clock import Clock, business_date
from services.kernel.database import WriteSession


async def sign_in(
    session: WriteSession,
    tools: SignInTools,
    alliance: str,
    typed_name: str,
    password: str,
    *,
    user_agent: str = "",
    replaces: UUID | None = None,
) -> SignedIn | Outcome:
    """Try once. Returns the opened session or why not; each refusal is counted and audited in this transaction.

    The password is verified in every case, against a decoy where there is none, so the time tells nothing about the
    account. The opened session may still wait for a second factor or for the choice of a post.
    """
    username = normalise_username(typed_name)
    guard = await lock_guard(session, alliance, tools.keyring.blind_name(username))
    account = await _account_of(session, alliance, username)
    stored = account.password_hash if account else None
    right = await tools.passwords.verify(stored, password)
    last = not (right and account is not None and await _factor_follows(session, tools, account))
    outcome = await count(session, tools, guard, account, right=right, last_step=last)
    if account is None or stored is None or outcome is not Outcome.ACCEPTED:
        await _audit_refusal(session, tools.clock, alliance, account, outcome)
        return outcome
    if tools.passwords.outdated(stored):
        account.password_hash = await tools.passwords.hash(password)
    return await open_session(session, tools, account, amr=[PASSWORD], user_agent=user_agent, replaces=replaces)


async def _factor_follows(session: WriteSession, tools: SignInTools, account: Account) -> bool:
    posts = await posts_held(session, account.alliance, account.id, business_date(tools.clock))
    return factor_due(account, posts, [PASSWORD])


async def _account_of(session: WriteSession, alliance: str, username: str) -> Account | None:
    """PostgreSQL text holds no NUL, and no account's name does."""
    return None if "\x00" in username else await find_account(session, alliance, username)


async def _audit_refusal(
    session: WriteSession, clock: Clock, alliance: str, account: Account | None, outcome: Outcome
) -> None:
    """A name that no account has is not written down: it may be a password in the wrong field."""
    subject = account.id if account else "unknown"
    reason = outcome.value if account else f"{outcome.value}, no such account"
    actor = identity_itself(alliance)
    await audit(session, clock, actor, "sign_in.refused", "account", subject, reason=reason)
