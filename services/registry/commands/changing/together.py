"""Rows are saved many at a time under one savepoint; where the database refuses one of them, each by itself."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.exc import IntegrityError

from services.kernel.database import WriteSession
from services.registry.commands.changing.adapter import Left, Result, Saved
from services.registry.tables import ChangeRow

AT_ONCE: Final = 200
"""So that a row that is refused costs the rows beside it little."""


@dataclass(frozen=True)
class Work:
    """How rows are loaded and saved, how what was done is told, and what is said of a row that the database refuses."""

    load: Callable[[Sequence[ChangeRow]], Awaitable[Any]]
    save: Callable[[Any, Sequence[ChangeRow]], Awaitable[Sequence[Saved]]]
    tell: Callable[[Sequence[Any]], Awaitable[None]]
    refusal: Callable[[ChangeRow], str]


async def saved_together(session: WriteSession, work: Work, rows: Sequence[ChangeRow]) -> list[Result]:
    """What became of each row, in their order."""
    loaded = await work.load(rows)
    results: list[Result] = []
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        try:
            results += await _under_savepoint(session, work, loaded, some)
        except IntegrityError:
            results += await _one_by_one(session, work, some)
    return results


async def _one_by_one(session: WriteSession, work: Work, rows: Sequence[ChangeRow]) -> list[Result]:
    loaded = await work.load(rows)  # what was loaded before may hold what the savepoint took back
    results: list[Result] = []
    for row in rows:
        try:
            results += await _under_savepoint(session, work, loaded, [row])
        except IntegrityError:
            results.append(Left(work.refusal(row)))
    return results


async def _under_savepoint(session: WriteSession, work: Work, loaded: Any, rows: Sequence[ChangeRow]) -> list[Result]:
    day = session.effective_day
    try:
        async with session.begin_nested():
            saved = await work.save(loaded, rows)
    except IntegrityError:
        await session.effective_on(day)  # which the savepoint took back too
        raise
    await work.tell([one.done for one in saved if one.done is not None])
    return [one.result for one in saved]
