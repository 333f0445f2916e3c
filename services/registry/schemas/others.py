"""The snapshot, the to-do list and policy articles on the wire."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class SnapshotMember(BaseModel):
    """A member as other services use it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    aliases: list[str]
    uscc: str | None
    category: str
    division: str | None
    enterprise_size: str | None
    size_evidence: str | None
    status: str


class SnapshotRecognition(BaseModel):
    """A recognition as other services use it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    level: str
    granted_on: date
    withdrawn_on: date | None
    lapses_on: date | None
    document_number: str


class SnapshotCollaboration(BaseModel):
    """A collaboration with its recognitions as other services use it."""

    id: UUID
    kind: str
    name: str
    host_member: UUID | None
    lead_member: UUID | None
    recognitions: list[SnapshotRecognition]


class SnapshotRead(BaseModel):
    """Every member and collaboration at one version: the SHA-256 of the content, without the instant."""

    version: str
    as_of: datetime
    members: list[SnapshotMember]
    collaborations: list[SnapshotCollaboration]


class DivisionRead(BaseModel):
    """One county, city or functional zone by code and name."""

    code: str
    name: str


class DivisionsRead(BaseModel):
    """What a member may be placed in: the alliance's city and its counties, and its functional zones."""

    divisions: list[DivisionRead]
    zones: list[DivisionRead]


class UnitRead(BaseModel):
    """A member by name, for whoever has to name a unit and needs to know no more of it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    category: str
    division: str | None


class ArticleRead(BaseModel):
    """One article of an applied policy document: a paraphrase, with the document's number and title."""

    pack: str
    version: int
    number: str | None
    title: str
    article: str
    heading: str
    summary: str
