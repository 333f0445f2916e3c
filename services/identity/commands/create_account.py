"""Create an account."""

from services.identity.domain import AccountExists, normalise_username, password_issues, post_issues, refuse
from services.identity.domain import username_issues as name_issues
from services.identity.passwords import Passwords
from services.identity.queries import find_account
from services.identity.schemas.account import AccountCreate
from services.identity.tables import Account
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.ids import new_id
from services.kernel.principal import Principal


async def create_account(
    session: WriteSession, clock: Clock, actor: Principal, passwords: Passwords, new: AccountCreate, password: str
) -> Account:
    """Create an account in the actor's alliance. Raises InvalidInput with every issue, or AccountExists."""
    username = normalise_username(new.username)
    refuse(
        name_issues(username) + password_issues(username, password) + post_issues(new.role, new.division, new.member)
    )
    if await find_account(session, actor.alliance, username) is not None:
        raise AccountExists(f"用户名 {username} 已被使用，请换一个。")
    now = clock.now()
    account = Account(
        alliance=actor.alliance,
        id=new_id(),
        username=username,
        display_name=new.display_name,
        role=new.role.value,
        division=new.division,
        member=new.member,
        password_hash=await passwords.hash(password),
        active=True,
        created_at=now,
        updated_at=now,
        password_set_at=now,
    )
    session.add(account)
    await session.flush()  # so that a name taken meanwhile is refused here, before the audit entry
    await audit(session, clock, actor, "account.create", "account", account.id, after=described(account))
    return account


def described(account: Account) -> dict[str, str | bool | None]:
    """The account as it stands in the audit log."""
    return {
        "username": account.username,
        "role": account.role,
        "division": account.division,
        "member": str(account.member) if account.member else None,
        "active": account.active,
    }
