"""Which alliances there are, asked of identity with this service's own token."""

from typing import Final

import aiohttp
from pydantic import BaseModel, TypeAdapter

from services.kernel.auth import ALLIANCE_HEADER
from services.kernel.clock import Clock
from services.kernel.errors import Unavailable
from services.kernel.service_calls import ServiceToken
from services.kernel.settings import ServiceSettings
from services.kernel.upstream import Upstream

SECONDS: Final = 10


class AllianceName(BaseModel):
    """An alliance as identity lists it."""

    code: str


NAMES: Final = TypeAdapter(list[AllianceName])


class Alliances:
    """Asks identity, which keeps them."""

    def __init__(self, settings: ServiceSettings, clock: Clock) -> None:
        self._token = ServiceToken("registry", settings, clock)
        self._upstream = Upstream(settings.hub.upstream_identity)
        self._own = settings.hub.alliance_default

    async def __call__(self) -> list[str]:
        """Every alliance, practice ones included. Raises Unavailable when identity does not answer."""
        headers = {"Authorization": f"Bearer {await self._token.get()}", ALLIANCE_HEADER: self._own}
        url = f"{self._upstream.base_url}/api/identity/v1/alliances"
        try:
            async with self._upstream.session(total_seconds=SECONDS) as http, http.get(url, headers=headers) as answer:
                answer.raise_for_status()
                return [alliance.code for alliance in NAMES.validate_python(await answer.json())]
        except (aiohttp.ClientError, TimeoutError, OSError) as fault:
            raise Unavailable("登录服务暂时无法连接，请稍后重试。") from fault
