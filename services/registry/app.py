"""Composition root of the registry service."""

from fastapi import FastAPI

from services.kernel.app import create_service_app
from services.kernel.clock import Clock, SystemClock
from services.kernel.routes import ServiceRoutes
from services.kernel.service_calls import ServiceToken
from services.kernel.tokens import JwksSource
from services.registry.api import (
    agreements,
    applications,
    attachments,
    bodies,
    catalogues,
    change_sets,
    collaborations,
    contributions,
    coverage,
    industries,
    leads,
    majors,
    meetings,
    member_contacts,
    member_duplicates,
    member_steps,
    member_successions,
    members,
    others,
    practice,
    public_applications,
    public_papers,
    recognitions,
    resolutions,
    reviews,
    seats,
    structure,
    teachers,
)
from services.registry.clients.others import Neighbours
from services.registry.clients.subsidies import Headcounts, RosterHeadcounts
from services.registry.receipts import FormTokens
from services.registry.settings import RegistrySettings

ROUTES = ServiceRoutes(
    "registry",
    member_duplicates.router,
    members.router,
    member_contacts.router,
    member_successions.router,
    member_steps.router,
    applications.router,
    public_applications.router,
    public_papers.router,
    change_sets.router,
    collaborations.router,
    contributions.router,
    recognitions.router,
    reviews.router,
    agreements.router,
    attachments.router,
    bodies.router,
    seats.router,
    leads.router,
    meetings.router,
    resolutions.router,
    structure.router,
    catalogues.router,
    majors.router,
    industries.router,
    coverage.router,
    teachers.router,
    others.router,
    practice.router,
)


def create_app(
    settings: RegistrySettings | None = None,
    *,
    jwks_source: JwksSource | None = None,
    clock: Clock | None = None,
    headcounts: Headcounts | None = None,
    neighbours: Neighbours | None = None,
) -> FastAPI:
    """Build the registry; settings come from the environment unless given."""
    settings = settings or RegistrySettings()  # read from the environment
    time = clock or SystemClock()
    app = create_service_app(ROUTES, "成员与合作载体登记", settings, jwks_source=jwks_source, clock=time)
    secret = settings.client_secret.get_secret_value()
    app.state.forms = FormTokens(secret, time, seconds=settings.form_seconds, hours=settings.form_hours)
    app.state.neighbours = neighbours or Neighbours(settings.hub, ServiceToken("registry", settings, time), time)
    app.state.headcounts = headcounts or RosterHeadcounts(settings, time)
    return app
