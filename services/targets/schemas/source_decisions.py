"""What the API takes and tells about conflicts of sources and the decisions on them."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.kernel.citations import CitedRead, Citing
from services.kernel.fields import EmptyIsNone
from services.targets.domain import YEARS


class SourceDecisionCreate(Citing):
    """Which place counts for an indicator in one year, and why."""

    model_config = ConfigDict(extra="forbid")

    year: Annotated[
        Annotated[int, Field(ge=YEARS.start, lt=YEARS.stop)] | None,
        EmptyIsNone,
        Field(description="年度；文件没有写明年度的要求填 null", examples=[2023]),
    ]
    article: str = Field(min_length=1, max_length=100, description="按哪一处考核", examples=["三"])
    opinion: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=1000)] = Field(
        description="意见", examples=["按正文考核，分解表为年度安排。"]
    )
    replaces: Annotated[
        UUID | None, EmptyIsNone, Field(description="所替换的决定：这一年最近的一次，没有时填 null")
    ] = None


class SourceRead(BaseModel):
    """One place of the document that asks for something in the year; `counts` once it was decided."""

    article: str = Field(examples=["三", "表10"])
    value: Decimal | None
    text: str | None
    counts: bool


class SourceDecisionRead(BaseModel):
    """One decision; `holds` as long as no later one replaced it and the pack asks for the same in that place."""

    id: UUID
    no: int
    article: str
    value: Decimal | None
    text: str | None
    opinion: str
    cited: CitedRead | None = Field(description="what it rests on; null when nothing was cited")
    replaces: UUID | None
    decided_at: datetime
    decided_by_name: str
    holds: bool


class ConflictRead(BaseModel):
    """A year with two or more places that ask for different things, with its decisions, newest first.

    Without sources: the pack has no conflict there any more, and the decisions are history.
    """

    year: int | None = Field(description="null for a requirement without a year")
    sources: list[SourceRead]
    decided: bool
    decisions: list[SourceDecisionRead]
