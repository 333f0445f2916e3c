"""Contacts of a member by post on the wire."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.kernel.fields import EmptyIsNone
from services.registry.schemas.members import EffectiveOn, Phone

Email = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=100, pattern=r"^[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+$")
]


class MemberContactWrite(BaseModel):
    """Whom to reach, in which post, and how: at least a telephone number or an address for mail."""

    model_config = ConfigDict(extra="forbid")

    post: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=50),
        Field(description="岗位", examples=["联络员"]),
    ]
    person: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50), Field(description="姓名")
    ]
    phone: Annotated[Phone | None, EmptyIsNone, Field(description="电话")] = None
    email: Annotated[Email | None, EmptyIsNone, Field(description="电子邮箱")] = None
    effective_on: EffectiveOn = None


class MemberContactRead(BaseModel):
    """One contact; `row_version` is its ETag, null in an answer as of an earlier day."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    post: str
    person: str
    phone: str | None
    email: str | None
    row_version: int | None
    updated_at: datetime


class MemberContacts(BaseModel):
    """Every contact of a member by post, as of a day when one was asked for."""

    items: list[MemberContactRead]
    as_of: date | None = None
