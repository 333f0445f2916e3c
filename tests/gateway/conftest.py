"""A connection pool on a service that the test writes, under both event loops."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import uvloop

from services.gateway.pool import Pool
from tests.gateway.services import Service, pool_to


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Any]:
    """Run `use` with a pool on a service, under both event loops."""
    factory = uvloop.new_event_loop if request.param == "uvloop" else None

    def go(
        service: Service, use: Callable[[Pool], Awaitable[Any]], *, read_timeout: float = 5.0, limit: int = 10
    ) -> Any:
        async def body() -> Any:
            path = str(tmp_path / "s.sock")
            server = await asyncio.start_unix_server(service, path)
            opened = pool_to(f"unix://{path}", limit=limit, read_timeout=read_timeout)
            opened.open()
            try:
                return await asyncio.wait_for(use(opened), 20)
            finally:
                await opened.close()
                server.close()
                await asyncio.sleep(0.02)

        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(body())

    return go
