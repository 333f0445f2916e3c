"""Who called: forwarding headers count only from configured proxies, and only as far as those wrote them."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.gateway.forwarding import UNKNOWN, Origin, TrustedProxies, rate_key, read_address
from services.gateway.settings import GatewaySettings
from tests.gateway.gateways import client_of, gateway
from tests.support.servers import serving
from tests.support.services import hub_settings
from tests.support.tokens import Signer

PROXIES = TrustedProxies(["10.0.0.0/8", "2001:db8:1::/48", "127.0.0.1"])


def headers(**fields: str) -> list[tuple[bytes, bytes]]:
    return [(name.replace("_", "-").encode(), value.encode()) for name, value in fields.items()]


@pytest.mark.parametrize(
    ("peer", "said", "address"),
    [
        ("203.0.113.9", {"x_forwarded_for": "8.8.8.8"}, "203.0.113.9"),  # a stranger's word
        ("10.0.0.1", {"x_forwarded_for": "8.8.8.8"}, "8.8.8.8"),
        ("10.0.0.1", {"x_forwarded_for": "6.6.6.6, 8.8.8.8"}, "8.8.8.8"),  # what the client said stands left
        ("10.0.0.1", {"x_forwarded_for": "8.8.8.8, 10.9.9.9, 10.1.1.1"}, "8.8.8.8"),
        ("10.0.0.1", {"x_forwarded_for": "8.8.8.8:4711"}, "8.8.8.8"),
        ("10.0.0.1", {"x_forwarded_for": "2001:db8:2::9"}, "2001:db8:2::9"),
        ("10.0.0.1", {"x_forwarded_for": "6.6.6.6, unknown"}, "10.0.0.1"),
        ("10.0.0.1", {"x_forwarded_for": "6.6.6.6, nonsense, 10.2.2.2"}, "10.2.2.2"),
        ("10.0.0.1", {"x_forwarded_for": ""}, "10.0.0.1"),
        ("10.0.0.1", {}, "10.0.0.1"),
        ("::ffff:10.0.0.1", {"x_forwarded_for": "::ffff:8.8.8.8"}, "8.8.8.8"),
        ("2001:db8:1::5", {"x_forwarded_for": "2001:DB8:2::0009"}, "2001:db8:2::9"),
        ("2001:db8:2::5", {"x_forwarded_for": "8.8.8.8"}, "2001:db8:2::5"),
        ("10.0.0.1", {"forwarded": 'for="[2001:db8:2::9]:4711";proto=https;by=10.0.0.1'}, "2001:db8:2::9"),
        ("10.0.0.1", {"forwarded": "for=6.6.6.6, For=8.8.8.8"}, "8.8.8.8"),
        ("10.0.0.1", {"forwarded": "for=_hidden"}, "10.0.0.1"),
        ("10.0.0.1", {"x_forwarded_for": "8.8.8.8", "forwarded": "for=6.6.6.6"}, "8.8.8.8"),
    ],
)
def test_the_caller_is_the_nearest_that_is_no_proxy(peer: str, said: dict[str, str], address: str) -> None:
    assert PROXIES.origin(peer, headers(**said)).address == address


@pytest.mark.parametrize(
    ("peer", "said", "secure"),
    [
        ("10.0.0.1", {"x_forwarded_proto": "https"}, True),
        ("10.0.0.1", {"x_forwarded_proto": "https, http"}, False),
        ("10.0.0.1", {"forwarded": "for=8.8.8.8;proto=HTTPS"}, True),
        ("10.0.0.1", {}, None),
        ("203.0.113.9", {"x_forwarded_proto": "https"}, None),
    ],
)
def test_a_proxy_says_whether_tls_was_spoken(peer: str, said: dict[str, str], secure: bool | None) -> None:
    assert PROXIES.origin(peer, headers(**said)).secure is secure


def test_the_hubs_own_processes_speak_over_a_socket_without_an_address() -> None:
    assert PROXIES.origin(None, []) == Origin(UNKNOWN, None, ours=True)
    assert PROXIES.origin(None, headers(x_forwarded_for="8.8.8.8")) == Origin("8.8.8.8", None, ours=False)
    assert TrustedProxies([]).origin("127.0.0.1", headers(x_forwarded_for="8.8.8.8")) == Origin("127.0.0.1")


def test_several_lines_of_a_header_are_one_list() -> None:
    lines = [*headers(x_forwarded_for="6.6.6.6"), *headers(x_forwarded_for="8.8.8.8")]
    assert PROXIES.origin("10.0.0.1", lines).address == "8.8.8.8"


@given(st.text(max_size=60))
def test_no_header_upsets_it(text: str) -> None:
    value = text.encode("utf-8", "replace")
    for name in (b"x-forwarded-for", b"forwarded", b"x-forwarded-proto"):
        address = PROXIES.origin("10.0.0.1", [(name, value)]).address
        assert read_address(address) is not None


def test_one_ipv6_subscriber_is_counted_as_one() -> None:
    assert rate_key("2001:db8:2::1") == rate_key("2001:db8:2:0:ffff::9") != rate_key("2001:db8:2:1::1")
    assert rate_key("8.8.8.8") == "8.8.8.8"


def test_the_setting_takes_networks_and_refuses_anything_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_GATEWAY_TRUSTED_PROXIES", "10.0.0.0/8, ::1")
    assert GatewaySettings(hub=hub_settings(tmp_path)).trusted_proxies == ("10.0.0.0/8", "::1")
    monkeypatch.setenv("HUB_GATEWAY_TRUSTED_PROXIES", "10.0.0.1/8")
    with pytest.raises(ValidationError, match="trusted_proxies"):
        GatewaySettings(hub=hub_settings(tmp_path))


def test_a_service_is_told_the_callers_address_and_hsts_follows_tls(tmp_path: Path, signer: Signer) -> None:
    from tests.gateway.test_proxy import echo_app

    async def ask(upstream: str, peer: tuple[str, int] | None, said: dict[str, str], url: str) -> tuple[str, bool]:
        app = gateway(tmp_path, signer, upstream, hub={"public_url": url}, trusted_proxies=("10.0.0.1",))
        async with client_of(app, peer=peer) as client:
            answer = await client.get("/x", headers=said)
        told: Any = answer.json()["headers"]["hub-client-address"]
        return told, "strict-transport-security" in answer.headers

    said = {"X-Forwarded-For": "8.8.8.8", "X-Forwarded-Proto": "https"}
    tls, plain = "https://hub.example", "http://127.0.0.1:8000"
    with serving(echo_app(), tmp_path / "e.sock") as upstream:

        async def everything() -> list[tuple[str, bool]]:
            return [
                await ask(upstream, ("10.0.0.1", 1), said, plain),
                await ask(upstream, ("10.0.0.2", 1), said, plain),
                await ask(upstream, ("10.0.0.2", 1), said, tls),
                await ask(upstream, ("10.0.0.1", 1), {"X-Forwarded-Proto": "http"}, tls),
                await ask(upstream, None, said, plain),
            ]

        found = asyncio.run(everything())
    assert found == [("8.8.8.8", True), ("10.0.0.2", False), ("10.0.0.2", True), ("10.0.0.1", False), ("8.8.8.8", True)]
