"""Writes down who was refused what: a 403 to a caller who is known, in a transaction of its own."""

import logging

from fastapi import Request
from sqlalchemy.exc import DBAPIError

from services.kernel.audit import OBJECT_LENGTH, audit
from services.kernel.errors import Forbidden, Unavailable
from services.kernel.principal import Principal

log = logging.getLogger(__name__)


async def record_refusal(request: Request, error: Forbidden) -> None:
    """Audit `access.refused` on the route. The caller is refused all the same when the database does not answer."""
    principal: Principal | None = getattr(request.state, "principal", None)
    if principal is None:
        return
    state = request.app.state
    try:
        async with state.database.write(principal.alliance) as session:
            operation = operation_of(request)
            await audit(session, state.clock, principal, "access.refused", "route", operation, reason=error.code)
    except (Unavailable, DBAPIError) as fault:
        log.error("refusal not recorded", extra={"kind": type(fault).__name__})  # noqa: TRY400  # the database is down


def operation_of(request: Request) -> str:
    """Method and template of the route below the service's prefix, so that no id or name of a thing stands in it."""
    route = request.scope.get("route")
    return f"{request.method} {getattr(route, 'path_format', '-')}"[:OBJECT_LENGTH]
