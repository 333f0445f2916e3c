"""What waits for the caller."""

from fastapi import APIRouter

from services.kernel.sessions import CallerScope, Reading
from services.kernel.todos import TodoList
from services.subsidies.auth import SubsidiesRead
from services.subsidies.queries.todos import todos

router = APIRouter(tags=["todos"])


@router.get("/todos", summary="待办、已办")
async def list_todos(session: Reading, scope: CallerScope, principal: SubsidiesRead) -> TodoList:
    return TodoList(items=await todos(session, scope, principal))
