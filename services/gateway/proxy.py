"""The proxy path: plain ASGI with a pooled streaming client, because a framework here costs most of the throughput."""

import logging
from collections.abc import AsyncIterator
from urllib.parse import quote

import aiohttp
from starlette.types import Receive, Scope, Send
from yarl import URL

from services.gateway.headers import SECURITY, STRICT_TRANSPORT, forwarded_request_headers, returned_response_headers
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


class Proxy:
    """Forwards requests to the hub's parts; `open` and `close` bracket its connection pools."""

    def __init__(self, settings: GatewaySettings, verifier: TokenVerifier) -> None:
        hub = settings.hub
        self._settings = settings
        self._verifier = verifier
        self._upstreams = {part: Upstream(getattr(hub, f"upstream_{part}")) for part in PART_LABELS}
        self._sessions: dict[str, aiohttp.ClientSession] = {}
        self._extra = [*SECURITY, *([STRICT_TRANSPORT] if hub.public_url.startswith("https://") else [])]

    async def open(self) -> None:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=2.0, sock_read=self._settings.read_timeout)
        for part, upstream in self._upstreams.items():
            self._sessions[part] = aiohttp.ClientSession(
                connector=upstream.connector(limit=self._settings.connections),
                timeout=timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            )

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()

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
        headers = {n: v for n, v in scope["headers"] if n in (b"content-length", b"transfer-encoding")}
        length = headers.get(b"content-length", b"0")
        if b"transfer-encoding" not in headers and length == b"0":
            return None
        if length.isdigit() and int(length) > self._settings.body_limit:
            raise too_large(self._settings.body_limit)
        return _Body(receive, self._settings.body_limit)

    async def _forward(self, route: Route, scope: Scope, body: "_Body | None", send: Send) -> None:
        client = scope["client"][0] if scope.get("client") else "-"
        headers = forwarded_request_headers(scope["headers"], client, context.request_id.get())
        started = False
        try:
            async with self._sessions[route.part].request(
                scope["method"],
                self._target(route, scope),
                headers=[(n.decode("latin-1"), v.decode("latin-1")) for n, v in headers],
                data=body.chunks() if body else None,
                allow_redirects=False,
            ) as answer:
                returned = returned_response_headers(answer.raw_headers, self._extra)
                await send({"type": "http.response.start", "status": answer.status, "headers": returned})
                started = True
                async for chunk in answer.content.iter_any():
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                await send({"type": "http.response.body", "body": b""})
        except (aiohttp.ClientError, TimeoutError) as fault:
            if body is not None and body.overflowed:
                raise too_large(self._settings.body_limit) from fault
            log.warning("part of the hub unavailable", extra={"part": route.part, "kind": type(fault).__name__})
            if started:
                raise  # half an answer is out: the connection must break rather than look complete
            label = PART_LABELS[route.part]
            raise Unavailable(
                f"{label}暂时无法使用，其他部分不受影响，请稍后重试。",
                retry_after_seconds=RETRY_SECONDS,
            ) from fault

    def _target(self, route: Route, scope: Scope) -> URL:
        raw = _raw_path(scope)
        query: bytes = scope["query_string"]
        suffix = f"?{query.decode('latin-1')}" if query else ""
        return URL(f"{self._upstreams[route.part].base_url}{raw.decode('latin-1')}{suffix}", encoded=True)


def _raw_path(scope: Scope) -> bytes:
    raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    return raw


class _Body:
    """A request body on its way through: counted, and remembered as too large when it was."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self.overflowed = False

    async def chunks(self) -> AsyncIterator[bytes]:
        taken = 0
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise aiohttp.ClientConnectionError("the client went away")
            chunk: bytes = message.get("body", b"")
            taken += len(chunk)
            if taken > self._limit:
                self.overflowed = True  # the client library replaces what is raised here by an error of its own
                raise too_large(self._limit)
            if chunk:
                yield chunk
            more = message.get("more_body", False)


def too_large(limit: int) -> TooLarge:
    """The refusal of a body above `limit` bytes."""
    return TooLarge(f"上传内容超过 {limit // (1024 * 1024)} MB，请拆分后分次上传。")
