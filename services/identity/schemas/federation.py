"""Units' own sign-in on the wire. A provider's secret goes in and never comes out."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.identity.federation.config import Kind

Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$"),
    Field(description="登录按钮上显示的名称，如“安庆一中统一认证”"),
]
Division = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
SecretText = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[\x20-\x7e]+$")]
Config = Annotated[dict[str, Any], Field(description="各字段见 /identity-providers/kinds", max_length=20)]


class IdentityProviderCreate(BaseModel):
    """A new way to sign in; of a member unit, of a county, or, with neither, of the whole alliance."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "kind": "oidc",
                    "name": "示例学院统一认证",
                    "config": {"issuer": "https://sso.example.edu.cn", "client_id": "alliance-hub"},
                    "secret": "对方系统给出的应用密钥",
                }
            ]
        },
    )

    kind: Kind
    name: Name
    member: UUID | None = None
    division: Division | None = None
    config: Config
    secret: SecretText | None = None
    active: bool = True


class IdentityProviderUpdate(BaseModel):
    """What changes; whatever is left out stays, the secret included. Kind and unit never change."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    config: Config | None = None
    secret: SecretText | None = None
    active: bool | None = None


class IdentityProviderRead(BaseModel):
    """A provider without its secret; `callback_url` is what the unit's system must have registered."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: Kind
    kind_label: str
    name: str
    member: UUID | None
    division: str | None
    config: dict[str, Any]
    has_secret: bool
    active: bool
    callback_url: str
    created_at: datetime
    updated_at: datetime


class ProviderField(BaseModel):
    """One field of a kind's form; `kind` is `text`, `flag`, `choice` or `secret`."""

    name: str
    label: str
    hint: str
    kind: str
    required: bool
    default: str | bool | None
    choices: list[str]


class ProviderKind(BaseModel):
    kind: Kind
    label: str
    fields: list[ProviderField]


class ProviderKinds(BaseModel):
    """What may be set up, for a form."""

    items: list[ProviderKind]


class ProviderCheck(BaseModel):
    """What a try without a person showed; `message` says what is wrong, or that nothing was found."""

    ok: bool
    code: str
    message: str
    callback_url: str


class ExternalIdentityRead(BaseModel):
    """Who the caller is at a unit's own sign-in; the subject is masked."""

    id: UUID
    provider: UUID
    provider_name: str
    subject: str
    display: str
    bound_at: datetime
    last_used_at: datetime | None


class BindableProvider(BaseModel):
    id: UUID
    name: str
    kind_label: str


class ExternalIdentities(BaseModel):
    """The caller's bindings, and the providers of his unit that could still be bound."""

    items: list[ExternalIdentityRead]
    available: list[BindableProvider]


class BindingStart(BaseModel):
    model_config = ConfigDict(extra="forbid")

    provider: UUID


class BindingLink(BaseModel):
    """Where the caller's own browser goes on, within five minutes."""

    url: str
