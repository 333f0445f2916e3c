"""`GET /outbox`: what changed in this service, for the exchange service to collect."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from services.kernel.auth import requires
from services.kernel.outbox import events_after
from services.kernel.permissions import Permission
from services.kernel.principal import Principal
from services.kernel.sessions import Reading

MAXIMUM_EVENTS = 1_000
HIGHEST_NUMBER = 2**63 - 1
OutboxRead = Annotated[Principal, requires(Permission.OUTBOX_READ)]


class OutboxEvent(BaseModel):
    """One change; `division` and `member` say who beside the secretariat may hear of it (`kernel/outbox.py`)."""

    seq: int = Field(description="grows with each event of the alliance, without gaps, in the order of the commits")
    id: UUID
    at: datetime
    type: str = Field(examples=["claim.accepted"])
    object_kind: str
    object_id: str
    division: str | None
    member: UUID | None
    data: dict[str, Any]
    request_id: str


class OutboxEvents(BaseModel):
    """The next events; ask on after the last one's `seq`. None: there is nothing new yet."""

    items: list[OutboxEvent]


def outbox_router() -> APIRouter:
    """A fresh router with the one route."""
    router = APIRouter(tags=["outbox"])

    @router.get("/outbox", summary="本服务的变更（系统服务之间）")
    async def read_outbox(
        session: Reading,
        principal: OutboxRead,
        after: Annotated[int, Query(ge=0, le=HIGHEST_NUMBER, description="已收到的最后一个 seq")] = 0,
        limit: Annotated[int, Query(ge=1, le=MAXIMUM_EVENTS)] = 200,
    ) -> OutboxEvents:
        rows = await events_after(session, principal.alliance, after, limit)
        return OutboxEvents(items=[OutboxEvent.model_validate(dict(row)) for row in rows])

    return router
