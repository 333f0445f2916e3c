"""Composition root of the exchange service."""

from fastapi import FastAPI

from services.exchange.settings import ExchangeSettings
from services.kernel.app import create_service_app
from services.kernel.clock import Clock
from services.kernel.tokens import JwksSource


def create_app(
    settings: ExchangeSettings | None = None, *, jwks_source: JwksSource | None = None, clock: Clock | None = None
) -> FastAPI:
    """Build the service from the environment, or from what a test gives."""
    used = settings or ExchangeSettings()
    return create_service_app("exchange", "信息交换", used, [], jwks_source=jwks_source, clock=clock)
