"""Limits by caller and by address: who is counted as one, what the refusal says, when the next request passes."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.gateway.settings import GatewaySettings
from services.kernel.clock import FixedClock
from tests.gateway.gateways import again, client_of, gateway
from tests.gateway.test_proxy import echo_app
from tests.support.servers import serving
from tests.support.services import hub_settings
from tests.support.tokens import Signer

MEMBERS = "/api/registry/v1/members"
FAR, OTHER = ("203.0.113.9", 1), ("203.0.113.10", 1)


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(echo_app(), tmp_path_factory.mktemp("r") / "e.sock") as address:
        yield address


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 22, 8, 0, 0, tzinfo=UTC))


@pytest.fixture
def make(upstream: str, signer: Signer, tmp_path: Path, clock: FixedClock) -> Any:
    def build(**options: Any) -> Any:
        return gateway(tmp_path, signer, upstream, clock=clock, **options)

    return build


async def statuses(client: httpx.AsyncClient, path: str, times: int, **options: Any) -> list[int]:
    method = options.pop("method", "GET")
    return [(await client.request(method, path, **options)).status_code for _ in range(times)]


def test_each_session_has_its_own_count(make: Any, signer: Signer) -> None:
    async def use() -> None:
        async with client_of(make(rate_per_client=3), peer=FAR) as client:
            one, two = (signer.headers("secretariat_clerk", sub="a", sid=sid) for sid in ("s1", "s2"))
            assert await statuses(client, MEMBERS, 5, headers=one) == [200, 200, 200, 429, 429]
            assert await statuses(client, MEMBERS, 3, headers=two) == [200, 200, 200]
            renewed = signer.headers("secretariat_clerk", sub="a", sid="s1", jti="another")
            assert await statuses(client, MEMBERS, 1, headers=renewed) == [429], "a new token is no new caller"

    asyncio.run(use())


def test_a_verified_caller_is_not_counted_by_its_address(make: Any, signer: Signer) -> None:
    async def use() -> None:
        async with client_of(make(rate_per_address=2), peer=FAR) as client:
            assert await statuses(client, MEMBERS, 4, headers=signer.headers("leader")) == [200] * 4
            assert await statuses(client, "/members", 3) == [200, 200, 429]

    asyncio.run(use())


def test_bad_tokens_are_counted_by_address(make: Any, signer: Signer) -> None:
    async def use() -> None:
        async with client_of(make(rate_per_address=2), peer=FAR) as client:
            forged = Signer().headers("secretariat_clerk")
            assert await statuses(client, MEMBERS, 3, headers=forged) == [401, 401, 429]
            assert await statuses(client, "/nowhere", 1) == [429]
            assert await statuses(client, MEMBERS, 1, headers=signer.headers("leader")) == [200]
            async with again(client._transport.app, peer=OTHER) as elsewhere:  # type: ignore[attr-defined]
                assert await statuses(elsewhere, "/members", 1) == [200]

    asyncio.run(use())


def test_an_ipv6_network_is_one_address(make: Any) -> None:
    async def use() -> None:
        app = make(rate_per_address=1)
        async with client_of(app, peer=("2001:db8::1", 1)) as client:
            assert await statuses(client, "/x", 1) == [200]
            for peer, status in (("2001:db8::2", 429), ("2001:db8:0:1::1", 200), ("::ffff:203.0.113.1", 200)):
                async with again(app, peer=(peer, 1)) as other:
                    assert await statuses(other, "/x", 1) == [status], peer
            async with again(app, peer=("203.0.113.1", 1)) as mapped:
                assert await statuses(mapped, "/x", 1) == [429]

    asyncio.run(use())


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/authorize", "/oauth/invitation/x"])
def test_passwords_codes_and_secrets_are_tried_fewer_times(make: Any, path: str) -> None:
    async def use() -> None:
        async with client_of(make(rate_sign_in=2), peer=FAR) as client:
            assert await statuses(client, path, 3, method="POST") == [200, 200, 429]
            assert await statuses(client, "/oauth/authorize", 1) == [200], "looking at the form is no try"

    asyncio.run(use())


def test_the_hubs_own_processes_and_proxies_are_no_strangers(make: Any) -> None:
    async def use() -> None:
        app = make(rate_sign_in=1, rate_per_address=1, trusted_proxies=("10.0.0.0/8",))
        async with client_of(app, peer=None) as own:
            assert await statuses(own, "/oauth/token", 3, method="POST") == [200] * 3
            async with again(app, peer=("10.0.0.1", 1)) as proxy:
                assert await statuses(proxy, "/oauth/token", 3, method="POST") == [200] * 3
                said = {"X-Forwarded-For": "203.0.113.7"}
                assert await statuses(proxy, "/x", 2, headers=said) == [200, 429]

    asyncio.run(use())


def test_the_refusal_says_when_and_then_the_next_request_passes(make: Any, clock: FixedClock) -> None:
    async def use() -> None:
        async with client_of(make(rate_per_address=4), peer=FAR) as client:
            clock.advance(timedelta(seconds=17))
            assert await statuses(client, "/x", 4) == [200] * 4
            for _ in range(6):  # each time that it said is exact to the second
                refused = await client.get("/x")
                assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
                assert refused.headers["content-type"] == "application/problem+json"
                assert refused.headers["ratelimit-policy"] == '"address";q=4;w=60'
                seconds = int(refused.headers["retry-after"])
                assert refused.headers["ratelimit"] == f'"address";r=0;t={seconds}'
                assert f"{seconds} 秒后" in refused.json()["detail"]
                clock.advance(timedelta(seconds=seconds - 1.01))
                assert (await client.get("/x")).status_code == 429
                clock.advance(timedelta(seconds=1.02))
                assert (await client.get("/x")).status_code == 200

    asyncio.run(use())


def test_no_minute_has_more_than_the_rate(make: Any, clock: FixedClock) -> None:
    """A burst at the end of one window and another at the beginning of the next: the sliding window sees both."""

    async def use() -> None:
        async with client_of(make(rate_per_address=10), peer=FAR) as client:
            clock.advance(timedelta(seconds=59))
            assert (await statuses(client, "/x", 12)).count(200) == 10
            clock.advance(timedelta(seconds=2))
            assert (await statuses(client, "/x", 12)).count(200) == 1
            clock.advance(timedelta(minutes=2))
            assert (await statuses(client, "/x", 12)).count(200) == 10

    asyncio.run(use())


def test_zero_switches_a_limit_off_and_answers_tell_the_policy(make: Any, signer: Signer) -> None:
    async def use() -> None:
        off = {"rate_per_client": 0, "rate_per_address": 0, "rate_sign_in": 0}
        async with client_of(make(**off), peer=FAR) as client:
            assert await statuses(client, "/oauth/token", 5, method="POST") == [200] * 5
            answer = await client.get(MEMBERS, headers=signer.headers("leader"))
            assert "ratelimit-policy" not in answer.headers
        async with client_of(make(), peer=FAR) as client:
            answer = await client.get(MEMBERS, headers=signer.headers("leader"))
            assert answer.headers["ratelimit-policy"] == '"client";q=3000;w=60'

    asyncio.run(use())


def test_the_defaults(tmp_path: Path) -> None:
    settings = GatewaySettings(hub=hub_settings(tmp_path))
    assert (settings.rate_per_client, settings.rate_per_address, settings.rate_sign_in) == (3000, 6000, 120)


def test_strangers_apply_and_ask_less_often_than_they_read(make: Any) -> None:
    public = "/api/registry/v1/public/applications"

    async def use() -> None:
        async with client_of(make(rate_public=2), peer=FAR) as client:
            assert await statuses(client, f"{public}/form", 4) == [200] * 4, "reading is not counted so tightly"
            assert await statuses(client, public, 1, method="POST") == [200]
            assert await statuses(client, f"{public}/inquiry", 2, method="POST") == [200, 429]
            refused = await client.post(public)
            assert refused.headers["RateLimit-Policy"] == '"public";q=2;w=60'
            assert "提交或查询过于频繁" in refused.json()["detail"]
            assert await statuses(client, MEMBERS, 1) == [401], "what asks for a token still does"
        async with client_of(make(rate_public=2), peer=OTHER) as client:
            assert await statuses(client, public, 1, method="POST") == [200]

    asyncio.run(use())


def test_what_a_stranger_sends_is_small(make: Any) -> None:
    public = "/api/registry/v1/public/applications"

    async def use() -> None:
        async with client_of(make(public_body_limit=1000), peer=FAR) as client:
            assert (await client.post(public, content=b"x" * 1000)).status_code == 200
            assert (await client.post(public, content=b"x" * 1001)).status_code == 413

    asyncio.run(use())


def test_an_applicant_s_papers_are_larger_and_counted_alike(make: Any) -> None:
    papers = "/api/registry/v1/public/applications/papers"

    async def use() -> None:
        async with client_of(make(public_body_limit=1000, public_upload_limit=5000, rate_public=2), peer=FAR) as client:
            assert (await client.post(papers, content=b"x" * 5000)).status_code == 200
            assert (await client.post(papers, content=b"x" * 5001)).status_code == 413
            assert (await client.post(papers, content=b"x")).status_code == 429

    asyncio.run(use())
