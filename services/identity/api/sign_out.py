"""Sign-out started by a client, as OpenID Connect's RP-Initiated Logout has it."""

from typing import Annotated

from authlib.common.urls import add_params_to_uri
from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from services.identity.actors import account_holder
from services.identity.commands.end_access import end_sessions
from services.identity.credentials import alliance_of
from services.identity.pages import Message
from services.identity.parts import IdentityParts, Parts
from services.identity.queries import find_client, live_session
from services.kernel.audit import audit
from services.kernel.database import WriteSession

router = APIRouter(include_in_schema=False)
SIGNED_OUT = Message("已退出登录", "本浏览器的登录已经结束。", "如需继续使用，请从系统首页重新登录。")


@router.get("/oauth/logout")
async def sign_out(
    request: Request,
    parts: Parts,
    client_id: Annotated[str, Query(max_length=64)] = "",
    post_logout_redirect_uri: Annotated[str, Query(max_length=2000)] = "",
    state: Annotated[str, Query(max_length=2000)] = "",
) -> Response:
    """End the login session and its clients' tokens; go on to the URI if this client registered it exactly."""
    cookie = parts.cookies.session(request) or ""
    alliance = alliance_of(cookie, parts.default_alliance)
    async with parts.database.write(alliance) as session:
        await _end(session, parts, alliance, cookie)
        known = "\x00" not in client_id
        client = await find_client(session, client_id) if known else None
    if client is not None and post_logout_redirect_uri in client.post_logout_redirect_uris:
        target = add_params_to_uri(post_logout_redirect_uri, [("state", state)]) if state else post_logout_redirect_uri
        response: Response = RedirectResponse(target, 303, {"Cache-Control": "no-store"})
    else:
        response = parts.pages.message(200, SIGNED_OUT)
    parts.cookies.drop_session(response)
    return response


async def _end(session: WriteSession, parts: IdentityParts, alliance: str, cookie: str) -> None:
    now = parts.clock.now()
    live = await live_session(session, alliance, cookie, now, parts.settings.session_idle) if cookie else None
    if live is None:
        return
    login, account = live
    await end_sessions(session, parts.clock, alliance, session_id=login.id)
    await audit(session, parts.clock, account_holder(account), "sign_out", "account", account.id)
