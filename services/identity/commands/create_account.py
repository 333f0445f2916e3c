"""Create a person with an account. It can do nothing until it is invited in and somebody grants it a post."""

from services.identity.domain import AccountExists, AccountState, normalise_username, refuse, username_issues
from services.identity.queries import find_account
from services.identity.tables import Account, Person
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.ids import new_id
from services.kernel.principal import Principal


async def create_account(
    session: WriteSession, clock: Clock, actor: Principal, typed_name: str, person_name: str
) -> Account:
    """Create an invited account without a password. Raises InvalidInput with every issue, or AccountExists."""
    username = normalise_username(typed_name)
    refuse(username_issues(username))
    if await find_account(session, actor.alliance, username) is not None:
        raise AccountExists(f"用户名 {username} 已被使用，请换一个。")
    now = clock.now()
    person = Person(alliance=actor.alliance, id=new_id(), name=person_name, created_at=now, updated_at=now)
    account = Account(
        alliance=actor.alliance,
        id=new_id(),
        person_id=person.id,
        username=username,
        state=AccountState.INVITED.value,
        created_at=now,
        updated_at=now,
        row_version=1,
        person=person,
    )
    session.add(account)
    await session.flush()  # so that a name taken meanwhile is refused here, before what follows
    await audit(session, clock, actor, "account.create", "account", account.id, after=described(account))
    return account


def described(account: Account) -> dict[str, str]:
    """The account as it stands in the audit log; the person's name is not repeated there."""
    return {"username": account.username, "state": account.state, "person": str(account.person_id)}
