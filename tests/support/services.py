"""Settings for a service under test, and a client that talks ASGI to it with its lifespan running."""

import base64
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
from fastapi import FastAPI

from services.kernel.settings import HubSettings, ServiceSettings
from tests.support.tokens import AUDIENCE, ISSUER

S = TypeVar("S", bound=ServiceSettings)
NOWHERE = "unix:///nonexistent/hub-test.sock"


def hub_settings(files: Path, **changes: Any) -> HubSettings:
    """Settings of a deployment in which no other process runs."""
    values: dict[str, Any] = {
        "environment": "demonstration",
        "public_url": ISSUER,
        "audience": AUDIENCE,
        "files_dir": files,
        "files_key": base64.urlsafe_b64encode(os.urandom(32)).decode(),
        **{f"upstream_{name}": NOWHERE for name in UPSTREAMS},
        **changes,
    }
    return HubSettings(**values)


UPSTREAMS = ("identity", "registry", "targets", "subsidies", "exchange", "frontend", "gateway")


def service_settings(kind: type[S], database_url: str, files: Path, **changes: Any) -> S:
    """Settings of one service on a test database; `hub=` replaces what it shares with the others."""
    hub = changes.pop("hub", None) or hub_settings(files)
    return kind(database_url=database_url, client_secret=secrets.token_urlsafe(32), hub=hub, **changes)


@asynccontextmanager
async def client_of(app: FastAPI, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client on an application in this process, its lifespan entered."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url=ISSUER, **options) as client,
    ):
        yield client
