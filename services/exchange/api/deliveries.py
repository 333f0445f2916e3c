"""Deliveries to the endpoints of the caller's unit: what was sent, what failed, what is sent again."""

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from services.exchange.api.reading import delivery_detail, delivery_read
from services.exchange.auth import WebhooksManage
from services.exchange.commands.replay_deliveries import replay_delivery
from services.exchange.domain import DeliveryState
from services.exchange.queries.webhooks import attempts_of, change_of, deliveries_where, find_delivery
from services.exchange.schemas.webhooks import DeliveryDetail, DeliveryRead
from services.exchange.tables import Delivery
from services.kernel.pagination import Page, PageRequest, page_request, paginate, sort_column
from services.kernel.sessions import InjectedClock, Reading, Writing

router = APIRouter(prefix="/webhook-deliveries", tags=["webhooks"])
SORTABLE = {"created_at": Delivery.created_at}
NEWEST_FIRST = "-created_at"


@router.get("", summary="推送记录，新的在前")
async def list_deliveries(
    session: Reading,
    principal: WebhooksManage,
    page: Annotated[PageRequest, Depends(page_request)],
    endpoint: UUID | None = None,
    state: DeliveryState | None = None,
    event_type: Annotated[str | None, Query(alias="type", max_length=60)] = None,
) -> Page[DeliveryRead]:
    page = replace(page, sort=page.sort or NEWEST_FIRST)
    statement = deliveries_where(principal, endpoint=endpoint, state=state, event_type=event_type)
    order = sort_column(page, SORTABLE, NEWEST_FIRST)
    rows, cursor, total = await paginate(session, statement, page, order=order, tie=Delivery.id)
    return Page(items=[delivery_read(row) for row in rows], next_cursor=cursor, total=total)


@router.get("/{delivery_id}", summary="一条推送：内容和每次发送")
async def read(delivery_id: UUID, session: Reading, principal: WebhooksManage) -> DeliveryDetail:
    delivery = await find_delivery(session, principal, delivery_id)
    return delivery_detail(delivery, await change_of(session, delivery), await attempts_of(session, delivery))


@router.post("/{delivery_id}/replay", status_code=202, summary="重发一条推送")
async def replay(delivery_id: UUID, session: Writing, principal: WebhooksManage, clock: InjectedClock) -> DeliveryRead:
    return delivery_read(await replay_delivery(session, clock, principal, delivery_id))
