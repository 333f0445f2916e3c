"""An exchange service on an empty schema, and a receiver of webhooks."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from services.exchange.settings import ExchangeSettings
from tests.exchange.receiver import Receiver, listening
from tests.exchange.world import World, exchange_settings, world_on
from tests.support.databases import TestServer
from tests.support.tokens import Signer


@pytest.fixture
def exchange_url(server: TestServer) -> str:
    return server.service_url("exchange")


@pytest.fixture
def settings(exchange_url: str, tmp_path: Path) -> ExchangeSettings:
    return exchange_settings(exchange_url, tmp_path)


@pytest.fixture
async def world(settings: ExchangeSettings, signer: Signer) -> AsyncIterator[World]:
    async with world_on(settings, signer) as made:
        yield made


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening(Receiver()) as running:
        yield running
