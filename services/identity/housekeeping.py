"""What identity does by itself while it runs: deletes what ended long ago, once an hour."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError

from services.identity.commands.purge_ended import purge_everywhere
from services.identity.parts import IdentityParts
from services.kernel.errors import Unavailable

log = logging.getLogger(__name__)
HOUR: Final = 3600.0


@asynccontextmanager
async def housekeeping(app: FastAPI) -> AsyncIterator[None]:
    """Purge at the start and every hour until the block ends."""
    task = asyncio.create_task(_hourly(app.state.identity))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _hourly(parts: IdentityParts) -> None:
    while True:
        try:
            await purge_everywhere(parts.database, parts.clock, parts.settings)
        except (Unavailable, SQLAlchemyError, OSError) as fault:
            log.warning("purge failed, tried again in an hour", extra={"kind": type(fault).__name__})
        await asyncio.sleep(HOUR)
