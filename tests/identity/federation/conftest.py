"""Peers, started once; the hub's clock stands at the machine's time, by which the peers sign."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from services.kernel.clock import FixedClock
from tests.identity.federation.peering import running
from tests.identity.federation.travel import callback_of, provider_id

TEACHER = "teacher"


@dataclass(frozen=True)
class Peer:
    """A running peer: where it is, its clients' secret, and the password of its one user where it has pages."""

    url: str
    secret: str
    password: str = ""


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime.now(UTC))


@pytest.fixture(scope="session")
def oidc_provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """npm's oidc-provider with one client for each signature algorithm, and one that sends its secret in the form."""
    secret = secrets.token_urlsafe(24)
    clients = [
        _client("hub-RS256", secret, 1),
        _client("hub-PS256", secret, 2, id_token_signed_response_alg="PS256"),
        _client("hub-ES256", secret, 3, id_token_signed_response_alg="ES256"),
        _client("hub-HS256", secret, 4, id_token_signed_response_alg="HS256"),
        _client("hub-post", secret, 5, token_endpoint_auth_method="client_secret_post"),
    ]
    config = {"folder": str(tmp_path_factory.mktemp("oidc-provider")), "clients": clients}
    with running("oidc_provider.mjs", config) as url:
        yield Peer(url, secret)


@pytest.fixture(scope="session")
def canaille(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """Canaille with a client as it makes them, one with an audience, and one for which no algorithm was set."""
    secret, password = secrets.token_urlsafe(24), secrets.token_urlsafe(15)
    clients = [
        _client("plain", secret, 1, algorithm="RS256"),
        _client("named", secret, 2, algorithm="RS256", audience=True),
        _client("strong", secret, 3, audience=True),
    ]
    folder = str(tmp_path_factory.mktemp("canaille"))
    config = {"folder": folder, "clients": clients, "user": {"name": TEACHER, "password": password}}
    with running("canaille_provider.py", config) as url:
        yield Peer(url, secret, password)


@pytest.fixture(scope="session")
def cas_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """django-cas-server, which knows the first provider's callback only."""
    password = secrets.token_urlsafe(15)
    config = {
        "folder": str(tmp_path_factory.mktemp("cas")),
        "user": {"name": TEACHER, "password": password},
        "service_pattern": "^" + callback_of(provider_id(1)).replace(".", "\\."),
    }
    with running("cas_server_peer.py", config) as url:
        yield Peer(url, "", password)


def _client(client_id: str, secret: str, number: int, **more: Any) -> dict[str, Any]:
    callback = callback_of(provider_id(number))
    return {"client_id": client_id, "client_secret": secret, "redirect_uris": [callback], **more}
