"""The landing page: 待办 / 已办 / 逾期 of every service. A service that is down costs its lines, not the page."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from frontend.access import CurrentUser, Gateway
from frontend.gateway_client import ApiProblem, BoundGateway
from frontend.htmx import page_or_fragment
from services.kernel.permissions import Permission

log = logging.getLogger(__name__)
router = APIRouter()

State = Literal["open", "done", "overdue"]
TABS: tuple[tuple[State, str], ...] = (("open", "待办"), ("done", "已办"), ("overdue", "逾期"))
EMPTY_WORDS = {"open": "没有待办事项", "done": "还没有已办事项", "overdue": "没有逾期事项"}
SERVICES = (
    ("registry", "成员登记", Permission.REGISTRY_READ),
    ("targets", "目标指标", Permission.TARGETS_READ),
    ("subsidies", "奖补资金", Permission.SUBSIDIES_READ),
)
FAR_DATE = "9999-12-31"


@dataclass(frozen=True)
class Part:
    """What one service answered: its items, or the sentence that stands in for them."""

    label: str
    items: list[dict[str, Any]]
    fault: str = ""


@router.get("/")
async def home(
    request: Request, gateway: Gateway, user: CurrentUser, tab: Annotated[State, Query()] = "open"
) -> Response:
    """The lists of all services, sorted by due date; the overdue first."""
    parts = await asyncio.gather(*(_part(gateway, name, label) for name, label, needed in SERVICES if user.may(needed)))
    items = [{**item, "part": part.label} for part in parts for item in part.items]
    counts = {state: sum(item["state"] == state for item in items) for state, _ in TABS}
    shown = sorted((i for i in items if i["state"] == tab), key=lambda i: (i.get("due_on") or FAR_DATE, i["title"]))
    faults = [f"{part.label}：{part.fault}" for part in parts if part.fault]
    tab_items = [(label, f"/?tab={state}", state == tab, counts[state]) for state, label in TABS]
    values = {"tab": tab, "tab_items": tab_items, "items": shown, "faults": faults, "empty_words": EMPTY_WORDS}
    return page_or_fragment(request, "home/page.html", "home/_todos.html", values)


async def _part(gateway: BoundGateway, service: str, label: str) -> Part:
    try:
        answer = await gateway.get(f"/api/{service}/v1/todos")
    except ApiProblem as problem:
        if problem.status == 401:
            raise
        log.warning("todos unavailable", extra={"upstream": service, "code": problem.code})
        told = "您的账号无权查看。" if problem.status == 403 else "暂时取不到待办，请稍后刷新。"
        return Part(label, [], told)
    return Part(label, answer.data["items"])
