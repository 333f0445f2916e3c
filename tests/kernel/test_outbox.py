"""The outbox on a real PostgreSQL: order of the commits, no gaps, rights, and the route by which it is collected."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.kernel.app import create_service_app
from services.kernel.clock import FixedClock
from services.kernel.database import Database
from services.kernel.outbox import OFFICE_ONLY, audience_of, events_after, publish
from services.kernel.permissions import Role
from services.kernel.routes import ServiceRoutes
from services.kernel.settings import ServiceSettings
from tests.support.databases import TestServer
from tests.support.services import client_of, service_settings
from tests.support.tokens import Signer

NOON = datetime(2025, 12, 1, 4, tzinfo=UTC)
CLOCK = FixedClock(NOON)
MEMBER = UUID("7f1d3c1e-7b7e-4b0e-9c0a-3f2b6a1d2c3b")
Body = Callable[[httpx.AsyncClient, Database], Awaitable[None]]


@pytest.fixture
def play(server: TestServer, signer: Signer, tmp_path: Path) -> Callable[[Body], None]:
    settings = service_settings(ServiceSettings, server.service_url("registry"), tmp_path)
    app = create_service_app(ServiceRoutes("registry"), "测试", settings, jwks_source=signer.jwks, clock=CLOCK)

    def go(body: Body) -> None:
        async def run() -> None:
            async with client_of(app) as client:
                await body(client, app.state.database)

        asyncio.run(run())

    return go


Play = Callable[[Body], None]


async def tell(database: Database, thing: str, alliance: str = "anqing", **more: Any) -> None:
    async with database.write(alliance) as session:
        data = {"state": "新"}
        publish(session, CLOCK, alliance, "thing.changed", object_kind="thing", object_id=thing, data=data, **more)


def test_a_service_collects_what_changed_in_the_alliance_that_it_names(play: Play, signer: Signer) -> None:
    async def body(client: httpx.AsyncClient, database: Database) -> None:
        await tell(database, "a", division="340822", member=MEMBER)
        await tell(database, "b", division=OFFICE_ONLY)
        await tell(database, "z", "xiaogan")
        service = signer.headers(Role.SERVICE, alliance=None)

        async def ask(alliance: str, **params: int) -> list[dict[str, Any]]:
            headers = {**service, "Hub-Alliance": alliance}
            answer = await client.get("/api/registry/v1/outbox", params=params, headers=headers)
            assert answer.status_code == 200, answer.text
            items: list[dict[str, Any]] = answer.json()["items"]
            return items

        first, second = await ask("anqing")
        assert {**first, "id": None} == {
            "seq": 1,
            "id": None,
            "at": "2025-12-01T04:00:00Z",
            "type": "thing.changed",
            "object_kind": "thing",
            "object_id": "a",
            "division": "340822",
            "member": str(MEMBER),
            "data": {"state": "新"},
            "request_id": "-",
        }
        assert (second["seq"], second["division"], second["member"]) == (2, OFFICE_ONLY, None)
        assert await ask("anqing", limit=1) == [first]
        assert await ask("anqing", after=1) == [second]
        assert await ask("anqing", after=2) == []
        assert [item["object_id"] for item in await ask("xiaogan")] == ["z"]

    play(body)


@pytest.mark.parametrize("role", [Role.SECRETARIAT_HEAD, Role.AUDIT_ADMIN, Role.SYSTEM_ADMIN])
def test_people_do_not_collect(play: Play, signer: Signer, role: Role) -> None:
    async def body(client: httpx.AsyncClient, database: Database) -> None:
        answer = await client.get("/api/registry/v1/outbox", headers=signer.headers(role))
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")

    play(body)


@pytest.mark.parametrize("params", [{"after": -1}, {"after": 2**63}, {"limit": 0}, {"limit": 1001}])
def test_a_page_beyond_the_limits_is_refused(play: Play, signer: Signer, params: dict[str, int]) -> None:
    async def body(client: httpx.AsyncClient, database: Database) -> None:
        headers = {**signer.headers(Role.SERVICE, alliance=None), "Hub-Alliance": "anqing"}
        answer = await client.get("/api/registry/v1/outbox", params=params, headers=headers)
        assert answer.status_code == 422

    play(body)


def test_a_reader_who_pages_by_number_misses_nothing_of_many_writers(play: Play) -> None:
    async def body(_client: httpx.AsyncClient, database: Database) -> None:
        writing = True
        seen: list[int] = []

        async def writer(number: int) -> None:
            for step in range(10):
                async with database.write("anqing") as session:
                    for part in range(1 + step % 3):
                        thing = f"{number}-{step}-{part}"
                        publish(
                            session, CLOCK, "anqing", "thing.changed", object_kind="thing", object_id=thing, data={}
                        )
                    if step % 5 == 4:
                        await session.finish()
                        await session.rollback()

        async def reader() -> None:
            while True:
                last_round = not writing
                async with database.read("anqing") as session:
                    rows = await events_after(session, "anqing", seen[-1] if seen else 0, 7)
                seen.extend(row["seq"] for row in rows)
                if last_round and not rows:
                    return

        reading = asyncio.create_task(reader())
        await asyncio.gather(*(writer(number) for number in range(10)))
        writing = False
        await asyncio.wait_for(reading, 30)
        kept = sum(1 + step % 3 for step in range(10) if step % 5 != 4) * 10
        assert seen == list(range(1, kept + 1))

    play(body)


def test_an_event_of_a_failed_transaction_is_never_told(play: Play) -> None:
    async def body(_client: httpx.AsyncClient, database: Database) -> None:
        with pytest.raises(RuntimeError, match="stop"):
            async with database.write("anqing") as session:
                publish(session, CLOCK, "anqing", "thing.changed", object_kind="thing", object_id="a", data={})
                raise RuntimeError("stop")
        await tell(database, "b")
        async with database.read("anqing") as session:
            assert [(row["seq"], row["object_id"]) for row in await events_after(session, "anqing", 0, 9)] == [(1, "b")]

    play(body)


@pytest.mark.parametrize(
    ("owner", "division", "member"),
    [
        ("division:340822", "340822", None),
        (f"member:{MEMBER}", None, MEMBER),
        ("secretariat", OFFICE_ONLY, None),
        ("department:finance", OFFICE_ONLY, None),
    ],
)
def test_the_audience_of_an_owner(owner: str, division: str | None, member: UUID | None) -> None:
    assert audience_of(owner) == {"division": division, "member": member}
