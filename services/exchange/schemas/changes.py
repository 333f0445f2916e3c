"""Changes on the wire: the same in the feed and in the body of a webhook."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

EXAMPLE: dict[str, JsonValue] = {
    "id": "3d0e5c0e-6f0a-4b43-9c0f-6a2f1a7b9f10",
    "type": "claim.accepted",
    "at": "2025-12-01T04:00:00Z",
    "object_kind": "claim",
    "object_id": "c1f7fd7c-6ad6-4e3c-8bb6-4f41a3a9b1d2",
    "division": "340822",
    "member": None,
    "data": {"year": 2025, "rule": "sending_award", "state": "accepted"},
}


class ChangeRead(BaseModel):
    """One change; `data` holds ids, codes, states and sums, never personal data. Read the object itself by its API."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": EXAMPLE})

    id: UUID = Field(description="变更编号；推送时即 webhook-id，重复收到同一编号应忽略")
    type: str = Field(description="变更类型，如 claim.accepted")
    at: datetime
    object_kind: str
    object_id: str
    division: str | None = Field(description="所涉县区；与 member 均为空表示面向全联盟，- 表示仅秘书处可见")
    member: UUID | None = Field(description="所涉成员单位")
    data: dict[str, Any]


class ChangesRead(BaseModel):
    """A page of the feed."""

    items: list[ChangeRead]
    next_cursor: str = Field(description="下次读取时作为 after；没有新变更时也会给出，长期有效")
    has_more: bool = Field(description="是否还有可立即读取的变更")


class ChangeTypesRead(BaseModel):
    """The types that have occurred."""

    types: list[str]
