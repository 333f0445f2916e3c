"""What htmx tells of a request, and the answers it understands.

A page handler ends in `page_or_fragment(...)`, which renders the whole page or, for htmx, only the fragment that the
page includes, or in `redirect(...)` after a change. Both need nothing but the request.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote, unquote, urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

Level = Literal["success", "info", "warning", "danger"]
TOAST_COOKIE = "hub_toast"
TOAST_SECONDS = 30


@dataclass(frozen=True)
class HtmxDetails:
    """The request headers of htmx 2, read once."""

    request: bool = False
    boosted: bool = False
    history_restore: bool = False
    target: str | None = None
    trigger: str | None = None
    trigger_name: str | None = None
    current_url: str | None = None
    prompt: str | None = None

    @classmethod
    def of(cls, request: Request) -> "HtmxDetails":
        headers = request.headers

        def text(name: str) -> str | None:
            value = headers.get(name)
            if value is not None and headers.get(f"{name}-URI-AutoEncoded") == "true":
                return unquote(value)
            return value

        return cls(
            request=headers.get("HX-Request") == "true",
            boosted=headers.get("HX-Boosted") == "true",
            history_restore=headers.get("HX-History-Restore-Request") == "true",
            target=text("HX-Target"),
            trigger=text("HX-Trigger"),
            trigger_name=text("HX-Trigger-Name"),
            current_url=text("HX-Current-URL"),
            prompt=text("HX-Prompt"),
        )

    @property
    def wants_fragment(self) -> bool:
        """True when only a part of the page is to be replaced."""
        return self.request and not self.boosted and not self.history_restore

    @property
    def current_path(self) -> str:
        """Path and query of the page the browser shows, safe to redirect to."""
        parts = urlsplit(self.current_url or "/")
        return safe_next(f"{parts.path}?{parts.query}" if parts.query else parts.path)


def safe_next(path: str) -> str:
    """The path if it is one of this site's, else `/`: nobody is sent to another site after signing in."""
    plain = path.startswith("/") and not path.startswith(("//", "/\\", "/login"))
    return path if plain and not any(ord(letter) < 32 for letter in path) else "/"


def page_or_fragment(
    request: Request,
    page: str,
    fragment: str,
    context: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """Render `fragment` for htmx and `page` (which includes the fragment) for everybody else."""
    name = fragment if HtmxDetails.of(request).wants_fragment else page
    return render(request, name, context, status=status, headers=headers)


def render(
    request: Request,
    name: str,
    context: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """Render one template with the context every template has (see `frontend.templating`)."""
    html = request.app.state.templates.render(request, name, context or {})
    return HTMLResponse(html, status, {"Vary": "HX-Request", "Cache-Control": "no-store", **(headers or {})})


def redirect(request: Request, url: str, *, toast: str | None = None, level: Level = "success") -> Response:
    """Go to another local page after a change; `toast` is a sentence that page will show."""
    response: Response
    if HtmxDetails.of(request).request:
        response = Response(status_code=204)
        hx_redirect(response, url)
    else:
        response = RedirectResponse(url, 303)
    response.headers["Vary"] = "HX-Request"
    if toast:
        # Read once and deleted by app.js, which shows it as text; it holds no secret.
        told = quote(json.dumps({"level": level, "message": toast}, ensure_ascii=False))
        response.set_cookie(TOAST_COOKIE, told, max_age=TOAST_SECONDS, path="/", samesite="lax")
    return response


def hx_redirect(response: Response, url: str) -> None:
    """Make htmx load another page."""
    response.headers["HX-Redirect"] = quote(url, safe="/?&=%#~:@!$'()*+,;-._")


def hx_retarget(response: Response, selector: str, swap: str = "innerHTML") -> None:
    """Put the answer somewhere else than the element asked for."""
    response.headers["HX-Retarget"] = selector
    response.headers["HX-Reswap"] = swap


def hx_push_url(response: Response, url: str) -> None:
    """Show another address in the browser without loading it."""
    response.headers["HX-Push-Url"] = quote(url, safe="/?&=%#~:@!$'()*+,;-._")


def hx_trigger(response: Response, name: str, detail: Any = None) -> None:
    """Fire a browser event on the page; several calls add up."""
    events = json.loads(response.headers.get("HX-Trigger", "{}"))
    events[name] = detail
    response.headers["HX-Trigger"] = json.dumps(events)


def toast(response: Response, message: str, level: Level = "success") -> None:
    """Show a short sentence in the corner after this answer is swapped in."""
    hx_trigger(response, "hub:toast", {"level": level, "message": message})
