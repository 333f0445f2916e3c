"""Forget the failed attempts on a user name."""

from sqlalchemy import delete

from services.identity.keyring import Keyring
from services.identity.tables import SignInGuard
from services.kernel.database import WriteSession


async def unlock(session: WriteSession, keyring: Keyring, alliance: str, username: str) -> None:
    """Lift a lock on a normalised user name; without one nothing happens."""
    own = delete(SignInGuard).where(SignInGuard.alliance == alliance)
    await session.execute(own.where(SignInGuard.name_digest == keyring.blind_name(username)))
