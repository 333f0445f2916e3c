"""Members that look alike on the wire."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.registry.schemas.members import MemberSummary

Likeness = Annotated[float, Field(description="名称相似度，0 至 1；代码相同的为 1")]
SameCodes = Annotated[list[str], Field(description="相同的代码：uscc、school_code")]


class Candidate(BaseModel):
    """A member on record that may be the one that is being entered."""

    member: MemberSummary
    likeness: Likeness
    same_codes: SameCodes


class Candidates(BaseModel):
    """The likeliest first."""

    items: list[Candidate]


class DuplicatePair(BaseModel):
    """Two members on record that may be one."""

    one: MemberSummary
    other: MemberSummary
    likeness: Likeness
    same_codes: SameCodes


class Dismissal(BaseModel):
    """Two members that look alike and are two all the same."""

    model_config = ConfigDict(extra="forbid")

    one: UUID
    other: UUID
    reason: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), Field(description="为何不是同一家")
    ]


class DismissalRead(BaseModel):
    """A pair that is no longer shown, and why; `one` is the smaller id."""

    model_config = ConfigDict(from_attributes=True)

    one: UUID
    other: UUID
    reason: str
    dismissed_by_name: str
