"""`…/{id}/history`: what was recorded of one thing, for those who keep the records."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path

from services.kernel.sessions import CallerScope, Reading
from services.registry.auth import RegistryWrite
from services.registry.queries.members import history
from services.registry.schemas.members import History, HistoryEntry


def add_history(router: APIRouter, kind: str, find: Callable[[Reading, CallerScope, UUID], Awaitable[object]]) -> None:
    """Give a resource this route; `find` raises NotFound for what the caller may not see."""
    thing_id = Annotated[UUID, Path(alias=f"{kind}_id")]

    @router.get(f"/{{{kind}_id}}/history", summary="查看修改记录")
    async def read_history(thing: thing_id, session: Reading, scope: CallerScope, _caller: RegistryWrite) -> History:
        await find(session, scope, thing)
        return History(items=[entry_of(row) for row in await history(session, scope, kind, thing)])


def entry_of(row: Any) -> HistoryEntry:
    """One audit row as the wire shows it: which fields changed, never their contents."""
    changed = sorted(row.after or {}) if row.before else []
    fields = {name: getattr(row, name) for name in ("at", "actor_name", "action", "reason")}
    return HistoryEntry(**fields, changed=changed)
