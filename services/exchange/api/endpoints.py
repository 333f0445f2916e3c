"""Webhook endpoints of the caller's unit."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from services.exchange.api.reading import delivery_read, endpoint_facts
from services.exchange.auth import WebhooksManage
from services.exchange.commands.create_endpoint import create_endpoint
from services.exchange.commands.delete_endpoint import delete_endpoint
from services.exchange.commands.replay_deliveries import replay_dead
from services.exchange.commands.rotate_secret import rotate_secret
from services.exchange.commands.send_test import send_test
from services.exchange.commands.update_endpoint import update_endpoint
from services.exchange.queries.webhooks import find_endpoint, own_endpoints
from services.exchange.schemas.webhooks import (
    DeliveryRead,
    EndpointCreate,
    EndpointCreated,
    EndpointRead,
    EndpointUpdate,
    ReplayRead,
    ReplayRequest,
    SecretRead,
)
from services.exchange.settings import ExchangeSettings
from services.exchange.signing import Seal
from services.exchange.tables import Endpoint
from services.kernel.etags import etag_of, if_match, set_etag
from services.kernel.idempotency import IdempotentCreate
from services.kernel.pagination import Page, PageRequest, page_request, paginate, sort_column
from services.kernel.sessions import InjectedClock, Reading, Writing

router = APIRouter(prefix="/webhook-endpoints", tags=["webhooks"])
SORTABLE = {"created_at": Endpoint.created_at}
Seen = Annotated[str, Depends(if_match)]
NEVER_STORED = {"Cache-Control": "no-store"}


def _settings(request: Request) -> ExchangeSettings:
    settings: ExchangeSettings = request.app.state.settings
    return settings


def _seal(request: Request) -> Seal:
    seal: Seal = request.app.state.seal
    return seal


WithSettings = Annotated[ExchangeSettings, Depends(_settings)]
WithSeal = Annotated[Seal, Depends(_seal)]


@router.get("", summary="本单位的接收地址")
async def list_endpoints(
    session: Reading, principal: WebhooksManage, page: Annotated[PageRequest, Depends(page_request)]
) -> Page[EndpointRead]:
    order = sort_column(page, SORTABLE, "created_at")
    rows, cursor, total = await paginate(session, own_endpoints(principal), page, order=order, tie=Endpoint.id)
    return Page(items=[EndpointRead(**endpoint_facts(row)) for row in rows], next_cursor=cursor, total=total)


@router.post("", status_code=201, summary="新增接收地址；签名密钥只在这次回答中给出", response_model=EndpointCreated)
async def create(
    given: EndpointCreate,
    session: Writing,
    principal: WebhooksManage,
    clock: InjectedClock,
    settings: WithSettings,
    seal: WithSeal,
    once: IdempotentCreate,
) -> Response:
    if (earlier := await once.replay()) is not None:
        return earlier
    endpoint, secret = await create_endpoint(
        session, clock, principal, seal, given, allow_private=settings.allow_private_addresses
    )
    location = f"/api/exchange/v1/webhook-endpoints/{endpoint.id}"
    headers = {"Location": location, "ETag": etag_of(endpoint.row_version), **NEVER_STORED}
    shown: dict[str, Any] = endpoint_facts(endpoint)
    # What is kept for a repeated request must not hold the secret.
    await once.answer(EndpointCreated(**shown, secret=None), 201, headers)
    told = EndpointCreated(**shown, secret=secret).model_dump_json()
    return Response(told, 201, headers, media_type="application/json")


@router.get("/{endpoint_id}", summary="一个接收地址")
async def read(endpoint_id: UUID, session: Reading, principal: WebhooksManage, response: Response) -> EndpointRead:
    endpoint = await find_endpoint(session, principal, endpoint_id)
    set_etag(response, endpoint.row_version)
    return EndpointRead(**endpoint_facts(endpoint))


@router.patch("/{endpoint_id}", summary="修改、停用或重新启用接收地址")
async def update(
    endpoint_id: UUID,
    given: EndpointUpdate,
    session: Writing,
    principal: WebhooksManage,
    clock: InjectedClock,
    settings: WithSettings,
    seen: Seen,
    response: Response,
) -> EndpointRead:
    endpoint = await update_endpoint(
        session, clock, principal, endpoint_id, seen, given, allow_private=settings.allow_private_addresses
    )
    set_etag(response, endpoint.row_version)
    return EndpointRead(**endpoint_facts(endpoint))


@router.delete("/{endpoint_id}", status_code=204, summary="删除接收地址和它的推送记录")
async def delete(endpoint_id: UUID, session: Writing, principal: WebhooksManage, clock: InjectedClock) -> None:
    await delete_endpoint(session, clock, principal, endpoint_id)


@router.post("/{endpoint_id}/secret-rotation", summary="更换签名密钥；旧密钥 24 小时内仍同时签名")
async def rotate(
    endpoint_id: UUID,
    session: Writing,
    principal: WebhooksManage,
    clock: InjectedClock,
    seal: WithSeal,
    response: Response,
) -> SecretRead:
    response.headers.update(NEVER_STORED)
    return await rotate_secret(session, clock, principal, seal, endpoint_id)


@router.post("/{endpoint_id}/test", status_code=202, summary="发送一条测试推送（只发一次）")
async def test(
    endpoint_id: UUID, session: Writing, principal: WebhooksManage, clock: InjectedClock, response: Response
) -> DeliveryRead:
    delivery = await send_test(session, clock, principal, endpoint_id)
    response.headers["Location"] = f"/api/exchange/v1/webhook-deliveries/{delivery.id}"
    return delivery_read(delivery)


@router.post("/{endpoint_id}/replay", status_code=202, summary="重发某时以来所有未送达的推送")
async def replay(
    endpoint_id: UUID, given: ReplayRequest, session: Writing, principal: WebhooksManage, clock: InjectedClock
) -> ReplayRead:
    return ReplayRead(replayed=await replay_dead(session, clock, principal, endpoint_id, given.since))
