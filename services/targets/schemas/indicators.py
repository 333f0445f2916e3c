"""What the API tells about indicators and tasks. Numbers are decimal strings in the indicator's unit."""

from datetime import date
from decimal import Decimal

from pydantic import BaseModel, Field

from services.targets.schemas.source_decisions import ConflictRead


class Citation(BaseModel):
    """Where a figure comes from: pack, document number and article."""

    pack: str = Field(examples=["anqing-2024"])
    number: str | None = Field(examples=["宜政秘〔2024〕91号"])
    article: str = Field(examples=["二16"])


class MilestoneRead(BaseModel):
    """What is to stand at the end of a year."""

    year: int | None
    value: Decimal | None
    text: str | None
    article: str
    counts: bool = Field(description="false for one that is not judged: set aside, or in a conflict not yet decided")


class YearStatus(BaseModel):
    """How an indicator stands in one year."""

    year: int
    required: Decimal | None = Field(description="requirement that the year is on its way to")
    required_by: date | None
    numerator: Decimal | None
    denominator: Decimal | None
    observed: Decimal | None = Field(description="two decimals at most; judged unrounded")
    gap: Decimal | None
    reports: int = Field(description="accepted reports behind the value")
    light: str = Field(description="green | blue | yellow | red | grey")
    sentence: str


class Known(BaseModel):
    """The newest accepted value before the year asked for."""

    year: int
    observed: Decimal


class IndicatorRead(BaseModel):
    """One indicator with its status in the year asked for."""

    code: str = Field(examples=["local_employment"])
    name: str
    unit: str
    kind: str
    direction: str
    aspirational: bool
    per_member: bool
    numerator_label: str | None
    denominator_label: str | None
    responsible: list[str]
    citation: Citation
    milestones: list[MilestoneRead]
    status: YearStatus
    latest: Known | None = Field(description="newest accepted value, up to the year asked for")
    in_conflict: bool = Field(description="two places ask for different things in some year, and nobody decided yet")


class IndicatorDetail(IndicatorRead):
    """One indicator with every year that has a requirement or a report."""

    series: list[YearStatus]
    conflicts: list[ConflictRead]


class IndicatorList(BaseModel):
    """All indicators; their number is that of the document, so the list is not paged."""

    items: list[IndicatorRead]
    next_cursor: None = None
    total: int
    year: int


class TaskRead(BaseModel):
    """One task of the document."""

    code: str
    title: str
    deliverable: str | None
    lead: list[str]
    responsible: list[str]
    due: str | int | None
    indicators: list[str]
    citation: Citation


class TaskList(BaseModel):
    items: list[TaskRead]
    next_cursor: None = None
    total: int
