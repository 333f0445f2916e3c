"""The application factory end to end: problems, idempotency, ETag, commit before the response, health."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Response
from pydantic import BaseModel, Field
from sqlalchemy import insert, select, text

from services.kernel.app import create_service_app
from services.kernel.auth import requires
from services.kernel.clock import FixedClock
from services.kernel.errors import Conflict, NotFound
from services.kernel.etags import check_version, if_match, set_etag
from services.kernel.idempotency import IdempotentCreate
from services.kernel.permissions import Permission
from services.kernel.principal import Principal
from services.kernel.routes import ServiceRoutes
from services.kernel.sessions import Reading, Writing
from services.kernel.settings import ServiceSettings
from services.kernel.shared_tables import snapshot
from tests.support.databases import TestServer
from tests.support.services import client_of, service_settings
from tests.support.tokens import Signer

NOON = datetime(2025, 12, 1, 4, tzinfo=UTC)
Settles = Annotated[Principal, requires(Permission.SUBSIDIES_SETTLE)]


class Thing(BaseModel):
    name: str = Field(min_length=2)
    size: int = Field(ge=1)


def row(name: str) -> dict[str, Any]:
    return {"alliance": "anqing", "source": name, "version": "1", "fetched_at": NOON, "content": {}}


def router() -> APIRouter:
    api = APIRouter()

    @api.post("/things", status_code=201)
    async def create(thing: Thing, session: Writing, once: IdempotentCreate) -> Response:
        if (earlier := await once.replay()) is not None:
            return earlier
        await session.execute(insert(snapshot).values(row(thing.name)))
        return await once.answer(thing)

    @api.get("/things")
    async def names(session: Reading) -> list[str]:
        return list((await session.scalars(select(snapshot.c.source).order_by(snapshot.c.source))).all())

    @api.post("/late-failure")
    async def late_failure(session: Writing) -> dict[str, str]:
        await session.execute(
            text("CREATE TEMP TABLE t (x int, CONSTRAINT one UNIQUE (x) DEFERRABLE INITIALLY DEFERRED)")
        )
        await session.execute(text("INSERT INTO t VALUES (1), (1)"))
        return {"said": "all is well"}

    @api.post("/settle")
    async def settle(principal: Settles) -> str:
        return principal.name

    @api.put("/versioned")
    async def versioned(response: Response, given: Annotated[str, Depends(if_match)]) -> str:
        check_version(given, 3)
        set_etag(response, 4)
        return "ok"

    @api.get("/missing")
    async def missing() -> None:
        raise NotFound("没有这条记录。", code="thing_not_found")

    @api.get("/slow")
    async def slow(session: Reading) -> None:
        await session.execute(text("SET LOCAL statement_timeout = '20ms'"))
        await session.execute(text("SELECT pg_sleep(5)"))

    @api.get("/broken")
    async def broken() -> None:
        raise RuntimeError("secret detail")

    @api.post("/partial")
    async def partial(session: Writing) -> None:
        await session.execute(insert(snapshot).values(row("half")))
        raise Conflict("不行。")

    return api


@pytest.fixture
def app(server: TestServer, signer: Signer, tmp_path: Path) -> FastAPI:
    settings = service_settings(ServiceSettings, server.service_url("registry"), tmp_path)
    routes = ServiceRoutes("registry", router())
    return create_service_app(routes, "测试", settings, jwks_source=signer.jwks, clock=FixedClock(NOON))


Call = Callable[[httpx.AsyncClient], Awaitable[Any]]


@pytest.fixture
def talk(app: FastAPI, signer: Signer) -> Callable[[Call], Any]:
    def go(call: Call) -> Any:
        async def body() -> Any:
            base = {"headers": signer.headers("secretariat_clerk")}
            async with client_of(app, **base) as client:
                client.base_url = httpx.URL(f"{client.base_url}/api/registry/v1")
                return await call(client)

        return asyncio.run(body())

    return go


def test_every_field_fault_comes_at_once_in_chinese(talk: Callable[[Call], Any]) -> None:
    answer = talk(lambda c: c.post("/things", json={"name": "x", "size": 0}))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert answer.headers["content-type"] == "application/problem+json"
    faults = {e["field"]: e["message"] for e in answer.json()["errors"]}
    assert faults == {"name": "太短，至少 2 个字。", "size": "不能小于 1。"}
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_the_same_key_is_carried_out_once_and_answered_alike(talk: Callable[[Call], Any]) -> None:
    async def twice(client: httpx.AsyncClient) -> Any:
        key = {"Idempotency-Key": "k-1"}
        first = await client.post("/things", json={"name": "甲甲", "size": 1}, headers=key)
        again = await client.post("/things", json={"name": "甲甲", "size": 1}, headers=key)
        other = await client.post("/things", json={"name": "乙乙", "size": 1}, headers=key)
        return first, again, other, (await client.get("/things")).json()

    first, again, other, names = talk(twice)
    assert (first.status_code, again.status_code, first.content) == (201, 201, again.content)
    assert again.headers["idempotent-replay"] == "true"
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    assert names == ["甲甲"]


def test_concurrent_requests_with_one_key_make_one_thing(talk: Callable[[Call], Any]) -> None:
    async def race(client: httpx.AsyncClient) -> Any:
        key = {"Idempotency-Key": "k-2"}
        send = [client.post("/things", json={"name": "丙丙", "size": 1}, headers=key) for _ in range(5)]
        answers = await asyncio.gather(*send)
        return [a.status_code for a in answers], (await client.get("/things")).json()

    assert talk(race) == ([201] * 5, ["丙丙"])


def test_a_commit_that_fails_never_answers_200(talk: Callable[[Call], Any]) -> None:
    answer = talk(lambda c: c.post("/late-failure"))
    assert (answer.status_code, answer.json()["code"]) == (409, "constraint_one")


def test_a_refused_command_leaves_nothing(talk: Callable[[Call], Any]) -> None:
    async def body(client: httpx.AsyncClient) -> Any:
        refused = await client.post("/partial")
        return refused.status_code, (await client.get("/things")).json()

    assert talk(body) == (409, [])


def test_an_update_needs_the_version_that_was_read(talk: Callable[[Call], Any]) -> None:
    async def body(client: httpx.AsyncClient) -> list[int]:
        tags = [{}, {"If-Match": '"2"'}, {"If-Match": '"3"'}]
        return [(await client.put("/versioned", headers=tag)).status_code for tag in tags]

    assert talk(body) == [428, 412, 200]


def test_errors_of_the_domain_and_of_the_program_are_told_apart(talk: Callable[[Call], Any]) -> None:
    missing = talk(lambda c: c.get("/missing"))
    assert (missing.status_code, missing.json()["code"]) == (404, "thing_not_found")
    broken = talk(lambda c: c.get("/broken"))
    assert (broken.status_code, broken.json()["code"]) == (500, "internal")
    assert "secret detail" not in broken.text
    unknown = talk(lambda c: c.get("/nowhere"))
    assert (unknown.status_code, unknown.json()["title"]) == (404, "没有这个地址")


def test_a_statement_that_takes_too_long_is_told_with_what_to_do(app: FastAPI, signer: Signer) -> None:
    async def body() -> httpx.Response:
        async with client_of(app) as client:
            return await client.get("/api/registry/v1/slow", headers=signer.headers("secretariat_clerk"))

    answer = asyncio.run(body())
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "unavailable", "5")
    assert "缩小查询范围" in answer.json()["detail"]


def test_a_role_without_the_permission_is_refused(app: FastAPI, signer: Signer) -> None:
    async def body() -> list[tuple[int, str]]:
        async with client_of(app) as client:
            path = "/api/registry/v1/settle"
            county = signer.headers("county_clerk", division="340822")
            sent = [{}, county, signer.headers("secretariat_clerk")]
            answers = [await client.post(path, headers=headers) for headers in sent]
            return [(a.status_code, a.json()["code"] if a.status_code > 200 else a.json()) for a in answers]

    assert asyncio.run(body()) == [(401, "not_signed_in"), (403, "forbidden"), (200, "测试人员")]


def test_health_and_metrics(app: FastAPI) -> None:
    async def body() -> None:
        async with client_of(app) as client:
            assert (await client.get("/livez")).json() == {"status": "alive"}
            assert (await client.get("/readyz")).json() == {"database": "ready"}
            assert (
                'hub_requests_total{method="GET",service="registry",status="200"}'
                in (await client.get("/metrics")).text
            )

    asyncio.run(body())
