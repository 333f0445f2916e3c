"""The landing page: 待办 / 已办 / 逾期 of every service. A service that is down costs its lines, not the page."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from frontend.access import CurrentUser, Gateway
from frontend.htmx import page_or_fragment
from frontend.parts import faults_of, lines_of, parts_of

router = APIRouter()

State = Literal["open", "done", "overdue"]
TABS: tuple[tuple[State, str], ...] = (("open", "待办"), ("done", "已办"), ("overdue", "逾期"))
EMPTY_WORDS = {"open": "没有待办事项", "done": "还没有已办事项", "overdue": "没有逾期事项"}
FAR_DATE = "9999-12-31"


@router.get("/")
async def home(
    request: Request, gateway: Gateway, user: CurrentUser, tab: Annotated[State, Query()] = "open"
) -> Response:
    """The lists of all services, sorted by due date; the overdue first."""
    parts = await parts_of(gateway, user, "/todos", called="待办")
    items = lines_of(parts)
    counts = {state: sum(item["state"] == state for item in items) for state, _ in TABS}
    shown = sorted((i for i in items if i["state"] == tab), key=lambda i: (i.get("due_on") or FAR_DATE, i["title"]))
    tab_items = [(label, f"/?tab={state}", state == tab, counts[state]) for state, label in TABS]
    values = {
        "tab": tab,
        "tab_items": tab_items,
        "items": shown,
        "faults": faults_of(parts),
        "empty_words": EMPTY_WORDS,
    }
    return page_or_fragment(request, "home/page.html", "home/_todos.html", values)
