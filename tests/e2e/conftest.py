"""What the tests of the whole hub share: its callers, and the operations that its services describe."""

import asyncio

import httpx
import pytest

from services.gateway.routes import API_SERVICES
from services.kernel.permissions import Role
from tests.e2e.operations import Operation, operations_of
from tests.support.callers import Callers
from tests.support.running_hub import RunningHub


@pytest.fixture(scope="session")
def callers(hub: RunningHub) -> Callers:
    """Everyone who may ask, each signed in once."""
    return Callers(hub)


@pytest.fixture(scope="session")
def operations(hub: RunningHub, callers: Callers) -> list[Operation]:
    """Every operation of every service, read through the gateway as any signed-in caller may."""

    async def read() -> list[Operation]:
        headers = (await callers.person(Role.SECRETARIAT_CLERK)).headers
        async with httpx.AsyncClient(base_url=hub.url, headers=headers, timeout=60) as http:
            answers = [await http.get(f"/api/{service}/v1/openapi.json") for service in API_SERVICES]
        return [operation for answer in answers for operation in operations_of(answer.raise_for_status().json())]

    return asyncio.run(read())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What kills parts of the hub runs after everything that shares it."""
    items.sort(key=lambda item: item.path.name == "test_chaos.py")
