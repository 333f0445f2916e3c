"""Kept connections to one service: at most so many at a time, each with limits on silence and on rest."""

import asyncio
from collections.abc import AsyncIterator
from math import ceil
from urllib.parse import urlsplit

from services.gateway.client import Connection, StaleConnection, UpstreamFault, send_body
from services.gateway.headers import RawHeaders
from services.gateway.refusals import overloaded
from services.kernel.upstream import CONNECT_SECONDS, KEEP_ALIVE_SECONDS, Upstream

IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""RFC 9110, 9.2.2: what may be asked again when a connection closed before an answer."""
SWEEP_SECONDS = 1.0


class Turns:
    """At most `limit` requests at a time, `queue` more waiting, none of them longer than `queue_seconds`."""

    def __init__(self, limit: int, queue: int, queue_seconds: float) -> None:
        self._free = asyncio.Semaphore(limit)
        self._queue = queue
        self._queue_seconds = queue_seconds
        self._waiting = 0

    async def take(self, label: str) -> None:
        """Wait for a turn. Raises Overloaded when too many wait already, or it takes too long."""
        if not self._free.locked():
            await self._free.acquire()
            return
        retry = ceil(self._queue_seconds)
        if self._waiting >= self._queue:
            raise overloaded(label, retry)
        self._waiting += 1
        try:
            async with asyncio.timeout(self._queue_seconds):
                await self._free.acquire()
        except TimeoutError:
            raise overloaded(label, retry) from None
        finally:
            self._waiting -= 1

    def give_back(self) -> None:
        """The request has ended."""
        self._free.release()


class Pool:
    """Connections to one service. `open` it inside a running loop; `release` what `request` returned, always."""

    def __init__(self, upstream: Upstream, turns: Turns, *, label: str, read_timeout: float) -> None:
        self._upstream = upstream
        self._address = urlsplit(upstream.base_url)
        self._prefix = self._address.path.encode()
        self._host = self._address.netloc.encode()
        self._label = label
        self._read_timeout = read_timeout
        self._turns = turns
        self._connections: set[Connection] = set()
        self._idle: list[Connection] = []
        self._timer: asyncio.TimerHandle | None = None

    def open(self) -> None:
        """Start to look after silent connections."""
        interval = min(SWEEP_SECONDS, self._read_timeout / 4)
        self._timer = asyncio.get_running_loop().call_later(interval, self._sweep)

    async def close(self) -> None:
        """Break off what still runs and close every connection."""
        if self._timer is not None:
            self._timer.cancel()
        for connection in list(self._connections):
            self._drop(connection, UpstreamFault("the gateway stops"))
        await asyncio.sleep(0)  # the loop closes the sockets in its next turn

    async def request(
        self,
        method: str,
        target: bytes,
        headers: RawHeaders,
        body: AsyncIterator[bytes] | None,
        *,
        chunked: bool,
        patience: float | None = None,
    ) -> Connection:
        """Send a request and wait for the head of its answer; `chunked` when no header says the body's length.

        `patience` is the longest silence of the service, in seconds, if not the pool's. Asks once more on a new
        connection when a kept one closed under a repeatable request. Raises UpstreamFault, Overloaded, and what `body`
        raises.
        """
        head = self._head(method, target, headers, chunked=chunked)
        patience = patience or self._read_timeout
        await self._turns.take(self._label)
        try:
            kept = self._rested()
            if kept is not None:
                kept.patience = patience
                try:
                    return await self._exchange(kept, method, head, body, chunked)
                except StaleConnection:
                    if body is not None or method not in IDEMPOTENT:
                        raise
            made = await self._connect()
            made.patience = patience
            return await self._exchange(made, method, head, body, chunked)
        except BaseException:
            self._turns.give_back()
            raise

    def release(self, connection: Connection) -> None:
        """Keep the connection for the next request, or close it when its exchange did not end well."""
        self._turns.give_back()
        if connection.rest():
            connection.upload = None
            self._idle.append(connection)
        else:
            self._drop(connection, UpstreamFault("the exchange was given up"))

    def _head(self, method: str, target: bytes, headers: RawHeaders, *, chunked: bool) -> bytes:
        fields = headers if any(name == b"host" for name, _ in headers) else [(b"host", self._host), *headers]
        if chunked:
            fields = [*(f for f in fields if f[0] != b"content-length"), (b"transfer-encoding", b"chunked")]
        lines = [b"%b %b%b HTTP/1.1" % (method.encode("ascii"), self._prefix, target)]
        lines += [b"%b: %b" % field for field in fields]
        head = b"\r\n".join(lines)
        if head.count(b"\n") != len(fields) or head.count(b"\r") != len(fields) or lines[0].count(b" ") != 2:
            raise ValueError("a line break or a space where HTTP has none")  # no HTTP server lets one through
        return head + b"\r\n\r\n"

    async def _exchange(
        self, connection: Connection, method: str, head: bytes, body: AsyncIterator[bytes] | None, chunked: bool
    ) -> Connection:
        connection.begin(head_only=method == "HEAD")
        try:
            connection.write(head)
            if body is None:
                connection.sent()
            else:
                connection.upload = asyncio.create_task(send_body(connection, body, chunked=chunked))
            await connection.head()
        except BaseException:
            self._drop(connection, UpstreamFault("the exchange was given up"))
            raise
        return connection

    def _rested(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.rest():
                return connection
            self._drop(connection, UpstreamFault("closed while at rest"))
        return None

    async def _connect(self) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                if self._upstream.socket_path:
                    _, made = await loop.create_unix_connection(Connection, self._upstream.socket_path)
                else:
                    secure = self._address.scheme == "https"
                    host, port = self._address.hostname or "", self._address.port or (443 if secure else 80)
                    _, made = await loop.create_connection(Connection, host, port, ssl=secure or None)
        except (OSError, TimeoutError) as fault:
            raise UpstreamFault(f"no connection: {type(fault).__name__}") from fault
        self._connections.add(made)
        return made

    def _drop(self, connection: Connection, fault: UpstreamFault) -> None:
        self._connections.discard(connection)
        if connection.upload is not None:
            connection.upload.cancel()
        connection.abort(fault)

    def _sweep(self) -> None:
        now = asyncio.get_running_loop().time()
        for connection in [c for c in self._idle if c.closed or now - (c.quiet_since or now) > KEEP_ALIVE_SECONDS]:
            self._idle.remove(connection)
            self._drop(connection, UpstreamFault("at rest for too long"))
        for connection in self._connections.difference(self._idle):
            if connection.quiet_since is not None and now - connection.quiet_since > connection.patience:
                connection.abort(UpstreamFault("the service fell silent"))
        self.open()
