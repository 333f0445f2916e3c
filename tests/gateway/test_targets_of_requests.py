"""A request target that is no path never makes the gateway speak to another host."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.gateways import gateway
from tests.support.tokens import Signer


async def statuses(app: Any, target: str) -> list[int]:
    """What the gateway answers to a request line with this very target."""
    said: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            said.append(message["status"])

    scope = {
        "type": "http",
        "method": "GET",
        "path": target,
        "raw_path": target.encode(),
        "query_string": b"",
        "headers": [],
        "client": ("127.0.0.1", 1),
    }
    own = app.app._own
    async with own.router.lifespan_context(own):
        await app(scope, receive, send)
    return said


@pytest.mark.parametrize("before", ["@", "x@", ":9@", ""])
def test_a_target_without_a_leading_slash_leads_nowhere(tmp_path: Path, signer: Signer, before: str) -> None:
    reached: list[bytes] = []

    async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.append(await reader.readline())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async def body() -> list[int]:
        server = await asyncio.start_server(elsewhere, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        app = gateway(tmp_path, signer, "http://127.0.0.1")
        async with server:
            return await statuses(app, f"{before}127.0.0.1:{port}/taken" if before else f":{port}/taken")

    assert asyncio.run(body()) == [404]
    assert reached == []
