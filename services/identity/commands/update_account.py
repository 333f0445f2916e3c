"""Bring an account's name and post in line with what is wanted."""

from services.identity.commands.create_account import described
from services.identity.domain import post_issues, refuse
from services.identity.schemas.account import AccountCreate
from services.identity.tables import Account
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.principal import Principal

FIELDS = ("display_name", "role", "division", "member")


async def update_account(
    session: WriteSession, clock: Clock, actor: Principal, account: Account, wanted: AccountCreate
) -> bool:
    """Change what differs; the password stays. Returns whether anything did. Raises InvalidInput."""
    refuse(post_issues(wanted.role, wanted.division, wanted.member))
    before = described(account)
    values = {**wanted.model_dump(include=set(FIELDS)), "role": wanted.role.value}
    if all(getattr(account, field) == values[field] for field in FIELDS):
        return False
    for field in FIELDS:
        setattr(account, field, values[field])
    account.updated_at = clock.now()
    await audit(session, clock, actor, "account.update", "account", account.id, before=before, after=described(account))
    return True
