"""A service's routes, put together once per process however often its application is made."""

from typing import Final

from fastapi import APIRouter

from services.kernel.audit_routes import audit_router
from services.kernel.job_routes import job_router
from services.kernel.outbox_routes import outbox_router


class ServiceRoutes:
    """The routers of one service below `/api/<service>/v1`, with those that every service has.

    FastAPI works out what a route depends on when it first looks at it, for each inclusion anew; made at import and
    shared, that is done once. `pages` stand outside the prefix and outside the service's OpenAPI permissions.
    """

    def __init__(self, service: str, *routers: APIRouter, pages: tuple[APIRouter, ...] = ()) -> None:
        self.service: Final = service
        self.prefix: Final = f"/api/{service}/v1"
        self.routers: Final = (*routers, job_router(), audit_router(service), outbox_router())
        self._all: Final = APIRouter()
        for router in self.routers:
            self._all.include_router(router, prefix=self.prefix)
        for page in pages:
            self._all.include_router(page)

    def mount(self, router: APIRouter) -> None:
        """Add them to an application's router."""
        router.routes.extend(self._all.routes)
