"""Composition root of the identity service."""

from fastapi import FastAPI

from services.identity.api import (
    accounts,
    applications,
    authorize,
    clients,
    consent,
    consents,
    discovery,
    external_identities,
    federation,
    identity_providers,
    internal,
    invitations,
    matrix,
    own,
    own_factor,
    posts,
    second_factor,
    sign_in_steps,
    sign_out,
    token,
    unit,
    userinfo,
)
from services.identity.housekeeping import housekeeping
from services.identity.parts import IdentityParts
from services.identity.queries import published_keys
from services.identity.revoked import RevokedList
from services.identity.settings import IdentitySettings
from services.kernel.app import create_service_app
from services.kernel.clock import Clock
from services.kernel.revocations import RevocationFeed, Revoked
from services.kernel.routes import ServiceRoutes
from services.kernel.tokens import Jwks

ROUTES = ServiceRoutes(
    "identity",
    own.router,
    own_factor.router,
    accounts.router,
    unit.router,
    posts.router,
    matrix.router,
    clients.router,
    applications.router,
    consents.router,
    identity_providers.router,
    external_identities.router,
    pages=(
        authorize.router,
        second_factor.router,
        sign_in_steps.router,
        consent.router,
        invitations.router,
        federation.router,
        token.router,
        sign_out.router,
        discovery.router,
        userinfo.router,
        internal.router,
    ),
)


def create_app(settings: IdentitySettings | None = None, *, clock: Clock | None = None) -> FastAPI:
    """Build the service. It verifies tokens by what stands in its own database, not by asking itself over HTTP."""
    settings = settings or IdentitySettings()

    async def own_keys() -> Jwks:
        parts: IdentityParts = app.state.identity
        async with parts.database.read(parts.default_alliance) as session:
            return await published_keys(session, parts.clock.now())

    async def own_revocations(known: str) -> Revoked | None:
        revoked: RevokedList = app.state.revoked
        return await revoked.newer(known)

    app = create_service_app(
        ROUTES,
        "身份与登录",
        settings,
        jwks_source=own_keys,
        revocations=RevocationFeed(own_revocations),
        clock=clock,
        extra=housekeeping,
    )
    app.state.identity = IdentityParts(settings, app.state.clock, app.state.database)
    app.state.revoked = RevokedList(app.state.database, app.state.clock, settings.hub.alliance_default)
    return app
