"""Third parties' applications, that people sign in to by the hub; kept by the system administrator."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from services.identity.api.clients import shown_once
from services.identity.auth import AccountsManage
from services.identity.commands.create_application import create_application
from services.identity.commands.rotate_client import rotate_client
from services.identity.commands.update_application import update_application, version_of
from services.identity.queries.clients import applications, get_client, list_clients
from services.identity.schemas.clients import (
    ApplicationCreate,
    ApplicationIssued,
    ApplicationRead,
    ApplicationUpdate,
    ClientRotation,
)
from services.identity.tables import OAuthClient
from services.kernel.etags import etag_of, if_match, set_etag
from services.kernel.idempotency import IdempotentCreate
from services.kernel.pagination import Page, PageRequest, page_request
from services.kernel.sessions import InjectedClock, Reading, Writing

router = APIRouter(prefix="/applications", tags=["applications"])


def issued(client: OAuthClient, secret: str | None) -> ApplicationIssued:
    """An application with its secret, for the one answer that tells it."""
    return ApplicationIssued(**ApplicationRead.model_validate(client).model_dump(), client_secret=secret)


@router.get("", summary="查询第三方应用")
async def list_(
    principal: AccountsManage, session: Reading, page: Annotated[PageRequest, Depends(page_request)]
) -> Page[ApplicationRead]:
    found, cursor, total = await list_clients(session, applications(principal.alliance), page)
    return Page(items=[ApplicationRead.model_validate(one) for one in found], next_cursor=cursor, total=total)


@router.post("", status_code=201, response_model=ApplicationIssued, summary="登记第三方应用（密钥只显示一次）")
async def create(
    principal: AccountsManage, session: Writing, clock: InjectedClock, once: IdempotentCreate, draft: ApplicationCreate
) -> Response:
    """A repeated request gets the application again, without the secret: that is nowhere kept."""
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    client, secret = await create_application(session, clock, principal, draft)
    location = f"/api/identity/v1/applications/{client.client_id}"
    headers = {"Location": location, "ETag": etag_of(version_of(client))}
    kept = await once.answer(issued(client, None), headers=headers)
    return shown_once(kept, issued(client, secret).model_dump_json())


@router.get("/{client_id}", summary="查看一个第三方应用")
async def get(client_id: str, principal: AccountsManage, session: Reading, response: Response) -> ApplicationRead:
    client = await get_client(session, applications(principal.alliance), client_id)
    set_etag(response, version_of(client))
    return ApplicationRead.model_validate(client)


@router.patch("/{client_id}", summary="修改、停用或恢复第三方应用")
async def update(
    client_id: str,
    principal: AccountsManage,
    session: Writing,
    clock: InjectedClock,
    draft: ApplicationUpdate,
    seen: Annotated[str, Depends(if_match)],
    response: Response,
) -> ApplicationRead:
    client = await update_application(session, clock, principal, client_id, draft, seen)
    set_etag(response, version_of(client))
    return ApplicationRead.model_validate(client)


@router.post("/{client_id}/rotation", summary="更换第三方应用的密钥（旧密钥和旧令牌立即失效）")
async def rotate(
    client_id: str,
    principal: AccountsManage,
    session: Writing,
    clock: InjectedClock,
    draft: ClientRotation,
    response: Response,
) -> ApplicationIssued:
    found = applications(principal.alliance)
    client, secret = await rotate_client(session, clock, principal, found, client_id, draft)
    response.headers["Cache-Control"] = "no-store"
    set_etag(response, version_of(client))
    return issued(client, secret)
