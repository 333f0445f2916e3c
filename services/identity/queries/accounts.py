"""Accounts with their people."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import joinedload

from services.identity.domain import AccountState, AccountUnknown
from services.identity.tables import Account, Alliance, Person
from services.kernel.database import AnySession
from services.kernel.pagination import PageRequest, paginate, sort_column


def accounts_of(alliance: str) -> Select[Account]:
    """The accounts of an alliance, each with its person."""
    with_person = joinedload(Account.person, innerjoin=True)
    return select(Account).where(Account.alliance == alliance).options(with_person)


async def find_account(session: AnySession, alliance: str, username: str) -> Account | None:
    """The account of a normalised user name."""
    return (await session.scalars(accounts_of(alliance).where(Account.username == username))).one_or_none()


async def get_account(session: AnySession, alliance: str, username: str) -> Account:
    """As `find_account`. Raises AccountUnknown."""
    account = await find_account(session, alliance, username)
    if account is None:
        raise AccountUnknown(f"没有用户名为 {username} 的账号，请检查后再试。")
    return account


async def account_by_id(session: AnySession, alliance: str, account_id: UUID) -> Account | None:
    return (await session.scalars(accounts_of(alliance).where(Account.id == account_id))).one_or_none()


async def get_account_by_id(session: AnySession, alliance: str, account_id: UUID) -> Account:
    """As `account_by_id`. Raises AccountUnknown."""
    account = await account_by_id(session, alliance, account_id)
    if account is None:
        raise AccountUnknown("没有这个账号，请刷新后再试。")
    return account


async def alliance_name(session: AnySession, alliance: str) -> str:
    """The alliance's name; its code while it has none."""
    name = await session.scalar(select(Alliance.name).where(Alliance.alliance == alliance))
    return name or alliance


@dataclass(frozen=True)
class AccountFilter:
    """What a list of accounts is narrowed by; `q` is a part of the user name or of the person's name."""

    q: str | None = None
    state: AccountState | None = None


async def list_accounts(
    session: AnySession, alliance: str, asked: AccountFilter, request: PageRequest
) -> tuple[list[Account], str | None, int]:
    """One page of the accounts of an alliance, each with its person."""
    statement = accounts_of(alliance)
    if asked.state is not None:
        statement = statement.where(Account.state == asked.state)
    if asked.q:
        named = select(Person.id).where(Person.alliance == alliance, Person.name.contains(asked.q, autoescape=True))
        by_username = Account.username.contains(asked.q.lower(), autoescape=True)
        statement = statement.where(or_(by_username, Account.person_id.in_(named)))
    order = sort_column(request, {"username": Account.username, "created_at": Account.created_at}, "username")
    return await paginate(session, statement, request, order=order, tie=Account.id)


async def all_accounts(session: AnySession, alliance: str) -> list[Account]:
    """Every account of an alliance by user name, for the operator's list."""
    return list((await session.scalars(accounts_of(alliance).order_by(Account.username))).all())
