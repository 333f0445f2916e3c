"""Mergers and splits of members on the wire."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.kernel.fields import EmptyIsNone
from services.registry.schemas.members import MemberCreate

Document = Annotated[
    Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] | None,
    EmptyIsNone,
    Field(description="依据文件的名称和文号"),
]
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), Field(description="原因，记入审计")
]
OnDate = Annotated[date, Field(description="自哪天起，不能晚于今天")]


class Merger(BaseModel):
    """Into which member another goes, from which day on."""

    model_config = ConfigDict(extra="forbid")

    into: Annotated[UUID, Field(description="并入哪家成员单位")]
    on_date: OnDate
    document: Document = None
    reason: Reason


class SplitPart(BaseModel):
    """One of those that a member is split into: on record already, or new. Exactly one of both."""

    model_config = ConfigDict(extra="forbid")

    member: Annotated[UUID | None, Field(description="已登记的单位")] = None
    new: Annotated[MemberCreate | None, Field(description="新设的单位，自拆分之日加入")] = None


class Division(BaseModel):
    """What a member is split into. One that does not go on leaves, and what is open goes to its heir."""

    model_config = ConfigDict(extra="forbid")

    parts: Annotated[list[SplitPart], Field(min_length=1, max_length=10)]
    continues: Annotated[bool, Field(description="原单位是否存续")] = True
    heir: Annotated[int | None, Field(ge=1, le=10, description="原单位不存续时，由第几个单位承接未了事项")] = None
    on_date: OnDate
    document: Document = None
    reason: Reason


class MemberName(BaseModel):
    """A member by id and name."""

    id: UUID
    name: str


class SuccessionRead(BaseModel):
    """One member that came from another."""

    id: UUID
    kind: str
    predecessor: MemberName
    successor: MemberName
    on_date: date
    document: str | None
    reason: str | None


class Successions(BaseModel):
    """What a member came from and what became of it, oldest first."""

    items: list[SuccessionRead]


class Succeeded(BaseModel):
    """A merger or split that was carried out, and how many open things went over with it."""

    successions: list[SuccessionRead]
    moved: int


class TouchRead(BaseModel):
    """One thing that a member has a part in and that is not over."""

    model_config = ConfigDict(from_attributes=True)

    kind: str
    id: UUID
    title: str
    href: str


class MergerPreview(BaseModel):
    """What a merger would do: what goes over, and the names by which the successor will be known besides."""

    predecessor: MemberName
    successor: MemberName
    touches: list[TouchRead]
    gained_names: list[str]
    lost_names: list[str]
