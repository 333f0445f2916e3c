"""What a webhook says: type, time of the event, and the change as the feed gives it (Standard Webhooks 1.0.0)."""

import json
from datetime import datetime
from typing import Any

from services.exchange.schemas.changes import ChangeRead
from services.exchange.tables import Change, Delivery


def body_of(delivery: Delivery, change: Change | None) -> dict[str, Any]:
    """The body of every attempt of a delivery; the same each time."""
    if change is None:
        return {
            "type": delivery.type,
            "timestamp": _instant(delivery.created_at),
            "data": {"id": delivery.message_id, "endpoint": str(delivery.endpoint_id)},
        }
    data = ChangeRead.model_validate(change).model_dump(mode="json")
    return {"type": change.type, "timestamp": _instant(change.at), "data": data}


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def as_sent(body: dict[str, Any]) -> str:
    """The text that is signed and sent."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
