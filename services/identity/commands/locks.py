"""Rows that a command locks first, so that what it checks still holds when it commits."""

from uuid import UUID

from sqlalchemy import select

from services.identity.domain import AccountUnknown, PostUnknown
from services.identity.queries.accounts import accounts_of
from services.identity.tables import Account, Person, Post
from services.kernel.database import WriteSession


async def lock_post(session: WriteSession, alliance: str, post_id: UUID) -> Post:
    """The post, so that one grant after the other is judged. Raises PostUnknown."""
    own = select(Post).where(Post.alliance == alliance, Post.id == post_id).with_for_update()
    post = (await session.scalars(own)).one_or_none()
    if post is None:
        raise PostUnknown("没有这个岗位，请刷新后再试。")
    return post


async def lock_person(session: WriteSession, alliance: str, person_id: UUID) -> None:
    """The person, so that two posts that do not go together cannot be granted at the same time."""
    await session.execute(
        select(Person.id).where(Person.alliance == alliance, Person.id == person_id).with_for_update()
    )


async def lock_account(session: WriteSession, alliance: str, account_id: UUID) -> Account:
    """The account with its person, read anew if it was read before. Raises AccountUnknown."""
    own = accounts_of(alliance).where(Account.id == account_id).with_for_update(of=Account)
    account = (await session.scalars(own.execution_options(populate_existing=True))).one_or_none()
    if account is None:
        raise AccountUnknown("没有这个账号，请刷新后再试。")
    return account
