"""What several services have a part of: all are asked at once, and one that is down costs its lines, not the page."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from frontend.gateway_client import ApiProblem, BoundGateway, Params
from frontend.session import User
from services.kernel.permissions import Permission

log = logging.getLogger(__name__)

SERVICES: Final = (
    ("registry", "成员登记", Permission.REGISTRY_READ),
    ("targets", "目标指标", Permission.TARGETS_READ),
    ("subsidies", "奖补资金", Permission.SUBSIDIES_READ),
)


@dataclass(frozen=True)
class Part:
    """What one service answered: its items and how many there are, or the sentence that stands in for them."""

    label: str
    items: list[dict[str, Any]]
    total: int = 0
    fault: str = ""


async def parts_of(
    gateway: BoundGateway, user: User, path: str, params: Params | None = None, *, called: str
) -> list[Part]:
    """`/api/<service>/v1<path>` of each service that the person may read; `called` is what people call the lines."""
    asked = [(name, label) for name, label, needed in SERVICES if user.may(needed)]
    return await asyncio.gather(*(_part(gateway, name, label, path, params, called) for name, label in asked))


async def _part(gateway: BoundGateway, service: str, label: str, path: str, params: Params | None, called: str) -> Part:
    try:
        answer = await gateway.get(f"/api/{service}/v1{path}", params)
    except ApiProblem as problem:
        if problem.status == 401:
            raise
        log.warning("part unavailable", extra={"upstream": service, "asked": path, "code": problem.code})
        told = "您的账号无权查看。" if problem.status == 403 else f"暂时取不到{called}，请稍后刷新。"
        return Part(label, [], fault=told)
    items = answer.data["items"]
    return Part(label, items, answer.data.get("total") or len(items))


def lines_of(parts: Sequence[Part]) -> list[dict[str, Any]]:
    """The items of all, each with the name of its part."""
    return [{**item, "part": part.label} for part in parts for item in part.items]


def faults_of(parts: Sequence[Part]) -> list[str]:
    """A sentence for each part that did not answer."""
    return [f"{part.label}：{part.fault}" for part in parts if part.fault]
