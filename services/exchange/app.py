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
from services.kernel.tokens import JwksSource


def create_app(
    settings: ExchangeSettings | None = None, *, jwks_source: JwksSource | None = None, clock: Clock | None = None
) -> FastAPI:
    """Build the service from the environment, or from what a test gives."""
    used = settings or ExchangeSettings()
    routers = [changes.router, endpoints.router, deliveries.router, practice_router()]

    @asynccontextmanager
    async def extra(app: FastAPI) -> AsyncIterator[None]:
        app.state.seal = Seal(used.webhook_key)
        yield

    return create_service_app("exchange", "信息交换", used, routers, jwks_source=jwks_source, clock=clock, extra=extra)
