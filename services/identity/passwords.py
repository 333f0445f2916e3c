"""Password hashing by argon2id (RFC 9106), off the event loop and a bounded number at once."""

import asyncio
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from services.identity.settings import IdentitySettings


class Passwords:
    """Hashes and verifies; to verify takes the same time whether or not there is a hash to compare with."""

    def __init__(self, settings: IdentitySettings) -> None:
        self._hasher = PasswordHasher(
            time_cost=settings.argon2_time_cost,
            memory_cost=settings.argon2_memory_kib,
            parallelism=settings.argon2_parallelism,
        )
        self._decoy = self._hasher.hash(secrets.token_urlsafe(32))
        self.slots = asyncio.Semaphore(settings.parallel_sign_ins)

    async def hash(self, password: str) -> str:
        """The encoded argon2id hash, with its parameters and salt."""
        return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password is the stored one; without a stored hash a decoy is verified, and the answer is no."""
        right = await asyncio.to_thread(self._verify, stored or self._decoy, password)
        return right and stored is not None

    def outdated(self, stored: str) -> bool:
        """Whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerifyMismatchError, VerificationError, InvalidHashError):
            return False
