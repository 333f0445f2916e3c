"""Contributions of members to collaborations on the wire. Money is yuan as a decimal text."""

from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.kernel.fields import EmptyIsNone
from services.registry.domain.collaborations import ContributionKind
from services.registry.schemas.collaborations import MemberRef

Described = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
FEN = Decimal("0.01")


def _to_fen(value: Decimal) -> Decimal:
    """With both places, as it is stored: 1 and 1.00 are the same value."""
    return value.quantize(FEN)


Yuan = Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=2), AfterValidator(_to_fen)]


class ContributionWrite(BaseModel):
    """What a member put in on a day; an update sends every field, as it should stand."""

    model_config = ConfigDict(extra="forbid")

    member: Annotated[UUID, Field(description="投入单位，须参加该载体")]
    kind: Annotated[ContributionKind, Field(description="投入类别", examples=["equipment"])]
    description: Annotated[Described, Field(description="投入内容", examples=["数控机床 6 台"])]
    value: Annotated[
        Yuan | None, EmptyIsNone, Field(description="估值（元），未估值的留空", examples=["860000.00"])
    ] = None
    on_date: Annotated[date, Field(description="投入日期")]
    evidence: Annotated[Described | None, EmptyIsNone, Field(description="佐证材料的名称和编号")] = None


class ContributionRead(BaseModel):
    """One contribution; `row_version` is the ETag, `own` says whether the caller may change it."""

    id: UUID
    member: MemberRef
    kind: str
    description: str
    value: Decimal | None
    on_date: date
    evidence: str | None
    own: bool
    row_version: int


class SumRead(BaseModel):
    """A sum in yuan, of how many entries, and how many of them are not valued."""

    value: Decimal
    count: int
    unvalued: int


class KindSum(SumRead):
    """What was put in of one kind."""

    kind: str


class MemberSum(SumRead):
    """What one member put in."""

    member: MemberRef


class Contributions(BaseModel):
    """Every contribution to a collaboration up to the day, with sums by kind and by member and in all."""

    items: list[ContributionRead]
    by_kind: list[KindSum]
    by_member: list[MemberSum]
    total: SumRead
