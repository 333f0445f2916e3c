"""Counties' machine clients: made by the secretariat, kept by the secretariat or the county's own bureau."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from services.identity.auth import ClientsKeep, ClientsManage
from services.identity.commands.create_client import create_client
from services.identity.commands.revoke_client import revoke_client
from services.identity.commands.rotate_client import rotate_client
from services.identity.queries.clients import get_client, list_clients, machine_clients
from services.identity.schemas.clients import ClientCreate, ClientIssued, ClientRead, ClientRevocation, ClientRotation
from services.identity.tables import OAuthClient
from services.kernel.divisions import division_name
from services.kernel.idempotency import IdempotentCreate
from services.kernel.pagination import Page, PageRequest, page_request
from services.kernel.sessions import CallerScope, InjectedClock, Reading, Writing

router = APIRouter(prefix="/clients", tags=["clients"])


def client_read(client: OAuthClient) -> ClientRead:
    """A machine client, its division named."""
    shown = ClientRead.model_validate(client)
    return shown.model_copy(update={"division_name": division_name(shown.division)})


def client_issued(client: OAuthClient, secret: str | None) -> ClientIssued:
    """The same with its secret, for the one answer that tells it."""
    return ClientIssued(**client_read(client).model_dump(), client_secret=secret)


@router.get("", summary="查询县区系统接入")
async def list_(
    _caller: ClientsKeep,
    scope: CallerScope,
    session: Reading,
    page: Annotated[PageRequest, Depends(page_request)],
) -> Page[ClientRead]:
    clients, cursor, total = await list_clients(session, machine_clients(scope), page)
    return Page(items=[client_read(client) for client in clients], next_cursor=cursor, total=total)


@router.post("", status_code=201, response_model=ClientIssued, summary="开设县区系统接入（密钥只显示一次）")
async def create(
    principal: ClientsManage, session: Writing, clock: InjectedClock, once: IdempotentCreate, draft: ClientCreate
) -> Response:
    """A repeated request gets the client again, without the secret: that is nowhere kept."""
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    client, secret = await create_client(session, clock, principal, draft)
    kept = await once.answer(
        client_issued(client, None), headers={"Location": f"/api/identity/v1/clients/{client.client_id}"}
    )
    return shown_once(kept, client_issued(client, secret).model_dump_json())


def shown_once(kept: Response, body: str) -> Response:
    """The answer that is remembered under the idempotency key, but with the secret, which is not."""
    headers = {name: value for name, value in kept.headers.items() if name != "content-length"}
    return Response(body, kept.status_code, {**headers, "Cache-Control": "no-store"})


@router.get("/{client_id}", summary="查看一个县区系统接入")
async def get(client_id: str, _caller: ClientsKeep, scope: CallerScope, session: Reading) -> ClientRead:
    return client_read(await get_client(session, machine_clients(scope), client_id))


@router.post("/{client_id}/rotation", summary="更换密钥（旧密钥和旧令牌立即失效）")
async def rotate(
    client_id: str,
    principal: ClientsKeep,
    scope: CallerScope,
    session: Writing,
    clock: InjectedClock,
    draft: ClientRotation,
    response: Response,
) -> ClientIssued:
    client, secret = await rotate_client(session, clock, principal, machine_clients(scope), client_id, draft)
    response.headers["Cache-Control"] = "no-store"
    return client_issued(client, secret)


@router.post("/{client_id}/revocation", summary="吊销接入")
async def revoke(
    client_id: str,
    principal: ClientsKeep,
    scope: CallerScope,
    session: Writing,
    clock: InjectedClock,
    draft: ClientRevocation,
) -> ClientRead:
    found = machine_clients(scope)
    return client_read(await revoke_client(session, clock, principal, found, client_id, draft.reason))
