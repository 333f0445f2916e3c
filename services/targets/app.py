"""Composition root of the targets service."""

from fastapi import FastAPI

from services.kernel.app import create_service_app
from services.kernel.clock import Clock
from services.kernel.practice import practice_router
from services.kernel.routes import ServiceRoutes
from services.kernel.tokens import JwksSource
from services.targets.api import indicators, reports, todos
from services.targets.settings import TargetsSettings

ROUTES = ServiceRoutes("targets", indicators.router, reports.router, todos.router, practice_router())


def create_app(
    settings: TargetsSettings | None = None, *, jwks_source: JwksSource | None = None, clock: Clock | None = None
) -> FastAPI:
    """Build the service from the environment, or from what a test gives."""
    used = settings or TargetsSettings()
    return create_service_app(ROUTES, "目标指标", used, jwks_source=jwks_source, clock=clock)
