"""Composition root of the registry service."""

from fastapi import FastAPI

from services.kernel.app import create_service_app
from services.kernel.clock import Clock, SystemClock
from services.kernel.tokens import JwksSource
from services.registry.api import (
    agreements,
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
    member_successions,
    members,
    others,
    practice,
    recognitions,
    resolutions,
    reviews,
    seats,
    structure,
    teachers,
)
from services.registry.clients.subsidies import Headcounts, RosterHeadcounts
from services.registry.settings import RegistrySettings


def create_app(
    settings: RegistrySettings | None = None,
    *,
    jwks_source: JwksSource | None = None,
    clock: Clock | None = None,
    headcounts: Headcounts | None = None,
) -> FastAPI:
    """Build the registry; settings come from the environment unless given."""
    settings = settings or RegistrySettings()  # read from the environment
    routers = [
        member_duplicates.router,
        members.router,
        member_contacts.router,
        member_successions.router,
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
    ]
    app = create_service_app("registry", "成员与合作载体登记", settings, routers, jwks_source=jwks_source, clock=clock)
    app.state.headcounts = headcounts or RosterHeadcounts(settings, clock or SystemClock())
    return app
