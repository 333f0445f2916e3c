"""Composition root of the identity service."""

from fastapi import FastAPI

from services.identity.api import accounts, authorize, discovery, sign_out, token
from services.identity.parts import IdentityParts
from services.identity.queries import published_keys
from services.identity.settings import IdentitySettings
from services.kernel.app import create_service_app
from services.kernel.clock import Clock
from services.kernel.tokens import Jwks


def create_app(settings: IdentitySettings | None = None, *, clock: Clock | None = None) -> FastAPI:
    """Build the service. It verifies tokens by the keys in its own database, not by asking itself over HTTP."""
    settings = settings or IdentitySettings()

    async def own_keys() -> Jwks:
        parts: IdentityParts = app.state.identity
        async with parts.database.read(parts.default_alliance) as session:
            return await published_keys(session, parts.clock.now())

    app = create_service_app("identity", "身份与登录", settings, [accounts.router], jwks_source=own_keys, clock=clock)
    app.state.identity = IdentityParts(settings, app.state.clock, app.state.database)
    for router in (authorize.router, token.router, sign_out.router, discovery.router, accounts.userinfo_router):
        app.include_router(router)
    return app
