"""A registry under test: its application on an emptied schema, a client per role, and a worker that runs its queue."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from sqlalchemy import text

from services.kernel.clock import FixedClock
from services.kernel.database import Database
from services.kernel.identifiers import uscc_check_character
from services.kernel.jobs import run_job
from services.registry import jobs
from services.registry.app import create_app
from services.registry.clients.others import Neighbours
from services.registry.settings import RegistrySettings
from tests.support.databases import TestServer
from tests.support.services import client_of, service_settings
from tests.support.tokens import Signer

BASE = "/api/registry/v1"
T = TypeVar("T")


@dataclass
class Registry:
    """The service, and how tests speak to it."""

    settings: RegistrySettings
    signer: Signer
    clock: FixedClock
    neighbours: Neighbours | None = None

    def run(self, scenario: Callable[["Caller"], Awaitable[T]]) -> T:
        """Run one scenario with the application up; the caller it gets is the secretariat."""

        async def body() -> T:
            app = create_app(self.settings, jwks_source=self.signer.jwks, clock=self.clock, neighbours=self.neighbours)
            async with client_of(app) as http:
                return await scenario(Caller(self, http, self.signer.headers("secretariat_clerk")))

        return asyncio.run(body())

    async def work(self) -> None:
        """Run every queued job, as the worker does."""
        database = Database(self.settings.database_url.get_secret_value(), clock=self.clock)
        try:
            async with database.engine.begin() as connection:
                rows = await connection.execute(text("DELETE FROM pgqueuer RETURNING payload"))
                references = [bytes(row.payload) for row in rows]
            for reference in references:
                await run_job(database, self.clock, jobs.handlers(self.settings), reference)
        finally:
            await database.close()


@dataclass
class Caller:
    """One caller's requests; paths begin after `/api/registry/v1`."""

    registry: Registry
    http: httpx.AsyncClient
    headers: dict[str, str]

    def acting(self, role: str, **claims: Any) -> "Caller":
        return Caller(self.registry, self.http, self.registry.signer.headers(role, **claims))

    async def get(self, path: str, headers: dict[str, str] | None = None, **query: Any) -> httpx.Response:
        return await self.http.get(BASE + path, params=query, headers={**self.headers, **(headers or {})})

    async def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.post(BASE + path, json=body, headers={**self.headers, **named})

    async def put(self, path: str, body: Any, etag: str | None) -> httpx.Response:
        named = {"If-Match": etag} if etag else {}
        return await self.http.put(BASE + path, json=body, headers={**self.headers, **named})

    async def create(self, path: str, body: Any) -> dict[str, Any]:
        answer = await self.post(path, body)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def upload(self, content: bytes, name: str = "成员单位.xlsx") -> httpx.Response:
        files, kind = {"file": (name, content)}, {"kind": "members"}
        return await self.http.post(f"{BASE}/change-sets", params=kind, files=files, headers=self.headers)

    async def imported(self, content: bytes) -> dict[str, Any]:
        """Send a workbook, apply what it would do, and return how that ended, with every fault of every row."""
        started = await self.upload(content)
        assert started.status_code == 202, started.text
        found = await self.worked(started.json())
        if found["new"] + found["changed"]:
            path, seen = f"/change-sets/{found['id']}/application", f'"{found["row_version"]}"'
            asked = await self.post(path, {}, If_Match=seen)
            assert asked.status_code == 202, asked.text
            found = await self.worked(asked.json())
        rows = (await self.get(f"/change-sets/{found['id']}/rows", outcome="rejected", limit=200)).json()["items"]
        return {**found, "issues": [issue for row in rows for issue in row["issues"]]}

    async def worked(self, change_set: dict[str, Any]) -> dict[str, Any]:
        """Let the worker run, and return the change set as it then stands."""
        await self.registry.work()
        job = (await self.get(f"/jobs/{change_set['job']}")).json()
        assert job["state"] == "succeeded", job
        found: dict[str, Any] = (await self.get(f"/change-sets/{change_set['id']}")).json()
        return found


@pytest.fixture
def registry(server: TestServer, signer: Signer, clock: FixedClock, tmp_path: Path) -> Registry:
    url = server.service_url("registry")
    return Registry(service_settings(RegistrySettings, url, tmp_path), signer, clock)


def uscc(number: int, prefix: str = "91") -> str:
    """A synthetic code of Huaining county with the right check character."""
    body = f"{prefix}340822MA{number:07d}"
    return body + uscc_check_character(body)


def member(name: str = "示例职业学校", **changes: Any) -> dict[str, Any]:
    """What a create sends."""
    return {"name": name, "category": "secondary_vocational", "division": "340822", **changes}


def services_of(caller: Caller, alliance: str = "anqing") -> Caller:
    """A service that speaks for itself in one alliance."""
    service = caller.acting("service", alliance=None)
    service.headers["Hub-Alliance"] = alliance
    return service
