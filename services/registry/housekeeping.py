"""What the registry does by itself each hour: warns of agreements that end, forgets what applications that came to
nothing hold of people, and sweeps the store of attachments.

A round repeats nothing that was done and makes up for what was missed, so it does not matter how often it runs, or for
how long nothing ran.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy.exc import SQLAlchemyError

from services.kernel.clock import Clock
from services.kernel.database import Database
from services.kernel.errors import Unavailable
from services.kernel.storage import Storage
from services.registry.commands.forget_applications import forget_applications
from services.registry.commands.sweep_attachments import sweep_attachments
from services.registry.commands.warn_of_agreements import warn_of_agreements

log = logging.getLogger(__name__)
HOUR: Final = 3600.0
SOON: Final = 60.0
"""After a round that found a part of the hub away, as at the start."""


class Round(NamedTuple):
    """How many warnings were given, applications emptied, files swept."""

    warned: int
    forgotten: int
    swept: int


@dataclass
class Housekeeping:
    """One worker's rounds; `alliances` tells which alliances there are, practice ones left out."""

    alliances: Callable[[], Awaitable[Iterable[str]]]
    storage: Storage
    keep_days: int
    """How long applications that came to nothing keep their papers and contacts."""

    async def keep(self, database: Database, clock: Clock) -> None:
        """Go round until cancelled."""
        while True:
            done = await self._tried(database, clock)
            await asyncio.sleep(HOUR if done else SOON)

    async def _tried(self, database: Database, clock: Clock) -> bool:
        try:
            await self.round(database, clock)
        except (Unavailable, SQLAlchemyError, OSError) as fault:
            log.warning("housekeeping failed, tried again soon", extra={"kind": type(fault).__name__})
            return False
        return True

    async def round(self, database: Database, clock: Clock) -> Round:
        """What was done. Raises Unavailable."""
        alliances = sorted(await self.alliances())
        warned = sum([await warn_of_agreements(database, clock, alliance) for alliance in alliances])
        forgotten = sum(
            [
                await forget_applications(database, self.storage, clock, alliance, self.keep_days)
                for alliance in alliances
            ]
        )
        done = Round(warned, forgotten, await sweep_attachments(database, self.storage, clock.now()))
        if any(done):
            log.info("housekeeping done", extra=done._asdict())
        return done
