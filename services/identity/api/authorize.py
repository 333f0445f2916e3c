"""The authorisation endpoint (RFC 6749, 3.1): the sign-in page, and the way back to the client with a code."""

import logging
from dataclasses import dataclass
from typing import Any

from authlib.oauth2.base import OAuth2Error
from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from services.identity.commands.sign_in import SignedIn, sign_in
from services.identity.credentials import alliance_of
from services.identity.domain import Outcome
from services.identity.oauth.requests import HubOAuth2Request, form_pairs
from services.identity.oauth.server import HubAuthorizationServer
from services.identity.pages import Message
from services.identity.parts import IdentityParts, Parts
from services.identity.queries import alliance_name, live_session
from services.identity.settings import IdentitySettings
from services.identity.tables import Account, LoginSession
from services.kernel.database import WriteSession

log = logging.getLogger(__name__)
router = APIRouter(include_in_schema=False)

STATUS = {Outcome.WRONG: 403, Outcome.LOCKED: 429, Outcome.DEACTIVATED: 403}
BAD_REQUEST = Message(
    "登录请求无效",
    "打开登录页的地址不完整或与登记的应用不符，因此没有显示登录框。",
    "请回到原来的系统重新点击登录；仍不成功时，请把请求编号告诉管理员。",
)


@dataclass(frozen=True)
class Asked:
    """A valid authorisation request, on whose grounds a sign-in page may be shown."""

    redirect_uri: str


def refusal_sentence(outcome: Outcome, settings: IdentitySettings) -> str:
    """What the page says; for a wrong name and a wrong password alike."""
    limit, minutes = settings.failures_before_lock, settings.lock_minutes
    return {
        Outcome.WRONG: f"用户名或密码不正确，请检查后重新输入。连续输错 {limit} 次将暂停登录 {minutes} 分钟。",
        Outcome.LOCKED: f"已连续输错 {limit} 次，为保护账号暂停登录 {minutes} 分钟。请稍后再试，或联系秘书处重设密码。",
        Outcome.DEACTIVATED: "该账号已停用，不能登录。如需恢复请联系秘书处。",
    }[outcome]


@router.get("/oauth/authorize")
async def show(request: Request, parts: Parts) -> Response:
    """Show the sign-in page, or answer with a code at once when this browser is signed in."""
    oauth_request = _oauth_request(request)
    cookie = parts.cookies.session(request) or ""
    alliance = alliance_of(cookie, parts.default_alliance)
    async with parts.database.write(alliance) as session:
        live = await _touch(session, parts, alliance, cookie)
        answer = await session.run_sync(_answer, parts, oauth_request, alliance, live)
        if isinstance(answer, Response):
            return answer
        return await _page(session, parts, request, answer)


@router.post("/oauth/authorize")
async def submit(request: Request, parts: Parts) -> Response:
    """Take user name and password; on success open a login session and answer with a code."""
    form = dict(await form_pairs(request))
    oauth_request = _oauth_request(request)
    alliance = parts.default_alliance
    async with parts.tools.passwords.slots, parts.database.write(alliance) as session:
        asked = await session.run_sync(_answer, parts, oauth_request, alliance, None)
        if isinstance(asked, Response):
            return asked
        if not parts.form_tokens.accepts(parts.cookies.form(request), form.get("csrf_token", "")):
            stale = "登录页已过期或不是由本浏览器打开，请重新填写后登录。"
            return await _page(session, parts, request, asked, status=403, problem=stale)
        username, password = form.get("username", ""), form.get("password", "")
        errors = _missing(username, password)
        if errors:
            return await _page(session, parts, request, asked, status=422, username=username, errors=errors)
        outcome = await sign_in(session, parts.tools, alliance, username, password)
        if isinstance(outcome, Outcome):
            return await _refused(session, parts, request, asked, outcome, username)
        return await _accepted(session, parts, oauth_request, alliance, outcome)


def _oauth_request(request: Request) -> HubOAuth2Request:
    """OAuth's parameters stand in the query at this endpoint, also when the form is sent."""
    return HubOAuth2Request("GET", request.url.path, request.headers, request.query_params.multi_items())


def _missing(username: str, password: str) -> dict[str, str]:
    errors = {} if username.strip() else {"username": "请填写用户名。"}
    return errors if password else {**errors, "password": "请填写密码。"}


async def _touch(
    session: WriteSession, parts: IdentityParts, alliance: str, cookie: str
) -> tuple[LoginSession, Account] | None:
    """The live login session of the browser, its rest counted anew."""
    now = parts.clock.now()
    live = await live_session(session, alliance, cookie, now, parts.settings.session_idle) if cookie else None
    if live is not None:
        live[0].seen_at = now
    return live


def _answer(
    session: Session,
    parts: IdentityParts,
    oauth_request: HubOAuth2Request,
    alliance: str,
    live: tuple[LoginSession, Account] | None,
) -> Response | Asked:
    """Let Authlib judge the request: an error goes to the client or on a page, a code to the client."""
    server = HubAuthorizationServer(
        session, parts.issuing(alliance), login_session_id=live[0].id if live is not None else None
    )
    account = live[1] if live is not None else None
    try:
        grant = server.get_consent_grant(oauth_request, end_user=account)
    except OAuth2Error as error:
        return _protocol_error(server, parts, oauth_request, error)
    except ValueError:  # Authlib cannot put a parameter with such characters into an error's description
        log.info("authorisation request refused", extra={"code": "malformed_parameter"})
        return parts.pages.message(400, BAD_REQUEST)
    if account is None:
        return Asked(grant.redirect_uri)
    answer: Response = server.create_authorization_response(oauth_request, grant_user=account, grant=grant)
    return answer


def _protocol_error(
    server: HubAuthorizationServer, parts: IdentityParts, oauth_request: HubOAuth2Request, error: Any
) -> Response:
    """Errors go back to the client only when its redirect URI was found registered (RFC 6749, 4.1.2.1)."""
    log.info("authorisation request refused", extra={"code": error.error})
    if not error.redirect_uri:
        return parts.pages.message(400, BAD_REQUEST)
    answer: Response = server.handle_error_response(oauth_request, error)
    return answer


async def _page(
    session: WriteSession,
    parts: IdentityParts,
    request: Request,
    asked: Asked,
    *,
    status: int = 200,
    username: str = "",
    problem: str = "",
    errors: dict[str, str] | None = None,
) -> Response:
    cookie = parts.cookies.form(request) or parts.form_tokens.new_cookie()
    response = parts.pages.render(
        "sign_in.html",
        status,
        form_target=asked.redirect_uri,
        action=f"{request.url.path}?{request.url.query}",
        alliance_name=await alliance_name(session, parts.default_alliance),
        csrf_token=parts.form_tokens.token_for(cookie),
        username=username,
        problem=problem,
        errors=errors or {},
    )
    parts.cookies.set_form(response, cookie)
    return response


async def _refused(
    session: WriteSession, parts: IdentityParts, request: Request, asked: Asked, outcome: Outcome, username: str
) -> Response:
    problem = refusal_sentence(outcome, parts.settings)
    response = await _page(session, parts, request, asked, status=STATUS[outcome], username=username, problem=problem)
    if outcome is Outcome.LOCKED:
        response.headers["Retry-After"] = str(parts.settings.lock_minutes * 60)
    return response


async def _accepted(
    session: WriteSession, parts: IdentityParts, oauth_request: HubOAuth2Request, alliance: str, signed_in: SignedIn
) -> Response:
    live = (signed_in.session, signed_in.account)
    answer = await session.run_sync(_answer, parts, oauth_request, alliance, live)
    assert isinstance(answer, Response)  # noqa: S101  # with an account the request is always answered
    parts.cookies.set_session(answer, signed_in.cookie)
    return answer
