"""Composition root of the gateway: the proxy behind request ids and metrics, with its own health endpoints."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.proxy import Proxy
from services.gateway.settings import GatewaySettings
from services.kernel.clock import Clock, SystemClock
from services.kernel.logs import configure_logs
from services.kernel.observability import Metrics, RequestContext, health_router
from services.kernel.service_calls import fetch_jwks
from services.kernel.tokens import JwksSource, TokenVerifier


def create_app(
    settings: GatewaySettings | None = None, *, jwks_source: JwksSource | None = None, clock: Clock | None = None
) -> ASGIApp:
    """Build the gateway; `/livez`, `/readyz` and `/metrics` here are its own, those of the services are not public."""
    settings = settings or GatewaySettings()
    configure_logs("gateway", settings.hub.log_level)
    source = jwks_source or partial(fetch_jwks, settings.hub.upstream_identity)
    verifier = TokenVerifier(
        source, issuer=settings.hub.public_url, audience=settings.hub.audience, clock=clock or SystemClock()
    )
    proxy = Proxy(settings, verifier)
    metrics = Metrics("gateway")

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await proxy.open()
        try:
            yield
        finally:
            await proxy.close()

    own = FastAPI(lifespan=lifespan, openapi_url=None)
    own.include_router(health_router(metrics, {}))
    return RequestContext(_Split(proxy, own), metrics)


OWN_PATHS = frozenset({"/livez", "/readyz", "/metrics"})


class _Split:
    """Sends lifespan events and the gateway's own paths to its FastAPI part, everything else to the proxy."""

    def __init__(self, proxy: Proxy, own: FastAPI) -> None:
        self._proxy = proxy
        self._own = own

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or scope["path"] in OWN_PATHS:
            await self._own(scope, receive, send)
        else:
            await self._proxy(scope, receive, send)
