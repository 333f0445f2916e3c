"""Whom nobody may take over by resetting what they sign in with.

With a new password and a new second factor one administrator would be another: the separation of the three would be
worth nothing. So an administrator's are reset by the operator at the machine (`hub user`), and only there.
"""

from services.identity.domain import AdministratorProtected
from services.identity.queries.posts import roles_from
from services.identity.tables import Account
from services.kernel.clock import Clock, business_date
from services.kernel.database import WriteSession
from services.kernel.errors import Forbidden
from services.kernel.permissions import ADMINISTRATORS
from services.kernel.principal import Principal


async def protect_administrators(session: WriteSession, clock: Clock, account: Account) -> None:
    """Raise AdministratorProtected when the account's person holds, or is to hold, an administrator's post."""
    roles = await roles_from(session, account.alliance, account.person_id, business_date(clock))
    if ADMINISTRATORS & roles:
        raise AdministratorProtected(
            "三员账号的密码和动态口令不能由他人在网页上重置；请运维人员在服务器上用 hub user 命令办理，并留下书面记录。"
        )


def protect_oneself(actor: Principal, account: Account) -> None:
    """Raise Forbidden when somebody would reset their own account instead of proving who they are."""
    if actor.subject == str(account.id):
        raise Forbidden("不能重置自己的账号；修改密码和动态口令请到“我的账号”。", code="own_account")
