"""Request ids, access log, metrics and health: the same in every process."""

import base64
import logging
import os
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache

import orjson
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.kernel import context
from services.kernel.logs import write_access

log = logging.getLogger("access")
MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"  # the library's own name
REQUEST_ID = b"x-request-id"
TRACEPARENT = re.compile(
    rb"(?!ff)(?:00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
    rb"|(?!00)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?)"
)
"""W3C Trace Context, 3.2: a later version may say more behind the flags, and is continued as version 00."""
SAMPLED = "01"
PRINCIPAL = b"hub-principal"
SAFE_REQUEST_ID = re.compile(rb"[A-Za-z0-9-]{8,64}")
QUIET_PATHS = ("/livez", "/readyz", "/metrics")
POLLED_PATHS = ("/internal/revocations", "/v1/outbox")
"""How paths end that the hub's own processes ask each second: a line each would bury all others."""
SECRET_PATH = re.compile(r"(/oauth/(?:invitation|reset)/).+", re.DOTALL)
BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

Check = Callable[[], Awaitable[None]]
AddressOf = Callable[[Scope], str]


class Metrics:
    """One process's counters, in a registry of its own so that tests may make many."""

    def __init__(self, service: str) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "hub_requests", "requests answered", ["service", "method", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "hub_request_seconds", "time to answer", ["service"], registry=self.registry, buckets=BUCKETS
        )
        self.service = service
        self._counters: dict[tuple[str, int], Counter] = {}
        self._seconds = self.seconds.labels(service)

    def exposed(self) -> bytes:
        """Everything as Prometheus reads it; of all processes when several share PROMETHEUS_MULTIPROC_DIR."""
        if MULTIPROCESS not in os.environ:
            return generate_latest(self.registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)

    def observe(self, method: str, status: int, seconds: float) -> None:
        counter = self._counters.get((method, status))
        if counter is None:
            counter = self._counters[method, status] = self.requests.labels(self.service, method, str(status))
        counter.inc()
        self._seconds.observe(seconds)


class RequestContext:
    """ASGI middleware: gives each request an id and trace, writes the access line, counts.

    A service believes the gateway's headers here: the caller's address, and in `Hub-Principal` who it is. Both go to
    logs and audit only. What a caller may do, each service reads from the token, which it verifies itself: a request
    that reached a service past the gateway could say what it likes in a header, and would gain nothing by it.
    The gateway passes `address_of`, because nobody has vouched for the headers that it gets.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, *, address_of: AddressOf | None = None) -> None:
        self.app = app
        self.metrics = metrics
        self._address_of = address_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _adopt_context(scope, self._address_of)
        started = time.perf_counter()
        status = 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if all(name != REQUEST_ID for name, _ in message["headers"]):
                    message["headers"] = [*message["headers"], (REQUEST_ID, request_id)]
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        finally:
            seconds = time.perf_counter() - started
            self.metrics.observe(scope["method"], status, seconds)
            if not is_quiet(scope["path"], status):
                facts = {"method": scope["method"], "path": logged_path(scope["path"]), "status": status}
                if subject := context.subject.get():
                    facts["subject"] = subject
                write_access(log, {**facts, "milliseconds": round(seconds * 1000, 1)})


def is_quiet(path: str, status: int) -> bool:
    """Whether a request gets no access line: health, and what the hub's own processes poll while it is answered."""
    return path in QUIET_PATHS or (status < 400 and path.endswith(POLLED_PATHS))


def logged_path(path: str) -> str:
    """The path for the access line. Whoever reads the log must not find a link there by which a password is set."""
    return SECRET_PATH.sub(r"\1…", path) if path.startswith("/oauth/") else path


def _adopt_context(scope: Scope, address_of: AddressOf | None) -> bytes:
    headers = dict(scope["headers"])
    given = headers.get(REQUEST_ID, b"")
    fresh = os.urandom(40).hex()  # request id and trace id of 16 bytes and span id of 8, from one call of the kernel
    request_id = given if given and SAFE_REQUEST_ID.fullmatch(given) else fresh[:32].encode()
    context.request_id.set(request_id.decode())
    _continue_trace(headers, fresh[32:64], fresh[64:])
    if address_of is not None:
        context.client_address.set(address_of(scope))
        context.subject.set("")  # the gateway says it itself once it has verified the token
    else:
        address = headers.get(b"hub-client-address", b"").decode("ascii", "replace")
        context.client_address.set(address or (scope["client"][0] if scope.get("client") else "-"))
        context.subject.set(subject_of(headers[PRINCIPAL]) if PRINCIPAL in headers else "")
    return request_id


def _continue_trace(headers: Mapping[bytes, bytes], new_trace: str, span: str) -> None:
    """Go on with the caller's trace, or begin one; the state of a trace that is not continued is dropped."""
    parent = headers.get(b"traceparent")
    trace, flags, state = new_trace, SAMPLED, b""  # sampled, because the logs record every request
    if parent and TRACEPARENT.fullmatch(parent):
        trace, flags, state = parent[3:35].decode(), parent[53:55].decode(), headers.get(b"tracestate", b"")
    context.trace_id.set(trace)
    context.traceparent.set(f"00-{trace}-{span}-{flags}")
    context.tracestate.set(state.decode("latin-1"))


@lru_cache(maxsize=1024)
def subject_of(principal: bytes) -> str:
    """The `sub` of a `Hub-Principal` header (base64url of JSON, RFC 4648 section 5); empty when it is no such thing."""
    try:
        told = orjson.loads(base64.urlsafe_b64decode(principal + b"=" * (-len(principal) % 4)))
    except ValueError:
        return ""
    return str(told.get("sub", "")) if isinstance(told, dict) else ""


def health_router(metrics: Metrics, checks: dict[str, Check]) -> APIRouter:
    """`/livez` (the process runs), `/readyz` (what it needs answers), `/metrics` (Prometheus)."""
    router = APIRouter(include_in_schema=False)

    @router.get("/livez")
    async def livez() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/readyz")
    async def readyz(response: Response) -> dict[str, str]:
        states = {name: await _state_of(check, name) for name, check in checks.items()}
        if any(state != "ready" for state in states.values()):
            response.status_code = 503
        return states

    @router.get("/metrics")
    async def read_metrics() -> Response:
        return Response(metrics.exposed(), media_type=CONTENT_TYPE_LATEST)

    return router


async def _state_of(check: Check, name: str) -> str:
    try:
        await check()
    except Exception as fault:  # a health check reports every failure of what it asks
        log.warning("not ready", extra={"part": name, "kind": type(fault).__name__})
        return f"failing: {type(fault).__name__}"
    return "ready"
