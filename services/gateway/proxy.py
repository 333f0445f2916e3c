"""The proxy path: plain ASGI with a pooled streaming client, because a framework here costs most of the throughput."""

import asyncio
import logging
from functools import partial
from math import ceil
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.body import Body, body_of
from services.gateway.breaker import Breaker, BreakerLimits
from services.gateway.client import Connection, UpstreamFault
from services.gateway.doorman import Admitted, Doorman
from services.gateway.forwarding import Origin
from services.gateway.headers import (
    SECURITY,
    STRICT_TRANSPORT,
    RawHeaders,
    forwarded_request_headers,
    returned_response_headers,
)
from services.gateway.measures import Measures
from services.gateway.pool import Pool, Turns
from services.gateway.refusal_page import refusal
from services.gateway.refusals import Overloaded, RateExceeded, UploadBroken, part_unavailable
from services.gateway.routes import PART_LABELS
from services.gateway.settings import GatewaySettings
from services.kernel import context
from services.kernel.errors import HubError
from services.kernel.upstream import Upstream

log = logging.getLogger(__name__)
WITHOUT_BODY = frozenset({204, 304})
ORIGIN = "hub.origin"
"""Where the scope keeps who called, as `app.py` found it out."""


class BrokenAnswer(RuntimeError):
    """An answer that cannot be completed: the server breaks the connection."""


class Proxy:
    """Forwards requests to the hub's parts; `open` and `close` bracket its connection pools."""

    def __init__(self, settings: GatewaySettings, doorman: Doorman, measures: Measures) -> None:
        hub = settings.hub
        self._settings = settings
        self._doorman = doorman
        self._measures = measures
        self._upstreams = {part: Upstream(getattr(hub, f"upstream_{part}")) for part in PART_LABELS}
        self._pools: dict[str, Pool] = {}
        self.breakers: dict[str, Breaker] = {}
        self._retry_seconds = ceil(settings.breaker_seconds)
        self._secure_by_default = hub.public_url.startswith("https://")

    async def open(self) -> None:
        """Make the pools; inside a running loop."""
        asked = self._settings
        limits = BreakerLimits(asked.breaker_faults, asked.breaker_share, asked.breaker_seconds)
        for part, upstream in self._upstreams.items():
            turns = Turns(asked.connections, asked.queue, asked.queue_seconds)
            self._pools[part] = Pool(upstream, turns, label=PART_LABELS[part], read_timeout=asked.read_timeout)
            self._pools[part].open()
            changed = partial(self._measures.part_state, part)
            self.breakers[part] = Breaker(limits, asyncio.get_running_loop().time, changed)

    async def close(self) -> None:
        for pool in self._pools.values():
            await pool.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        origin: Origin = scope[ORIGIN]
        extra = self._security(origin)
        try:
            admitted = await self._doorman.admit(scope, origin)
            largest: int = getattr(self._settings, admitted.demand.size)
            body = body_of(scope, receive, largest, self._settings.upload_timeout)
            connection = await self._ask(admitted, scope, body)
            await self._forward(admitted.route.part, connection, receive, send, [*extra, *admitted.fields])
        except HubError as error:
            await self._refuse(error, extra, scope, receive, send)

    async def answered_by(self, own: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the gateway's own application answer: counted and headed as every answer."""
        origin: Origin = scope[ORIGIN]
        extra = self._security(origin)

        async def send_headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = returned_response_headers(message["headers"], extra)
            await send(message)

        try:
            self._doorman.count(scope, origin)
        except HubError as error:
            await self._refuse(error, extra, scope, receive, send)
        else:
            await own(scope, receive, send_headed)

    async def _refuse(self, error: HubError, extra: RawHeaders, scope: Scope, receive: Receive, send: Send) -> None:
        self._measures.refused(error.code)
        log.info("request refused", extra={"code": error.code})
        response = refusal(error, scope)
        response.raw_headers += [*extra, *(error.fields if isinstance(error, RateExceeded) else [])]
        await response(scope, receive, send)

    def _security(self, origin: Origin) -> RawHeaders:
        """The headers of every answer; HSTS only where TLS is (RFC 6797, 7.2)."""
        secure = self._secure_by_default if origin.secure is None else origin.secure
        return [*SECURITY, STRICT_TRANSPORT] if secure else SECURITY

    async def _forward(
        self, part: str, connection: Connection, receive: Receive, send: Send, extra: RawHeaders
    ) -> None:
        try:
            if not await _answer(connection, receive, send, extra):
                log.info("the caller left before the end of the answer", extra={"part": part})
        except (UpstreamFault, HubError) as fault:
            if isinstance(fault, UpstreamFault):
                self.breakers[part].failed()
                _report(part, fault)
            # Half an answer is out: the connection must break rather than look complete.
            raise BrokenAnswer(f"the answer of {part} broke off") from fault
        finally:
            self._pools[part].release(connection)

    async def _ask(self, admitted: Admitted, scope: Scope, body: Body | None) -> Connection:
        headers = forwarded_request_headers(scope["headers"], _added(admitted))
        patience: float = getattr(self._settings, admitted.demand.patience)
        return await self._guarded(admitted.route.part, scope["method"], _target(scope), headers, body, patience)

    async def read(self, part: str, target: bytes) -> bytes:
        """What a part answers to a GET of the gateway's own. Raises PartUnavailable, also when it is no 200."""
        headers = [(b"accept", b"application/json"), (b"x-request-id", context.request_id.get().encode())]
        connection = await self._guarded(part, "GET", target, headers, None, self._settings.short_timeout)
        read = bytearray()
        try:
            while not connection.complete:
                read += await connection.read()
            read += await connection.read()
        except UpstreamFault as fault:
            _report(part, fault)
            raise part_unavailable(PART_LABELS[part], self._retry_seconds) from fault
        finally:
            self._pools[part].release(connection)
        if connection.status != 200:
            raise part_unavailable(PART_LABELS[part], self._retry_seconds)
        return bytes(read)

    async def _guarded(
        self, part: str, method: str, target: bytes, headers: RawHeaders, body: Body | None, patience: float
    ) -> Connection:
        """The part's answer, begun; its breaker is asked before and told after."""
        breaker = self.breakers[part]
        if seconds := breaker.refuses_for():
            raise part_unavailable(PART_LABELS[part], seconds)
        chunks, chunked = (body.chunks(), body.length is None) if body else (None, False)
        try:
            connection = await self._pools[part].request(
                method, target, headers, chunks, chunked=chunked, patience=patience
            )
        except UpstreamFault as fault:
            breaker.failed()
            _report(part, fault)
            raise part_unavailable(PART_LABELS[part], self._retry_seconds) from fault
        except BaseException as other:  # overload, the caller's own fault, or the end: no word about the part
            breaker.gave_up()
            if isinstance(other, UploadBroken):
                log.info("the caller broke off its upload", extra={"part": part})
            if isinstance(other, Overloaded):
                log.warning("part of the hub overloaded", extra={"part": part})
            raise
        breaker.answered()
        return connection


async def _answer(connection: Connection, receive: Receive, send: Send, extra: RawHeaders) -> bool:
    """Pass on an answer; a short one, which is complete by now, in one piece. False if the caller did not wait for it.

    The server swallows what is sent to a caller who has left, so during a long answer it is asked whether he has.
    """
    headers = returned_response_headers(connection.headers, extra)
    if connection.status in WITHOUT_BODY:  # a length here tells of another answer, and would be awaited
        headers = [field for field in headers if field[0] != b"content-length"]
    await send({"type": "http.response.start", "status": connection.status, "headers": headers})
    left: asyncio.Future[Message] | None = None
    more = True
    try:
        while more:
            data = await connection.read()
            more = not connection.complete
            await send({"type": "http.response.body", "body": data, "more_body": more})
            if more and left is not None and left.done():
                if left.result()["type"] == "http.disconnect":
                    return False
                left = None  # that was the end of the request
            if more and left is None and (connection.upload is None or connection.upload.done()):
                left = asyncio.ensure_future(receive())
    finally:
        if left is not None:
            left.cancel()
    return True


def _added(admitted: Admitted) -> RawHeaders:
    """What the gateway says of a request: from where, who, and of which request and trace it is a part."""
    added = [
        (b"hub-client-address", context.client_address.get().encode()),
        (b"x-request-id", context.request_id.get().encode()),
        (b"traceparent", context.traceparent.get().encode()),
    ]
    if state := context.tracestate.get():
        added.append((b"tracestate", state.encode("latin-1")))
    if admitted.caller is not None:
        added.append((b"hub-principal", admitted.caller.header))
    return added


def _report(part: str, fault: Exception) -> None:
    log.warning("part of the hub unavailable", extra={"part": part, "kind": type(fault).__name__})


def _target(scope: Scope) -> bytes:
    query: bytes = scope["query_string"]
    return b"%b?%b" % (raw_path(scope), query) if query else raw_path(scope)


def raw_path(scope: Scope) -> bytes:
    """The path as it was sent."""
    raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    return raw
