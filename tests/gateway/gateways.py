"""A gateway in this process, asked as ASGI; its parts are whatever the test names."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from services.gateway.app import create_app
from services.gateway.routes import PART_LABELS
from services.gateway.settings import GatewaySettings
from services.kernel.revocations import RevocationFeed, Revoked
from tests.support.services import hub_settings
from tests.support.tokens import ISSUER, Signer

PEER = ("127.0.0.1", 1)


def feed(*, sessions: frozenset[str] = frozenset()) -> RevocationFeed:
    """What is revoked, known at once and never changing."""

    async def source(known: str) -> Revoked | None:
        return None if known else Revoked(sessions=sessions, version="1")

    return RevocationFeed(source)


def gateway(
    folder: Path,
    signer: Signer,
    upstream: str,
    *,
    parts: dict[str, str] | None = None,
    hub: dict[str, Any] | None = None,
    **options: Any,
) -> Any:
    """A gateway whose parts all are `upstream`, but for those in `parts`; `options` are its settings."""
    revocations = options.pop("revocations", None) or feed()
    clock = options.pop("clock", None)
    addresses = {f"upstream_{part}": (parts or {}).get(part, upstream) for part in PART_LABELS}
    settings = GatewaySettings(hub=hub_settings(folder, **addresses, **(hub or {})), **options)
    return create_app(settings, jwks_source=signer.jwks, revocations=revocations, clock=clock)


@asynccontextmanager
async def client_of(app: Any, *, peer: tuple[str, int] | None = PEER) -> AsyncIterator[httpx.AsyncClient]:
    """A client on the gateway, its lifespan entered; `peer` is who seems to connect (None: over a unix socket)."""
    own = app.app._own
    async with own.router.lifespan_context(own):
        async with again(app, peer=peer) as client:
            yield client


def again(app: Any, *, peer: tuple[str, int] | None = PEER) -> httpx.AsyncClient:
    """Another client on a gateway that runs, from another address."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app, client=peer), base_url=ISSUER)  # type: ignore[arg-type]
