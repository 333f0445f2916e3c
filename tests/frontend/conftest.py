"""Fixtures of the frontend's tests: a fake gateway on a real socket, the application, and a browser-like client."""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from aiohttp import ClientSession, UnixConnector, web
from fastapi import FastAPI

from frontend.app import create_app
from frontend.settings import FrontendSettings
from services.kernel.clock import FixedClock
from tests.frontend.fake_gateway import FakeGateway

PUBLIC_URL = "https://hub.test"
SECRET = "only-for-tests-7Qm2xR9vLk4"
KEY = "c2Vzc2lvbi1rZXktb2YtdGVzdHMtMzItYnl0ZXMhISE"


@pytest.fixture
def secret_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No `HUB_*` variable of the machine reaches a test."""
    for name in [n for n in os.environ if n.startswith("HUB_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def sockets() -> Iterator[Path]:
    """A folder with a short name: a socket's path may have 107 bytes at most."""
    with tempfile.TemporaryDirectory(prefix="hub-") as folder:
        yield Path(folder)


@pytest.fixture
async def fake(sockets: Path) -> AsyncIterator[FakeGateway]:
    """The fake gateway, listening on a unix socket."""
    gateway = FakeGateway(SECRET)
    runner = web.AppRunner(gateway.app(), access_log=None)
    await runner.setup()
    await web.UnixSite(runner, str(sockets / "gateway.sock")).start()
    yield gateway
    await runner.cleanup()


@pytest.fixture
def settings(tmp_path: Path, sockets: Path, secret_environment: None) -> FrontendSettings:
    return FrontendSettings(
        environment="demonstration",
        public_url=PUBLIC_URL,
        upstream_gateway=f"unix://{sockets / 'gateway.sock'}",
        frontend_client_secret=SECRET,
        frontend_session_key=KEY,
        state_dir=tmp_path / "state",
        log_level="ERROR",
    )


@pytest.fixture
async def app(settings: FrontendSettings, clock: FixedClock) -> AsyncIterator[FastAPI]:
    """The application with its pool open and its clock in the test's hand."""
    application = create_app(settings, clock=clock)
    async with application.router.lifespan_context(application):
        yield application


@dataclass
class Browser:
    """A client that keeps cookies, as a browser would, and can sign in through the fake identity service."""

    http: httpx.AsyncClient
    gateway_socket: Path

    async def sign_in(self, next_path: str = "/") -> httpx.Response:
        """Go to `/login`, let the identity service approve, come back. Returns the callback's answer."""
        started = await self.http.get("/login", params={"next": next_path})
        return await self.http.get(await self.approve(started.headers["Location"]))

    async def approve(self, location: str) -> str:
        """Where the identity service sends the browser back to."""
        connector = UnixConnector(str(self.gateway_socket))
        async with ClientSession(connector=connector) as session:
            url = location.replace(PUBLIC_URL, "http://gateway")
            async with session.get(url, allow_redirects=False) as answer:
                assert answer.status == 302, await answer.text()
                return answer.headers["Location"]

    async def csrf(self) -> str:
        """The token that the page carries for its forms."""
        page = (await self.http.get("/components")).text
        return page.split('name="csrf_token" value="')[1].split('"')[0]


@pytest.fixture
async def stranger(app: FastAPI, fake: FakeGateway, sockets: Path) -> AsyncIterator[Browser]:
    """A browser nobody has signed in with."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as http:
        yield Browser(http, sockets / "gateway.sock")


@pytest.fixture
async def browser(stranger: Browser) -> Browser:
    """A browser that is signed in as a clerk of the secretariat."""
    answer = await stranger.sign_in()
    assert answer.status_code == 303, answer.text
    return stranger
