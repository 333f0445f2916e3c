"""Collaborations and their recognitions on the wire."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.registry.domain.collaborations import CollaborationKind, CollaborationStatus, RecognitionLevel
from services.registry.schemas.members import EmptyIsNone, Name


def _distinct(values: list[UUID]) -> list[UUID]:
    return list(dict.fromkeys(values))


class CollaborationWrite(BaseModel):
    """What the secretariat may fill in; an update sends every field, as it should stand."""

    model_config = ConfigDict(extra="forbid")

    kind: Annotated[CollaborationKind, Field(description="载体类型", examples=["industry_college"])]
    name: Annotated[Name, Field(description="名称", examples=["汽车产业学院"])]
    host_member: Annotated[UUID | None, EmptyIsNone, Field(description="办学（承办）单位")] = None
    lead_member: Annotated[UUID | None, EmptyIsNone, Field(description="牵头单位")] = None
    participants: Annotated[list[UUID], AfterValidator(_distinct), Field(max_length=200, description="参与单位")] = []
    founded_on: Annotated[date | None, EmptyIsNone, Field(description="成立日期")] = None
    status: CollaborationStatus = CollaborationStatus.ACTIVE


class CollaborationCreate(CollaborationWrite):
    """A new collaboration."""


class CollaborationUpdate(CollaborationWrite):
    """A collaboration as it should stand."""


class MemberRef(BaseModel):
    """A member by id and name."""

    id: UUID
    name: str


DocumentNumber = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class RecognitionCreate(BaseModel):
    """A level granted on a day by a document."""

    model_config = ConfigDict(extra="forbid")

    level: RecognitionLevel
    granted_on: Annotated[date, Field(description="认定日期")]
    document_number: Annotated[DocumentNumber, Field(description="认定文号", examples=["皖教职成〔2025〕1号"])]


class RecognitionWithdrawal(BaseModel):
    """The withdrawal of a recognition."""

    model_config = ConfigDict(extra="forbid")

    withdrawn_on: Annotated[date, Field(description="撤销日期")]
    reason: Annotated[
        Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)],
        Field(description="撤销原因和依据"),
    ]


class RecognitionRead(BaseModel):
    """One recognition; `withdrawn_on` is null while it stands."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    level: str
    granted_on: date
    document_number: str
    withdrawn_on: date | None
    withdrawal_reason: str | None


class CollaborationSummary(BaseModel):
    """A collaboration in a list, with the highest level that stands."""

    id: UUID
    kind: str
    name: str
    host_member: MemberRef | None
    lead_member: MemberRef | None
    founded_on: date | None
    status: str
    level: str | None
    recognised_on: date | None


class CollaborationRead(CollaborationSummary):
    """One collaboration with its participants and every recognition; `row_version` is the ETag."""

    participants: list[MemberRef]
    recognitions: list[RecognitionRead]
    row_version: int
    created_at: datetime
    updated_at: datetime
