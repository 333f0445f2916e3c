"""The bytes that the gateway's client sends and understands: HTTP/1.1 messages, whole, and nothing else."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.gateway import client
from services.gateway.client import UpstreamFault
from services.gateway.pool import Pool
from tests.gateway.services import OK, Service, answers, ask, echo, pieces


async def twice(opened: Pool) -> list[tuple[int, bytes]]:
    return [await ask(opened), await ask(opened)]


def chunks(*given: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in given) + b"0\r\n\r\n"


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("answer", [OK, CHUNKED + chunks(b"h", b"i"), b"HTTP/1.1 103 E\r\nLink: a\r\n\r\n" + OK])
def test_a_connection_is_used_again(run: Callable[..., Any], answer: bytes) -> None:
    service = Service(answers(answer, answer))
    assert run(service, twice) == [(200, b"hi")] * 2
    assert service.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi",
        b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\n\r\nhi",  # its end is the connection's
        OK + OK,  # the second answers nothing that was asked
        OK + b"surplus",
    ],
)
def test_a_connection_is_not_used_again(run: Callable[..., Any], answer: bytes) -> None:
    service = Service(answers(answer, close=True))
    assert run(service, twice) == [(200, b"hi")] * 2
    assert service.connections == 2


@pytest.mark.parametrize(
    ("method", "head"),
    [
        ("HEAD", b"200 OK\r\ncontent-length: 2\r\n\r\n"),
        ("HEAD", b"200 OK\r\ntransfer-encoding: chunked\r\n\r\n"),
        ("GET", b"204 No Content\r\n\r\n"),
        ("GET", b"304 Not Modified\r\ncontent-length: 2\r\n\r\n"),
    ],
)
def test_an_answer_without_a_body_ends_with_its_head(run: Callable[..., Any], method: str, head: bytes) -> None:
    service = Service(answers(b"HTTP/1.1 " + head, OK))

    async def use(opened: Pool) -> list[tuple[int, bytes]]:
        return [await ask(opened, method), await ask(opened)]

    assert run(service, use) == [(int(head[:3]), b""), (200, b"hi")]
    assert service.connections == 1


def test_a_body_after_head_is_not_taken_for_the_next_answer(run: Callable[..., Any]) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(OK.replace(b"hi", b"no") if head.startswith(b"HEAD") else OK)
        await reader.read()

    service = Service(serve)

    async def use(opened: Pool) -> list[tuple[int, bytes]]:
        return [await ask(opened, "HEAD"), await ask(opened)]

    assert run(service, use) == [(200, b""), (200, b"hi")]
    assert service.connections == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 2\r\n\r\nhi",
        CHUNKED + b"zz\r\n",
        CHUNKED + b"2\r\nhi\r\n",
        b"HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"a" * client.HEADER_BYTES + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n folded: a\r\n\r\n",
    ],
)
def test_what_is_no_whole_http_answer_is_a_fault(run: Callable[..., Any], answer: bytes) -> None:
    with pytest.raises(UpstreamFault):
        run(Service(answers(answer, close=True)), ask)


def test_trailers_are_dropped(run: Callable[..., Any]) -> None:
    async def use(opened: Pool) -> list[tuple[bytes, bytes]]:
        connection = await opened.request("GET", b"/", [], None, chunked=False)
        while not connection.complete:
            await connection.read()
        opened.release(connection)
        return connection.headers

    answer = CHUNKED + b"2\r\nhi\r\n0\r\nX-Late: a\r\n\r\n"
    assert run(Service(answers(answer)), use) == [(b"transfer-encoding", b"chunked")]


def test_what_a_request_looks_like(run: Callable[..., Any]) -> None:
    async def use(opened: Pool) -> list[bytes]:
        chunked = await opened.request("PUT", b"/a", [(b"content-length", b"9")], pieces(b"ab", b"c"), chunked=True)
        sized = await opened.request("PUT", b"/a", [(b"content-length", b"3")], pieces(b"ab", b"c"), chunked=False)
        said = [await chunked.read(), await sized.read()]
        opened.release(chunked)
        opened.release(sized)
        return said

    start = b"PUT /a HTTP/1.1\r\nhost: hub.internal\r\n"
    assert run(Service(echo), use) == [
        start + b"transfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
        start + b"content-length: 3\r\n\r\nabc",
    ]


@pytest.mark.parametrize(("target", "value"), [(b"/a b", b"v"), (b"/a\r\nx: y", b"v"), (b"/a", b"v\r\nx: y")])
def test_a_request_cannot_carry_another(run: Callable[..., Any], target: bytes, value: bytes) -> None:
    service = Service(echo)
    with pytest.raises(ValueError, match="line break"):
        run(service, lambda opened: opened.request("GET", target, [(b"n", value)], None, chunked=False))
    assert service.connections == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.booleans(), st.data())
def test_an_answer_is_the_same_however_its_bytes_are_cut(body: list[bytes], chunked: bool, data: st.DataObject) -> None:
    whole = b"".join(body)
    sized = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(whole), whole)
    stream = CHUNKED + chunks(*body) if chunked else sized
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=8)))

    async def read() -> tuple[int, bytes, bool]:
        connection = client.Connection()
        connection.begin(head_only=False)
        connection.sent()
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
            connection.data_received(stream[start:end])
        return connection.status, await connection.read(), connection.complete

    assert asyncio.run(read()) == (200, whole, True)
