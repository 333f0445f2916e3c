"""The headcount of a class from the rosters, which the subsidies service keeps."""

from datetime import date, datetime
from typing import Any, Final, Protocol
from uuid import UUID

import aiohttp
from pydantic import BaseModel, ConfigDict

from services.kernel.auth import ALLIANCE_HEADER
from services.kernel.clock import Clock
from services.kernel.errors import Unavailable
from services.kernel.service_calls import ServiceToken
from services.kernel.settings import ServiceSettings
from services.kernel.upstream import Upstream

PATH: Final = "/api/subsidies/v1/class-headcounts"
SECONDS: Final = 3
"""A page waits no longer than this for a number beside the others."""


class Headcount(BaseModel):
    """Distinct students on the roster on a day, and when the newest of their rosters was taken in."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    headcount: int
    day: date
    taken_in_at: datetime | None


class Headcounts(Protocol):
    """Where headcounts come from."""

    async def of_class(self, alliance: str, school: UUID, class_code: str, day: date) -> Headcount:
        """The headcount of a class. Raises Unavailable when the rosters cannot be asked."""
        ...


class RosterHeadcounts:
    """Asks the subsidies service with this service's own token."""

    def __init__(self, settings: ServiceSettings, clock: Clock) -> None:
        self._token = ServiceToken("registry", settings, clock)
        self._upstream = Upstream(settings.hub.upstream_subsidies)

    async def of_class(self, alliance: str, school: UUID, class_code: str, day: date) -> Headcount:
        """The headcount of a class. Raises Unavailable when the rosters cannot be asked."""
        headers = {"Authorization": f"Bearer {await self._token.get()}", ALLIANCE_HEADER: alliance}
        asked = {"school": str(school), "class_code": class_code, "day": day.isoformat()}
        return Headcount.model_validate(await self._ask(headers, asked))

    async def _ask(self, headers: dict[str, str], asked: dict[str, str]) -> Any:
        try:
            async with self._upstream.session(total_seconds=SECONDS) as http:
                url = f"{self._upstream.base_url}{PATH}"
                async with http.get(url, headers=headers, params=asked) as answer:
                    answer.raise_for_status()
                    return await answer.json()
        except (aiohttp.ClientError, TimeoutError, OSError) as fault:
            raise Unavailable("奖补服务暂时无法连接，学生名册没有读到，请稍后重试。") from fault
