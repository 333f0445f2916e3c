"""The application factory: what every service's `app.py` calls with its routes."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial

from fastapi import FastAPI

from services.kernel.clock import Clock, SystemClock
from services.kernel.database import Database
from services.kernel.logs import configure_logs
from services.kernel.observability import Metrics, RequestContext, health_router
from services.kernel.openapi import describe_operations
from services.kernel.problems import install_problem_handlers
from services.kernel.revocations import RevocationFeed, following
from services.kernel.routes import ServiceRoutes
from services.kernel.service_calls import fetch_jwks
from services.kernel.settings import ServiceSettings
from services.kernel.tokens import JwksSource, TokenVerifier

Extra = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_service_app(
    routes: ServiceRoutes,
    title: str,
    settings: ServiceSettings,
    *,
    jwks_source: JwksSource | None = None,
    revocations: RevocationFeed | None = None,
    clock: Clock | None = None,
    extra: Extra | None = None,
) -> FastAPI:
    """Build a service: sessions, token check, problems, health, metrics and logs around its routes.

    `extra` is entered after the database opened, for the service's own
    clients. Everything a request needs stands on `app.state`: settings, database, clock, verifier. Revoked tokens are
    followed over HTTP unless `revocations` brings another source (identity has its own).
    """
    configure_logs(routes.service, settings.hub.log_level)
    hub = settings.hub
    source = jwks_source or partial(fetch_jwks, hub.upstream_identity)
    time = clock or SystemClock()
    database = Database(settings.database_url.get_secret_value(), clock=time)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(database.close)
            app.state.verifier.revocations = await stack.enter_async_context(
                revocations.running() if revocations else following(hub.upstream_identity)
            )
            if extra is not None:
                await stack.enter_async_context(extra(app))
            yield

    document = f"{routes.prefix}/openapi.json"
    app = FastAPI(title=title, version="1", lifespan=lifespan, openapi_url=document, docs_url=None, redoc_url=None)
    app.state.settings = settings
    app.state.database = database
    app.state.clock = time
    app.state.verifier = TokenVerifier(source, issuer=hub.public_url, audience=hub.audience, clock=time)
    metrics = Metrics(routes.service)
    app.include_router(health_router(metrics, {"database": database.ping}))
    routes.mount(app.router)
    describe_operations(app, routes.routers, routes.prefix)
    install_problem_handlers(app)
    app.add_middleware(RequestContext, metrics=metrics)
    return app
