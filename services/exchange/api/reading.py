"""Rows as the API shows them."""

from collections.abc import Sequence
from typing import Any

from services.exchange.domain import DeliveryState, DisabledReason, Fault
from services.exchange.messages import body_of
from services.exchange.schemas.webhooks import AttemptRead, DeliveryDetail, DeliveryRead
from services.exchange.tables import Attempt, Change, Delivery, Endpoint


def endpoint_facts(endpoint: Endpoint) -> dict[str, Any]:
    """The fields of an `EndpointRead`; never a secret."""
    reason = DisabledReason(endpoint.disabled_reason) if endpoint.disabled_reason else None
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "event_types": endpoint.event_types,
        "description": endpoint.description,
        "active": endpoint.active,
        "disabled_at": endpoint.disabled_at,
        "disabled_reason": reason,
        "disabled_reason_label": reason.label if reason else None,
        "failing_since": endpoint.failing_since,
        "previous_secret_signs_until": endpoint.previous_signs_until,
        "created_at": endpoint.created_at,
        "created_by_name": endpoint.created_by_name,
        "version": endpoint.row_version,
    }


def _delivery_facts(delivery: Delivery) -> dict[str, Any]:
    state = DeliveryState(delivery.state)
    fault = Fault(delivery.last_fault) if delivery.last_fault else None
    return {
        "id": delivery.id,
        "endpoint_id": delivery.endpoint_id,
        "message_id": delivery.message_id,
        "type": delivery.type,
        "state": state,
        "state_label": state.label,
        "attempts": delivery.attempts,
        "last_status": delivery.last_status,
        "last_fault": fault,
        "last_fault_label": fault.label if fault else None,
        "created_at": delivery.created_at,
        "next_attempt_at": delivery.next_attempt_at,
        "finished_at": delivery.finished_at,
    }


def delivery_read(delivery: Delivery) -> DeliveryRead:
    return DeliveryRead(**_delivery_facts(delivery))


def delivery_detail(delivery: Delivery, change: Change | None, attempts: Sequence[Attempt]) -> DeliveryDetail:
    """A delivery with its message and its log; an attempt that never ended was interrupted, unless it is the one under
    way.
    """
    log = [_attempt_read(attempt, under_way=_under_way(delivery, attempt)) for attempt in attempts]
    return DeliveryDetail(**_delivery_facts(delivery), body=body_of(delivery, change), attempt_log=log)


def _under_way(delivery: Delivery, attempt: Attempt) -> bool:
    return delivery.leased_until is not None and attempt.no == delivery.attempts


def _attempt_read(attempt: Attempt, *, under_way: bool) -> AttemptRead:
    fault = Fault(attempt.fault) if attempt.fault else None
    if attempt.ended_at is None and not under_way:
        fault = Fault.INTERRUPTED
    return AttemptRead(
        no=attempt.no,
        at=attempt.at,
        ended_at=attempt.ended_at,
        status=attempt.status,
        fault=fault,
        fault_label=fault.label if fault else None,
        answer=attempt.answer,
    )
