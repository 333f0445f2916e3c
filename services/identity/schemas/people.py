"""Accounts as administrators work with them, links, sessions and passwords."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from services.identity.domain import AccountState, InvitationPurpose
from services.identity.schemas.account import AccountRead, Line, PostHeld
from services.identity.schemas.posts import Reason

Typed = Annotated[SecretStr, Field(min_length=1, max_length=256)]
Username = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]


class NewAccount(BaseModel):
    """A person and how they will sign in; posts are granted by the security administrator."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    username: Username
    name: Line = Field(description="姓名")


class AccountUpdate(BaseModel):
    """What may change of an account; what is left out stays."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    username: Username | None = None
    name: Line | None = None


class Reasoned(BaseModel):
    """Why something is done to somebody; it stands in the audit log."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: Reason


class InvitationRead(BaseModel):
    """A link, shown this once; a repeated request answers without it, since it is stored as a hash only."""

    purpose: InvitationPurpose
    link: str | None
    expires_at: datetime
    note: str


class AccountInvited(BaseModel):
    """A new account and the link by which its person comes in."""

    account: AccountRead
    invitation: InvitationRead


class HoldingOfPerson(BaseModel):
    """One post in somebody's history."""

    id: UUID
    post: PostHeld
    from_date: date
    until_date: date | None
    reason: str
    document: str | None


class AccountDetail(AccountRead):
    """An account with all that its person held, holds or will hold, and what keeps it from signing in."""

    holdings: list[HoldingOfPerson]
    locked_until: datetime | None = Field(description="因连续输错密码被锁定至此时")
    invitation_expires_at: datetime | None = Field(description="未使用的邀请或重置链接的到期时间")


class UnitAccountRead(BaseModel):
    """A colleague, as the unit's administrator sees them."""

    id: UUID
    username: str
    name: str
    state: AccountState
    posts: list[PostHeld] = Field(description="在本单位的岗位")


class OwnPost(PostHeld):
    """A post that the caller holds."""

    from_date: date
    until_date: date | None
    current: bool = Field(description="本次登录所用的岗位")


class OwnPosts(BaseModel):
    """What the caller may work as today."""

    items: list[OwnPost]


class SessionRead(BaseModel):
    """A browser that is signed in."""

    id: UUID
    current: bool = Field(description="即本次登录")
    device: str
    user_agent: str
    client_address: str
    post_title: str | None
    unit_name: str | None
    practice: bool
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


class Sessions(BaseModel):
    """The sessions of one account, the one used last first."""

    items: list[SessionRead]


class SessionsEnded(BaseModel):
    """How many sessions were ended."""

    ended: int


class PasswordChange(BaseModel):
    """A new password, with the present one as proof."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    current_password: Typed
    new_password: Annotated[SecretStr, Field(max_length=1000)]
