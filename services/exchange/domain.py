"""States of a delivery, why an attempt failed, who sees a change, when to try again; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.kernel.permissions import Party
from services.kernel.principal import Principal

TEST_EVENT: Final = "webhook.test"
EVENT_TYPE: Final = r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$"
OLD_SECRET_SIGNS: Final = timedelta(hours=24)
LONGEST_REST: Final = timedelta(hours=24)


class DeliveryState(StrEnum):
    """How far one delivery is."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"

    @property
    def label(self) -> str:
        return {"pending": "待送达", "delivered": "已送达", "dead": "未送达，已停止重试"}[self.value]


class DisabledReason(StrEnum):
    """Why the hub itself stopped sending to an endpoint."""

    GONE = "gone"
    FAILING = "failing"

    @property
    def label(self) -> str:
        return {
            "gone": "接收方返回 410，表示不再接收。请核对地址后重新启用。",
            "failing": "连续多日没有一次送达成功。请修复接收系统后重新启用，再重发未送达的变更。",
        }[self.value]


class Fault(StrEnum):
    """Why an attempt did not deliver."""

    STATUS = "http_status"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    NAME = "name_unresolved"
    ADDRESS = "address_refused"
    INTERRUPTED = "interrupted"
    INACTIVE = "endpoint_inactive"

    @property
    def label(self) -> str:
        return {
            "http_status": "接收方没有返回 2xx。",
            "timeout": "接收方没有在规定时间内答复。",
            "connection": "无法建立连接，或安全证书无效。",
            "name_unresolved": "域名无法解析，请核对地址。",
            "address_refused": "地址指向内部网络或保留地址，不允许推送；如确需，请联系管理员放开设置。",
            "interrupted": "发送中途被打断，结果不明。",
            "endpoint_inactive": "接收地址已停用。",
        }[self.value]


@dataclass(frozen=True)
class Audience:
    """Which changes of an alliance one unit may see (docs/design.md, 12)."""

    everything: bool = False
    division: str | None = None
    member: UUID | None = None

    @classmethod
    def of(cls, principal: Principal) -> "Audience":
        """The caller's. Whoever is no unit sees only what is for everybody."""
        match principal.party:
            case Party.SECRETARIAT:
                return cls(everything=True)
            case Party.COUNTY:
                return cls(division=principal.division)
            case Party.MEMBER:
                return cls(member=principal.member)
        return cls()

    @classmethod
    def of_owner(cls, owner: str) -> "Audience":
        """That of the unit which `Principal.owner` names."""
        kind, _, unit = owner.partition(":")
        match kind:
            case "secretariat":
                return cls(everything=True)
            case "division":
                return cls(division=unit)
            case "member":
                return cls(member=UUID(unit))
        return cls()

    def admits(self, division: str | None, member: UUID | None) -> bool:
        """Whether a change for this county and this unit is to be seen; `queries/changes.py` says the same in SQL."""
        if self.everything or (division is None and member is None):
            return True
        return (self.division is not None and division == self.division) or (
            self.member is not None and member == self.member
        )


def next_delay(attempts: int, schedule: Sequence[int]) -> timedelta | None:
    """How long to wait after that many failed attempts; None when no further one is due."""
    return timedelta(seconds=schedule[attempts - 1]) if attempts <= len(schedule) else None


def retry_after(header: str | None, now: datetime) -> timedelta:
    """What a `Retry-After` header asks for, in seconds or as a date (RFC 9110, 10.2.3); at most `LONGEST_REST`."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        wanted = timedelta(seconds=int(text[:9]))
    else:
        try:
            date = parsedate_to_datetime(text)
        except (ValueError, OverflowError):  # the latter for a year or a zone beyond all numbers
            return timedelta(0)
        wanted = (date if date.tzinfo else date.replace(tzinfo=UTC)) - now
    return min(max(wanted, timedelta(0)), LONGEST_REST)
