"""A person with account, password and one post at once: for the demonstration and at the operator's command line."""

from services.identity.commands.create_account import create_account
from services.identity.commands.create_post import create_post
from services.identity.commands.end_holding import close_holding
from services.identity.commands.grant_post import grant_post
from services.identity.domain import AccountState, normalise_username, post_issues, refuse, username_issues
from services.identity.password_rules import password_issues
from services.identity.passwords import Passwords
from services.identity.queries.posts import current_holdings
from services.identity.schemas.account import AccountCreate
from services.identity.schemas.posts import HoldingCreate, PostCreate
from services.identity.tables import Account, Post
from services.kernel.audit import audit
from services.kernel.clock import Clock, business_date
from services.kernel.database import WriteSession
from services.kernel.permissions import ROLE_LABELS
from services.kernel.principal import Principal

WHY = "由运维人员在服务器上办理"


async def add_person(
    session: WriteSession, clock: Clock, actor: Principal, passwords: Passwords, wanted: AccountCreate, password: str
) -> Account:
    """Create an active account that holds a new post from today. Raises InvalidInput (every issue), AccountExists."""
    username = normalise_username(wanted.username)
    refuse(
        username_issues(username)
        + password_issues(username, password)
        + post_issues(wanted.role, wanted.division, wanted.member, wanted.department)
    )
    account = await create_account(session, clock, actor, username, wanted.display_name)
    account.password_hash = await passwords.hash(password)
    account.password_set_at = clock.now()
    account.state = AccountState.ACTIVE.value
    await _appoint(session, clock, actor, account, wanted)
    return account


async def update_person(
    session: WriteSession, clock: Clock, actor: Principal, account: Account, wanted: AccountCreate
) -> bool:
    """Bring name and post in line with what is wanted; the password stays. Returns whether anything changed.

    Another role or unit means another post: what the person held until today ends. Raises InvalidInput.
    """
    refuse(post_issues(wanted.role, wanted.division, wanted.member, wanted.department))
    renamed = account.person.name != wanted.display_name
    if renamed:
        account.person.name = wanted.display_name
        account.person.updated_at = clock.now()
        account.changed(clock.now())
        await audit(session, clock, actor, "account.update", "account", account.id, after={"changed": ["name"]})
    held = await current_holdings(session, account.alliance, account.person_id, business_date(clock))
    if any(_fits(holding.post, wanted) for holding in held):
        return renamed
    for holding in held:
        await close_holding(session, clock, actor, holding, business_date(clock), WHY)
    await _appoint(session, clock, actor, account, wanted)
    return True


def _fits(post: Post, wanted: AccountCreate) -> bool:
    there = (post.role, post.division, post.member, post.department, post.unit_name)
    return there == (wanted.role, wanted.division, wanted.member, wanted.department, _unit_name(wanted))


def _unit_name(wanted: AccountCreate) -> str:
    return wanted.unit_name or wanted.display_name


async def _appoint(
    session: WriteSession, clock: Clock, actor: Principal, account: Account, wanted: AccountCreate
) -> None:
    draft = PostCreate(
        title=ROLE_LABELS[wanted.role],
        unit_name=_unit_name(wanted),
        role=wanted.role,
        division=wanted.division,
        member=wanted.member,
        department=wanted.department,
    )
    post = await create_post(session, clock, actor, draft)
    grant = HoldingCreate(account=account.id, from_date=business_date(clock), reason=WHY)
    await grant_post(session, clock, actor, post.id, grant)
