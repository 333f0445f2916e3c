"""Delete from the store what no attachment names: a transaction that was rolled back after the file was written."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.kernel.database import Database
from services.kernel.errors import Unavailable
from services.kernel.storage import Storage
from services.registry.queries.attachments import stored_ids

log = logging.getLogger(__name__)
YOUNG: Final = timedelta(days=1)
"""Younger files may belong to an upload that is still under way."""
BATCH: Final = 500


async def sweep_attachments(database: Database, storage: Storage, now: datetime) -> int:
    """Look through the whole store; returns how many files went. Raises Unavailable."""
    waiting: dict[str, set[UUID]] = {}
    gone = 0
    async for entry in storage.stored():
        if entry.written_at > now - YOUNG:
            continue
        batch = waiting.setdefault(entry.alliance, set())
        batch.add(entry.file_id)
        if len(batch) >= BATCH:
            gone += await _delete_unnamed(database, storage, entry.alliance, waiting.pop(entry.alliance))
    for alliance, batch in waiting.items():
        gone += await _delete_unnamed(database, storage, alliance, batch)
    return gone


async def discard(storage: Storage, alliance: str, files: Iterable[UUID]) -> None:
    """Delete files whose records are gone; those that the store does not let go now are left to the sweep."""
    for file_id in files:
        try:
            await storage.delete(alliance, file_id)
        except Unavailable:
            log.warning("file left to the sweep", extra={"file": str(file_id)})


async def _delete_unnamed(database: Database, storage: Storage, alliance: str, found: set[UUID]) -> int:
    async with database.read(alliance) as session:
        unnamed = found - await stored_ids(session, alliance, found)
    for file_id in unnamed:
        await storage.delete(alliance, file_id)
    return len(unnamed)
