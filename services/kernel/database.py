"""Database sessions: `ReadSession` and `WriteSession` are different types, and both belong to one alliance.

A write session commits once, when its block ends; as a FastAPI dependency (see `sessions.py`) that is before the
response is sent, so a failed commit never answers 200. What `write_last` collected goes in just before the commit.
"""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import asyncpg
from sqlalchemy import MetaData, String, Table, insert, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.kernel.clock import Clock, SystemClock, business_date
from services.kernel.errors import Unavailable

log = logging.getLogger(__name__)

LAST = "rows to be written last"
TODAY, EFFECTIVE = "business day", "day from which changes hold"
SET_ALLIANCE = text("SELECT set_config('hub.alliance', :alliance, true)")
SET_ALLIANCE_AND_DAY = text(
    "SELECT set_config('hub.alliance', :alliance, true), set_config('hub.effective_on', :day, true)"
)
SET_DAY = text("SELECT set_config('hub.effective_on', :day, true)")

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def new_metadata() -> MetaData:
    """Metadata with the house's constraint names; each service's `tables.py` makes its own Base from it."""
    return MetaData(naming_convention=NAMING)


class ReadSession(AsyncSession):
    """A session whose transaction is READ ONLY in the database."""


class WriteSession(AsyncSession):
    """A session that may change rows; commands take it, and never commit it."""

    def write_last(self, table: Table, row: dict[str, Any]) -> None:
        """Insert a row as one of the last statements of the transaction, for a table whose trigger takes a lock.

        So the lock is held for moments, and whoever waits for it holds no other that its holder still wants.
        """
        self.info.setdefault(LAST, {}).setdefault(table, []).append(row)

    async def effective_on(self, day: date) -> None:
        """From here on, changes of rows with a history (`kernel/history.py`) hold from `day`, not from today.

        What was changed before is flushed first, so that it keeps its own day.
        """
        await self.flush()
        await self.execute(SET_DAY, {"day": day.isoformat()})
        self.info[EFFECTIVE] = day

    @property
    def today(self) -> date:
        """The business day on which the session began."""
        began: date = self.info[TODAY]
        return began

    @property
    def effective_day(self) -> date:
        """From which day changes hold now."""
        day: date = self.info[EFFECTIVE]
        return day

    async def finish(self) -> None:
        """Flush, and insert what `write_last` collected; `Database.write` calls it before the commit."""
        await self.flush()
        collected: dict[Table, list[dict[str, Any]]] = self.info.pop(LAST, {})
        for table, rows in collected.items():
            await self.execute(insert(table), rows)


AnySession = ReadSession | WriteSession


class TenantTable(DeclarativeBase):
    """Abstract root of a service's tables; a service subclasses it as `Base` with its own metadata."""

    __abstract__ = True
    metadata = new_metadata()


class AllianceKey:
    """Mixin: the alliance is the first column of the primary key of every tenant row."""

    alliance: Mapped[str] = mapped_column(String(32), primary_key=True, sort_order=-100)


class Database:
    """One service's connection pool, with read and write sessions scoped to an alliance.

    `clock` says from which business day the changes of a write session hold, unless it names another.
    """

    def __init__(self, url: str, *, pool_size: int = 5, max_overflow: int = 10, clock: Clock | None = None) -> None:
        self.clock: Clock = clock or SystemClock()
        self.engine: AsyncEngine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=max_overflow,
            pool_timeout=10,
            pool_recycle=1800,
            hide_parameters=True,  # errors are logged, and parameters hold names, masked numbers and hashes
            connect_args={"server_settings": {"timezone": "UTC", "statement_timeout": "60000"}},
        )
        read_only = self.engine.execution_options(postgresql_readonly=True)
        options: dict[str, Any] = {"expire_on_commit": False, "autoflush": False}
        self._read = async_sessionmaker(read_only, class_=ReadSession, **options)
        self._write = async_sessionmaker(self.engine, class_=WriteSession, **options)

    @asynccontextmanager
    async def read(self, alliance: str) -> AsyncIterator[ReadSession]:
        """A read-only transaction that sees the rows of `alliance` only."""
        async with self._read() as session, session.begin():
            await _reach(session)
            await session.execute(SET_ALLIANCE, {"alliance": alliance})
            yield session

    @asynccontextmanager
    async def write(self, alliance: str) -> AsyncIterator[WriteSession]:
        """A transaction that sees and writes the rows of `alliance` only; commits when the block ends."""
        async with self._write() as session, session.begin():
            await _reach(session)
            today = business_date(self.clock)
            await session.execute(SET_ALLIANCE_AND_DAY, {"alliance": alliance, "day": today.isoformat()})
            session.info.update({TODAY: today, EFFECTIVE: today})
            yield session
            await session.finish()

    async def ping(self) -> None:
        """Ask the database one trivial question; raises when it does not answer."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        await self.engine.dispose()


async def _reach(session: AsyncSession) -> None:
    """Take a connection. Raises Unavailable when the server is down, starting up or full, whatever the driver says."""
    try:
        await session.connection()
    except (OSError, TimeoutError, asyncpg.PostgresError, DBAPIError, PoolTimeout) as fault:
        log.error("database unavailable", extra={"kind": type(fault).__name__})  # noqa: TRY400  # no stack: it is expected
        raise Unavailable("数据库暂时无法连接，请稍后重试。") from fault
