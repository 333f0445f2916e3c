"""Take a deactivated account into use again."""

from sqlalchemy import select

from services.identity.domain import AccountState
from services.identity.tables import Account, ExternalIdentity
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict
from services.kernel.principal import Principal


async def reactivate_account(
    session: WriteSession, clock: Clock, actor: Principal, account: Account, *, reason: str
) -> None:
    """Let a locked account sign in as before, or wait for its invitation if it never did. Raises Conflict."""
    if account.state != AccountState.DEACTIVATED:
        raise Conflict("该账号没有停用，无需恢复。", code="account_not_deactivated")
    bound = select(ExternalIdentity.id).where(ExternalIdentity.alliance == account.alliance)
    bound = bound.where(ExternalIdentity.account_id == account.id).limit(1)
    proven = account.password_hash is not None or await session.scalar(bound) is not None
    account.state = (AccountState.ACTIVE if proven else AccountState.INVITED).value
    account.changed(clock.now())
    before, after = {"state": AccountState.DEACTIVATED.value}, {"state": account.state}
    await audit(
        session, clock, actor, "account.reactivate", "account", account.id, before=before, after=after, reason=reason
    )
