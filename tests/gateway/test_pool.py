"""The gateway's client against services that close, fall silent, answer too early, or do not listen."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from services.gateway import client, pool
from services.gateway.client import UpstreamFault
from services.gateway.pool import Pool
from tests.gateway.services import OK, Serve, Service, answers, ask, echo, pieces, pool_to


@pytest.mark.parametrize(("method", "asked_again"), [("GET", True), ("DELETE", True), ("POST", False)])
def test_a_kept_connection_that_closed(run: Callable[..., Any], method: str, asked_again: bool) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await reader.readuntil(b"\r\n\r\n")  # then it closes without an answer
        writer.transport.abort()

    service = Service(serve)

    async def use(opened: Pool) -> Any:
        await ask(opened)
        return await ask(opened, method)

    if asked_again:
        assert run(service, use) == (200, b"hi")
    else:
        with pytest.raises(UpstreamFault):
            run(service, use)
    assert service.connections == 1 + asked_again


def test_a_connection_closed_at_rest_costs_no_request(run: Callable[..., Any]) -> None:
    service = Service(answers(OK, close=True))

    async def use(opened: Pool) -> Any:
        await ask(opened)
        await asyncio.sleep(0.05)
        return await ask(opened, "POST", pieces(b"a"), chunked=True)

    assert run(service, use) == (200, b"hi")


def test_a_connection_does_not_rest_for_ever(run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "KEEP_ALIVE_SECONDS", 0.05)
    service = Service(answers(OK, OK))

    async def use(opened: Pool) -> set[Any]:
        await ask(opened)
        await asyncio.sleep(0.3)
        return opened._connections

    assert run(service, use, read_timeout=0.2) == set()


def test_a_service_may_refuse_before_it_has_read_the_body(run: Callable[..., Any]) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig")
        await asyncio.sleep(5)

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65536

    async def use(opened: Pool) -> tuple[tuple[int, bytes], set[Any]]:
        return await ask(opened, "POST", endless(), chunked=True), set(opened._connections)

    assert run(Service(refuse), use) == ((413, b"big"), set())


def test_what_the_body_raises_reaches_whoever_waits(run: Callable[..., Any]) -> None:
    with pytest.raises(LookupError, match="gone"):
        run(Service(echo), lambda o: ask(o, "POST", pieces(b"a", then=LookupError("gone")), chunked=True))


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def stalls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(OK[:-1])
    await reader.read()


async def deaf(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3)


@pytest.mark.parametrize("serve", [silent, stalls])
def test_a_silent_service_is_given_up(run: Callable[..., Any], serve: Serve) -> None:
    with pytest.raises(UpstreamFault, match="silent"):
        run(Service(serve), ask, read_timeout=0.1)


def test_a_service_that_takes_no_more_of_the_body_is_given_up(run: Callable[..., Any]) -> None:
    with pytest.raises(UpstreamFault, match="silent"):
        run(Service(deaf), lambda o: ask(o, "POST", pieces(*[b"x" * 65536] * 99), chunked=True), read_timeout=0.1)


def test_neither_a_slow_upload_nor_a_slow_reader_counts_as_silence(run: Callable[..., Any]) -> None:
    size = 4 * client.BUFFERED_BYTES

    async def slow() -> AsyncIterator[bytes]:
        for _ in range(3):
            await asyncio.sleep(0.15)
            yield b"x"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"0\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size + b"y" * size)
        await reader.read()

    async def use(opened: Pool) -> tuple[int, int]:
        connection = await opened.request("POST", b"/", [], slow(), chunked=True)
        await asyncio.sleep(0.4)
        waiting = connection._buffered
        data = 0
        while not connection.complete:
            data += len(await connection.read())
        opened.release(connection)
        return waiting, data

    waiting, data = run(Service(serve), use, read_timeout=0.1)
    assert data == size
    assert waiting < size, "the whole answer was kept in memory for a reader that did not read"


def test_a_slow_upload_over_a_kept_connection_is_no_silence(run: Callable[..., Any]) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for end in (b"\r\n\r\n", b"0\r\n\r\n"):
            await reader.readuntil(end)
            writer.write(OK)
        await reader.read()

    async def slow() -> AsyncIterator[bytes]:
        for _ in range(4):
            await asyncio.sleep(0.1)
            yield b"x"

    service = Service(serve)

    async def use(opened: Pool) -> tuple[int, bytes]:
        await ask(opened)
        return await ask(opened, "POST", slow(), chunked=True)

    assert run(service, use, read_timeout=0.15) == (200, b"hi")
    assert service.connections == 1


def test_each_request_has_its_own_patience(run: Callable[..., Any]) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(0.5)
            writer.write(OK)

    async def use(opened: Pool) -> list[int]:
        found = []
        for _ in range(2):  # the second over the kept connection
            connection = await opened.request("GET", b"/", [], None, chunked=False, patience=5.0)
            await connection.read()
            found.append(connection.status)
            opened.release(connection)
        with pytest.raises(UpstreamFault, match="silent"):
            await opened.request("GET", b"/", [], None, chunked=False)
        return found

    assert run(Service(serve), use, read_timeout=0.1) == [200, 200]


def test_no_more_connections_than_allowed(run: Callable[..., Any]) -> None:
    service = Service(answers(*[OK] * 20))

    async def use(opened: Pool) -> list[tuple[int, bytes]]:
        return await asyncio.gather(*(ask(opened) for _ in range(20)))

    assert run(service, use, limit=3) == [(200, b"hi")] * 20
    assert service.connections == 3


def test_a_cancelled_request_closes_its_connection_and_frees_its_place(run: Callable[..., Any]) -> None:
    ended: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"POST"):
            ended.append(await reader.read())
        else:
            writer.write(OK)

    async def use(opened: Pool) -> Any:
        task = asyncio.create_task(ask(opened, "POST"))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        answer = await ask(opened)
        await asyncio.sleep(0.05)
        return answer

    assert run(Service(serve), use, limit=1) == (200, b"hi")
    assert ended == [b""]


def test_faults_free_their_places(run: Callable[..., Any]) -> None:
    async def use(opened: Pool) -> int:
        faults = 0
        for _ in range(5):
            try:
                await ask(opened)
            except UpstreamFault:
                faults += 1
        return faults

    assert run(Service(answers(b"nonsense\r\n\r\n", close=True)), use, limit=2) == 5


@pytest.mark.parametrize("address", ["unix:///nonexistent/s.sock", "tcp"])
def test_nobody_listens(address: str) -> None:
    async def body() -> None:
        with socket.socket() as bound:  # bound, but not listening
            bound.bind(("127.0.0.1", 0))
            target = address if address != "tcp" else f"http://127.0.0.1:{bound.getsockname()[1]}"
            opened = pool_to(target, limit=1, read_timeout=1)
            await ask(opened)

    with pytest.raises(UpstreamFault, match="no connection"):
        asyncio.run(body())


def test_over_tcp_with_a_path_before_the_target() -> None:
    async def body() -> tuple[int, bytes]:
        server = await asyncio.start_server(Service(echo), "127.0.0.1", 0)
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/below/"
        opened = pool_to(address, limit=1, read_timeout=1)
        try:
            return await ask(opened)
        finally:
            await opened.close()
            server.close()
            await asyncio.sleep(0.02)

    assert asyncio.run(body()) == (200, b"GET /below/x?y=1 HTTP/1.1\r\nhost: h\r\n\r\n")
