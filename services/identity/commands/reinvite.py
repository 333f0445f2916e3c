"""Make another link for an account: an invitation until it was used, a new password afterwards."""

from services.identity.commands.invite import Invited, invite
from services.identity.commands.protect import protect_administrators, protect_oneself
from services.identity.domain import AccountState, InvitationPurpose
from services.identity.settings import IdentitySettings
from services.identity.tables import Account
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict
from services.kernel.principal import Principal


def purpose_for(account: Account) -> InvitationPurpose:
    """What a link of this account is for. Raises Conflict when it is deactivated."""
    if account.state == AccountState.DEACTIVATED:
        raise Conflict("该账号已停用，不能发送链接；请先恢复账号。", code="account_deactivated")
    return InvitationPurpose.INVITATION if account.state == AccountState.INVITED else InvitationPurpose.PASSWORD_RESET


async def reinvite(
    session: WriteSession, clock: Clock, actor: Principal, settings: IdentitySettings, account: Account
) -> tuple[InvitationPurpose, Invited]:
    """Make the link for a locked account; earlier ones end.

    Raises Conflict when deactivated; Forbidden for oneself, and for an administrator who has signed in already.
    """
    purpose = purpose_for(account)
    protect_oneself(actor, account)
    if purpose is InvitationPurpose.PASSWORD_RESET:
        await protect_administrators(session, clock, account)
    return purpose, await invite(session, clock, actor, settings, account, purpose)
