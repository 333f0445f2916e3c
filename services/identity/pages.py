"""Identity's few pages: templates, their headers, the sign-in cookies and the form's token against forgery."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import InvalidToken
from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader

from services.identity.keyring import Keyring
from services.identity.settings import IdentitySettings
from services.kernel import context
from services.kernel.clock import Clock

TEMPLATES = Path(__file__).parent / "templates"
COOKIE_PATH = "/"


@dataclass(frozen=True)
class Message:
    """What a page without a form tells: what happened, and what to do."""

    title: str
    detail: str
    advice: str = ""
    action: str = "回首页"


class Pages:
    """Renders pages that work without a script and that no cache keeps."""

    def __init__(self, settings: IdentitySettings) -> None:
        self._templates = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True)
        self._demonstration = settings.hub.environment == "demonstration"

    def render(self, template: str, status: int, *, form_target: str = "", **values: Any) -> HTMLResponse:
        """A page; `form_target` is the redirect URI to which a sent form leads on (CSP form-action sees redirects)."""
        values = {"demonstration": self._demonstration, "request_id": context.request_id.get(), **values}
        html = self._templates.get_template(template).render(values)
        return HTMLResponse(html, status, _page_headers(form_target))

    def message(self, status: int, message: Message) -> HTMLResponse:
        return self.render("message.html", status, message=message)


def _page_headers(form_target: str) -> dict[str, str]:
    parts = urlsplit(form_target)
    target = f" {parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") and parts.netloc else ""
    policy = (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; base-uri 'none'; "
        f"form-action 'self'{target}; frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",  # an invitation's address is a secret, and a request's may hold one
    }


class FormTokens:
    """The form's token seals the value of a cookie that only this browser has, for a limited time.

    It also seals what the form is for, so that the form of one step, or of one authorisation request, serves no other.
    """

    def __init__(self, keyring: Keyring, clock: Clock, settings: IdentitySettings) -> None:
        self._cipher = keyring.page
        self._clock = clock
        self._seconds = int(timedelta(minutes=settings.page_minutes).total_seconds())

    def new_cookie(self) -> str:
        return secrets.token_urlsafe(32)

    def token_for(self, cookie: str, purpose: str = "") -> str:
        """The hidden field that belongs to this cookie and purpose."""
        return self._cipher.encrypt_at_time(_sealed(cookie, purpose), self._now()).decode()

    def accepts(self, cookie: str | None, token: str, purpose: str = "") -> bool:
        """Whether a form came from a page that this browser opened not long ago for this purpose."""
        if not cookie:
            return False
        try:
            sealed = self._cipher.decrypt_at_time(token.encode(), self._seconds, self._now())
        except InvalidToken:
            return False
        return hmac.compare_digest(sealed, _sealed(cookie, purpose))

    def _now(self) -> int:
        return int(self._clock.now().timestamp())


def _sealed(cookie: str, purpose: str) -> bytes:
    return cookie.encode() + hashlib.sha256(purpose.encode()).digest()


class Cookies:
    """Identity's cookies; over TLS their names begin with `__Host-`, which binds them to this very host."""

    def __init__(self, settings: IdentitySettings) -> None:
        self._secure = settings.secure_cookies
        prefix = "__Host-" if self._secure else ""
        self._form, self._session = f"{prefix}hub_sign_in_form", f"{prefix}hub_identity"
        self._federation = f"{prefix}hub_federation"

    def form(self, request: Request) -> str | None:
        return request.cookies.get(self._form)

    def session(self, request: Request) -> str | None:
        return request.cookies.get(self._session)

    def set_form(self, response: Response, value: str) -> None:
        self._set(response, self._form, value)

    def set_session(self, response: Response, value: str) -> None:
        """A new sign-in replaces the session cookie and ends the form's."""
        self._set(response, self._session, value)
        self._drop(response, self._form)

    def drop_session(self, response: Response) -> None:
        self._drop(response, self._session)

    def federation(self, request: Request) -> str | None:
        return request.cookies.get(self._federation)

    def set_federation(self, response: Response, value: str) -> None:
        """The state of the one attempt that this browser is on; see docs/adr/0014."""
        self._set(response, self._federation, value)

    def drop_federation(self, response: Response) -> None:
        self._drop(response, self._federation)

    def _set(self, response: Response, name: str, value: str) -> None:
        response.set_cookie(name, value, path=COOKIE_PATH, secure=self._secure, httponly=True, samesite="lax")

    def _drop(self, response: Response, name: str) -> None:
        response.delete_cookie(name, path=COOKIE_PATH, secure=self._secure, httponly=True, samesite="lax")
