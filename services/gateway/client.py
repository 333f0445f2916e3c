"""A streaming HTTP/1.1 client for the proxy path: one connection, one exchange at a time, parsed by httptools.

Messages are framed by RFC 9112. Anything that is not such a message ends the exchange and the connection.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import httptools

from services.gateway.headers import RawHeaders

HEADER_BYTES = 64 * 1024
BUFFERED_BYTES = 256 * 1024
"""What may wait for a slow client before the service is no longer read from."""


class UpstreamFault(Exception):
    """The service was not reached, fell silent, broke off, or did not answer in HTTP; or the client went away."""


class StaleConnection(UpstreamFault):
    """The service closed a connection before it answered one byte: it may never have seen the request."""


class Connection(asyncio.Protocol):
    """One connection to a service. `begin` an exchange, `write` the request, then `head` and `read` until `complete`.

    `status` and `headers` (names in lower case) are of the final answer; interim answers (1xx) are dropped.
    `quiet_since` is when the service was last heard while it was its turn, in the loop's seconds, or None; `patience`
    is how long it may be silent then.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._fault: BaseException | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self.complete = True
        self.quiet_since: float | None = None
        self.patience = 0.0
        self.upload: asyncio.Task[None] | None = None
        self.begin(head_only=False)
        self.complete = True

    def begin(self, *, head_only: bool) -> None:
        """Start an exchange; `head_only` says that the answer has no body whatever its headers announce."""
        self.status = 0
        self.headers: RawHeaders = []
        self.complete = False
        self._head_only = head_only
        self._parser = httptools.HttpResponseParser(self)
        self._chunks: list[bytes] = []
        self._buffered = self._header_bytes = 0
        self._heard = self._sent = self._keep = self._reading_paused = False
        self.quiet_since = None

    @property
    def closed(self) -> bool:
        """Nothing more can be sent."""
        return self._transport is None or self._transport.is_closing()

    def write(self, data: bytes) -> None:
        """Send a part of the request."""
        if self._transport is None or self.closed:
            raise self._fault or StaleConnection("the connection is closed")
        self._transport.write(data)

    async def drain(self) -> None:
        """Wait until the service takes more."""
        if self._writable is not None:
            await self._writable

    def sent(self) -> None:
        """The request is out; from now on it is the service's turn."""
        self._sent = True
        self.quiet_since = None if self.complete else self._loop.time()

    async def head(self) -> None:
        """Wait for status and headers. Raises UpstreamFault, or what the request's own body raised."""
        while not self.status:
            await self._wait()

    async def read(self) -> bytes:
        """What came of the body since last time, at least a byte unless the answer is complete."""
        while not self._chunks and not self.complete:
            await self._wait()
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self._buffered = 0
        if self._reading_paused and self._transport is not None:
            self._reading_paused = False
            self.quiet_since = self._loop.time() if self._sent else None
            self._transport.resume_reading()
        return data

    def abort(self, fault: BaseException) -> None:
        """Break off; whoever waits for the answer gets `fault`, unless the answer was complete."""
        if not self.complete and self._fault is None:
            self._fault = fault
        if self._transport is not None:
            self._transport.abort()
        self._wake()

    def rest(self) -> bool:
        """Make ready for the next exchange; False if the connection cannot carry one."""
        if not (self.complete and self._keep) or self.closed:
            return False
        self.quiet_since = self._loop.time()
        return True

    async def _wait(self) -> None:
        if self._fault is not None:
            raise self._fault
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # --- asyncio.Protocol ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own class is none by inheritance

    def data_received(self, data: bytes) -> None:
        if self.complete:  # nobody asked: an answer to nothing could pass for the next one
            self.abort(UpstreamFault("data after the answer"))
            return
        self._heard = True
        if self.quiet_since is not None:
            self.quiet_since = self._loop.time()
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as fault:
            self._keep = False
            self._fail(UpstreamFault(f"no HTTP answer: {fault}"))
        if self._buffered > BUFFERED_BYTES and self._transport is not None and not self._reading_paused:
            self._reading_paused = True
            self.quiet_since = None
            self._transport.pause_reading()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is None and self.status and self._ends_with_connection():
            self.complete = True
        self._fail((UpstreamFault if self._heard else StaleConnection)("the service closed the connection"))
        self.resume_writing()
        self._wake()

    def pause_writing(self) -> None:
        self._writable = self._loop.create_future()
        self.quiet_since = self._loop.time()

    def resume_writing(self) -> None:
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None
        if not self._sent:
            self.quiet_since = None

    def _fail(self, fault: UpstreamFault) -> None:
        if not self.complete:
            self.abort(fault)

    def _ends_with_connection(self) -> bool:
        framing = dict(self.headers)
        return b"content-length" not in framing and b"chunked" not in framing.get(b"transfer-encoding", b"").lower()

    # --- httptools: an error raised here ends the exchange ---

    def on_message_begin(self) -> None:
        if self.complete:
            raise UpstreamFault("a second answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > HEADER_BYTES:
            raise UpstreamFault("headers too large")
        if not self.status:  # a trailer is dropped
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:
            self.headers.clear()
            return
        self.status = status
        if self._head_only:
            self._finish()

    def on_body(self, body: bytes) -> None:
        if self.complete:
            raise UpstreamFault("a body where none may be")
        self._chunks.append(body)
        self._buffered += len(body)

    def on_message_complete(self) -> None:
        if self.status and not self.complete:
            self._finish()

    def _finish(self) -> None:
        self.complete = True
        self.quiet_since = None
        self._keep = self._sent and self._parser.should_keep_alive()  # else the rest of the body would be in the way


async def send_body(connection: Connection, body: AsyncIterator[bytes], *, chunked: bool) -> None:
    """Stream a request's body; what it raises reaches the reader of the answer, as far as that is not complete."""
    try:
        async for chunk in body:
            connection.write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if chunked else chunk)
            await connection.drain()
        if chunked:
            connection.write(b"0\r\n\r\n")
        connection.sent()
    except Exception as fault:  # handed on, whatever it is: nobody awaits this task
        connection.abort(fault)
