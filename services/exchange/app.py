"""Composition root of the exchange service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.exchange.api import changes, deliveries, endpoints
from services.exchange.settings import ExchangeSettings
from services.exchange.signing import Seal
from services.kernel.app import create_service_app
from services.kernel.clock import Clock
from services.kernel.practice import practice_router
from services.kernel.routes import ServiceRoutes
from services.kernel.tokens import JwksSource

ROUTES = ServiceRoutes("exchange", changes.router, endpoints.router, deliveries.router, practice_router())


def create_app(
    settings: ExchangeSettings | None = None, *, jwks_source: JwksSource | None = None, clock: Clock | None = None
) -> FastAPI:
    """Build the service from the environment, or from what a test gives."""
    used = settings or ExchangeSettings()

    @asynccontextmanager
    async def extra(app: FastAPI) -> AsyncIterator[None]:
        app.state.seal = Seal(used.webhook_key)
        yield

    return create_service_app(ROUTES, "信息交换", used, jwks_source=jwks_source, clock=clock, extra=extra)
