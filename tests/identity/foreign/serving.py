"""A whole identity service that listens on TCP under its own public address, with the machine's clock."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from services.kernel.clock import SystemClock
from tests.identity.office import Office
from tests.identity.world import Browser, World, world_of


@dataclass
class Served:
    """The service at `url`; `browser()` speaks to it over the network like every client."""

    url: str
    world: World
    office: Office
    open: list[httpx.AsyncClient] = field(default_factory=list)

    def browser(self) -> Browser:
        self.open.append(httpx.AsyncClient(base_url=self.url))
        return Browser(self.open[-1], self.world.clock, self.world.phones)

    async def close(self) -> None:
        """Close the browsers."""
        for http in self.open:
            await http.aclose()


@asynccontextmanager
async def served(database_url: str, files: Path, **changes: Any) -> AsyncIterator[Served]:
    """Serve a fresh world on a free port of 127.0.0.1 until the block ends."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        clock: Any = SystemClock()
        async with world_of(database_url, files, clock, public_url=url, **changes) as world:
            server = uvicorn.Server(uvicorn.Config(world.app, lifespan="off", log_config=None))
            task = asyncio.create_task(server.serve(sockets=[listening]))
            try:
                here = Served(url, world, Office(world))
                yield here
                await here.close()
            finally:
                server.should_exit = True
                await task
