"""Composition root of the targets service."""

from fastapi import FastAPI

from services.kernel.app import create_service_app
from services.kernel.citations import RegistryResolutions, Resolutions
from services.kernel.clock import Clock, SystemClock
from services.kernel.practice import practice_router
from services.kernel.routes import ServiceRoutes
from services.kernel.tokens import JwksSource
from services.targets.api import indicators, reports, source_decisions, todos
from services.targets.settings import TargetsSettings

ROUTES = ServiceRoutes(
    "targets", indicators.router, source_decisions.router, reports.router, todos.router, practice_router()
)


def create_app(
    settings: TargetsSettings | None = None,
    *,
    jwks_source: JwksSource | None = None,
    clock: Clock | None = None,
    resolutions: Resolutions | None = None,
) -> FastAPI:
    """Build the service from the environment, or from what a test gives."""
    used, time = settings or TargetsSettings(), clock or SystemClock()
    app = create_service_app(ROUTES, "目标指标", used, jwks_source=jwks_source, clock=time)
    app.state.resolutions = resolutions or RegistryResolutions("targets", used, time)
    return app
