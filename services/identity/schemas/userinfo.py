"""What a client learns of the signed-in person (OpenID Connect Core 1.0, 5.1 and 5.3)."""

from uuid import UUID

from pydantic import BaseModel

from services.kernel.permissions import Department, Role


class UserInfo(BaseModel):
    """`openid` gives `sub` alone; `profile` the person, the post and the unit, as far as each has a value."""

    sub: UUID
    name: str | None = None
    preferred_username: str | None = None
    role: Role | None = None
    role_label: str | None = None
    alliance: str | None = None
    alliance_name: str | None = None
    practice: bool | None = None
    division: str | None = None
    member: UUID | None = None
    department: Department | None = None
    post: UUID | None = None
    post_title: str | None = None
    unit_name: str | None = None
