"""The outboxes of the services, and the alliances there are, asked with the exchange's own token."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import aiohttp
from pydantic import BaseModel, TypeAdapter

from services.kernel.auth import ALLIANCE_HEADER
from services.kernel.errors import Unavailable
from services.kernel.service_calls import ServiceToken
from services.kernel.settings import HubSettings
from services.kernel.upstream import Upstream

SOURCES: Final = ("registry", "targets", "subsidies", "exchange")
"""Whose changes make the feed; identity's are about people and stay in its audit log."""

BATCH: Final = 500
SECONDS: Final = 20.0


class OutboxEvent(BaseModel):
    """One event as its service tells it."""

    seq: int
    id: UUID
    at: datetime
    type: str
    object_kind: str
    object_id: str
    division: str | None
    member: UUID | None
    data: dict[str, Any]


class OutboxPage(BaseModel):
    """Some events, in the order of their numbers."""

    items: list[OutboxEvent]


class AllianceName(BaseModel):
    """An alliance as identity lists it."""

    code: str


ALLIANCES: Final = TypeAdapter(list[AllianceName])


@dataclass
class Outboxes:
    """Clients of the services whose changes are collected; each keeps its connections until `close`."""

    hub: HubSettings
    token: ServiceToken

    def __post_init__(self) -> None:
        addresses = {name: getattr(self.hub, f"upstream_{name}") for name in (*SOURCES, "identity")}
        self._upstreams = {name: Upstream(address) for name, address in addresses.items()}
        self._sessions: dict[str, aiohttp.ClientSession] = {}

    async def alliances(self) -> list[str]:
        """Every alliance, practice ones included. Raises Unavailable when identity does not answer."""
        content = await self._get("identity", "/api/identity/v1/alliances", {}, alliance=self.hub.alliance_default)
        return [alliance.code for alliance in ALLIANCES.validate_python(content)]

    async def events(self, source: str, alliance: str, after: int) -> list[OutboxEvent]:
        """The next events of one service. Raises Unavailable when it does not answer."""
        query = {"after": str(after), "limit": str(BATCH)}
        content = await self._get(source, f"/api/{source}/v1/outbox", query, alliance=alliance)
        return OutboxPage.model_validate(content).items

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()

    async def _get(self, service: str, path: str, query: dict[str, str], *, alliance: str) -> Any:
        if service not in self._sessions:
            self._sessions[service] = self._upstreams[service].session(total_seconds=SECONDS, limit=2)
        headers = {"Authorization": f"Bearer {await self.token.get()}", ALLIANCE_HEADER: alliance}
        address = f"{self._upstreams[service].base_url}{path}"
        try:
            async with self._sessions[service].get(address, params=query, headers=headers) as answer:
                answer.raise_for_status()
                return await answer.json()
        except (aiohttp.ClientError, TimeoutError, OSError) as fault:
            raise Unavailable(f"服务 {service} 暂时无法连接，请稍后重试。") from fault
