"""Bulk ways through the driver: COPY out of a query into a frame, COPY of CSV into a table.

The server works at a COPY while this process waits for it, so what this process has to do with the rows (to read them,
to write them as CSV) is done part by part in a thread at the same time.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

import polars as pl

from services.kernel.database import AnySession

T = TypeVar("T")
PART_BYTES: Final = 4_000_000
Refine = Callable[[pl.DataFrame], pl.DataFrame]


async def driver_of(session: AnySession) -> Any:
    """The asyncpg connection under a session, inside its transaction."""
    connection = await (await session.connection()).get_raw_connection()
    return connection.driver_connection


async def frame_of(
    session: AnySession,
    query: str,
    *arguments: Any,
    schema: Mapping[str, pl.DataType],
    refine: Refine = lambda part: part,
) -> pl.DataFrame:
    """The rows of a query as a frame, by COPY. `$1` … are the arguments; columns follow the schema in order.

    `refine` is applied to parts of the rows as they come, so it must treat every row by itself.
    """

    def read(csv: bytes) -> pl.DataFrame:
        return refine(pl.read_csv(csv, has_header=False, schema=dict(schema)))

    driver = await driver_of(session)
    pending = bytearray()
    async with asyncio.TaskGroup() as reading:
        parts: list[asyncio.Task[pl.DataFrame]] = []

        async def take(chunk: bytes) -> None:
            pending.extend(chunk)
            if len(pending) >= PART_BYTES and (end := end_of_rows(pending)):
                parts.append(reading.create_task(asyncio.to_thread(read, bytes(pending[:end]))))
                del pending[:end]

        await driver.copy_from_query(query, *arguments, output=take, format="csv")
        if pending:
            parts.append(reading.create_task(asyncio.to_thread(read, bytes(pending))))
    frames = [part.result() for part in parts]
    return pl.concat(frames) if frames else refine(pl.DataFrame(schema=dict(schema)))


def end_of_rows(csv: bytearray) -> int:
    """Where the last whole row of the CSV ends, or 0 when that line feed may stand inside quotes (RFC 4180, 2.6)."""
    end = csv.rfind(b"\n") + 1
    return end if csv.count(b'"', 0, end) % 2 == 0 else 0


async def copy_csv(session: AnySession, table: str, columns: Sequence[str], parts: Iterator[bytes]) -> None:
    """COPY CSV into a table made in this very transaction: its rows are frozen, which saves the later vacuum."""
    driver = await driver_of(session)
    await driver.copy_to_table(table, source=ahead(parts), columns=columns, format="csv", freeze=True)


async def ahead(parts: Iterator[T]) -> AsyncIterator[T]:
    """The parts, the next of which is made in a thread while the caller works at the last."""
    coming = asyncio.create_task(asyncio.to_thread(next, parts, None))
    try:
        while (part := await coming) is not None:
            coming = asyncio.create_task(asyncio.to_thread(next, parts, None))
            yield part
    finally:
        coming.cancel()
