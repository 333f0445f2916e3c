"""What the registry asks of other services: which alliances there are, and a member's open claims."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from pydantic import BaseModel, TypeAdapter

from services.kernel.alliances import is_practice
from services.kernel.clock import Clock
from services.kernel.errors import Unavailable
from services.kernel.service_calls import Neighbour, ServiceToken
from services.kernel.settings import HubSettings

ALLIANCES_PATH: Final = "/api/identity/v1/alliances"
CLAIMS_PATH: Final = "/api/subsidies/v1/open-claims"
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
        self._identity = self._neighbour(self.hub.upstream_identity)
        self._subsidies = self._neighbour(self.hub.upstream_subsidies)

    def _neighbour(self, address: str) -> Neighbour:
        return Neighbour(address, self.token, seconds=SECONDS, unavailable="相关服务暂时无法连接，请稍后重试。")

    async def alliances(self) -> dict[str, str]:
        """The names of the alliances by code, without practice ones; for a minute from memory.

        What was known stands in when identity does not answer. Raises Unavailable when nothing ever was.
        """
        now = self.clock.now()
        if self._known_at is None or now - self._known_at >= KEPT:
            try:
                told = await self._identity.read(ALLIANCES, ALLIANCES_PATH, self.hub.alliance_default)
            except Unavailable:
                if not self._known:
                    raise
            else:
                self._known = {alliance.code: alliance.name for alliance in told if not is_practice(alliance.code)}
                self._known_at = now
        return self._known

    async def open_claims(self, alliance: str, member: UUID) -> list[OpenClaim]:
        """The claims of a member that are not done with. Raises Unavailable when subsidies does not answer."""
        return await self._subsidies.read(CLAIMS, CLAIMS_PATH, alliance, {"member": str(member)})
