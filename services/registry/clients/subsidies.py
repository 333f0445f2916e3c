"""The headcount of a class from the rosters, which the subsidies service keeps."""

from datetime import date, datetime
from typing import Final, Protocol
from uuid import UUID

from pydantic import BaseModel, ConfigDict, TypeAdapter

from services.kernel.clock import Clock
from services.kernel.service_calls import Neighbour, ServiceToken
from services.kernel.settings import ServiceSettings

PATH: Final = "/api/subsidies/v1/class-headcounts"
SECONDS: Final = 3
"""A page waits no longer than this for a number beside the others."""


class Headcount(BaseModel):
    """Distinct students on the roster on a day, and when the newest of their rosters was taken in."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    headcount: int
    day: date
    taken_in_at: datetime | None


HEADCOUNT: Final = TypeAdapter(Headcount)


class Headcounts(Protocol):
    """Where headcounts come from."""

    async def of_class(self, alliance: str, school: UUID, class_code: str, day: date) -> Headcount:
        """The headcount of a class. Raises Unavailable when the rosters cannot be asked."""
        ...


class RosterHeadcounts:
    """Asks the subsidies service with this service's own token."""

    def __init__(self, settings: ServiceSettings, clock: Clock) -> None:
        token = ServiceToken("registry", settings, clock)
        unavailable = "奖补服务暂时无法连接，学生名册没有读到，请稍后重试。"
        address = settings.hub.upstream_subsidies
        self._subsidies = Neighbour(address, token, seconds=SECONDS, unavailable=unavailable)

    async def of_class(self, alliance: str, school: UUID, class_code: str, day: date) -> Headcount:
        """The headcount of a class. Raises Unavailable when the rosters cannot be asked."""
        asked = {"school": str(school), "class_code": class_code, "day": day.isoformat()}
        return await self._subsidies.read(HEADCOUNT, PATH, alliance, asked)
