"""What a decision rests on: a resolution that the registry has on record, or a document by its number as written.

A resolution is cited by its id and only when it was carried; what is not on record is cited by its number; never both.
Services other than the registry ask it (`Resolutions`) and keep title and number beside the id, as they were cited.
"""

from datetime import date
from typing import Annotated, Any, Final, Protocol
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel, Field, StringConstraints, TypeAdapter
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.clock import Clock
from services.kernel.errors import FieldIssue, InvalidInput
from services.kernel.fields import EmptyIsNone
from services.kernel.registry_words import OUTCOMES
from services.kernel.service_calls import Neighbour, ServiceToken
from services.kernel.settings import ServiceSettings

PATH: Final = "/api/registry/v1/citations"
LONGEST_NUMBER: Final = 100
LONGEST_TITLE: Final = 200
SECONDS: Final = 5.0


class Citing(BaseModel):
    """A step that may cite a resolution: by its id here, or by its number as written."""

    resolution: Annotated[UUID | None, EmptyIsNone, Field(description="决议")] = None
    resolution_number: Annotated[
        Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST_NUMBER)] | None,
        EmptyIsNone,
        Field(description="决议文号，系统中没有这项决议时填写"),
    ] = None


class CitedResolution(BaseModel):
    """A resolution as the registry tells those who cite it; `outcome` is a code of `registry_words.OUTCOMES`."""

    id: UUID
    number: str | None = Field(examples=["宜职教集〔2026〕1号"])
    title: str
    outcome: str
    citable: bool = Field(description="已通过，可以作为依据")
    resolved_on: date | None


class CitedRead(BaseModel):
    """What a decision rests on, as it was cited; without `id` a document that is not on record here."""

    id: UUID | None
    number: str | None
    title: str | None


class CitingDecision(BaseModel):
    """One decision that cites a resolution; without personal data."""

    title: str = Field(description="所涉对象与决定", examples=["安庆某公司：入会"])
    detail: str = Field(description="意见或结果")
    href: str = Field(description="所在页面的地址")
    on: date = Field(description="决定日期")


class CitingDecisions(BaseModel):
    """What cites a resolution in one service, newest first."""

    items: list[CitingDecision]
    total: int | None = Field(default=None, description="共有多少项；没有给出时，所列的就是全部")


class Resting:
    """Mixin of tables: the columns of what a decision rests on. `cited` gives them as the wire shows them."""

    resolution: Mapped[UUID | None]
    resolution_number: Mapped[str | None] = mapped_column(sa.String(LONGEST_NUMBER))
    resolution_title: Mapped[str | None] = mapped_column(sa.String(LONGEST_TITLE))

    @property
    def cited(self) -> CitedRead:
        return CitedRead(id=self.resolution, number=self.resolution_number, title=self.resolution_title)


def resting_columns() -> list[sa.Column[Any]]:
    """The same for a migration."""
    return [
        sa.Column("resolution", sa.Uuid),
        sa.Column("resolution_number", sa.String(LONGEST_NUMBER)),
        sa.Column("resolution_title", sa.String(LONGEST_TITLE)),
    ]


def citation_issues(cited: Citing, found: CitedResolution | None) -> list[FieldIssue]:
    """Why a decision may not cite this; `found` is what the registry has under `cited.resolution`."""
    if cited.resolution is None:
        return []
    issues = []
    if found is None:
        words = "没有这项决议，无法引用；请从列表中选择已通过的决议，系统中没有的请填写文号。"
        issues.append(FieldIssue("resolution", "resolution_unknown", words))
    elif not found.citable:
        words = f"决议“{found.title}”的表决结果是“{OUTCOMES[found.outcome]}”，不能作为依据；请选择已通过的决议。"
        issues.append(FieldIssue("resolution", "resolution_not_passed", words))
    if cited.resolution_number is not None:
        words = "已选择系统中的决议，文号以该决议为准；请清空这里的文号，或改为不引用决议。"
        issues.append(FieldIssue("resolution_number", "resolution_cited_twice", words))
    return issues


class Resolutions(Protocol):
    """Where a service other than the registry finds resolutions."""

    async def find(self, alliance: str, resolution: UUID) -> CitedResolution | None:
        """One resolution of an alliance. Raises Unavailable when the registry does not answer."""
        ...


class RegistryResolutions:
    """Asks the registry with the service's own token."""

    def __init__(self, service: str, settings: ServiceSettings, clock: Clock) -> None:
        token = ServiceToken(service, settings, clock)
        unavailable = "登记服务暂时无法连接，无法核对所引用的决议，没有保存；请稍后重试。"
        self._registry = Neighbour(settings.hub.upstream_registry, token, seconds=SECONDS, unavailable=unavailable)

    async def find(self, alliance: str, resolution: UUID) -> CitedResolution | None:
        """One resolution of an alliance. Raises Unavailable when the registry does not answer."""
        return await self._registry.find(_CITED, f"{PATH}/{resolution}", alliance)


_CITED: Final = TypeAdapter(CitedResolution)


async def checked_basis(resolutions: Resolutions, alliance: str, cited: Citing, *, required: bool = True) -> CitedRead:
    """What a decision rests on, checked and with its title. Raises InvalidInput, Unavailable."""
    if cited.resolution is None:
        if cited.resolution_number is None and required:
            words = "请选择作为依据的决议；系统中没有的，填写决定的文号。"
            raise InvalidInput([FieldIssue("resolution", "basis_missing", words)])
        return CitedRead(id=None, number=cited.resolution_number, title=None)
    found = await resolutions.find(alliance, cited.resolution)
    issues = citation_issues(cited, found)
    if found is None or issues:
        raise InvalidInput(issues)
    return CitedRead(id=found.id, number=found.number, title=found.title)
