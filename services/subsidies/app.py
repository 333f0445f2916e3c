"""Composition root of the subsidies service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.kernel.app import create_service_app
from services.kernel.citations import Resolutions
from services.kernel.clock import Clock, SystemClock
from services.kernel.routes import ServiceRoutes
from services.kernel.tokens import JwksSource
from services.subsidies.api import (
    claims,
    headcounts,
    open_claims,
    pool_decisions,
    practice,
    roster_imports,
    rosters,
    settlements,
    todos,
)
from services.subsidies.clients.registry import RegistryClient
from services.subsidies.settings import SubsidiesSettings
from services.subsidies.tools import make_tools

ROUTES = ServiceRoutes(
    "subsidies",
    roster_imports.router,
    rosters.router,
    headcounts.router,
    claims.router,
    open_claims.router,
    settlements.router,
    pool_decisions.router,
    todos.router,
    practice.router,
)


def create_app(
    settings: SubsidiesSettings | None = None,
    *,
    jwks_source: JwksSource | None = None,
    clock: Clock | None = None,
    registry: RegistryClient | None = None,
    resolutions: Resolutions | None = None,
) -> FastAPI:
    """The service; a test hands in its own keys, clock, registry and resolutions."""
    settings = settings or SubsidiesSettings()
    time = clock or SystemClock()
    tools = make_tools(settings, time, registry, resolutions)

    @asynccontextmanager
    async def extra(app: FastAPI) -> AsyncIterator[None]:
        app.state.tools = tools
        yield

    return create_service_app(ROUTES, "奖补服务", settings, jwks_source=jwks_source, clock=time, extra=extra)
