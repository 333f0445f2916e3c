"""People of a unit: who holds an effective post in it, as its administrator sees them."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select

from services.identity.queries.accounts import accounts_of
from services.identity.queries.posts import holds_on, overlapping
from services.identity.tables import Account, Post, PostHolding
from services.kernel.database import AnySession
from services.kernel.pagination import PageRequest, paginate, sort_column
from services.kernel.permissions import Role
from services.kernel.principal import Principal


def of_unit(caller: Principal) -> ColumnElement[bool]:
    """That a post belongs to the caller's own unit: the same party, and its county, member or department."""
    roles = [role.value for role in Role if role.party is caller.party]
    same = [Post.alliance == caller.alliance, Post.role.in_(roles), Post.active]
    own = {"division": caller.division, "member": caller.member, "department": caller.department}
    return and_(*same, *(getattr(Post, name) == value for name, value in own.items() if value is not None))


async def unit_accounts(
    session: AnySession, caller: Principal, day: date, request: PageRequest
) -> tuple[list[Account], str | None, int]:
    """One page of the accounts whose people hold a post of the caller's unit on a date."""
    order = sort_column(request, {"username": Account.username}, "username")
    return await paginate(
        session, accounts_of(caller.alliance).where(_there(caller, day)), request, order=order, tie=Account.id
    )


async def unit_account(session: AnySession, caller: Principal, account_id: UUID, day: date) -> Account | None:
    """One of them."""
    own = accounts_of(caller.alliance).where(Account.id == account_id, _there(caller, day))
    return (await session.scalars(own)).one_or_none()


def _there(caller: Principal, day: date) -> ColumnElement[bool]:
    held = select(PostHolding.id).join(
        Post, and_(Post.alliance == PostHolding.alliance, Post.id == PostHolding.post_id)
    )
    held = held.where(PostHolding.alliance == caller.alliance, PostHolding.person_id == Account.person_id)
    return held.where(holds_on(day), of_unit(caller)).exists()


async def posts_in_unit(
    session: AnySession, caller: Principal, people: Collection[UUID], day: date
) -> dict[UUID, list[Post]]:
    """The posts that people hold in the caller's unit on a date, by person."""
    held = select(PostHolding.person_id, Post)
    held = held.join(Post, and_(Post.alliance == PostHolding.alliance, Post.id == PostHolding.post_id))
    held = held.where(PostHolding.alliance == caller.alliance, PostHolding.person_id.in_(people))
    found: dict[UUID, list[Post]] = {}
    for person_id, post in (
        await session.execute(held.where(holds_on(day), of_unit(caller)).order_by(Post.title))
    ).all():
        found.setdefault(person_id, []).append(post)
    return found


async def works_elsewhere(session: AnySession, caller: Principal, person_id: UUID, day: date) -> bool:
    """Whether somebody holds, or is to hold, a post outside the caller's unit."""
    held = select(PostHolding.id).join(
        Post, and_(Post.alliance == PostHolding.alliance, Post.id == PostHolding.post_id)
    )
    held = held.where(PostHolding.alliance == caller.alliance, PostHolding.person_id == person_id, overlapping(day))
    return await session.scalar(held.where(~of_unit(caller)).limit(1)) is not None
