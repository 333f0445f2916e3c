"""Rename a post, close it, or open it again."""

from uuid import UUID

from services.identity.commands.create_post import described
from services.identity.commands.locks import lock_post
from services.identity.domain import PostHeld
from services.identity.queries.posts import held_from
from services.identity.schemas.posts import PostUpdate
from services.identity.tables import Post
from services.kernel.audit import audit
from services.kernel.clock import Clock, business_date
from services.kernel.database import WriteSession
from services.kernel.etags import check_version
from services.kernel.principal import Principal


async def update_post(
    session: WriteSession, clock: Clock, actor: Principal, post_id: UUID, draft: PostUpdate, if_match: str
) -> Post:
    """Lock, check, change, audit. Raises PostUnknown, StaleVersion, or PostHeld for closing a post that is held."""
    post = await lock_post(session, actor.alliance, post_id)
    check_version(if_match, post.row_version)
    before = described(post)
    changes = {name: value for name, value in draft.model_dump(exclude_none=True).items() if before[name] != value}
    if not changes:
        return post
    if changes.get("active") is False and await held_from(session, post.alliance, post.id, business_date(clock)):
        raise PostHeld("该岗位还有任职人（或已安排将来的任职），不能撤销；请先终止其任职。")
    for name, value in changes.items():
        setattr(post, name, value)
    post.changed(clock.now())
    kept = {name: before[name] for name in changes}
    await audit(session, clock, actor, "post.update", "post", post.id, before=kept, after=changes)
    return post
