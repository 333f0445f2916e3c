"""Bulk ways through the driver: COPY out of a query into a frame, COPY of a frame into a table."""

import io
from collections.abc import Mapping
from typing import Any

import polars as pl

from services.kernel.database import AnySession


async def driver_of(session: AnySession) -> Any:
    """The asyncpg connection under a session, inside its transaction."""
    connection = await (await session.connection()).get_raw_connection()
    return connection.driver_connection


async def frame_of(session: AnySession, query: str, *arguments: Any, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """The rows of a query as a frame, by COPY. `$1` … are the arguments; columns follow the schema in order."""
    driver = await driver_of(session)
    buffer = io.BytesIO()
    await driver.copy_from_query(query, *arguments, output=buffer, format="csv")
    if buffer.tell() == 0:
        return pl.DataFrame(schema=dict(schema))
    return pl.read_csv(buffer.getvalue(), has_header=False, schema=dict(schema))


async def copy_frame(session: AnySession, table: str, frame: pl.DataFrame) -> None:
    """COPY a frame into a table made in this very transaction: its rows are frozen, which saves the later vacuum."""
    driver = await driver_of(session)
    source = io.BytesIO(frame.write_csv(None, include_header=False).encode())
    await driver.copy_to_table(table, source=source, columns=frame.columns, format="csv", freeze=True)
