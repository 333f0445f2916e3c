"""Grant a post to a person, from a date on; the present holder may be succeeded in the same step."""

from datetime import date
from uuid import UUID

from services.identity.commands.end_access import end_sessions
from services.identity.commands.end_holding import close_holding
from services.identity.commands.invite import revoke_invitations
from services.identity.commands.locks import lock_person, lock_post
from services.identity.domain import AccountState, PostHeld, PostsNotTogether, together
from services.identity.queries.accounts import get_account_by_id
from services.identity.queries.posts import held_from, roles_from
from services.identity.schemas.posts import HoldingCreate
from services.identity.tables import Account, Post, PostHolding
from services.kernel.audit import audit
from services.kernel.clock import Clock, business_date
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict, FieldIssue, Forbidden, InvalidInput
from services.kernel.ids import new_id
from services.kernel.permissions import ADMINISTRATORS, Role
from services.kernel.principal import Principal


async def grant_post(
    session: WriteSession, clock: Clock, actor: Principal, post_id: UUID, draft: HoldingCreate
) -> PostHolding:
    """Lock post and person, check, end the predecessor's time if asked, grant, audit.

    Whoever is to be an administrator is signed out everywhere.

    Raises PostUnknown, AccountUnknown, Forbidden for oneself, InvalidInput for a past date, PostHeld, PostsNotTogether,
    or Conflict when the post is closed or the account deactivated.
    """
    post = await lock_post(session, actor.alliance, post_id)
    account = await get_account_by_id(session, actor.alliance, draft.account)
    await lock_person(session, actor.alliance, account.person_id)
    _check(actor, post, account, draft.from_date, business_date(clock))
    await _check_separation(session, post, account, draft.from_date)
    await _make_room(session, clock, actor, post, draft)
    holding = PostHolding(
        alliance=actor.alliance,
        id=new_id(),
        post_id=post.id,
        person_id=account.person_id,
        from_date=draft.from_date,
        reason=draft.reason,
        document=draft.document,
        granted_by=actor.subject,
        granted_at=clock.now(),
    )
    session.add(holding)
    if Role(post.role) in ADMINISTRATORS:
        await _begin_anew(session, clock, account)
    await session.flush()  # so that a holder who came meanwhile is refused here, before the audit entry
    after = {"account": str(account.id), "holding": str(holding.id), "from_date": draft.from_date.isoformat()}
    stated = {"document": draft.document, "succeeds": draft.succeeds}
    await audit(session, clock, actor, "holding.grant", "post", post.id, after={**after, **stated}, reason=draft.reason)
    return holding


def _check(actor: Principal, post: Post, account: Account, from_date: date, today: date) -> None:
    if actor.subject == str(account.id):
        raise Forbidden("不能给自己任职，请由另一位安全管理员办理。", code="self_grant")
    if from_date < today:
        issue = FieldIssue("from_date", "from_date_past", "生效日期不能早于今天，请改为今天或以后的日期。")
        raise InvalidInput([issue])
    if not post.active:
        raise Conflict("该岗位已撤销，不能再任职；请恢复该岗位或另设岗位。", code="post_closed")
    if account.state == AccountState.DEACTIVATED:
        raise Conflict("该账号已停用，不能任职；请先由系统管理员恢复账号。", code="account_deactivated")


async def _check_separation(session: WriteSession, post: Post, account: Account, from_date: date) -> None:
    """No other post at any time from that date on may be one that does not go together with this one."""
    others = await roles_from(session, post.alliance, account.person_id, from_date)
    if not all(together([Role(post.role), other]) for other in others):
        raise PostsNotTogether(
            "系统管理员、安全管理员、审计管理员三员分立：同一人不能兼任其中两个，也不能兼任其他岗位（含已安排的将来任职）。"
            "请先终止其相冲突的任职，或另选他人。"
        )


async def _begin_anew(session: WriteSession, clock: Clock, account: Account) -> None:
    """Whatever let somebody in as this person before, another's sign-in or link, does not lead to the new powers."""
    await end_sessions(session, clock, account.alliance, account_id=account.id)
    if account.state == AccountState.ACTIVE:  # an invited one has nothing but its link
        await revoke_invitations(session, account, clock.now())


async def _make_room(session: WriteSession, clock: Clock, actor: Principal, post: Post, draft: HoldingCreate) -> None:
    """End the one holding that is in effect on that date, if the grant succeeds it. Raises PostHeld."""
    standing = await held_from(session, post.alliance, post.id, draft.from_date)
    if not standing:
        return
    if not draft.succeeds:
        raise PostHeld("该岗位在生效日期之后已有任职人；如为接任，请选择“接替现任”，或先终止原任职。")
    if len(standing) > 1 or standing[0].from_date > draft.from_date:
        raise PostHeld("该岗位已安排了将来的任职人，请先撤销该项安排，再办理接任。")
    await close_holding(session, clock, actor, standing[0], draft.from_date, draft.reason)
