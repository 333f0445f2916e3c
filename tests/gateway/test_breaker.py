"""A part that does not answer is not asked for a while; the others are."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.gateway.breaker import WINDOW_REQUESTS, WINDOW_SECONDS, Breaker, BreakerLimits, State
from tests.gateway.gateways import client_of, gateway
from tests.gateway.services import OK, Service, answers
from tests.support.tokens import Signer


@dataclass
class Watch:
    """A clock in seconds that the test moves."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def told() -> list[State]:
    return []


@pytest.fixture
def breaker(watch: Watch, told: list[State]) -> Breaker:
    return Breaker(BreakerLimits(faults=3, share=0.5, seconds=4.0), watch, told.append)


def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        assert breaker.refuses_for() == 0
        breaker.failed()


def test_faults_in_a_row_open_it_and_it_says_for_how_long(breaker: Breaker, watch: Watch) -> None:
    fail(breaker, 2)
    breaker.answered()
    fail(breaker, 2)
    assert breaker.refuses_for() == 0
    breaker.failed()
    assert breaker.refuses_for() == 4
    watch.now += 1.5
    assert breaker.refuses_for() == 3


def test_one_request_probes_and_its_answer_closes_it(breaker: Breaker, watch: Watch, told: list[State]) -> None:
    fail(breaker, 3)
    watch.now += 4
    assert [breaker.refuses_for(), breaker.refuses_for(), breaker.refuses_for()] == [0, 1, 1]
    breaker.answered()
    assert [breaker.refuses_for(), breaker.refuses_for()] == [0, 0]
    assert told == [State.CLOSED, State.OPEN, State.PROBING, State.CLOSED]


def test_a_probe_that_fails_opens_it_again(breaker: Breaker, watch: Watch) -> None:
    fail(breaker, 3)
    watch.now += 4
    assert breaker.refuses_for() == 0
    breaker.failed()
    assert breaker.refuses_for() == 4


def test_a_probe_that_says_nothing_lets_the_next_one_try(breaker: Breaker, watch: Watch) -> None:
    fail(breaker, 3)
    watch.now += 4
    assert breaker.refuses_for() == 0
    breaker.gave_up()
    assert breaker.refuses_for() == 0


def test_a_share_of_faults_opens_it_once_there_are_enough_requests(breaker: Breaker) -> None:
    for number in range(WINDOW_REQUESTS - 1):
        assert breaker.refuses_for() == 0, number
        breaker.failed() if number % 2 else breaker.answered()
    breaker.failed()
    assert breaker.state is State.OPEN


def test_old_faults_are_forgotten(breaker: Breaker, watch: Watch) -> None:
    for number in range(WINDOW_REQUESTS * 2):
        watch.now += WINDOW_SECONDS / 10
        breaker.failed() if number % 3 == 0 else breaker.answered()
    assert breaker.state is State.CLOSED


def test_late_faults_do_not_keep_it_open(breaker: Breaker, watch: Watch) -> None:
    fail(breaker, 3)
    watch.now += 3.5
    breaker.failed()
    watch.now += 0.5
    assert breaker.refuses_for() == 0


# --- in the gateway ---


async def with_part(
    tmp_path: Path, signer: Signer, use: Callable[[httpx.AsyncClient, Path], Any], **options: Any
) -> Any:
    """A gateway whose subsidies part is `down.sock`, all others a service that answers `hi`."""
    up = tmp_path / "up.sock"
    server = await asyncio.start_unix_server(Service(answers(*[OK] * 50)), str(up))
    parts = {"subsidies": f"unix://{tmp_path}/down.sock"}
    app = gateway(tmp_path, signer, f"unix://{up}", parts=parts, **options)
    async with client_of(app) as client:
        client.headers.update(signer.headers("secretariat_clerk"))
        found = await use(client, tmp_path / "down.sock")
    server.close()
    await asyncio.sleep(0.02)
    return found


CLAIMS, MEMBERS = "/api/subsidies/v1/claims", "/api/registry/v1/members"


def test_a_dead_part_is_named_and_the_others_answer(tmp_path: Path, signer: Signer) -> None:
    async def use(client: httpx.AsyncClient, _path: Path) -> None:
        before = (await client.get("/readyz")).json()
        assert set(before.values()) == {"ready"}
        for _ in range(3):
            answer = await client.get(CLAIMS)
            assert (answer.status_code, answer.json()["code"]) == (503, "part_unavailable")
            assert "奖补资金暂时无法使用，其他部分不受影响" in answer.json()["detail"]
            assert int(answer.headers["retry-after"]) >= 1
        assert (await client.get(MEMBERS)).status_code == 200
        ready = await client.get("/readyz")
        assert ready.status_code == 200
        assert {part for part, state in ready.json().items() if state == "failing"} == {"subsidies"}
        metrics = (await client.get("/metrics")).text
        assert 'hub_gateway_part_state{part="subsidies"} 2.0' in metrics
        assert 'hub_gateway_part_state{part="registry"} 0.0' in metrics
        assert 'hub_gateway_refused_total{code="part_unavailable"} 3.0' in metrics

    asyncio.run(with_part(tmp_path, signer, use, breaker_faults=3, breaker_seconds=30))


def test_an_open_breaker_spares_the_part_and_a_probe_brings_it_back(tmp_path: Path, signer: Signer) -> None:
    async def use(client: httpx.AsyncClient, path: Path) -> tuple[list[int], int]:
        assert [(await client.get(CLAIMS)).status_code for _ in range(2)] == [503, 503]
        service = Service(answers(OK, OK))
        server = await asyncio.start_unix_server(service, str(path))
        spared = await client.get(CLAIMS)
        assert (spared.status_code, service.connections) == (503, 0)
        statuses: list[int] = []
        async with asyncio.timeout(10):
            while 200 not in statuses:
                await asyncio.sleep(0.05)
                statuses.append((await client.get(CLAIMS)).status_code)
        statuses.append((await client.get(CLAIMS)).status_code)
        server.close()
        return statuses[-2:], service.connections

    assert asyncio.run(with_part(tmp_path, signer, use, breaker_faults=2, breaker_seconds=0.3)) == ([200, 200], 1)


def test_a_service_that_says_503_itself_is_asked_again(tmp_path: Path, signer: Signer) -> None:
    busy = b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n"

    async def use(client: httpx.AsyncClient, path: Path) -> list[int]:
        server = await asyncio.start_unix_server(Service(answers(busy, busy, OK)), str(path))
        found = [(await client.get(CLAIMS)).status_code for _ in range(3)]
        server.close()
        return found

    assert asyncio.run(with_part(tmp_path, signer, use, breaker_faults=2)) == [503, 503, 200]
