"""A targets service with the Anqing pack applied, and clients of each role."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.kernel.clock import FixedClock
from services.kernel.database import Database
from services.kernel.permissions import Role
from services.kernel.policy.canonical import pack_parts
from services.kernel.policy.check import check_pack
from services.kernel.policy_versions import AppliedVersion
from services.kernel.principal import Principal
from services.targets.app import create_app
from services.targets.commands.apply_policy import apply_policy
from services.targets.settings import TargetsSettings
from tests.support.databases import TestServer
from tests.support.services import client_of, service_settings
from tests.support.tokens import ISSUER, Signer

PACK = Path(__file__).resolve().parents[2] / "policies" / "anqing-2024"
OPERATOR = Principal("operator", "运维", Role.SECRETARIAT_CLERK, "anqing", frozenset())
Talk = Callable[[Callable[[httpx.AsyncClient], Coroutine[Any, Any, Any]]], Any]


@cache
def anqing_parts() -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    pack = check_pack(PACK).pack
    assert pack is not None
    parts = pack_parts(pack)
    return {str(p.part): p.payload for p in parts}, {str(p.part): p.sha256 for p in parts}


async def apply_anqing(url: str, clock: FixedClock, principal: Principal = OPERATOR) -> AppliedVersion:
    parts, hashes = anqing_parts()
    database = Database(url)
    try:
        async with database.write(principal.alliance) as session:
            return await apply_policy(session, clock, principal, "anqing-2024", parts, hashes)
    finally:
        await database.close()


@pytest.fixture
def url(server: TestServer) -> str:
    return server.service_url("targets")


@pytest.fixture
def app(url: str, clock: FixedClock, signer: Signer, tmp_path: Path) -> FastAPI:
    asyncio.run(apply_anqing(url, clock))
    settings = service_settings(TargetsSettings, url, tmp_path)
    return create_app(settings, jwks_source=signer.jwks, clock=clock)


@pytest.fixture
def talk(app: FastAPI) -> Talk:
    """Run a conversation with the service; each request brings the headers of its caller."""

    def go(call: Callable[[httpx.AsyncClient], Coroutine[Any, Any, Any]]) -> Any:
        async def body() -> Any:
            async with client_of(app) as client:
                client.base_url = httpx.URL(f"{ISSUER}/api/targets/v1")
                return await call(client)

        return asyncio.run(body())

    return go


@pytest.fixture
def secretariat(signer: Signer) -> dict[str, str]:
    return signer.headers("secretariat_clerk")


@pytest.fixture
def college(signer: Signer) -> dict[str, str]:
    member = "8b6f2c3e-7d0a-4c2b-9a51-0d9c1f6f2a01"
    return signer.headers("unit_reporter", member=member, sub="college-1", name="安庆职业技术学院 填报员")


@pytest.fixture
def huaining(signer: Signer) -> dict[str, str]:
    return signer.headers("county_clerk", division="340822", sub="huaining-1", name="怀宁县教育局 经办")
