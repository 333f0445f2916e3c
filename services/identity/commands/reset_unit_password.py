"""A unit's administrator makes a link by which a colleague sets a new password."""

from uuid import UUID

from services.identity.commands.invite import Invited, invite
from services.identity.commands.locks import lock_account
from services.identity.commands.protect import protect_administrators, protect_oneself
from services.identity.commands.reinvite import purpose_for
from services.identity.domain import AccountUnknown, InvitationPurpose
from services.identity.queries.units import unit_account, works_elsewhere
from services.identity.settings import IdentitySettings
from services.kernel.clock import Clock, business_date
from services.kernel.database import WriteSession
from services.kernel.errors import Forbidden
from services.kernel.principal import Principal


async def reset_unit_password(
    session: WriteSession, clock: Clock, actor: Principal, settings: IdentitySettings, account_id: UUID
) -> tuple[InvitationPurpose, Invited]:
    """Check that the colleague works in the caller's unit and nowhere else, then make the link.

    Raises AccountUnknown for anybody outside the unit, Forbidden for oneself, for an administrator, and for somebody
    who also works for another unit, whose post would come along with the password.
    """
    today = business_date(clock)
    if await unit_account(session, actor, account_id, today) is None:
        raise AccountUnknown("本单位没有这个账号，请刷新后再试。")
    account = await lock_account(session, actor.alliance, account_id)
    protect_oneself(actor, account)
    await protect_administrators(session, clock, account)
    if await works_elsewhere(session, actor, account.person_id, today):
        raise Forbidden("该人员还在其他单位任职，请联系系统管理员重置其密码。", code="works_elsewhere")
    purpose = purpose_for(account)
    return purpose, await invite(session, clock, actor, settings, account, purpose)
