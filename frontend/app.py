"""The frontend's composition root: settings, sessions, the gateway client, templates, pages."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import APIRouter, FastAPI
from starlette.formparsers import MultiPartParser
from starlette.middleware.gzip import GZipMiddleware

from frontend import sign_in
from frontend.access import GUARDS
from frontend.error_pages import install_error_pages
from frontend.gateway_client import GatewayClient
from frontend.pages import (
    agreements,
    applications,
    apply,
    apply_papers,
    attachments,
    audit,
    bulk_edits,
    catalogues,
    change_sets,
    citations,
    collaboration_contributions,
    collaboration_forms,
    collaboration_reviews,
    collaborations,
    components,
    coverage,
    governance_bodies,
    governance_meetings,
    governance_resolutions,
    governance_seats,
    governance_structure,
    home,
    integration_clients,
    integration_webhooks,
    jobs,
    majors,
    me,
    member_contacts,
    member_duplicates,
    member_forms,
    member_reviews,
    member_steps,
    member_successions,
    members,
    people_accounts,
    people_applications,
    people_posts,
    people_providers,
    people_unit,
    practice,
    recognitions,
    sign_out,
    subsidies_claims,
    subsidies_lines,
    subsidies_pool,
    subsidies_rosters,
    subsidies_settlements,
    targets,
    teachers,
)
from frontend.public_access import PUBLIC_GUARDS
from frontend.security import SecurityHeaders
from frontend.session import SessionStore, cipher_of
from frontend.settings import FrontendSettings
from frontend.static_files import HashedStaticFiles
from frontend.templating import STATIC, Templates
from services.kernel.clock import Clock, SystemClock
from services.kernel.logs import configure_logs
from services.kernel.observability import Metrics, RequestContext, health_router

log = logging.getLogger(__name__)
SWEEP_SECONDS = 600
UPLOAD_BYTES = 64 * 1024 * 1024

# Page modules, in the order of the menu; each has a `router`. See frontend/pages/__init__.py.
SUBSIDIES = (subsidies_rosters, subsidies_claims, subsidies_settlements, subsidies_pool, subsidies_lines)
COLLABORATIONS = (
    collaboration_forms,
    collaboration_contributions,
    recognitions,
    collaboration_reviews,
    collaborations,  # last: its page of one record would take the others' words for an id
)
MEMBERS = (member_duplicates, member_forms, member_contacts, member_successions, members)
REGISTRY = (*MEMBERS, bulk_edits, change_sets, *COLLABORATIONS, agreements)
GOVERNANCE = (
    governance_bodies,
    governance_seats,
    governance_structure,
    governance_meetings,
    governance_resolutions,
)
COVERAGE = (coverage, majors, catalogues, teachers)
LIFE = (member_steps, member_reviews, applications)
PEOPLE = (people_accounts, people_posts, people_unit, people_providers, people_applications)
INTEGRATION = (integration_clients, integration_webhooks)
PAGES = (
    home,
    *LIFE,
    *REGISTRY,
    *GOVERNANCE,
    *COVERAGE,
    targets,
    *SUBSIDIES,
    *INTEGRATION,
    *PEOPLE,
    practice,
    audit,
    attachments,
    me,
    citations,
    jobs,
    components,
    sign_out,
)

# Put together once per process: FastAPI works out what a route depends on for each inclusion anew.
ROUTES = APIRouter()
ROUTES.include_router(sign_in.router)
for public_page in (apply, apply_papers):
    ROUTES.include_router(public_page.router, dependencies=PUBLIC_GUARDS)  # for people without an account
for page in PAGES:
    ROUTES.include_router(page.router, dependencies=GUARDS)


def create_app(settings: FrontendSettings | None = None, *, clock: Clock | None = None) -> FastAPI:
    """Build the frontend. Everything a request needs stands on `app.state`."""
    settings = settings or FrontendSettings()
    configure_logs("frontend", settings.log_level)
    # An uploaded roster holds identity numbers: it must not lie unencrypted in a temporary file. The gateway bounds it.
    MultiPartParser.spool_max_size = UPLOAD_BYTES
    cipher = cipher_of(settings.frontend_session_key.get_secret_value())
    sessions = SessionStore(
        settings.sessions_dir,
        cipher,
        clock or SystemClock(),
        settings.frontend_session_idle,
        settings.frontend_session_absolute,
    )
    gateway = GatewayClient(settings.upstream_gateway)
    app = FastAPI(title="frontend", openapi_url=None, lifespan=_lifespan)
    app.state.settings = settings
    app.state.gateway = gateway
    app.state.sign_in = sign_in.SignIn(settings, gateway, sessions, cipher)
    app.state.templates = Templates(settings)
    metrics = Metrics("frontend")
    app.include_router(health_router(metrics, {}))
    app.router.routes.extend(ROUTES.routes)
    # Only what holds no secret is compressed: a compressed page would give its tokens away by its length.
    static = GZipMiddleware(HashedStaticFiles(directory=STATIC), minimum_size=1024)
    app.mount("/static", static, name="static")
    install_error_pages(app)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestContext, metrics=metrics)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.gateway.start()
    sweeper = asyncio.create_task(_sweep_for_ever(app.state.sign_in.sessions))
    try:
        yield
    finally:
        sweeper.cancel()
        with suppress(asyncio.CancelledError):
            await sweeper
        await app.state.gateway.close()


async def _sweep_for_ever(sessions: SessionStore) -> None:
    """Delete the sessions that are over, now and then."""
    while True:
        try:
            gone = await sessions.sweep()
            if gone:
                log.info("sessions swept", extra={"count": gone})
        except OSError as fault:
            log.warning("sessions not swept", extra={"kind": type(fault).__name__})
        await asyncio.sleep(SWEEP_SECONDS)
