"""Posts and who holds them, as the API sees them."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.identity.schemas.account import Line
from services.kernel.permissions import Department, Permission, Role

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class PostCreate(BaseModel):
    """A new post; a county's has a `division`, a member unit's a `member` (its id), a reviewer's a `department`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Line
    unit_name: Line
    role: Role
    division: str | None = Field(default=None, max_length=6)
    member: UUID | None = None
    department: Department | None = None


class PostUpdate(BaseModel):
    """What may change of a post; its role and unit may not, since rights would move with them: make another post."""

    model_config = ConfigDict(extra="forbid")

    title: Line | None = None
    unit_name: Line | None = None
    active: bool | None = None


class HolderRead(BaseModel):
    """Somebody who holds, held or will hold a post."""

    id: UUID = Field(description="任职记录编号")
    person: UUID
    account: UUID
    name: str
    username: str
    from_date: date = Field(description="生效日期（含）")
    until_date: date | None = Field(description="终止日期（不含）；空为至今")
    reason: str
    document: str | None
    granted_by: str
    granted_by_name: str | None
    granted_at: datetime
    ended_by: str | None
    ended_by_name: str | None
    ended_at: datetime | None
    end_reason: str | None


class PostRead(BaseModel):
    """A post with who holds it today."""

    id: UUID
    title: str
    unit_name: str
    role: Role
    role_label: str
    division: str | None
    division_name: str | None
    member: UUID | None
    department: Department | None
    active: bool
    holder: HolderRead | None = Field(description="今日的任职人")
    created_at: datetime
    updated_at: datetime


class PostDetail(PostRead):
    """A post with everybody who held, holds or will hold it, newest first."""

    holdings: list[HolderRead]


class HoldingCreate(BaseModel):
    """A grant. `succeeds` ends the present holder's time on the same date, in one step."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    account: UUID
    from_date: date
    reason: Reason
    document: Line | None = Field(default=None, description="任命文件文号")
    succeeds: bool = False


class HoldingEnd(BaseModel):
    """The end of a holding: from this date on it is no longer in effect; today when none is given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    until_date: date | None = None
    reason: Reason


class PermissionRead(BaseModel):
    """An operation and its label."""

    code: Permission
    label: str


class RoleRead(BaseModel):
    """A role and what it may do."""

    code: Role
    label: str
    party: str
    permissions: list[Permission]
    second_factor: bool
    administrator: bool


class RoleMatrix(BaseModel):
    """Role × operation: the one table by which every request is judged."""

    roles: list[RoleRead]
    permissions: list[PermissionRead]


class AllianceRead(BaseModel):
    """An alliance of this deployment; a practice alliance stands by itself."""

    code: str
    name: str
