"""The posts that somebody holds on a date: what a sign-in may choose from, and what a token may speak for."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import joinedload

from services.identity.domain import AccountState, PostUnknown
from services.identity.tables import Account, Post, PostHolding
from services.kernel.alliances import practice_of
from services.kernel.clock import BUSINESS_ZONE
from services.kernel.database import AnySession
from services.kernel.permissions import Department, Role
from services.kernel.principal import Principal


@dataclass(frozen=True)
class HeldPost:
    """A person at work in one post. `practice` leads every token into the practice alliance, in the same unit.

    `until_date` is the day from which the post is no longer held, if one is set.
    """

    account: Account
    post: Post
    practice: bool = False
    until_date: date | None = None

    @property
    def role(self) -> Role:
        return Role(self.post.role)

    @property
    def ends_at(self) -> datetime | None:
        """The midnight in Anqing at which the post is lost; no token may outlive it."""
        return datetime.combine(self.until_date, time(), BUSINESS_ZONE) if self.until_date else None

    @property
    def principal(self) -> Principal:
        """Who this is for identity's own audit log, which stands in the home alliance."""
        department = Department(self.post.department) if self.post.department else None
        return Principal(
            subject=str(self.account.id),
            name=self.account.person.name,
            role=self.role,
            alliance=self.account.alliance,
            scopes=frozenset(),
            division=self.post.division,
            member=self.post.member,
            department=department,
            post=self.post.id,
            post_title=self.post.title,
            unit_name=self.post.unit_name,
        )

    @property
    def claims(self) -> dict[str, str | None]:
        """What a token says of the person and the post (docs/design.md, sections 4 and 10); absent ones are None."""
        return {
            "sub": str(self.account.id),
            "name": self.account.person.name,
            "alliance": practice_of(self.account.alliance) if self.practice else self.account.alliance,
            "role": self.post.role,
            "division": self.post.division,
            "member": str(self.post.member) if self.post.member else None,
            "department": self.post.department,
            "post": str(self.post.id),
            "title": self.post.title,
            "unit_name": self.post.unit_name,
        }


def holds_on(day: date) -> ColumnElement[bool]:
    """That a holding is in effect on a business date."""
    begun = PostHolding.from_date <= day
    return and_(begun, or_(PostHolding.until_date.is_(None), PostHolding.until_date > day))


def overlapping(day: date) -> ColumnElement[bool]:
    """That a holding is in effect on that date or at any time after it; a withdrawn one never is."""
    lasts = or_(PostHolding.until_date.is_(None), PostHolding.until_date > day)
    return and_(lasts, or_(PostHolding.until_date.is_(None), PostHolding.until_date > PostHolding.from_date))


async def held_from(session: AnySession, alliance: str, post_id: UUID, day: date) -> list[PostHolding]:
    """The holdings of a post from a date on, the earliest first."""
    own = select(PostHolding).where(PostHolding.alliance == alliance, PostHolding.post_id == post_id)
    return list((await session.scalars(own.where(overlapping(day)).order_by(PostHolding.from_date))).all())


def in_effect(holding: PostHolding, day: date) -> bool:
    """The same of a row that was read already."""
    return holding.from_date <= day and (holding.until_date is None or holding.until_date > day)


async def get_post(session: AnySession, alliance: str, post_id: UUID) -> Post:
    """A post of the alliance. Raises PostUnknown."""
    post = (await session.scalars(select(Post).where(Post.alliance == alliance, Post.id == post_id))).one_or_none()
    if post is None:
        raise PostUnknown("没有这个岗位，请刷新后再试。")
    return post


async def roles_from(session: AnySession, alliance: str, person_id: UUID, day: date) -> set[Role]:
    """The roles of every post that a person holds on a date or is to hold after it."""
    statement = select(Post.role).join(
        PostHolding, and_(PostHolding.alliance == Post.alliance, PostHolding.post_id == Post.id)
    )
    own = statement.where(Post.alliance == alliance, PostHolding.person_id == person_id, overlapping(day))
    return {Role(role) for role in (await session.scalars(own)).all()}


async def current_holdings(session: AnySession, alliance: str, person_id: UUID, day: date) -> list[PostHolding]:
    """What a person holds on a date, each with its post."""
    own = select(PostHolding).where(PostHolding.alliance == alliance, PostHolding.person_id == person_id)
    held = own.where(holds_on(day)).options(joinedload(PostHolding.post, innerjoin=True))
    return list((await session.scalars(held.order_by(PostHolding.from_date, PostHolding.id))).all())


async def posts_by_person(
    session: AnySession, alliance: str, people: Collection[UUID], day: date
) -> dict[UUID, list[Post]]:
    """The active posts that people hold on a date, by person."""
    statement = (
        select(PostHolding.person_id, Post)
        .join(Post, and_(Post.alliance == PostHolding.alliance, Post.id == PostHolding.post_id))
        .where(PostHolding.alliance == alliance, PostHolding.person_id.in_(people), holds_on(day), Post.active)
        .order_by(Post.unit_name, Post.title, Post.id)
    )
    found: dict[UUID, list[Post]] = {}
    for person_id, post in (await session.execute(statement)).all():
        found.setdefault(person_id, []).append(post)
    return found


def held_posts(alliance: str, account_id: UUID, day: date) -> Select[Account, Post, date | None]:
    """Active posts that an active account's person holds on a date, and until when; for any kind of session."""
    return (
        select(Account, Post, PostHolding.until_date)
        .join(
            PostHolding,
            and_(PostHolding.alliance == Account.alliance, PostHolding.person_id == Account.person_id, holds_on(day)),
        )
        .join(Post, and_(Post.alliance == PostHolding.alliance, Post.id == PostHolding.post_id))
        .options(joinedload(Account.person, innerjoin=True))
        .where(Account.alliance == alliance, Account.id == account_id, Account.state == AccountState.ACTIVE)
        .where(Post.active)
        .order_by(Post.unit_name, Post.title, Post.id)
    )


async def posts_held(session: AnySession, alliance: str, account_id: UUID, day: date) -> list[HeldPost]:
    """Everything that somebody may work as on a business date (`business_date(clock)`); empty for a leaver."""
    rows = (await session.execute(held_posts(alliance, account_id, day))).all()
    return [HeldPost(account, post, until_date=until) for account, post, until in rows]


async def held_post(
    session: AnySession, alliance: str, account_id: UUID, post_id: UUID, day: date, *, practice: bool = False
) -> HeldPost | None:
    """One of them, or None when it is not held on this date, is closed, or the account may not sign in."""
    row = (await session.execute(held_posts(alliance, account_id, day).where(Post.id == post_id))).one_or_none()
    return HeldPost(row[0], row[1], practice, row[2]) if row else None
