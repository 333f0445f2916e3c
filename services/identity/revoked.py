"""The list of revocations as this process holds it: read at most twice a second, however often it is asked for."""

import asyncio
import time
from typing import Final

from services.identity.queries.revocations import revocations
from services.kernel.clock import Clock
from services.kernel.database import Database
from services.kernel.revocations import Revoked

FRESH_SECONDS: Final = 0.5


class RevokedList:
    """Answers identity's own verifier, and every other service's by `/internal/revocations`."""

    def __init__(
        self, database: Database, clock: Clock, alliance: str, *, fresh_seconds: float = FRESH_SECONDS
    ) -> None:
        self._database, self._clock, self._alliance = database, clock, alliance
        self._fresh_seconds = fresh_seconds
        self._read_at = float("-inf")
        self._list = Revoked()
        self._one_at_a_time = asyncio.Lock()

    async def current(self) -> Revoked:
        """The list, at most half a second old. Raises Unavailable when the database does not answer."""
        async with self._one_at_a_time:
            if time.monotonic() - self._read_at >= self._fresh_seconds:
                async with self._database.read(self._alliance) as session:
                    self._list = await revocations(session, self._clock.now())
                self._read_at = time.monotonic()
        return self._list

    async def newer(self, known: str) -> Revoked | None:
        """The list unless its version is known: identity's own source for the kernel's feed."""
        listed = await self.current()
        return None if listed.version == known else listed
