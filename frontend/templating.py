"""The Jinja environment: what every template can use, set up once per process.

Every template has: `user` and `csrf_token` (None before sign-in), `settings`, `menu`, `htmx`, `request_id`, `path`,
`large_font`. Filters stand in `frontend.filters`. Globals: `static(name)` for an asset's address, `icon(name)`.
"""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from frontend import filters
from frontend.htmx import HtmxDetails
from frontend.menu import menu_for
from frontend.settings import FrontendSettings
from services.kernel import context

ROOM = Path(__file__).parent
STATIC = ROOM / "static"
FONT_COOKIE = "hub_font"


class Templates:
    """Renders templates with the shared context of a request."""

    def __init__(self, settings: FrontendSettings) -> None:
        self.settings = settings
        self.environment = environment()

    def render(self, request: Request, name: str, values: Mapping[str, Any]) -> str:
        """The HTML of one template; `values` win over the shared context."""
        return self.environment.get_template(name).render({**self._shared(request), **values})

    def _shared(self, request: Request) -> dict[str, Any]:
        session = getattr(request.state, "session", None)
        user = session.user if session else None
        return {
            "user": user,
            "csrf_token": session.csrf_token if session else None,
            "settings": self.settings,
            "menu": menu_for(user, request.url.path) if user else (),
            "htmx": HtmxDetails.of(request),
            "request_id": context.request_id.get(),
            "path": request.url.path,
            "large_font": request.cookies.get(FONT_COOKIE) == "large",
        }


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The process's Jinja environment; compiled templates are kept for its life."""
    made = Environment(
        loader=FileSystemLoader(ROOM / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "sort_keys": False}
    made.filters.update(filters.FILTERS)
    made.globals.update(static=static_url, icon=icon)
    return made


@lru_cache(maxsize=256)
def static_url(name: str) -> str:
    """The address of a file in `static/`, with its hash, so that browsers may keep it for ever."""
    path = STATIC / name
    if not path.is_file():
        return f"/static/{name}"
    return f"/static/{name}?v={hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"


@lru_cache(maxsize=256)
def icon(name: str, css: str = "") -> Markup:
    """An icon of the sprite (names in `frontend/icons.txt`); decoration only, the words beside it say it."""
    return Markup('<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>').format(
        css, static_url("vendor/icons.svg"), name
    )
