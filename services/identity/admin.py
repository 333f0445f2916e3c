"""What the operator's command line and the first start do: each call opens the database, acts once and closes it."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from services.identity.actors import operator
from services.identity.commands.add_person import add_person, update_person
from services.identity.commands.deactivate_account import deactivate_account
from services.identity.commands.ensure_alliance import ensure_alliance
from services.identity.commands.ensure_client import ensure_client, frontend_client, service_client
from services.identity.commands.invite import Invited, invite
from services.identity.commands.invite_administrator import invite_administrator as invite_first
from services.identity.commands.purge_ended import purge_ended
from services.identity.commands.reinvite import purpose_for
from services.identity.commands.reset_second_factor import reset_second_factor as forget_factor
from services.identity.commands.rotate_keys import ensure_signing_key
from services.identity.commands.rotate_keys import rotate_keys as rotate
from services.identity.domain import normalise_username
from services.identity.keyring import Keyring
from services.identity.passwords import Passwords
from services.identity.presenting import account_read, accounts_read
from services.identity.queries import all_accounts, find_account, get_account
from services.identity.queries.posts import posts_by_person
from services.identity.schemas.account import AccountCreate, AccountRead
from services.identity.settings import IdentitySettings
from services.identity.tables import Account
from services.kernel.audit import audit
from services.kernel.clock import Clock, SystemClock, business_date
from services.kernel.database import Database, WriteSession
from services.kernel.permissions import Role
from services.kernel.principal import Principal


@dataclass(frozen=True)
class Work:
    """One transaction of the operator's, in one alliance."""

    session: WriteSession
    clock: Clock
    actor: Principal
    keyring: Keyring


@asynccontextmanager
async def _work(settings: IdentitySettings, alliance: str | None, clock: Clock | None) -> AsyncIterator[Work]:
    where = alliance or settings.hub.alliance_default
    database = Database(settings.database_url.get_secret_value(), pool_size=1, max_overflow=0)
    try:
        async with database.write(where) as session:
            yield Work(session, clock or SystemClock(), operator(where), Keyring(settings.key_secret))
    finally:
        await database.close()


async def bootstrap(
    settings: IdentitySettings,
    *,
    frontend_secret: str,
    service_secrets: dict[str, str],
    redirect_uris: list[str],
    post_logout_redirect_uris: list[str] | None = None,
    alliance_name: str | None = None,
    clock: Clock | None = None,
) -> None:
    """Make the first signing key, register the frontend and the services, name the default alliance; idempotent.

    `service_secrets` maps a service's name (its client id) to its secret. After sign-out the browser may go to
    `post_logout_redirect_uris`, by default the public origin's root. Raises SigningKeyUnreadable when
    HUB_IDENTITY_KEY_SECRET is not the one under which the present key was stored.
    """
    back = post_logout_redirect_uris or [f"{settings.hub.public_url.rstrip('/')}/"]
    clients = [frontend_client(frontend_secret, tuple(redirect_uris), tuple(back))]
    clients += [service_client(name, secret) for name, secret in sorted(service_secrets.items())]
    async with _work(settings, None, clock) as work:
        await ensure_signing_key(work.session, work.clock, work.actor, work.keyring)
        for client in clients:
            await ensure_client(work.session, work.clock, work.actor, client)
        if alliance_name:
            await ensure_alliance(work.session, work.actor.alliance, alliance_name)
        await purge_ended(work.session, work.actor.alliance, work.clock.now(), settings)


async def name_alliance(settings: IdentitySettings, alliance: str, name: str) -> None:
    """Let an alliance be served by this deployment, under its name; idempotent."""
    async with _work(settings, alliance, None) as work:
        await ensure_alliance(work.session, alliance, name)


async def ensure_account(
    settings: IdentitySettings,
    wanted: AccountCreate,
    password: str,
    *,
    alliance: str | None = None,
    clock: Clock | None = None,
) -> AccountRead:
    """`ensure_accounts` for a single one."""
    (account,) = await ensure_accounts(settings, [(wanted, password)], alliance=alliance, clock=clock)
    return account


async def ensure_accounts(
    settings: IdentitySettings,
    wanted: Iterable[tuple[AccountCreate, str]],
    *,
    alliance: str | None = None,
    clock: Clock | None = None,
) -> list[AccountRead]:
    """Create accounts with their passwords, or bring their names and posts up to date; all of them or none.

    An account that exists keeps its password. Raises InvalidInput with every issue of the first that has any.
    """
    passwords = Passwords(settings)
    async with _work(settings, alliance, clock) as work:
        return [await _ensured(work, passwords, account, password) for account, password in wanted]


async def _ensured(work: Work, passwords: Passwords, wanted: AccountCreate, password: str) -> AccountRead:
    account = await find_account(work.session, work.actor.alliance, normalise_username(wanted.username))
    if account is None:
        account = await add_person(work.session, work.clock, work.actor, passwords, wanted, password)
    else:
        await update_person(work.session, work.clock, work.actor, account, wanted)
    return await _read(work, account)


async def invite_administrator(
    settings: IdentitySettings,
    username: str,
    name: str,
    role: Role,
    *,
    alliance: str | None = None,
    clock: Clock | None = None,
) -> Invited:
    """The link of the first administrator of a kind. Raises InvalidInput, AdministratorExists or AccountExists."""
    async with _work(settings, alliance, clock) as work:
        return await invite_first(work.session, work.clock, work.actor, settings, username, name, role)


async def list_accounts(
    settings: IdentitySettings, *, alliance: str | None = None, clock: Clock | None = None
) -> list[AccountRead]:
    """Every account of the alliance, by user name."""
    async with _work(settings, alliance, clock) as work:
        accounts = await all_accounts(work.session, work.actor.alliance)
        people, today = [account.person_id for account in accounts], business_date(work.clock)
        return accounts_read(accounts, await posts_by_person(work.session, work.actor.alliance, people, today))


async def _read(work: Work, account: Account) -> AccountRead:
    today = business_date(work.clock)
    posts = await posts_by_person(work.session, account.alliance, [account.person_id], today)
    return account_read(account, posts.get(account.person_id, []))


async def reset_password(
    settings: IdentitySettings,
    username: str,
    *,
    reason: str,
    alliance: str | None = None,
    clock: Clock | None = None,
) -> Invited:
    """A link by which somebody, also an administrator, sets a password. Raises AccountUnknown, Conflict."""
    async with _work(settings, alliance, clock) as work:
        account = await get_account(work.session, work.actor.alliance, normalise_username(username))
        await audit(work.session, work.clock, work.actor, "account.reset", "account", account.id, reason=reason)
        return await invite(work.session, work.clock, work.actor, settings, account, purpose_for(account))


async def reset_second_factor(
    settings: IdentitySettings,
    username: str,
    *,
    reason: str,
    alliance: str | None = None,
    clock: Clock | None = None,
) -> None:
    """Forget somebody's second factor, also an administrator's. Raises AccountUnknown."""
    async with _work(settings, alliance, clock) as work:
        account = await get_account(work.session, work.actor.alliance, normalise_username(username))
        await forget_factor(work.session, work.clock, work.actor, account, reason=reason)


async def deactivate(
    settings: IdentitySettings,
    username: str,
    *,
    reason: str | None = None,
    alliance: str | None = None,
    clock: Clock | None = None,
) -> None:
    """Deactivate an account and sign it out everywhere. Raises AccountUnknown."""
    async with _work(settings, alliance, clock) as work:
        account = await get_account(work.session, work.actor.alliance, normalise_username(username))
        await deactivate_account(work.session, work.clock, work.actor, account, reason=reason)


async def rotate_keys(settings: IdentitySettings, *, clock: Clock | None = None) -> str:
    """Replace the signing key without a token being refused. Returns the new key's id."""
    async with _work(settings, None, clock) as work:
        return await rotate(work.session, work.clock, work.actor, work.keyring, settings)
