"""The structure of the alliance as a whole: read back as a policy document states it, and adopted from one."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.kernel.fields import EmptyIsNone
from services.registry.domain.members import MemberCategory
from services.registry.schemas.members import Name

MOST_CATEGORIES = 200


class StructurePack(BaseModel):
    """A policy document that is applied to the alliance."""

    pack: str
    title: str
    number: str | None
    alliance: str


class StructureRole(BaseModel):
    """One place in the formula, with the members that hold it; `others` counts those of an open one's categories."""

    label: str
    name: str
    members: list[str]
    open_ended: bool
    others: int


class StructureFormula(BaseModel):
    """The shape of the alliance, as 1+2+2+N."""

    pack: str
    name: str
    roles: list[StructureRole]


class StructureLead(BaseModel):
    """A unit that leads something."""

    id: UUID
    unit: str
    member: UUID | None
    scope: str
    article: str | None


class StructureMember(BaseModel):
    """A unit that belongs to the alliance."""

    id: UUID
    name: str
    category: str
    aliases: list[str]


class StructureHolder(BaseModel):
    """One seat and who holds it on the day."""

    id: UUID
    holder: str | None
    since: date | None


class StructureSeat(BaseModel):
    """Equal seats together; `count` is null where the document leaves their number open."""

    title: str
    unit: str | None
    member: UUID | None
    post: str | None
    count: int | None
    votes: bool
    succession: str
    article: str | None
    holder: str | None
    since: date | None
    seats: list[StructureHolder]


class StructureBody(BaseModel):
    """A body with its seats in order; `parent` is the name of the body above it."""

    id: UUID
    name: str
    aliases: list[str]
    kind: str
    parent: str | None
    host: str | None
    host_options: list[str]
    duties: list[str]
    succession: str | None
    pack: str | None
    article: str | None
    seats: list[StructureSeat]


class StructureCollaboration(BaseModel):
    """What members build together; partners that are no members are named as the document writes them."""

    id: UUID
    kind: str
    name: str
    host: str | None
    lead: str | None
    partners: list[str]
    details: dict[str, object]


class StructureRead(BaseModel):
    """The whole structure on a day."""

    as_of: date
    packs: list[StructurePack]
    formula: StructureFormula | None
    leads: list[StructureLead]
    members: list[StructureMember]
    bodies: list[StructureBody]
    collaborations: list[StructureCollaboration]


class StructureAdoption(BaseModel):
    """Which applied document; `categories` says what units are whose category the document does not state."""

    model_config = ConfigDict(extra="forbid")

    pack: Annotated[
        Annotated[str, StringConstraints(min_length=1, max_length=60)],
        Field(description="已启用的政策文件", examples=["anqing-2024"]),
    ]
    categories: Annotated[
        dict[Name, MemberCategory], Field(max_length=MOST_CATEGORIES, description="文件没有写明类别的单位及其类别")
    ] = {}
    since: Annotated[
        date | None, EmptyIsNone, Field(description="文件没有印发日期时，架构自哪一天起；不填为登记之日")
    ] = None


class AdoptionItem(BaseModel):
    """One thing the document names. `outcome`: made, found (it was there), changed, or skipped, with the reason."""

    kind: str
    name: str
    outcome: str
    note: str | None = None


class AdoptionReport(BaseModel):
    """What adopting a document made, or would make when nothing was asked to be made."""

    pack: str
    title: str
    issued_on: date | None
    preview: bool
    made: int
    changed: int
    found: int
    skipped: int
    items: list[AdoptionItem]
