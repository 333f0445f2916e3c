"""Accounts and callers, as the API and the command line see them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.kernel.permissions import Role

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class AccountCreate(BaseModel):
    """A new account; `division` belongs to a county bureau, `member` (the member's id) to a member unit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    username: str
    display_name: Line
    role: Role
    division: str | None = None
    member: UUID | None = None


class AccountRead(BaseModel):
    """An account without anything secret."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    username: str
    display_name: str
    role: Role
    division: str | None
    member: UUID | None
    active: bool
    created_at: datetime
    updated_at: datetime


class Me(BaseModel):
    """The caller as the access token describes it."""

    subject: str
    name: str
    role: Role
    role_label: str
    alliance: str
    division: str | None
    member: UUID | None
    client_id: str
    scopes: list[str] = Field(description="权限，按字母顺序")


class UserInfo(BaseModel):
    """The signed-in person, for a client (the shape of OpenID Connect's UserInfo, with the hub's own claims)."""

    sub: UUID
    name: str
    username: str
    role: Role
    alliance: str
    alliance_name: str
    division: str | None
    member: UUID | None
