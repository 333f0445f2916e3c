"""The doors of the gateway's comparison: every one leads to the same answer, and those that verify refuse strangers."""

import asyncio
import os
import sys
from pathlib import Path

import httpx
import pytest

from tests.bench.contenders_gateway import DIRECT, GATEWAY, check_doors, doors, running
from tests.bench.gateway_target import AUTH_PATH, PATH, create_app, page
from tests.bench.load import by_aiohttp
from tests.support.tokens import Signer


@pytest.mark.processes
def test_the_real_processes_answer_alike_and_end_with_the_block() -> None:
    with doors() as opened:
        asyncio.run(check_doors(opened))
        assert {DIRECT, GATEWAY} <= set(opened.urls)
        load = asyncio.run(by_aiohttp(opened.urls[DIRECT], opened.headers, 0.3))
        assert load.per_second > 0
        assert 0 < load.p50 <= load.p95
        folder = opened.folder
    assert not folder.exists()
    for url in opened.urls.values():
        with pytest.raises(httpx.ConnectError):
            httpx.get(url)


def test_a_process_that_dies_while_it_is_measured_is_told(tmp_path: Path) -> None:
    gone = [sys.executable, "-c", "print('no room here')"]
    with (
        pytest.raises(RuntimeError, match="no room here"),
        running(gone, tmp_path, "target", os.environ) as process,
    ):
        process.wait(30)


async def _ask(path: str, headers: dict[str, str], signer: Signer) -> httpx.Response:
    transport = httpx.ASGITransport(app=create_app(await signer.jwks()))
    async with httpx.AsyncClient(transport=transport, base_url="http://target") as client:
        return await client.get(path, headers=headers)


def test_auth_request_verifies_as_the_gateway_does(signer: Signer) -> None:
    good = signer.headers("secretariat_clerk")
    ended = signer.headers("secretariat_clerk", exp=1)
    statuses = [asyncio.run(_ask(AUTH_PATH, headers, signer)).status_code for headers in (good, ended, {})]
    assert statuses == [200, 401, 401]


def test_the_endpoint_answers_a_list_in_the_hubs_form(signer: Signer) -> None:
    answer = asyncio.run(_ask(PATH, {}, signer))
    assert answer.json() == page().model_dump()
    assert set(answer.json()) == {"items", "next_cursor", "total"}
