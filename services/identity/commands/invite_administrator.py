"""Bring in the first of the three administrators: who grants posts when nobody can grant any yet."""

from sqlalchemy import and_, select

from services.identity.commands.create_account import create_account
from services.identity.commands.create_post import create_post
from services.identity.commands.grant_post import grant_post
from services.identity.commands.invite import Invited, invite
from services.identity.domain import AccountState, AdministratorExists, InvitationPurpose
from services.identity.queries.posts import overlapping
from services.identity.schemas.posts import HoldingCreate, PostCreate
from services.identity.settings import IdentitySettings
from services.identity.tables import Account, Post, PostHolding
from services.kernel.clock import Clock, business_date
from services.kernel.database import WriteSession
from services.kernel.errors import FieldIssue, InvalidInput
from services.kernel.permissions import ADMINISTRATORS, ROLE_LABELS, Role
from services.kernel.principal import Principal

UNIT = "联盟管理"
WHY = "系统首次安装，由运维人员开设"


async def invite_administrator(
    session: WriteSession,
    clock: Clock,
    actor: Principal,
    settings: IdentitySettings,
    username: str,
    name: str,
    role: Role,
) -> Invited:
    """Make account, post and link, while nobody who may sign in holds a post of this role.

    Later ones are made in the browser, each by those whose part it is. Raises InvalidInput for any other role,
    AdministratorExists, AccountExists.
    """
    if role not in ADMINISTRATORS:
        listed = "、".join(ROLE_LABELS[one] for one in sorted(ADMINISTRATORS))
        sentence = f"这里只开设三员账号（{listed}），其他人员请在网页上开设。"
        raise InvalidInput([FieldIssue("role", "role_not_administrator", sentence)])
    if await _held(session, clock, actor.alliance, role):
        raise AdministratorExists(
            f"已有{ROLE_LABELS[role]}。增加人员请在网页上办理：系统管理员开设账号，安全管理员任职。"
        )
    account = await create_account(session, clock, actor, username, name)
    draft = PostCreate(title=ROLE_LABELS[role], unit_name=UNIT, role=role)
    post = await create_post(session, clock, actor, draft)
    grant = HoldingCreate(account=account.id, from_date=business_date(clock), reason=WHY)
    await grant_post(session, clock, actor, post.id, grant)
    return await invite(session, clock, actor, settings, account, InvitationPurpose.INVITATION)


async def _held(session: WriteSession, clock: Clock, alliance: str, role: Role) -> bool:
    """Whether somebody who is not deactivated holds a post of this role, or is to hold one."""
    held = (
        select(PostHolding.id)
        .join(Post, and_(Post.alliance == PostHolding.alliance, Post.id == PostHolding.post_id))
        .join(Account, and_(Account.alliance == PostHolding.alliance, Account.person_id == PostHolding.person_id))
        .where(PostHolding.alliance == alliance, Post.role == role, overlapping(business_date(clock)))
        .where(Account.state != AccountState.DEACTIVATED)
    )
    return await session.scalar(held.limit(1)) is not None
