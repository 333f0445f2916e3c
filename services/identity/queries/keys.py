"""Clients that may ask for tokens, and the keys that sign these."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, or_, select

from services.identity.domain import SigningKeyUnreadable
from services.identity.keyring import Keyring
from services.identity.tables import OAuthClient, SigningKeyRow
from services.kernel.database import AnySession
from services.kernel.tokens import Jwks, SigningKey


async def find_client(session: AnySession, client_id: str) -> OAuthClient | None:
    """A registered client that is in use."""
    statement = select(OAuthClient).where(OAuthClient.client_id == client_id, OAuthClient.active)
    return (await session.scalars(statement)).one_or_none()


def living_keys(now: datetime) -> Select[dict[str, Any]]:
    """The public keys that verify tokens still alive, those about to sign included; for any kind of session."""
    living = or_(SigningKeyRow.retires_at.is_(None), SigningKeyRow.retires_at > now)
    return select(SigningKeyRow.public_jwk).where(living).order_by(SigningKeyRow.signs_from)


async def published_keys(session: AnySession, now: datetime) -> Jwks:
    """They as a JWKS (RFC 7517)."""
    return {"keys": list((await session.scalars(living_keys(now))).all())}


async def signing_key(session: AnySession, keyring: Keyring, now: datetime) -> SigningKey:
    """The key that signs now: the newest whose time has come. Raises SigningKeyUnreadable."""
    statement = select(SigningKeyRow).where(SigningKeyRow.signs_from <= now)
    newest = statement.order_by(SigningKeyRow.signs_from.desc(), SigningKeyRow.kid).limit(1)
    row = (await session.scalars(newest)).one_or_none()
    if row is None:
        raise SigningKeyUnreadable("还没有签名密钥，请由管理员执行初始化。")
    return SigningKey(row.kid, keyring.open_private_key(row.private_pem))
