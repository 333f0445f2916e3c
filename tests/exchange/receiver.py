"""A unit's own system that takes webhooks: a real HTTP server, which answers as a test tells it."""

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from standardwebhooks import Webhook
from starlette.requests import Request
from starlette.responses import Response

Answering = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Received:
    """One request as it came over the wire."""

    headers: dict[str, str]
    body: str
    path: str

    def verified(self, secret: str) -> dict[str, Any]:
        """The message, once the standard's own library has found its signature good. Raises when it does not."""
        message: dict[str, Any] = Webhook(secret).verify(self.body, self.headers)
        return message

    @property
    def message_id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """Keeps what it got; answers the scripted answers in turn, and 204 once they are used up."""

    script: list[Response | Answering] = field(default_factory=list)
    got: list[Received] = field(default_factory=list)
    port: int = 0
    scheme: str = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/hooks"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        headers = dict(request.headers)
        self.got.append(Received(headers, (await request.body()).decode(), request.url.path))
        planned = self.script.pop(0) if self.script else Response(status_code=204)
        answer = planned if isinstance(planned, Response) else await planned(request)
        await answer(scope, receive, send)


def answer(status: int, body: str = "", **headers: str) -> Response:
    """A scripted answer; underscores of header names stand for dashes."""
    return Response(body, status, {name.replace("_", "-"): value for name, value in headers.items()})


def hanging(seconds: float) -> Answering:
    """An answer that comes too late."""

    async def wait(_request: Request) -> Response:
        await asyncio.sleep(seconds)
        return Response(status_code=204)

    return wait


@contextmanager
def listening(receiver: Receiver, certificate: tuple[Path, Path] | None = None) -> Iterator[Receiver]:
    """Run it on a free port of this machine; with a certificate (chain, key) it speaks TLS."""
    tls: dict[str, Any] = {}
    if certificate:
        receiver.scheme = "https"
        tls = {"ssl_certfile": certificate[0], "ssl_keyfile": certificate[1]}
    config = uvicorn.Config(
        receiver, host="127.0.0.1", port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1, **tls
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started:
        if time.monotonic() > deadline:
            raise RuntimeError("the receiver did not start")
        time.sleep(0.01)
    receiver.port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.should_exit = True
        thread.join(timeout=10)


def data_of(received: Received) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(received.body)
    data: dict[str, Any] = content["data"]
    return data
