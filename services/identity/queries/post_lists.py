"""Posts in lists, and the people in them over time."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, String, and_, cast, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased, joinedload

from services.identity.queries.posts import holds_on
from services.identity.tables import Account, Person, Post, PostHolding
from services.kernel.database import AnySession
from services.kernel.pagination import PageRequest, paginate, sort_column
from services.kernel.permissions import Role


@dataclass(frozen=True)
class PostFilter:
    """What a list of posts is narrowed by."""

    q: str | None = None
    role: Role | None = None
    division: str | None = None
    member: UUID | None = None
    active: bool | None = None
    vacant: bool | None = None

    @property
    def narrowing(self) -> dict[str, str | bool]:
        """What the audit log repeats of it: not the words that were searched for."""
        member = str(self.member) if self.member else None
        given: dict[str, str | bool | None] = {"role": self.role, "division": self.division, "member": member}
        given |= {"active": self.active, "vacant": self.vacant}
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True)
class Holder:
    """A holding with its person's account, and the names of those who granted and ended it."""

    holding: PostHolding
    account: Account
    granted_by_name: str | None
    ended_by_name: str | None


async def list_posts(
    session: AnySession, alliance: str, asked: PostFilter, day: date, request: PageRequest
) -> tuple[list[Post], str | None, int]:
    """One page of the posts of an alliance."""
    statement = select(Post).where(Post.alliance == alliance)
    equal = {"role": asked.role, "division": asked.division, "member": asked.member, "active": asked.active}
    statement = statement.where(*(getattr(Post, name) == value for name, value in equal.items() if value is not None))
    if asked.q:
        words = (Post.title, Post.unit_name)
        statement = statement.where(or_(*(column.contains(asked.q, autoescape=True) for column in words)))
    if asked.vacant is not None:
        held = select(PostHolding.id).where(PostHolding.alliance == Post.alliance, PostHolding.post_id == Post.id)
        taken = held.where(holds_on(day)).exists()
        statement = statement.where(~taken if asked.vacant else taken)
    sortable = {"unit_name": Post.unit_name, "title": Post.title, "role": Post.role, "created_at": Post.created_at}
    order = sort_column(request, sortable, "unit_name")
    return await paginate(session, statement, request, order=order, tie=Post.id)


async def holders_of(
    session: AnySession, alliance: str, posts: Collection[UUID], *, on: date | None = None
) -> dict[UUID, list[Holder]]:
    """Who holds posts on a date, or at any time; by post, the latest first."""
    granting, ending = (aliased(Account, name=name) for name in ("granting", "ending"))
    granting_person, ending_person = (aliased(Person, name=name) for name in ("granting_person", "ending_person"))
    statement = (
        select(PostHolding, Account, granting_person.name, ending_person.name)
        .join(Account, and_(Account.alliance == PostHolding.alliance, Account.person_id == PostHolding.person_id))
        .outerjoin(granting, _named(granting, PostHolding.granted_by))
        .outerjoin(granting_person, _person(granting_person, granting))
        .outerjoin(ending, _named(ending, PostHolding.ended_by))
        .outerjoin(ending_person, _person(ending_person, ending))
        .options(joinedload(Account.person, innerjoin=True))
        .where(PostHolding.alliance == alliance, PostHolding.post_id.in_(posts))
        .order_by(PostHolding.from_date.desc(), PostHolding.granted_at.desc(), PostHolding.id)
    )
    found: defaultdict[UUID, list[Holder]] = defaultdict(list)
    for row in (await session.execute(statement if on is None else statement.where(holds_on(on)))).all():
        found[row[0].post_id].append(Holder(*row))
    return found


def _named(account: Any, column: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """That an account is the one whose id stands in a column, which may name a program as well."""
    return and_(account.alliance == PostHolding.alliance, cast(account.id, String) == column)


def _person(person: Any, account: Any) -> ColumnElement[bool]:
    return and_(person.alliance == account.alliance, person.id == account.person_id)
