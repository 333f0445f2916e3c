"""One process to stand behind the gateway: a small FastAPI JSON endpoint, the JWKS and the list of what is revoked,
and an answer for auth_request.

It listens on a TCP port and a unix socket at once, so that whoever asks is answered by the very same process.
"""

import argparse
import json
import socket
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Response
from pydantic import BaseModel
from starlette.types import ASGIApp, Receive, Scope, Send

from services.kernel.clock import SystemClock
from services.kernel.errors import NotSignedIn
from services.kernel.tokens import Jwks, TokenVerifier
from tests.support.tokens import AUDIENCE, ISSUER

PATH = "/api/registry/v1/members"
AUTH_PATH = "/auth"


class Item(BaseModel):
    """One row as a list endpoint answers it."""

    id: str
    name: str
    category: str
    division: str
    status: str


class Page(BaseModel):
    """A page in the hub's list form."""

    items: list[Item]
    next_cursor: str | None
    total: int


def page() -> Page:
    items = [
        Item(
            id=f"00000000-0000-7000-8000-00000000000{number}",
            name=f"示例职业学校{number}",
            category="secondary_vocational",
            division="340822",
            status="active",
        )
        for number in range(3)
    ]
    return Page(items=items, next_cursor=None, total=3)


def create_app(jwks: Jwks) -> ASGIApp:
    """The endpoint, the keys, and `/auth`, which verifies a token as the gateway does and without a framework."""
    app = FastAPI()
    answer = page()

    @app.get(PATH)
    async def members() -> Page:
        return answer

    @app.get("/.well-known/jwks.json")
    async def keys() -> dict[str, Any]:
        return jwks

    @app.get("/internal/revocations")
    async def revocations(response: Response) -> dict[str, Any]:
        response.headers["ETag"] = '"0"'
        return {"sessions": [], "clients": {}, "tokens": []}

    async def source() -> Jwks:
        return jwks

    verifier = TokenVerifier(source, issuer=ISSUER, audience=AUDIENCE, clock=SystemClock())

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == AUTH_PATH:
            await _answer_auth(verifier, scope, send)
        else:
            await app(scope, receive, send)

    return application


async def _answer_auth(verifier: TokenVerifier, scope: Scope, send: Send) -> None:
    given = next((value for name, value in scope["headers"] if name == b"authorization"), b"").decode("latin-1")
    try:
        await verifier.verify(given.removeprefix("Bearer "))
    except NotSignedIn:
        status = 401
    else:
        status = 200
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--uds", required=True)
    parser.add_argument("--jwks", type=Path, required=True)
    given = parser.parse_args()
    config = uvicorn.Config(create_app(json.loads(given.jwks.read_text())), log_config=None, access_log=False)
    # The protocol is named so that the event loop knows TCP and turns Nagle's delay off, as it does for its own ports.
    unix, tcp = socket.socket(socket.AF_UNIX), socket.socket(proto=socket.IPPROTO_TCP)
    unix.bind(given.uds)
    Path(given.uds).chmod(0o666)  # nginx asks as an account of its own; the folder above is private
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    tcp.bind(("127.0.0.1", given.port))
    uvicorn.Server(config).run(sockets=[unix, tcp])


if __name__ == "__main__":
    main()
