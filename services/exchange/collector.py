"""Collects the services' outboxes into the feed, each second, one collector at a time in the whole deployment."""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text

from services.exchange.clients.outboxes import BATCH, SOURCES, Outboxes
from services.exchange.commands.purge_deliveries import purge_deliveries
from services.exchange.commands.store_changes import position_of, store_changes
from services.exchange.settings import ExchangeSettings
from services.kernel.clock import Clock
from services.kernel.database import Database
from services.kernel.errors import Unavailable

log = logging.getLogger(__name__)
ALONE = text("SELECT pg_try_advisory_xact_lock(hashtextextended('hub exchange collector', 0))")
PURGE_EVERY: Final = timedelta(hours=1)
LEARN_EVERY: Final = timedelta(seconds=30)  # how soon a new alliance is noticed


@dataclass
class Collector:
    """One process's collector; it remembers the alliances for a while in which identity does not answer."""

    settings: ExchangeSettings
    outboxes: Outboxes
    known: list[str] = field(default_factory=list)
    learned_at: datetime | None = None
    unreached: set[str] = field(default_factory=set)
    purged_at: datetime | None = None

    async def keep_collecting(self, database: Database, clock: Clock) -> None:
        """Collect until cancelled. A round that fails is written to the log, and the next one begins a second later."""
        try:
            while True:
                try:
                    await self.round(database, clock)
                except Unavailable as fault:
                    log.warning("collecting waits", extra={"detail": fault.detail})
                except Exception:  # e.g. the database restarts; nothing is lost, the next round goes on from there
                    log.exception("collecting failed")
                await asyncio.sleep(self.settings.collect_seconds)
        finally:
            await self.outboxes.close()

    async def round(self, database: Database, clock: Clock) -> int:
        """Collect everything there is, unless another process is at it; returns how many changes came."""
        async with database.engine.begin() as alone:
            if not (await alone.execute(ALONE)).scalar_one():
                return 0
            await self._learn_alliances(clock.now())
            came = [
                await self._collect(database, clock, alliance, source) for alliance in self.known for source in SOURCES
            ]
            await self._purge(database, clock)
            return sum(came)

    async def _learn_alliances(self, now: datetime) -> None:
        if self.learned_at is not None and now - self.learned_at < LEARN_EVERY:
            return
        try:
            self.known, self.learned_at = await self.outboxes.alliances(), now
        except Unavailable:
            self._note("identity", reached=False)
        else:
            self._note("identity", reached=True)

    async def _collect(self, database: Database, clock: Clock, alliance: str, source: str) -> int:
        came = 0
        while True:
            async with database.read(alliance) as reading:
                position = await position_of(reading, alliance, source)
            try:
                events = await self.outboxes.events(source, alliance, position)
            except Unavailable:
                self._note(source, reached=False)
                return came
            self._note(source, reached=True)
            if events:
                async with database.write(alliance) as session:
                    came += len(await store_changes(session, clock, alliance, source, events))
            if len(events) < BATCH:
                return came

    def _note(self, service: str, *, reached: bool) -> None:
        """Log once when a service stops answering, and once when it answers again."""
        if reached and service in self.unreached:
            self.unreached.remove(service)
            log.info("service reached again", extra={"part": service})
        elif not reached and service not in self.unreached:
            self.unreached.add(service)
            log.warning("service not reached, its changes wait", extra={"part": service})

    async def _purge(self, database: Database, clock: Clock) -> None:
        now = clock.now()
        if self.purged_at is not None and now - self.purged_at < PURGE_EVERY:
            return
        before = now - timedelta(days=self.settings.keep_deliveries_days)
        for alliance in self.known:
            async with database.write(alliance) as session:
                gone = await purge_deliveries(session, alliance, before)
            if gone:
                log.info("old deliveries deleted", extra={"alliance": alliance, "deliveries": gone})
        self.purged_at = now
