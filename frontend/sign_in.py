"""Sign-in by OAuth 2 authorisation code with PKCE (RFC 6749, RFC 7636), and sign-out.

What must survive the round trip to the identity service (state, code verifier, where to go next) travels in an
encrypted cookie of ten minutes, so that strangers who open `/login` leave nothing on the server.
"""

import logging
import secrets
from typing import Annotated, Any

from authlib.oauth2.base import OAuth2Error
from cryptography.fernet import Fernet, InvalidToken
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ValidationError

from frontend.gateway_client import ApiProblem, GatewayClient
from frontend.htmx import safe_next
from frontend.oauth_client import GatewayOAuthClient
from frontend.session import Session, SessionStore, Tokens, User
from frontend.settings import FrontendSettings
from services.kernel import context

log = logging.getLogger(__name__)
router = APIRouter(include_in_schema=False)

LOGIN_COOKIE = "hub_login"
LOGIN_SECONDS = 600
VERIFIER_BYTES = 48
REFRESH_EARLY_SECONDS = 30
FALLBACK_LIFE_SECONDS = 300


class PendingLogin(BaseModel):
    """A sign-in that has left for the identity service."""

    state: str
    verifier: str
    next: str


class SignIn:
    """The process's part in sign-in: makes clients, begins and ends sessions, keeps tokens fresh."""

    def __init__(
        self, settings: FrontendSettings, gateway: GatewayClient, sessions: SessionStore, cipher: Fernet
    ) -> None:
        self.settings = settings
        self.gateway = gateway
        self.sessions = sessions
        self.cipher = cipher

    def client(self) -> GatewayOAuthClient:
        """A fresh client: Authlib keeps the last token on it, so it is never shared."""
        return GatewayOAuthClient(
            self.gateway,
            self.settings.frontend_client_secret.get_secret_value(),
            redirect_uri=self.settings.callback_url,
            scope=self.settings.oauth_scope,
        )

    def begin(self, next_path: str, *, choose_post: bool = False) -> tuple[str, str]:
        """The address to send the browser to, and the sealed cookie that will recognise it when it returns.

        With `choose_post` a person who is signed in is asked again in which post to work.
        """
        prompt = {"prompt": "select_account"} if choose_post else {}
        verifier = secrets.token_urlsafe(VERIFIER_BYTES)
        authorize = f"{self.settings.public_url.rstrip('/')}/oauth/authorize"
        url, state = self.client().create_authorization_url(authorize, code_verifier=verifier, **prompt)
        pending = PendingLogin(state=state, verifier=verifier, next=next_path)
        sealed = self.cipher.encrypt_at_time(pending.model_dump_json().encode(), self._now())
        return str(url), sealed.decode()

    def recognise(self, sealed: str | None, state: str) -> PendingLogin | None:
        """The sign-in this browser began, or None when it began none, another one, or too long ago."""
        try:
            opened = self.cipher.decrypt_at_time((sealed or "").encode(), LOGIN_SECONDS, self._now())
            pending = PendingLogin.model_validate_json(opened)
        except (InvalidToken, ValidationError):
            return None
        return pending if secrets.compare_digest(pending.state, state) else None

    async def finish(self, pending: PendingLogin, code: str) -> Session:
        """Exchange the code, ask who it is, begin the session. Raises OAuth2Error or ApiProblem."""
        granted = await self.client().fetch_token(
            "/oauth/token", grant_type="authorization_code", code=code, code_verifier=pending.verifier
        )
        tokens = self.tokens_of(granted)
        told = await self.gateway.bound(tokens.access_token, context.request_id.get()).get("/oauth/userinfo")
        return await self.sessions.create(User.model_validate(told.data), tokens)

    async def fresh(self, session: Session) -> Session | None:
        """The session with an access token that still lives; None when the identity service ended the sign-in.

        Raises ApiProblem when the identity service cannot be reached.
        """
        if session.tokens.expires_at - self._now() > REFRESH_EARLY_SECONDS:
            return session
        async with self.sessions.lock(session.id):
            current = await self.sessions.load(session.id)  # another request may have refreshed it meanwhile
            if current is None or current.tokens.expires_at - self._now() > REFRESH_EARLY_SECONDS:
                return current
            return await self._refreshed(current)

    async def _refreshed(self, session: Session) -> Session | None:
        try:
            granted = await self.client().refresh_token("/oauth/token", refresh_token=session.tokens.refresh_token)
        except OAuth2Error as refusal:
            log.info("sign-in ended by identity", extra={"code": refusal.error})
            await self.sessions.delete(session.id)
            return None
        renewed = self.tokens_of(granted)
        session.tokens = renewed.model_copy(update={"id_token": renewed.id_token or session.tokens.id_token})
        await self.sessions.save(session)
        return session

    async def end(self, session: Session) -> None:
        """Forget the session here and revoke its token there; the first is done even when the second cannot be."""
        async with self.sessions.lock(session.id):  # a refresh under way must not write the session back
            await self.sessions.delete(session.id)
        token = session.tokens.refresh_token or session.tokens.access_token
        try:
            await self.client().revoke_token("/oauth/revoke", token=token)
        except (OAuth2Error, ApiProblem) as fault:
            log.warning("token not revoked at sign-out", extra={"kind": type(fault).__name__})

    def tokens_of(self, granted: dict[str, Any]) -> Tokens:
        """The parts that are kept; the end is counted on the injected clock."""
        life = int(granted.get("expires_in") or FALLBACK_LIFE_SECONDS)
        return Tokens(
            access_token=granted["access_token"],
            refresh_token=granted.get("refresh_token"),
            expires_at=self._now() + life,
            id_token=granted.get("id_token"),
        )

    def _now(self) -> int:
        return int(self.sessions.clock.now().timestamp())


def get_sign_in(request: Request) -> SignIn:
    sign_in: SignIn = request.app.state.sign_in
    return sign_in


SignInPart = Annotated[SignIn, Depends(get_sign_in)]


def session_cookie(settings: FrontendSettings) -> str:
    """The cookie's name; over TLS the prefix `__Host-` binds it to this very host."""
    return "__Host-hub_session" if settings.secure_cookies else "hub_session"


def set_cookie(response: Response, settings: FrontendSettings, name: str, value: str, seconds: int | None) -> None:
    """Set a cookie that scripts cannot read and other sites' forms do not send."""
    response.set_cookie(
        name, value, max_age=seconds, path="/", secure=settings.secure_cookies, httponly=True, samesite="lax"
    )


@router.get("/login")
async def login(
    sign_in: SignInPart,
    next_path: Annotated[str, Query(alias="next")] = "/",
    choose_post: Annotated[bool, Query(alias="post")] = False,
) -> Response:
    """Send the browser to the identity service; `next` is the local path to return to."""
    url, sealed = sign_in.begin(safe_next(next_path), choose_post=choose_post)
    response = RedirectResponse(url, 303)
    set_cookie(response, sign_in.settings, LOGIN_COOKIE, sealed, LOGIN_SECONDS)
    return response


@router.get("/login/callback")
async def callback(request: Request, sign_in: SignInPart, state: str = "", code: str = "", error: str = "") -> Response:
    """The browser returns with a code. Any doubt ends in a page that offers to begin again."""
    pending = sign_in.recognise(request.cookies.get(LOGIN_COOKIE), state)
    if pending is None:
        raise ApiProblem(400, "login_expired", "登录没有完成", "登录请求已过期或不是由本浏览器发起，请重新登录。")
    if error or not code:
        raise ApiProblem(403, "login_refused", "登录没有完成", "登录已取消或未获授权，如需使用请重新登录。")
    try:
        session = await sign_in.finish(pending, code)
    except OAuth2Error as refusal:
        log.info("sign-in refused by identity", extra={"code": refusal.error})
        raise ApiProblem(403, "login_refused", "登录没有完成", "登录凭证已失效，请重新登录。") from refusal
    await _end_previous(request, sign_in)
    response = RedirectResponse(pending.next, 303)
    set_cookie(response, sign_in.settings, session_cookie(sign_in.settings), session.id, None)
    response.delete_cookie(LOGIN_COOKIE, path="/")
    return response


async def _end_previous(request: Request, sign_in: SignIn) -> None:
    """Signing in again replaces the session that this browser had."""
    previous = request.cookies.get(session_cookie(sign_in.settings))
    if previous:
        await sign_in.sessions.delete(previous)
