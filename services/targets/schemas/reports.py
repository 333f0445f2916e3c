"""What the API takes and tells about reports."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Figure = Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=4)]


class ReportFigures(BaseModel):
    """Numerator and denominator of a ratio, or the value of a count: which one the indicator tells."""

    model_config = ConfigDict(extra="forbid")

    numerator: Figure | None = Field(default=None, examples=["2268"])
    denominator: Figure | None = Field(default=None, examples=["5400"])
    value: Figure | None = None
    note: str = Field(default="", max_length=1000, examples=["就业去向以毕业生去向登记为准"])


class ReportCreate(ReportFigures):
    """A unit's report of one indicator for one year."""

    indicator: str = Field(max_length=60, examples=["local_employment"])
    year: int = Field(ge=2000, le=2100, examples=[2025])


class Opinion(BaseModel):
    """Why; a return needs one."""

    model_config = ConfigDict(extra="forbid")
    opinion: str = Field(default="", max_length=1000)


class DecisionRead(BaseModel):
    """One step in the life of a report."""

    action: str
    action_label: str
    at: datetime
    actor_name: str
    opinion: str
    figures: dict[str, str | None]


class ReportRead(BaseModel):
    """One report; `version` is its ETag."""

    id: UUID
    indicator: str
    indicator_name: str
    unit: str
    year: int
    owner: str
    reporter: str
    numerator: Decimal | None
    denominator: Decimal | None
    value: Decimal | None = Field(description="for a ratio the percentage, two decimals at most")
    note: str
    state: str
    state_label: str
    reported_at: datetime
    version: int


class ReportDetail(ReportRead):
    """One report with its life."""

    decisions: list[DecisionRead]
