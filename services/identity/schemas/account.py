"""Accounts and callers, as the API and the command line see them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.identity.domain import AccountState
from services.kernel.permissions import Department, Role

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class AccountCreate(BaseModel):
    """A person with one post at once, as the demonstration and the operator make them; `unit_name` names the unit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    username: str
    display_name: Line
    role: Role
    division: str | None = None
    member: UUID | None = None
    department: Department | None = None
    unit_name: Line | None = None


class PostHeld(BaseModel):
    """A post, as far as its holder needs it."""

    id: UUID
    title: str
    unit_name: str
    role: Role
    role_label: str
    division: str | None
    member: UUID | None
    department: Department | None


class Me(BaseModel):
    """The caller as the access token describes it; a program has no post."""

    subject: str
    name: str
    role: Role
    role_label: str
    alliance: str
    practice: bool
    division: str | None
    member: UUID | None
    department: Department | None
    post: UUID | None
    post_title: str
    unit_name: str
    client_id: str
    scopes: list[str] = Field(description="权限，按字母顺序")


class AccountRead(BaseModel):
    """An account without anything secret, with the posts that its person holds today."""

    id: UUID
    username: str
    name: str
    state: AccountState
    has_password: bool
    second_factor: bool = Field(description="是否已启用动态口令")
    posts: list[PostHeld]
    created_at: datetime
    updated_at: datetime
