"""What the registry asks of other services: which alliances there are, and a member's open claims."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import aiohttp
from pydantic import BaseModel, TypeAdapter, ValidationError

from services.kernel.alliances import is_practice
from services.kernel.auth import ALLIANCE_HEADER
from services.kernel.clock import Clock
from services.kernel.errors import Unavailable
from services.kernel.service_calls import ServiceToken
from services.kernel.settings import HubSettings
from services.kernel.upstream import Upstream

SECONDS: Final = 5.0
KEPT: Final = timedelta(minutes=1)


class AllianceName(BaseModel):
    """An alliance as identity lists it."""

    code: str
    name: str


class OpenClaim(BaseModel):
    """A claim that still goes on, as the subsidies service tells it."""

    id: UUID
    title: str
    state: str


ALLIANCES: Final = TypeAdapter(list[AllianceName])
CLAIMS: Final = TypeAdapter(list[OpenClaim])


@dataclass
class Neighbours:
    """The other services, asked in the registry's own name."""

    hub: HubSettings
    token: ServiceToken
    clock: Clock

    def __post_init__(self) -> None:
        self._known: dict[str, str] = {}
        self._known_at: datetime | None = None

    async def alliances(self) -> dict[str, str]:
        """The names of the alliances by code, without practice ones; for a minute from memory.

        What was known stands in when identity does not answer. Raises Unavailable when nothing ever was.
        """
        now = self.clock.now()
        if self._known_at is None or now - self._known_at >= KEPT:
            try:
                content = await self._get(
                    self.hub.upstream_identity, "/api/identity/v1/alliances", {}, self.hub.alliance_default
                )
            except Unavailable:
                if not self._known:
                    raise
            else:
                told = _read(ALLIANCES, content)
                self._known = {alliance.code: alliance.name for alliance in told if not is_practice(alliance.code)}
                self._known_at = now
        return self._known

    async def open_claims(self, alliance: str, member: UUID) -> list[OpenClaim]:
        """The claims of a member that are not done with. Raises Unavailable when subsidies does not answer."""
        query = {"member": str(member)}
        content = await self._get(self.hub.upstream_subsidies, "/api/subsidies/v1/open-claims", query, alliance)
        return _read(CLAIMS, content)

    async def _get(self, address: str, path: str, query: dict[str, str], alliance: str) -> Any:
        upstream = Upstream(address)
        headers = {"Authorization": f"Bearer {await self.token.get()}", ALLIANCE_HEADER: alliance}
        try:
            async with upstream.session(total_seconds=SECONDS) as http:
                async with http.get(f"{upstream.base_url}{path}", params=query, headers=headers) as answer:
                    answer.raise_for_status()
                    return await answer.json()
        except (aiohttp.ClientError, TimeoutError, OSError) as fault:
            raise Unavailable("相关服务暂时无法连接，请稍后重试。") from fault


def _read(shape: TypeAdapter[list[Any]], content: Any) -> list[Any]:
    try:
        return shape.validate_python(content)
    except ValidationError as fault:
        raise Unavailable("相关服务的答复无法读懂，请稍后重试。") from fault
