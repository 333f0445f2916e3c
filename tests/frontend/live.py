"""The frontend behind the fake gateway on one loopback port, for a real browser."""

import asyncio
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
from aiohttp import web

from frontend.app import create_app
from frontend.settings import FrontendSettings
from tests.frontend.conftest import KEY, SECRET
from tests.frontend.fake_gateway import FakeGateway
from tests.support.servers import serving

HOP_HEADERS = ("Content-Length", "Transfer-Encoding", "Connection")


def with_pages(fake: FakeGateway, socket: Path) -> web.Application:
    """The fake gateway's application, which passes every other path on to the frontend."""
    app = fake.app()

    async def pass_on(request: web.Request) -> web.StreamResponse:
        connector = aiohttp.UnixConnector(str(socket))
        async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:
            url = f"http://frontend{request.path_qs}"
            body = await request.read()
            async with session.request(
                request.method, url, headers=request.headers, data=body, allow_redirects=False
            ) as answer:
                headers = answer.headers.copy()
                for name in HOP_HEADERS:
                    headers.popall(name, None)
                return web.Response(status=answer.status, headers=headers, body=await answer.read())

    app.router.add_route("*", "/{tail:.*}", pass_on)
    return app


@contextmanager
def live_frontend() -> Iterator[tuple[str, FakeGateway]]:
    """Start both; yields the address for the browser, and the fake."""
    with tempfile.TemporaryDirectory(prefix="hub-") as folder:
        fake, pages = FakeGateway(SECRET), Path(folder) / "pages.sock"
        with _in_a_thread(with_pages(fake, pages)) as port:
            address = f"http://127.0.0.1:{port}"
            settings = FrontendSettings(
                environment="demonstration",
                public_url=address,
                upstream_gateway=address,
                frontend_client_secret=SECRET,
                frontend_session_key=KEY,
                state_dir=Path(folder),
                log_level="ERROR",
                footer_organiser="示例市教育体育局",
                footer_icp="示例ICP备00000000号",
            )
            with serving(create_app(settings), pages):
                yield address, fake


@contextmanager
def _in_a_thread(app: web.Application) -> Iterator[int]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    runner = web.AppRunner(app, access_log=None)

    async def start() -> int:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return int(runner.addresses[0][1])

    try:
        yield asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
