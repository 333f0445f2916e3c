"""Many rows of one table written in one go, where a flush would write them one by one."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, Final, TypeVar

from sqlalchemy import bindparam, update
from sqlalchemy.orm.attributes import get_history, set_committed_value
from sqlalchemy.orm.base import PASSIVE_NO_INITIALIZE

from services.kernel.database import TenantTable, WriteSession

VERSION: Final = "row_version"
T = TypeVar("T", bound=TenantTable)
Thing = TypeVar("Thing")


async def update_together(session: WriteSession, table: type[T], things: Sequence[T]) -> None:
    """Write what was set of rows in the order in which they are given; their versions move on as by a flush.

    The caller has locked them, so that no version is compared; a single row is flushed, which compares it. A column
    that only some of them change is written for all of them, as it stands, which is no change.
    """
    if len(things) == 1:
        await session.flush()
        return
    changed = {id(thing): names for thing in things if (names := _changed(table, thing))}
    if not changed:
        return
    columns = table.__table__.c
    written = sorted({name for names in changed.values() for name in names})
    keys = [column.name for column in table.__table__.primary_key]
    statement = update(table.__table__)  # type: ignore[arg-type]  # every one is a Table
    statement = statement.where(*(columns[key] == bindparam(f"of_{key}") for key in keys))
    statement = statement.values({name: bindparam(f"new_{name}") for name in written} | {VERSION: columns[VERSION] + 1})
    touched = [thing for thing in things if id(thing) in changed]
    await session.execute(statement, [_parameters(thing, keys, written) for thing in touched])
    for thing in touched:
        for name in written:
            set_committed_value(thing, name, getattr(thing, name))
        set_committed_value(thing, VERSION, getattr(thing, VERSION) + 1)


def _changed(table: type[T], thing: T) -> list[str]:
    names = (column.name for column in table.__table__.columns if column.computed is None)
    return [name for name in names if get_history(thing, name, PASSIVE_NO_INITIALIZE).has_changes()]


def _parameters(thing: Any, keys: Sequence[str], written: Sequence[str]) -> dict[str, Any]:
    of = {f"of_{key}": getattr(thing, key) for key in keys}
    return of | {f"new_{name}": getattr(thing, name) for name in written}


def by_day(things: Iterable[Thing], day_of: Callable[[Thing], date]) -> dict[date, list[Thing]]:
    """Things by the day from which they hold: the day is set once for all of one day."""
    days: dict[date, list[Thing]] = {}
    for thing in things:
        days.setdefault(day_of(thing), []).append(thing)
    return days
