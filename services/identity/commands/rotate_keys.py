"""Signing keys: make the first, and replace the present one without a token being refused.

A new key is published `key_lead_seconds` before it signs, longer than a verifier waits between two fetches of the
JWKS; the old one stays published until the last token that it signed has ended.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, text, update

from services.identity.keyring import Keyring
from services.identity.queries import signing_key
from services.identity.settings import IdentitySettings
from services.identity.tables import SigningKeyRow
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.ids import new_id
from services.kernel.principal import Principal
from services.kernel.tokens import SigningKey, generate_private_pem

ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('identity signing keys'))")
CLOCKS_DIFFER = timedelta(minutes=1)


async def ensure_signing_key(session: WriteSession, clock: Clock, actor: Principal, keyring: Keyring) -> bool:
    """Make the first signing key if there is none; returns whether it did.

    Raises SigningKeyUnreadable when the present one was encrypted under another secret.
    """
    await session.execute(ONE_AT_A_TIME)
    if await session.scalar(select(SigningKeyRow.kid).limit(1)):
        await signing_key(session, keyring, clock.now())
        return False
    await _add_key(session, clock, actor, keyring, signs_from=clock.now())
    return True


async def rotate_keys(
    session: WriteSession, clock: Clock, actor: Principal, keyring: Keyring, settings: IdentitySettings
) -> str:
    """Publish a new key that soon signs, give the others their end, forget the ended. Returns the new key's id."""
    await session.execute(ONE_AT_A_TIME)
    now = clock.now()
    signs_from = now + timedelta(seconds=settings.key_lead_seconds)
    await session.execute(delete(SigningKeyRow).where(SigningKeyRow.retires_at <= now))
    ends = signs_from + settings.access_token_life + CLOCKS_DIFFER
    await session.execute(update(SigningKeyRow).where(SigningKeyRow.retires_at.is_(None)).values(retires_at=ends))
    return await _add_key(session, clock, actor, keyring, signs_from=signs_from)


async def _add_key(
    session: WriteSession, clock: Clock, actor: Principal, keyring: Keyring, *, signs_from: datetime
) -> str:
    key = SigningKey(new_id().hex, generate_private_pem())
    row = SigningKeyRow(
        kid=key.kid,
        public_jwk=key.public_jwk(),
        private_pem=keyring.seal_private_key(key.private_pem),
        created_at=clock.now(),
        signs_from=signs_from,
    )
    session.add(row)
    await audit(session, clock, actor, "signing_key.create", "signing_key", key.kid)
    return key.kid
