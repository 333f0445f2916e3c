"""A freshly generated environment file, and the compose file as it reads with it."""

import pytest

from hub.secrets_file import environment_file
from tests.deploy.files import Service, parse_environment_file, services


@pytest.fixture(scope="session")
def generated() -> dict[str, str]:
    return parse_environment_file(environment_file(database_host="postgres", public_url="https://hub.example.org"))


@pytest.fixture
def composed(generated: dict[str, str]) -> dict[str, Service]:
    return services(generated)
