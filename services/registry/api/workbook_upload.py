"""What the routes share that take a workbook and answer at once, and the day that lists are asked for."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated

from fastapi import Query, Response, UploadFile

from services.kernel.idempotency import Once
from services.kernel.workbooks import MAXIMUM_BYTES, CheckedTable, Table, TableSpec, check_table, read_table
from services.registry.commands.rows_taken import Taken, check_size
from services.registry.schemas.coverage import ImportIssue, RowsTaken

ISSUES_SHOWN = 200
File = Annotated[UploadFile, "a .xlsx or .csv of the template's columns"]


Effective = Annotated[date | None, Query(description="生效日期，默认为当天")]


async def content_of(file: UploadFile, once: Once) -> bytes:
    """The uploaded bytes, one more than allowed at most; they become part of what the request's key stands for."""
    content = await file.read(MAXIMUM_BYTES + 1)
    once.include(content)
    return content


async def checked(content: bytes, spec: TableSpec) -> tuple[Table, CheckedTable]:
    """The table of a workbook with every cell checked. Raises UnsupportedMedia, TooLarge, InvalidInput."""
    table = await asyncio.to_thread(read_table, content, spec)
    return table, await asyncio.to_thread(check_table, spec, table)


def rows_taken(table: Table, taken: Taken) -> RowsTaken:
    """What became of the rows, with the first faults."""
    issues = sorted(taken.issues, key=lambda issue: issue.line)[:ISSUES_SHOWN]
    return RowsTaken(
        total=len(table.rows),
        created=taken.created,
        updated=taken.updated,
        unchanged=taken.unchanged,
        rejected=taken.rejected,
        issues=[ImportIssue(**vars(issue)) for issue in issues],
    )


async def take_in(
    once: Once, file: UploadFile, spec: TableSpec, save: Callable[[CheckedTable, frozenset[str]], Awaitable[Taken]]
) -> Response:
    """Save the rows of an uploaded workbook, once; answers what became of them. Raises as `checked` does."""
    content = await content_of(file, once)
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    table, rows = await checked(content, spec)
    check_size(table)
    return await once.answer(rows_taken(table, await save(rows, table.present)), 200)
