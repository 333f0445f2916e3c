"""Webhook endpoints and deliveries on the wire."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from services.exchange.domain import EVENT_TYPE, DeliveryState, DisabledReason, Fault

MOST_TYPES = 50
EventType = Annotated[str, StringConstraints(pattern=EVENT_TYPE, max_length=60)]
EventTypes = Annotated[
    list[EventType], Field(min_length=1, max_length=MOST_TYPES), AfterValidator(lambda types: sorted(set(types)))
]
Url = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Description = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


class EndpointCreate(BaseModel):
    """A new endpoint of the caller's unit."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "url": "https://edu.example.cn/hooks/hub",
                    "event_types": ["claim.accepted", "claim.returned"],
                    "description": "县局业务系统",
                }
            ]
        },
    )

    url: Url = Field(description="https 地址；设置允许内网推送时，内网也可用 http")
    event_types: EventTypes | None = Field(default=None, description="要推送的变更类型；不填为全部")
    description: Description = ""
    active: bool = True


class EndpointUpdate(BaseModel):
    """What to change; what is left out stays. `event_types: null` means all types."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"active": False}]})

    url: Url | None = None
    event_types: EventTypes | None = None
    description: Description | None = None
    active: bool | None = Field(default=None, description="重新启用会清除停用原因；停用期间的变更不会补推")


class EndpointRead(BaseModel):
    """One endpoint; its secret is never shown again."""

    id: UUID
    url: str
    event_types: list[str] | None = Field(description="空表示全部类型")
    description: str
    active: bool
    disabled_at: datetime | None = Field(description="被系统自动停用的时间")
    disabled_reason: DisabledReason | None
    disabled_reason_label: str | None
    failing_since: datetime | None = Field(description="最近一次成功之后第一次失败的时间；正常时为空")
    previous_secret_signs_until: datetime | None = Field(description="更换密钥后，旧密钥同时签名到何时")
    created_at: datetime
    created_by_name: str
    version: int = Field(description="行版本，即 ETag；在 If-Match 中使用")


class EndpointCreated(EndpointRead):
    """The answer to a create."""

    secret: str | None = Field(description="签名密钥 whsec_…，只在首次回答中给出；重复请求时为空，可更换密钥取得新的")


class SecretRead(BaseModel):
    """A fresh secret, shown this once."""

    secret: str = Field(description="新签名密钥 whsec_…，只显示这一次")
    previous_secret_signs_until: datetime


class DeliveryRead(BaseModel):
    """One message on its way to one endpoint."""

    id: UUID
    endpoint_id: UUID
    message_id: str = Field(description="webhook-id；重试和重发时不变")
    type: str
    state: DeliveryState
    state_label: str
    attempts: int = Field(description="已发送次数")
    last_status: int | None = Field(description="最近一次的 HTTP 状态")
    last_fault: Fault | None
    last_fault_label: str | None
    created_at: datetime
    next_attempt_at: datetime | None = Field(description="下次发送的时间；仅待送达时有")
    finished_at: datetime | None


class AttemptRead(BaseModel):
    """One sending."""

    no: int
    at: datetime
    ended_at: datetime | None
    status: int | None
    fault: Fault | None
    fault_label: str | None
    answer: str = Field(description="接收方答复的开头，至多 1 KiB")


class DeliveryDetail(DeliveryRead):
    """One delivery with what was sent and every attempt."""

    body: dict[str, Any] = Field(description="发送的内容")
    attempt_log: list[AttemptRead]


class ReplayRequest(BaseModel):
    """Since when to send again what was not delivered."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"from": "2025-12-01T00:00:00+08:00"}]})

    since: AwareDatetime = Field(alias="from", description="从何时起（按推送产生的时间，含）")


class ReplayRead(BaseModel):
    """How many deliveries are on their way again."""

    replayed: int
