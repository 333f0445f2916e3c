"""A service for the gateway's client to ask: what it says is the test's choice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from services.gateway.pool import Pool, Turns
from services.kernel.upstream import Upstream

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"


class Service:
    """A service on a unix socket; counts connections and keeps the requests' heads."""

    def __init__(self, serve: Serve) -> None:
        self.connections = 0
        self._serve = serve

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self._serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            writer.transport.abort()  # the gateway gave the exchange up
        finally:
            writer.close()


def pool_to(address: str, *, limit: int, read_timeout: float, queue: int = 100, queue_seconds: float = 5.0) -> Pool:
    """A pool on a service, not yet open."""
    return Pool(Upstream(address), Turns(limit, queue, queue_seconds), label="测试", read_timeout=read_timeout)


def answers(*said: bytes, close: bool = False) -> Serve:
    """A service that gives each request of a connection the next answer."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in said:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
        if not close:
            await reader.read()

    return serve


async def ask(
    opened: Pool, method: str = "GET", body: AsyncIterator[bytes] | None = None, *, chunked: bool = False
) -> tuple[int, bytes]:
    connection = await opened.request(method, b"/x?y=1", [(b"host", b"h")], body, chunked=chunked)
    try:
        data = b""
        while True:
            data += await connection.read()
            if connection.complete:
                return connection.status, data
    finally:
        opened.release(connection)


async def pieces(*given: bytes, then: BaseException | None = None) -> AsyncIterator[bytes]:
    for piece in given:
        yield piece
    if then is not None:
        raise then


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers with the request's own bytes, once it ends."""
    head = await reader.readuntil(b"\r\n\r\n")
    if b"chunked" in head:
        body = await reader.readuntil(b"0\r\n\r\n")
    else:
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        body = await reader.readexactly(length)
    said = head + body
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(said), said))
    await reader.read()
