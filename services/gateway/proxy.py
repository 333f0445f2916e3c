"""The proxy path: plain ASGI with a pooled streaming client, because a framework here costs most of the throughput."""

import logging
from collections.abc import AsyncIterator
from urllib.parse import quote

from starlette.types import Receive, Scope, Send

from services.gateway.client import Connection, UpstreamFault
from services.gateway.headers import SECURITY, STRICT_TRANSPORT, forwarded_request_headers, returned_response_headers
from services.gateway.pool import Pool
from services.gateway.routes import PART_LABELS, Route, route_of
from services.gateway.settings import GatewaySettings
from services.kernel import context
from services.kernel.errors import HubError, NotFound, NotSignedIn, TooLarge, Unavailable
from services.kernel.problems import problem_response
from services.kernel.tokens import TokenVerifier
from services.kernel.upstream import Upstream

log = logging.getLogger(__name__)
BEARER = "bearer "
RETRY_SECONDS = 3
FRAMING = frozenset({b"content-length", b"transfer-encoding"})
WITHOUT_BODY = frozenset({204, 304})


class BrokenAnswer(RuntimeError):
    """An answer that cannot be completed: the server breaks the connection."""


class Proxy:
    """Forwards requests to the hub's parts; `open` and `close` bracket its connection pools."""

    def __init__(self, settings: GatewaySettings, verifier: TokenVerifier) -> None:
        hub = settings.hub
        self._settings = settings
        self._verifier = verifier
        self._upstreams = {part: Upstream(getattr(hub, f"upstream_{part}")) for part in PART_LABELS}
        self._pools: dict[str, Pool] = {}
        self._extra = [*SECURITY, *([STRICT_TRANSPORT] if hub.public_url.startswith("https://") else [])]

    async def open(self) -> None:
        limit, patience = self._settings.connections, self._settings.read_timeout
        for part, upstream in self._upstreams.items():
            self._pools[part] = Pool(upstream, limit=limit, read_timeout=patience)
            self._pools[part].open()

    async def close(self) -> None:
        for pool in self._pools.values():
            await pool.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            route = await self._admit(scope)
            await self._forward(route, scope, self._body(scope, receive), send)
        except HubError as error:
            log.info("request refused", extra={"code": error.code})
            await problem_response(error)(scope, receive, send)

    async def _admit(self, scope: Scope) -> Route:
        route = route_of(scope["path"])
        # What follows the upstream's address must begin a path: `@elsewhere` would make the address a login.
        if route is None or not _raw_path(scope).startswith(b"/"):
            raise NotFound("没有这个接口，请检查地址。", code="route_unknown")
        if route.needs_token:
            authorization = next((v for n, v in scope["headers"] if n == b"authorization"), b"").decode("latin-1")
            if authorization[: len(BEARER)].lower() != BEARER:
                raise NotSignedIn("请先登录：请求没有带访问令牌。")
            await self._verifier.verify(authorization[len(BEARER) :].strip())
        return route

    def _body(self, scope: Scope, receive: Receive) -> "_Body | None":
        framing = {n: v for n, v in scope["headers"] if n in FRAMING}
        length = framing.get(b"content-length", b"0")
        if b"transfer-encoding" not in framing and length == b"0":
            return None
        known = b"transfer-encoding" not in framing and length.isdigit()
        if known and int(length) > self._settings.body_limit:
            raise too_large(self._settings.body_limit)
        return _Body(receive, self._settings.body_limit, int(length) if known else None)

    async def _forward(self, route: Route, scope: Scope, body: "_Body | None", send: Send) -> None:
        pool = self._pools[route.part]
        client = scope["client"][0] if scope.get("client") else "-"
        headers = forwarded_request_headers(scope["headers"], client, context.request_id.get())
        chunks, chunked = (body.chunks(), body.length is None) if body else (None, False)
        try:
            connection = await pool.request(scope["method"], _target(scope), headers, chunks, chunked=chunked)
        except UpstreamFault as fault:
            _report(route, fault)
            label = PART_LABELS[route.part]
            raise Unavailable(
                f"{label}暂时无法使用，其他部分不受影响，请稍后重试。", retry_after_seconds=RETRY_SECONDS
            ) from fault
        try:
            await self._answer(connection, send)
        except (UpstreamFault, HubError) as fault:
            _report(route, fault)
            # Half an answer is out: the connection must break rather than look complete.
            raise BrokenAnswer(f"the answer of {route.part} broke off") from fault
        finally:
            pool.release(connection)

    async def _answer(self, connection: Connection, send: Send) -> None:
        """Pass on an answer; a short one, which is complete by now, in one piece."""
        headers = returned_response_headers(connection.headers, self._extra)
        if connection.status in WITHOUT_BODY:  # a length here tells of another answer, and would be awaited
            headers = [field for field in headers if field[0] != b"content-length"]
        await send({"type": "http.response.start", "status": connection.status, "headers": headers})
        more = True
        while more:
            data = await connection.read()
            more = not connection.complete
            await send({"type": "http.response.body", "body": data, "more_body": more})


def _report(route: Route, fault: Exception) -> None:
    log.warning("part of the hub unavailable", extra={"part": route.part, "kind": type(fault).__name__})


def _target(scope: Scope) -> bytes:
    query: bytes = scope["query_string"]
    return b"%b?%b" % (_raw_path(scope), query) if query else _raw_path(scope)


def _raw_path(scope: Scope) -> bytes:
    raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    return raw


class _Body:
    """A request body on its way through, `length` bytes or, if that is None, as many as come; counted either way."""

    def __init__(self, receive: Receive, limit: int, length: int | None) -> None:
        self._receive = receive
        self._limit = limit
        self.length = length

    async def chunks(self) -> AsyncIterator[bytes]:
        """The pieces, none of them empty. Raises TooLarge, and UpstreamFault when the client breaks off."""
        taken = 0
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise UpstreamFault("the client went away")
            chunk: bytes = message.get("body", b"")
            taken += len(chunk)
            if taken > self._limit:
                raise too_large(self._limit)
            if chunk:
                yield chunk
            more = message.get("more_body", False)
        if self.length is not None and taken != self.length:
            raise UpstreamFault("the client sent another length than it announced")


def too_large(limit: int) -> TooLarge:
    """The refusal of a body above `limit` bytes."""
    return TooLarge(f"上传内容超过 {limit // (1024 * 1024)} MB，请拆分后分次上传。")
