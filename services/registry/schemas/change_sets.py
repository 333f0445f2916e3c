"""Change sets on the wire."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.kernel.fields import EmptyIsNone
from services.registry.domain.change_sets import ChangeState
from services.registry.domain.collaborations import CollaborationKind
from services.registry.domain.recognitions import RecognitionLevel

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class EditFilter(BaseModel):
    """Which things a bulk edit is about: those that a list shows under the same filter, or the ticked ones.

    Conditions that a kind does not have are refused (members have `category`, collaborations `kind`, …).
    """

    model_config = ConfigDict(extra="forbid")

    q: Annotated[Annotated[str, Field(max_length=50)] | None, EmptyIsNone] = None
    category: Annotated[Annotated[str, Field(max_length=30)] | None, EmptyIsNone] = None
    division: Annotated[Annotated[str, Field(pattern=r"^\d{6}$")] | None, EmptyIsNone] = None
    kind: Annotated[CollaborationKind | None, EmptyIsNone] = None
    level: Annotated[RecognitionLevel | None, EmptyIsNone] = None
    partner: Annotated[Annotated[str, Field(max_length=50)] | None, EmptyIsNone] = None
    missing: Annotated[Annotated[str, Field(max_length=20)] | None, EmptyIsNone] = None
    status: Annotated[Annotated[str, Field(max_length=20)] | None, EmptyIsNone] = None
    structure_role: Annotated[Annotated[str, Field(max_length=20)] | None, EmptyIsNone] = None
    ids: Annotated[list[UUID], Field(max_length=500)] = []


class EditCreate(BaseModel):
    """A bulk edit: which things, and which of their fields get what (null empties a field)."""

    model_config = ConfigDict(extra="forbid")

    kind: Annotated[str, Field(examples=["members"])]
    filter: EditFilter
    values: Annotated[dict[str, str | None], Field(min_length=1, max_length=10, examples=[{"division": "340822"}])]
    reason: Reason
    effective_on: Annotated[date | None, EmptyIsNone, Field(description="生效日期，默认为写入当天")] = None


class ApplicationWrite(BaseModel):
    """How a change set is to be applied."""

    model_config = ConfigDict(extra="forbid")

    effective_on: Annotated[date | None, EmptyIsNone, Field(description="生效日期，默认为当天")] = None
    reason: Annotated[Reason | None, EmptyIsNone, Field(description="事由，记入审计")] = None


class ChangeSetRead(BaseModel):
    """One change set; the counts are of rows, `job` follows the step in hand."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: str
    origin: str
    title: str
    state: ChangeState
    job: UUID | None
    effective_on: date | None
    reason: str | None
    total: int
    new: int
    changed: int
    unchanged: int
    rejected: int
    applied: int
    left_out: int
    undone: int
    created_by_name: str
    created_at: datetime
    applied_at: datetime | None
    undone_at: datetime | None
    row_version: int


class RowIssue(BaseModel):
    """One fault of one cell: line in the file, header, and a sentence that says what to do."""

    line: int
    field: str
    header: str
    code: str
    message: str


class RowChange(BaseModel):
    """One field of a row: its heading, and its content before and after, in words."""

    field: str
    header: str
    before: str | None
    after: str | None


class ChangeRowRead(BaseModel):
    """One row: what it would do to which thing, field by field, or why not; `result` tells what became of it."""

    line: int
    outcome: str
    object_id: UUID | None
    label: str
    changes: list[RowChange]
    issues: list[RowIssue]
    result: str | None
    note: str | None
