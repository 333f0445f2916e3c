"""What the audit log keeps of an endpoint: its host only, because the rest of an address may hold a password."""

from typing import Any

import httpx

from services.exchange.tables import Endpoint

KIND = "webhook_endpoint"


def facts(endpoint: Endpoint) -> dict[str, Any]:
    """JSON values for `before` and `after`."""
    return {
        "host": httpx.URL(endpoint.url).host,
        "event_types": endpoint.event_types,
        "description": endpoint.description,
        "active": endpoint.active,
    }
