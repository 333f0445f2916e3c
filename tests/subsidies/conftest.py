"""A world per test: the service on a real database, the Anqing pack applied, a fake registry."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.kernel.clock import FixedClock
from services.kernel.database import Database
from services.subsidies.app import create_app
from services.subsidies.settings import SubsidiesSettings
from services.subsidies.tools import make_tools
from tests.subsidies.world import FakeRegistrySnapshots, FakeResolutions, World, apply_anqing, registry_on
from tests.support.databases import TestServer
from tests.support.services import client_of, service_settings
from tests.support.tokens import Signer


@pytest.fixture
def settings(server: TestServer, tmp_path: Path) -> SubsidiesSettings:
    url = server.service_url("subsidies")
    return service_settings(SubsidiesSettings, url, tmp_path, person_key=secrets.token_urlsafe(32))


@pytest.fixture
async def world(settings: SubsidiesSettings, clock: FixedClock, signer: Signer) -> AsyncIterator[World]:
    snapshots = FakeRegistrySnapshots(settings, clock)
    registry = registry_on(snapshots)
    resolutions = FakeResolutions()
    app = create_app(settings, jwks_source=signer.jwks, clock=clock, registry=registry, resolutions=resolutions)
    async with client_of(app) as client:
        database: Database = app.state.database
        await apply_anqing(database, clock)
        tools = make_tools(settings, clock, registry, resolutions)
        yield World(client, database, clock, signer, snapshots, tools, app=app, resolutions=resolutions)
