"""Composition root of the gateway: the proxy behind request ids and metrics, with its own health endpoints."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.breaker import State
from services.gateway.doorman import Doorman
from services.gateway.forwarding import TrustedProxies
from services.gateway.measures import Measures
from services.gateway.proxy import ORIGIN, Proxy
from services.gateway.rates import Rates
from services.gateway.reference.routes import DOCUMENT_PATHS, document_router
from services.gateway.reference.source import DocumentSource
from services.gateway.settings import GatewaySettings
from services.gateway.shared_counts import SharedCounts
from services.kernel.clock import Clock, SystemClock
from services.kernel.logs import configure_logs
from services.kernel.observability import Metrics, RequestContext, health_router
from services.kernel.problems import install_problem_handlers
from services.kernel.revocations import RevocationFeed, following
from services.kernel.service_calls import fetch_jwks
from services.kernel.tokens import JwksSource, TokenVerifier


def create_app(
    settings: GatewaySettings | None = None,
    *,
    jwks_source: JwksSource | None = None,
    revocations: RevocationFeed | None = None,
    clock: Clock | None = None,
) -> ASGIApp:
    """Build the gateway; `/livez`, `/readyz` and `/metrics` here are its own, those of the services are not public.

    Revoked tokens are followed over HTTP unless `revocations` brings another source.
    """
    settings = settings or GatewaySettings()
    hub = settings.hub
    configure_logs("gateway", hub.log_level)
    time = clock or SystemClock()
    source = jwks_source or partial(fetch_jwks, hub.upstream_identity)
    verifier = TokenVerifier(source, issuer=hub.public_url, audience=hub.audience, clock=time)
    counts = SharedCounts(settings.counts_file, time)
    metrics = Metrics("gateway")
    doorman = Doorman(verifier, Rates(settings, counts))
    proxy = Proxy(settings, doorman, Measures(metrics))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            verifier.revocations = await stack.enter_async_context(
                revocations.running() if revocations else following(hub.upstream_identity)
            )
            stack.callback(counts.close)
            await proxy.open()
            stack.push_async_callback(proxy.close)
            yield

    own = FastAPI(lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None)
    add_readiness(own, proxy)
    own.include_router(health_router(metrics, {}))
    own.include_router(
        document_router(
            DocumentSource(proxy.read, public_url=hub.public_url, keep_seconds=settings.documents_seconds, clock=time)
        )
    )
    install_problem_handlers(own)
    proxies = TrustedProxies(settings.trusted_proxies)
    return RequestContext(_Split(proxy, own), metrics, address_of=partial(_address_of, proxies))


OWN_PATHS = frozenset({"/livez", "/readyz", "/metrics"})


def add_readiness(own: FastAPI, proxy: Proxy) -> None:
    """`/readyz` names the parts that do not answer, and stays 200: without them the gateway still serves the others.

    A balancer that took the gateway away because one service is down would take the whole hub away. A part is told as
    `failing` once its breaker is open: that is what requests found, no part is asked for the sake of this answer.
    """

    @own.get("/readyz")
    async def readyz() -> dict[str, str]:
        return {
            part: "ready" if breaker.state is State.CLOSED else "failing" for part, breaker in proxy.breakers.items()
        }


def _address_of(proxies: TrustedProxies, scope: Scope) -> str:
    peer = scope["client"][0] if scope.get("client") else None
    origin = proxies.origin(peer, scope["headers"])
    scope[ORIGIN] = origin
    return origin.address


class _Split:
    """Sends lifespan events and the gateway's own paths to its FastAPI part, everything else to the proxy."""

    def __init__(self, proxy: Proxy, own: FastAPI) -> None:
        self._proxy = proxy
        self._own = own

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._own(scope, receive, send)
        elif scope["path"] in OWN_PATHS or scope["path"].startswith(DOCUMENT_PATHS):
            await self._proxy.answered_by(self._own, scope, receive, send)
        else:
            await self._proxy(scope, receive, send)
