"""What waits for the caller."""

from fastapi import APIRouter

from services.kernel.sessions import CallerScope, Reading
from services.subsidies.auth import SubsidiesRead
from services.subsidies.queries.todos import todos
from services.subsidies.schemas.claims import TodoRead, TodosRead

router = APIRouter(tags=["todos"])


@router.get("/todos", summary="待办")
async def list_todos(session: Reading, scope: CallerScope, principal: SubsidiesRead) -> TodosRead:
    items = [TodoRead(**vars(todo)) for todo in await todos(session, scope, principal)]
    return TodosRead(items=items, total=sum(item.count for item in items))
