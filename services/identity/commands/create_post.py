"""Set up a post of a unit."""

from services.identity.domain import post_issues, refuse
from services.identity.schemas.posts import PostCreate
from services.identity.tables import Post
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.ids import new_id
from services.kernel.principal import Principal


async def create_post(session: WriteSession, clock: Clock, actor: Principal, draft: PostCreate) -> Post:
    """Set up a post that nobody holds yet. Raises InvalidInput with every issue."""
    refuse(post_issues(draft.role, draft.division, draft.member, draft.department))
    now = clock.now()
    values = draft.model_dump(include={"title", "unit_name", "division", "member"})
    post = Post(
        alliance=actor.alliance,
        id=new_id(),
        role=draft.role.value,
        department=draft.department.value if draft.department else None,
        active=True,
        created_at=now,
        updated_at=now,
        row_version=1,
        **values,
    )
    session.add(post)
    await session.flush()  # a holding that follows in this transaction refers to the post
    await audit(session, clock, actor, "post.create", "post", post.id, after=described(post))
    return post


def described(post: Post) -> dict[str, str | bool | None]:
    """The post as it stands in the audit log."""
    return {
        "title": post.title,
        "unit_name": post.unit_name,
        "role": post.role,
        "division": post.division,
        "member": str(post.member) if post.member else None,
        "department": post.department,
        "active": post.active,
    }
