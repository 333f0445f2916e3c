"""Fixtures that every suite shares: one real PostgreSQL per test process, migrated once per service."""

from collections.abc import Iterator
from datetime import UTC, datetime

import hypothesis
import pytest

from services.kernel.clock import FixedClock
from tests.support.databases import TestServer, running_server
from tests.support.engines import compiled_once
from tests.support.hub_fixture import hub
from tests.support.tokens import Signer

__all__ = ["hub"]
hypothesis.settings.register_profile("hub", deadline=None)  # a busy machine is no fault
hypothesis.settings.load_profile("hub")


@pytest.fixture(scope="session")
def server() -> Iterator[TestServer]:
    """A PostgreSQL of this test process's own; schemas are migrated when a test first asks for them."""
    with running_server() as started, compiled_once():
        yield started


@pytest.fixture(scope="session")
def signer() -> Signer:
    """Signs access tokens as identity does, with a key made for this test process."""
    return Signer()


@pytest.fixture
def clock() -> FixedClock:
    """Noon in Anqing on 1 December 2025: after the demonstration's snapshot date."""
    return FixedClock(datetime(2025, 12, 1, 4, 0, tzinfo=UTC))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


WHOLE_HUB_SUITES = ("browser", "e2e")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the whole running hub: `make test` runs it by itself, so that one hub is started for all."""
    for item in items:
        if item.path.parent.name in WHOLE_HUB_SUITES:
            item.add_marker(pytest.mark.whole_hub)
