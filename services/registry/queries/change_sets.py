"""Read change sets and their rows."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from services.kernel.database import AnySession
from services.kernel.errors import NotFound
from services.kernel.pagination import PageRequest, paginate, sort_column
from services.kernel.tenancy import Scope
from services.registry.tables import ChangeRow, ChangeSet

COUNTS: Final = ("total", "new", "changed", "unchanged", "rejected", "applied", "left_out", "undone")


def counts_of(found: ChangeSet) -> dict[str, Any]:
    """The set's id and its counts of rows."""
    return {"change_set": str(found.id), **{name: getattr(found, name) for name in COUNTS}}


async def find_change_set(session: AnySession, scope: Scope, set_id: UUID) -> ChangeSet:
    """One change set. Raises NotFound."""
    found = (await session.scalars(scope.select(ChangeSet).where(ChangeSet.id == set_id))).one_or_none()
    if found is None:
        raise NotFound("没有这批改动。", code="change_set_not_found")
    return found


async def list_change_sets(
    session: AnySession, scope: Scope, kind: str | None, state: str | None, page: PageRequest
) -> tuple[list[ChangeSet], str | None, int]:
    """Change sets, the newest first unless asked otherwise."""
    statement = scope.select(ChangeSet)
    if kind:
        statement = statement.where(ChangeSet.kind == kind)
    if state:
        statement = statement.where(ChangeSet.state == state)
    order = sort_column(page, {"created_at": ChangeSet.created_at}, "created_at")
    newest_first = page if page.sort else PageRequest(page.limit, page.cursor, "-created_at")
    return await paginate(session, statement, newest_first, order=order, tie=ChangeSet.id)


async def list_rows(
    session: AnySession, scope: Scope, set_id: UUID, outcome: str | None, result: str | None, page: PageRequest
) -> tuple[list[ChangeRow], str | None, int]:
    """Rows of a change set by line."""
    statement = scope.select(ChangeRow).where(ChangeRow.change_set == set_id)
    if outcome:
        statement = statement.where(ChangeRow.outcome == outcome)
    if result:
        statement = statement.where(ChangeRow.result == result)
    order = sort_column(page, {"line": ChangeRow.line}, "line")
    return await paginate(session, statement, page, order=order, tie=ChangeRow.line)


async def may_be_undone(session: AnySession, found: ChangeSet) -> bool:
    """Whether the rows of an applied set still hold what they changed."""
    own = (ChangeRow.alliance == found.alliance, ChangeRow.change_set == found.id)
    applied = select(ChangeRow.line).where(*own, ChangeRow.result == "applied", ChangeRow.after.is_(None))
    return (await session.scalars(applied.limit(1))).first() is None
