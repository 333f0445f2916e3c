"""The identity service on the real database."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from services.kernel.clock import FixedClock
from tests.identity.world import Play, World, world_of
from tests.support.databases import TestServer


@pytest.fixture
def identity_url(server: TestServer) -> str:
    return server.service_url("identity")


@pytest.fixture
def play(identity_url: str, tmp_path: Path, clock: FixedClock) -> Play:
    """Runs a test's story in a fresh world; keyword arguments become settings."""

    def run(story: Callable[[World], Awaitable[None]], **changes: Any) -> None:
        async def body() -> None:
            async with world_of(identity_url, tmp_path, clock, **changes) as world:
                await story(world)

        asyncio.run(body())

    return run
