"""End a holding on a date. Who left loses the post's rights on that day, and within seconds if it is today."""

from datetime import date
from uuid import UUID

from sqlalchemy import select

from services.identity.commands.end_access import end_sessions
from services.identity.commands.locks import lock_post
from services.identity.domain import HoldingUnknown
from services.identity.schemas.posts import HoldingEnd
from services.identity.tables import Account, PostHolding
from services.kernel.audit import audit
from services.kernel.clock import Clock, business_date
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict, FieldIssue, Forbidden, InvalidInput
from services.kernel.principal import Principal


async def end_holding(
    session: WriteSession, clock: Clock, actor: Principal, post_id: UUID, holding_id: UUID, draft: HoldingEnd
) -> PostHolding:
    """Lock, check, end, audit. One that has not begun is withdrawn: it ends on its first day.

    Raises PostUnknown, HoldingUnknown, Forbidden for one's own, InvalidInput for a past date, Conflict when it ended.
    """
    await lock_post(session, actor.alliance, post_id)
    own = select(PostHolding).where(PostHolding.alliance == actor.alliance, PostHolding.id == holding_id)
    holding = (await session.scalars(own.where(PostHolding.post_id == post_id))).one_or_none()
    if holding is None:
        raise HoldingUnknown("没有这条任职记录，请刷新后再试。")
    today = business_date(clock)
    if draft.until_date is not None and draft.until_date < today:
        issue = FieldIssue("until_date", "until_date_past", "终止日期不能早于今天。")
        raise InvalidInput([issue])
    until = max(draft.until_date or today, holding.from_date)
    if holding.until_date is not None and holding.until_date <= until:
        raise Conflict("这条任职已经终止，或已定于更早的日期终止。", code="holding_ended")
    await close_holding(session, clock, actor, holding, until, draft.reason)
    return holding


async def close_holding(
    session: WriteSession, clock: Clock, actor: Principal, holding: PostHolding, until: date, reason: str
) -> None:
    """Set the end of a holding whose post is locked; today's end takes the sessions in that post along."""
    account_of = select(Account.id).where(Account.alliance == holding.alliance)
    account_id = await session.scalar(account_of.where(Account.person_id == holding.person_id))
    if actor.subject == str(account_id):
        raise Forbidden("不能办理自己的任免，请由另一位安全管理员办理。", code="self_grant")
    before = {"until_date": holding.until_date.isoformat() if holding.until_date else None}
    holding.until_date, holding.end_reason = until, reason
    holding.ended_by, holding.ended_at = actor.subject, clock.now()
    await session.flush()  # the exclusion of two holders is judged by the rows, and the successor's row follows
    if until <= business_date(clock):
        await end_sessions(session, clock, holding.alliance, account_id=account_id, post_id=holding.post_id)
    after = {"until_date": until.isoformat(), "account": str(account_id), "holding": str(holding.id)}
    await audit(
        session, clock, actor, "holding.end", "post", holding.post_id, before=before, after=after, reason=reason
    )
