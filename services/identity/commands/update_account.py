"""Correct a user name or a person's name."""

from uuid import UUID

from services.identity.commands.locks import lock_account
from services.identity.domain import AccountExists, normalise_username, refuse, username_issues
from services.identity.queries import find_account
from services.identity.schemas.people import AccountUpdate
from services.identity.tables import Account
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.etags import check_version
from services.kernel.principal import Principal


async def update_account(
    session: WriteSession, clock: Clock, actor: Principal, account_id: UUID, draft: AccountUpdate, if_match: str
) -> Account:
    """Lock, check, change, audit. Raises AccountUnknown, StaleVersion, InvalidInput or AccountExists.

    Names of people are not repeated in the audit log; user names are.
    """
    account = await lock_account(session, actor.alliance, account_id)
    check_version(if_match, account.row_version)
    username = normalise_username(draft.username) if draft.username else account.username
    refuse(username_issues(username))
    if username != account.username and await find_account(session, actor.alliance, username) is not None:
        raise AccountExists(f"用户名 {username} 已被使用，请换一个。")
    renamed = draft.name is not None and draft.name != account.person.name
    if username == account.username and not renamed:
        return account
    now, before = clock.now(), {"username": account.username}
    if draft.name is not None and renamed:
        account.person.name, account.person.updated_at = draft.name, now
    account.username = username
    account.changed(now)
    after = {"username": username, "name_changed": renamed}
    await audit(session, clock, actor, "account.update", "account", account.id, before=before, after=after)
    return account
