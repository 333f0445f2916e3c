"""Imports of members on the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class RowIssue(BaseModel):
    """One fault of one cell: line in the file, header, and a sentence that says what to do."""

    line: int
    field: str
    header: str
    code: str
    message: str


class MemberImportRead(BaseModel):
    """One import: `state` is `queued` or `done`; the counts are of rows. `issues` holds the first 200 faults."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    job: UUID | None
    file_name: str
    state: str
    total: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    issues: list[RowIssue]
    created_at: datetime
