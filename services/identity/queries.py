"""Reads of identity's tables."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select

from services.identity.credentials import digest
from services.identity.domain import AccountUnknown, SigningKeyUnreadable
from services.identity.keyring import Keyring
from services.identity.tables import Account, Alliance, LoginSession, OAuthClient, SigningKeyRow
from services.kernel.database import AnySession
from services.kernel.pagination import PageRequest, paginate, sort_column
from services.kernel.tenancy import Scope
from services.kernel.tokens import Jwks, SigningKey


async def find_account(session: AnySession, alliance: str, username: str) -> Account | None:
    """The account of a normalised user name."""
    statement = select(Account).where(Account.alliance == alliance, Account.username == username)
    return (await session.scalars(statement)).one_or_none()


async def get_account(session: AnySession, alliance: str, username: str) -> Account:
    """As `find_account`. Raises AccountUnknown."""
    account = await find_account(session, alliance, username)
    if account is None:
        raise AccountUnknown(f"没有用户名为 {username} 的账号，请检查后再试。")
    return account


async def account_by_id(session: AnySession, alliance: str, account_id: UUID) -> Account | None:
    statement = select(Account).where(Account.alliance == alliance, Account.id == account_id)
    return (await session.scalars(statement)).one_or_none()


async def alliance_name(session: AnySession, alliance: str) -> str:
    """The alliance's name; its code while it has none."""
    name = await session.scalar(select(Alliance.name).where(Alliance.alliance == alliance))
    return name or alliance


async def list_accounts(
    session: AnySession, scope: Scope, request: PageRequest
) -> tuple[list[Account], str | None, int]:
    """One page of the accounts that this scope may see."""
    sortable = {"username": Account.username, "display_name": Account.display_name, "role": Account.role}
    order = sort_column(request, sortable, "username")
    return await paginate(session, scope.select(Account), request, order=order, tie=Account.id)


async def all_accounts(session: AnySession, alliance: str) -> list[Account]:
    """Every account of an alliance by user name, for the operator's list."""
    statement = select(Account).where(Account.alliance == alliance).order_by(Account.username)
    return list((await session.scalars(statement)).all())


async def live_session(
    session: AnySession, alliance: str, cookie: str, now: datetime, idle: timedelta
) -> tuple[LoginSession, Account] | None:
    """The login session of a cookie and its active account, unless it ended, rested too long or grew too old."""
    statement = (
        select(LoginSession, Account)
        .join(Account, (Account.alliance == LoginSession.alliance) & (Account.id == LoginSession.account_id))
        .where(LoginSession.alliance == alliance, LoginSession.token_hash == digest(cookie))
        .where(LoginSession.ended_at.is_(None), LoginSession.expires_at > now, LoginSession.seen_at > now - idle)
        .where(Account.active)
    )
    row = (await session.execute(statement)).one_or_none()
    return (row[0], row[1]) if row else None


async def find_client(session: AnySession, client_id: str) -> OAuthClient | None:
    """A registered client that is in use."""
    statement = select(OAuthClient).where(OAuthClient.client_id == client_id, OAuthClient.active)
    return (await session.scalars(statement)).one_or_none()


async def published_keys(session: AnySession, now: datetime) -> Jwks:
    """The public keys that verify tokens still alive, those about to sign included (RFC 7517)."""
    living = or_(SigningKeyRow.retires_at.is_(None), SigningKeyRow.retires_at > now)
    statement = select(SigningKeyRow.public_jwk).where(living).order_by(SigningKeyRow.signs_from)
    return {"keys": list((await session.scalars(statement)).all())}


async def signing_key(session: AnySession, keyring: Keyring, now: datetime) -> SigningKey:
    """The key that signs now: the newest whose time has come. Raises SigningKeyUnreadable."""
    statement = select(SigningKeyRow).where(SigningKeyRow.signs_from <= now)
    newest = statement.order_by(SigningKeyRow.signs_from.desc(), SigningKeyRow.kid).limit(1)
    row = (await session.scalars(newest)).one_or_none()
    if row is None:
        raise SigningKeyUnreadable("还没有签名密钥，请由管理员执行初始化。")
    return SigningKey(row.kid, keyring.open_private_key(row.private_pem))
