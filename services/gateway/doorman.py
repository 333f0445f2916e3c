"""Who may pass: finds the route, verifies the token, counts the request."""

from dataclasses import dataclass

from starlette.types import Scope

from services.gateway.forwarding import Origin
from services.gateway.headers import RawHeaders
from services.gateway.principal_header import Caller, Callers
from services.gateway.rates import Rates
from services.gateway.routes import NEVER_ROUTED, Demand, Route, demand_of, route_of
from services.kernel import context
from services.kernel.errors import NotFound, NotSignedIn
from services.kernel.tokens import TokenVerifier

BEARER = "bearer "


@dataclass(frozen=True)
class Admitted:
    """A request that may pass: where to, what it may take, who asks (None: a stranger), what its answer adds."""

    route: Route
    demand: Demand
    caller: Caller | None
    fields: RawHeaders


class Doorman:
    """Admits requests.

    The token is verified here so that a stranger costs a service nothing. Each service verifies it again (a look-up in
    what it remembers) and reads what the caller may do from there, never from a header of ours: defence in depth.
    """

    def __init__(self, verifier: TokenVerifier, rates: Rates) -> None:
        self._verifier = verifier
        self._rates = rates
        self._callers = Callers()

    async def admit(self, scope: Scope, origin: Origin) -> Admitted:
        """Let a request in. Raises NotFound, NotSignedIn and RateExceeded."""
        path = scope["path"]
        route = route_of(path)
        # What follows the upstream's address must begin a path: `@elsewhere` would make the address a login.
        if route is None or not (scope.get("raw_path") or b"/").startswith(b"/") or not path.startswith("/"):
            self._rates.count_stranger(origin)
            raise NotFound("没有这个接口，请检查地址。", code="route_unknown")
        demand = demand_of(scope["method"], path)
        if not route.needs_token:
            self._rates.count_stranger(origin, sign_in=demand.sign_in, public=demand.public)
            return Admitted(route, demand, None, [])
        try:
            caller = await self._verified(scope)
        except NotSignedIn:
            self._rates.count_stranger(origin)
            raise
        context.subject.set(caller.subject)
        self._rates.client.count(caller.rate_key)
        return Admitted(route, demand, caller, self._rates.client.policy)

    def count(self, scope: Scope, origin: Origin) -> None:
        """Count a request for something of the gateway's own, but for health and metrics. Raises RateExceeded."""
        if scope["path"] not in NEVER_ROUTED:
            self._rates.count_stranger(origin)

    async def _verified(self, scope: Scope) -> Caller:
        authorization = next((v for n, v in scope["headers"] if n == b"authorization"), b"").decode("latin-1")
        if authorization[: len(BEARER)].lower() != BEARER:
            raise NotSignedIn("请先登录：请求没有带访问令牌。")
        token = authorization[len(BEARER) :].strip()
        return self._callers.of(token, await self._verifier.verify(token))
