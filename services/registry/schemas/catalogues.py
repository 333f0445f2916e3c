"""Catalogues of majors and industries on the wire."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.registry.domain.catalogues import CatalogueKind


class EntryRead(BaseModel):
    """One code of a catalogue; `parent` is null at the top."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    name: str
    level: str
    parent: str | None


class VersionRead(BaseModel):
    """One imported table. `current`: the one in use; `number` and `adopted_on` are null while it is a draft."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: CatalogueKind
    number: int | None
    label: str
    source: str
    state: str
    entries: int
    adopted_on: date | None
    current: bool = False
    row_version: int
    created_at: datetime


class EntryChange(BaseModel):
    """An entry that another version has otherwise."""

    code: str
    before: EntryRead
    after: EntryRead


class CodeInUse(BaseModel):
    """A code that majors of schools, matches or leading industries use and the version lacks; `uses` says how many."""

    code: str
    name: str | None
    uses: int


class ComparisonRead(BaseModel):
    """What a version changes in the one that was in use before it; lists show the first `shown` of each."""

    against: VersionRead | None
    new_count: int
    changed_count: int
    removed_count: int
    new: list[EntryRead]
    changed: list[EntryChange]
    removed: list[EntryRead]
    in_use_lacking: list[CodeInUse]
    shown: Annotated[int, Field(description="每个清单最多列出多少条")]


class ExtractUse(BaseModel):
    """Take the small extract that comes with the hub as a draft."""

    model_config = ConfigDict(extra="forbid")

    kind: CatalogueKind
