"""Calls between services over real sockets: own token, snapshots by ETag, and what happens when the owner is down."""

import asyncio
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response

from services.kernel.clock import FixedClock
from services.kernel.database import Database
from services.kernel.errors import NotFound, Unavailable
from services.kernel.service_calls import ServiceToken, Snapshot, SnapshotClient, fetch_jwks
from services.kernel.settings import ServiceSettings
from tests.support.databases import TestServer
from tests.support.servers import serving
from tests.support.services import hub_settings, service_settings

SECONDS = 300


@dataclass
class Peer:
    """Plays identity's token endpoint and the registry's snapshot; counts what it was asked."""

    version: str = "v1"
    tokens: int = 0
    asked: list[dict[str, str]] = field(default_factory=list)

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/oauth/token")
        async def token(request: Request) -> dict[str, Any]:
            assert request.headers["authorization"].startswith("Basic ")
            self.tokens += 1
            return {"access_token": f"token-{self.tokens}", "expires_in": SECONDS, "token_type": "Bearer"}

        @app.get("/.well-known/jwks.json")
        async def jwks() -> dict[str, Any]:
            return {"keys": [{"kid": "k1"}]}

        @app.get("/snapshot")
        async def snapshot(request: Request) -> Response:
            self.asked.append(dict(request.headers))
            tag = f'"{self.version}"'
            if request.headers.get("if-none-match") == tag:
                return Response(status_code=304)
            body = f'{{"members": ["{self.version}"]}}'
            return Response(body, headers={"ETag": tag, "Content-Type": "application/json"})

        return app


@dataclass
class Stage:
    """A peer on a socket, our database, and a clock in the test's hand."""

    peer: Peer
    address: str
    database_url: str
    settings: ServiceSettings
    clock: FixedClock

    def client(self, address: str | None = None) -> SnapshotClient:
        token = ServiceToken("subsidies", self.settings, self.clock)
        return SnapshotClient("registry", address or self.address, "/snapshot", token, self.clock)

    async def ask(self, *clients: SnapshotClient) -> list[Snapshot]:
        database = Database(self.database_url)
        try:
            return [await client.latest(database, "anqing") for client in clients]
        finally:
            await database.close()


@pytest.fixture
def stage(server: TestServer, clock: FixedClock, tmp_path: Path) -> Iterator[Stage]:
    url = server.service_url("subsidies")
    peer = Peer()
    with (
        tempfile.TemporaryDirectory(prefix="hub-sc-", dir="/tmp") as folder,
        serving(peer.app(), Path(folder) / "peer.sock") as address,
    ):
        settings = service_settings(
            ServiceSettings, url, tmp_path, hub=hub_settings(tmp_path, upstream_identity=address)
        )
        yield Stage(peer, address, url, settings, clock)


def test_a_snapshot_is_fetched_once_and_then_only_asked_after(stage: Stage) -> None:
    client = stage.client()
    first, again = asyncio.run(stage.ask(client, client))
    assert (first.version, first.content, first.fresh) == ("v1", {"members": ["v1"]}, True)
    assert (again.version, again.fresh) == ("v1", True)
    assert [call.get("if-none-match") for call in stage.peer.asked] == [None, '"v1"']
    assert stage.peer.asked[0]["hub-alliance"] == "anqing"
    assert stage.peer.tokens == 1


def test_a_changed_snapshot_is_kept_beside_the_one_that_was_pinned(stage: Stage) -> None:
    async def body() -> None:
        client = stage.client()
        await stage.ask(client)
        stage.peer.version = "v2"
        stage.clock.advance(timedelta(minutes=1))
        assert (await stage.ask(client))[0].content == {"members": ["v2"]}
        database = Database(stage.database_url)
        try:
            async with database.read("anqing") as session:
                assert (await client.at(session, "anqing", "v1")).content == {"members": ["v1"]}
                with pytest.raises(NotFound):
                    await client.at(session, "anqing", "v0")
            async with database.read("xiaogan") as session:
                with pytest.raises(NotFound):
                    await client.at(session, "xiaogan", "v1")
        finally:
            await database.close()

    asyncio.run(body())


def test_when_the_owner_is_down_the_last_snapshot_serves_and_says_so(stage: Stage) -> None:
    down = stage.client("unix:///nonexistent/registry.sock")
    with pytest.raises(Unavailable):
        asyncio.run(stage.ask(down))
    asyncio.run(stage.ask(stage.client()))
    kept = asyncio.run(stage.ask(down))[0]
    assert (kept.version, kept.content, kept.fresh) == ("v1", {"members": ["v1"]}, False)


def test_a_token_is_renewed_shortly_before_it_ends(stage: Stage) -> None:
    async def body() -> list[str]:
        token = ServiceToken("subsidies", stage.settings, stage.clock)
        got = [await token.get(), await token.get()]
        stage.clock.advance(timedelta(seconds=SECONDS - 29))
        return [*got, await token.get()]

    assert asyncio.run(body()) == ["token-1", "token-1", "token-2"]


def test_many_at_once_ask_for_one_token(stage: Stage) -> None:
    async def body() -> set[str]:
        token = ServiceToken("subsidies", stage.settings, stage.clock)
        return set(await asyncio.gather(*(token.get() for _ in range(20))))

    assert asyncio.run(body()) == {"token-1"}


def test_the_public_keys_come_from_identity_or_not_at_all(stage: Stage) -> None:
    assert asyncio.run(fetch_jwks(stage.address)) == {"keys": [{"kid": "k1"}]}
    with pytest.raises(Unavailable) as refusal:
        asyncio.run(fetch_jwks("unix:///nonexistent/identity.sock"))
    assert refusal.value.retry_after_seconds > 0
