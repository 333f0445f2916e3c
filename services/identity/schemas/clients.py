"""Programs that connect: counties' machine clients and third parties' applications, as the API sees them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.identity.schemas.account import Line

ConfidentialMethod = Literal["client_secret_basic", "client_secret_post", "private_key_jwt"]
Method = Literal["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]
Description = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Address = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Scope = Annotated[str, StringConstraints(min_length=1, max_length=40)]
Addresses = Annotated[list[Address], Field(max_length=10)]
Scopes = Annotated[list[Scope], Field(max_length=40)]
SECRET_HELP = "只显示这一次，本系统不保存原文；private_key_jwt 和公开应用没有密钥"  # noqa: S105  # about it


class ClientCreate(BaseModel):
    """A county's machine client. Without `scopes` it gets every permission that a county's program may have."""

    model_config = ConfigDict(extra="forbid")

    name: Line
    description: Description = ""
    division: str = Field(pattern=r"^\d{6}$", examples=["340822"])
    practice: bool = Field(default=False, description="只在练习环境里使用")
    auth_method: ConfidentialMethod = "client_secret_basic"
    jwks: dict[str, Any] | None = Field(default=None, description="private_key_jwt 的公钥集（RFC 7517）")
    scopes: Scopes | None = None


class ClientRotation(BaseModel):
    """New credentials; `jwks` for a client that signs assertions, else a new secret is made."""

    model_config = ConfigDict(extra="forbid")

    jwks: dict[str, Any] | None = None
    reason: Reason | None = None


class ClientRevocation(BaseModel):
    """The end of a client."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class ClientRead(BaseModel):
    """A machine client without anything secret."""

    model_config = ConfigDict(from_attributes=True)

    client_id: str
    name: str
    description: str
    division: str
    division_name: str | None = None
    practice: bool
    auth_method: str
    scopes: list[str]
    active: bool
    created_by: str | None
    created_at: datetime
    updated_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


class ClientIssued(ClientRead):
    """A machine client with its new secret."""

    client_secret: str | None = Field(default=None, description=SECRET_HELP)


class ApplicationCreate(BaseModel):
    """A third party's application that people sign in to by the hub; without a secret it is a public client."""

    model_config = ConfigDict(extra="forbid")

    name: Line
    description: Description = ""
    redirect_uris: Annotated[Addresses, Field(min_length=1)]
    post_logout_redirect_uris: Addresses = []
    auth_method: Method = "client_secret_basic"
    jwks: dict[str, Any] | None = None
    scopes: Scopes = ["openid", "profile"]


class ApplicationUpdate(BaseModel):
    """What may change; fields left out stay. `active: false` ends its tokens within seconds."""

    model_config = ConfigDict(extra="forbid")

    name: Line | None = None
    description: Description | None = None
    redirect_uris: Annotated[Addresses, Field(min_length=1)] | None = None
    post_logout_redirect_uris: Addresses | None = None
    scopes: Scopes | None = None
    active: bool | None = None


class ApplicationRead(BaseModel):
    """An application without anything secret."""

    model_config = ConfigDict(from_attributes=True)

    client_id: str
    name: str
    description: str
    redirect_uris: list[str]
    post_logout_redirect_uris: list[str]
    auth_method: str
    scopes: list[str]
    active: bool
    created_by: str | None
    created_at: datetime
    updated_at: datetime
    last_used_at: datetime | None


class ApplicationIssued(ApplicationRead):
    """An application with its new secret."""

    client_secret: str | None = Field(default=None, description=SECRET_HELP)


class ConsentRead(BaseModel):
    """What the caller allows one application."""

    client_id: str
    client_name: str
    description: str
    scopes: list[str]
    allowances: list[str] = Field(description="各项权限的中文说明")
    granted_at: datetime
