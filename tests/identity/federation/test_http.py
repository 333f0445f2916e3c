"""The way out: which addresses are permitted, and what an answer may be."""

import asyncio

import pytest
from fastapi import FastAPI, Request

from services.identity.federation.errors import ProviderDown, ProviderMisconfigured
from services.identity.federation.http import ProviderHttp, is_public
from tests.identity.federation.travel import serving_tcp

PUBLIC = ["8.8.8.8", "223.5.5.5", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"]
PRIVATE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1",
    "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "2001:db8::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_private(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("allowed", [False, True])
def test_public_addresses_are_never_asked_without_tls(allowed: bool) -> None:
    """Judged before anything is sent: no machine of the tests can reach this address."""
    with pytest.raises(ProviderMisconfigured) as refused:
        asyncio.run(ProviderHttp(private_allowed=allowed).get("http://8.8.8.8/"))
    assert refused.value.code == "address_not_https"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/", "https://localhost:9/", "http://[::1]:9/", "http://2130706433:9/"]
)
def test_every_spelling_of_a_private_address_is_refused(url: str) -> None:
    with pytest.raises(ProviderMisconfigured) as refused:
        asyncio.run(ProviderHttp(private_allowed=False).get(url))
    assert refused.value.code == "address_private"


def test_the_name_stays_in_the_request_though_the_connection_goes_to_the_judged_address() -> None:
    seen: list[str] = []
    app = FastAPI()

    @app.get("/")
    async def root(request: Request) -> dict[str, str]:
        seen.append(request.headers["host"])
        return {}

    with serving_tcp(app) as url:
        port = url.rpartition(":")[2]
        answer = asyncio.run(ProviderHttp(private_allowed=True).get(f"http://localhost:{port}/"))
    assert answer.json() == {}
    assert seen == [f"localhost:{port}"]


def test_a_provider_that_never_answers_is_given_up() -> None:
    app = FastAPI()

    @app.get("/")
    async def root(request: Request) -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    with serving_tcp(app) as url:
        with pytest.raises(ProviderDown):
            asyncio.run(ProviderHttp(private_allowed=True, total_seconds=0.3).get(url))


@pytest.mark.parametrize("url", ["http://no-such-name.invalid/", "http://127.0.0.1:1/"])
def test_what_cannot_be_reached_is_down(url: str) -> None:
    with pytest.raises(ProviderDown):
        asyncio.run(ProviderHttp(private_allowed=True).get(url))
