"""The log over HTTP: filters, pages, refusals on the way, and an export that verifies."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from sqlalchemy import text

from hub.audit import verify_file, verify_files
from hub.errors import OperatorError
from services.kernel.app import create_service_app
from services.kernel.audit import audit
from services.kernel.audit_chain import entry_hash
from services.kernel.auth import requires
from services.kernel.clock import FixedClock
from services.kernel.database import Database
from services.kernel.permissions import Permission, Role
from services.kernel.principal import Principal
from services.kernel.routes import ServiceRoutes
from services.kernel.sessions import InjectedClock, Writing
from services.kernel.settings import ServiceSettings
from tests.kernel.audit_exports import parsed_lines
from tests.support.databases import TestServer
from tests.support.services import client_of, service_settings
from tests.support.tokens import Signer

NOON = datetime(2025, 12, 1, 4, tzinfo=UTC)
API = "/api/registry/v1"
Writes = Annotated[Principal, requires(Permission.REGISTRY_WRITE)]


def router() -> APIRouter:
    api = APIRouter()

    @api.post("/things/{thing}")
    async def change(thing: str, session: Writing, principal: Writes, clock: InjectedClock) -> str:
        await audit(session, clock, principal, "thing.changed", "thing", thing, after={"name": "甲"}, reason="试")
        return thing

    @api.get("/closed")
    async def closed(principal: Writes) -> str:
        return principal.name

    return api


class Log:
    """A service with one route that audits, its clock, and callers by role."""

    def __init__(self, client: httpx.AsyncClient, signer: Signer, clock: FixedClock, app: FastAPI) -> None:
        self.client = client
        self.signer = signer
        self.clock = clock
        self.app = app

    @property
    def database(self) -> Database:
        database: Database = self.app.state.database
        return database

    async def ask(self, method: str, path: str, role: Role = Role.AUDIT_ADMIN, **more: Any) -> httpx.Response:
        claims = more.pop("claims", {})
        headers = {**self.signer.headers(role, **claims), **more.pop("headers", {})}
        return await self.client.request(method, f"{API}{path}", headers=headers, **more)

    async def change(self, *things: str, **more: Any) -> None:
        for thing in things:
            answer = await self.ask("POST", f"/things/{thing}", more.get("role", Role.SECRETARIAT_CLERK), **more)
            assert answer.status_code == 200, answer.text
            self.clock.advance(timedelta(minutes=1))

    async def found(self, **filters: Any) -> list[str]:
        answer = await self.ask("GET", "/audit-entries", params=filters)
        assert answer.status_code == 200, answer.text
        return [item["object_id"] for item in answer.json()["items"]]

    async def export(self, folder: Path, name: str = "audit.jsonl", **body: Any) -> Path:
        answer = await self.ask("POST", "/audit-exports", json={"reason": "年度检查", **body})
        assert answer.status_code == 200, answer.text
        path = folder / name
        path.write_bytes(answer.content)
        return path


Body = Callable[[Log], Awaitable[None]]


@pytest.fixture
def play(server: TestServer, signer: Signer, tmp_path: Path) -> Callable[[Body], None]:
    settings = service_settings(ServiceSettings, server.service_url("registry"), tmp_path)
    clock = FixedClock(NOON)
    routes = ServiceRoutes("registry", router())
    app = create_service_app(routes, "测试", settings, jwks_source=signer.jwks, clock=clock)

    def go(body: Body) -> None:
        async def run() -> None:
            async with client_of(app) as client:
                await body(Log(client, signer, clock, app))

        asyncio.run(run())

    return go


Play = Callable[[Body], None]


def test_entries_are_found_newest_first_by_every_filter(play: Play) -> None:
    async def body(log: Log) -> None:
        await log.change("a", "b", "c")
        await log.change("d", claims={"sub": "other", "name": "李四"}, headers={"X-Request-Id": "request-of-d"})
        assert await log.found() == ["d", "c", "b", "a"]
        assert await log.found(object_id="b", object_kind="thing") == ["b"]
        assert await log.found(actor="other") == await log.found(actor="李四") == ["d"]
        assert await log.found(action="thing.changed", limit=2) == ["d", "c"]
        assert await log.found(action="thing") == ["d", "c", "b", "a"]
        assert await log.found(action="thin") == await log.found(action="%") == []
        assert await log.found(request_id="request-of-d") == ["d"]
        between = {"from": "2025-12-01T12:01:00+08:00", "until": "2025-12-01T12:03:00+08:00"}
        assert await log.found(**between) == ["c", "b"]

    play(body)


def test_pages_follow_one_another_while_entries_are_added(play: Play) -> None:
    async def body(log: Log) -> None:
        await log.change("a", "b", "c")
        first = (await log.ask("GET", "/audit-entries", params={"limit": 2})).json()
        assert (first["total"], first["next_cursor"]) == (3, "2")
        await log.change("d")
        params = {"limit": 2, "cursor": first["next_cursor"]}
        second = (await log.ask("GET", "/audit-entries", params=params)).json()
        assert [item["object_id"] for item in second["items"]] == ["a"]
        assert second["next_cursor"] is None

    play(body)


@pytest.mark.parametrize("cursor", ["x", "-1", "١", "1" * 20, "1.5"])
def test_a_cursor_of_no_page_is_refused(play: Play, cursor: str) -> None:
    async def body(log: Log) -> None:
        answer = await log.ask("GET", "/audit-entries", params={"cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")

    play(body)


def test_a_time_without_zone_or_an_export_without_reason_is_refused(play: Play) -> None:
    async def body(log: Log) -> None:
        answers = [
            await log.ask("GET", "/audit-entries", params={"from": "2025-12-01T12:00:00"}),
            await log.ask("POST", "/audit-exports", json={}),
            await log.ask("POST", "/audit-exports", json={"reason": ""}),
        ]
        assert [answer.status_code for answer in answers] == [422, 422, 422]
        assert await log.found() == []

    play(body)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.AUDIT_ADMIN])
def test_only_the_audit_administrator_reads_and_each_refusal_is_recorded(play: Play, role: Role) -> None:
    claims: dict[Role, dict[str, str]] = {
        Role.COUNTY_CLERK: {"division": "340822"},
        Role.COUNTY_REVIEWER: {"division": "340822"},
        Role.UNIT_REPORTER: {"member": "7f1d3c1e-7b7e-4b0e-9c0a-3f2b6a1d2c3b"},
        Role.UNIT_REVIEWER: {"member": "7f1d3c1e-7b7e-4b0e-9c0a-3f2b6a1d2c3b"},
        Role.JOINT_REVIEWER: {"department": "finance"},
    }
    alliance = {"headers": {"Hub-Alliance": "anqing"}} if role is Role.SERVICE else {}

    async def body(log: Log) -> None:
        own = claims.get(role, {})
        for method, path, more in (
            ("GET", "/audit-entries", {}),
            ("POST", "/audit-exports", {"json": {"reason": "看看"}}),
        ):
            answer = await log.ask(method, path, role, claims=own, **alliance, **more)
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        assert await log.found(action="access.refused") == ["POST /audit-exports", "GET /audit-entries"]

    play(body)


def test_nobody_reads_the_log_of_another_alliance(play: Play) -> None:
    async def body(log: Log) -> None:
        await log.change("a")
        await log.change("z", claims={"alliance": "xiaogan"})
        assert await log.found() == ["a"]

    play(body)


def test_a_refusal_names_the_route_and_no_thing(play: Play) -> None:
    async def body(log: Log) -> None:
        refused = await log.ask("POST", "/things/secret-name", Role.LEADER)
        assert refused.status_code == 403
        [item] = (await log.ask("GET", "/audit-entries")).json()["items"]
        shown = (item["action"], item["object_kind"], item["object_id"], item["reason"], item["actor_role"])
        assert shown == ("access.refused", "route", "POST /things/{thing}", "forbidden", "leader")
        assert item["request_id"] == refused.json()["request_id"]

    play(body)


def test_a_stranger_is_not_recorded_and_a_refusal_stands_when_the_database_is_down(play: Play) -> None:
    async def body(log: Log) -> None:
        assert (await log.client.post(f"{API}/things/a")).status_code == 401
        async with log.database.read("anqing") as session:
            assert (await session.execute(text("SELECT count(*) FROM audit_entry"))).scalar_one() == 0
        await log.database.close()
        log.app.state.database = Database("postgresql+asyncpg://nobody:x@/hub?host=/nonexistent")
        refused = await log.ask("GET", "/closed", Role.LEADER)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")

    play(body)


def test_an_export_verifies_and_stands_in_the_log(play: Play, tmp_path: Path) -> None:
    async def body(log: Log) -> None:
        await log.change("a", "b", "c")
        path = await log.export(tmp_path)
        header, *lines = parsed_lines([path.read_bytes()])
        assert [line["object_id"] for line in lines] == ["a", "b", "c"]
        assert (header["service"], header["alliance"], header["reason"]) == ("registry", "anqing", "年度检查")
        verified = verify_file(path).header
        assert verified is not None
        assert (verified.first, verified.last) == (1, 3)
        [item] = (await log.ask("GET", "/audit-entries", params={"action": "audit_entry"})).json()["items"]
        assert (item["action"], item["reason"]) == ("audit_entry.exported", "年度检查")
        assert (item["after"]["rows"], item["after"]["last_hash"]) == (3, lines[-1]["hash"])
        later = await log.export(tmp_path, "later.jsonl", **{"from": "2025-12-01T12:03:00+08:00"})
        assert verify_file(later).header is not None
        assert len(verify_files([later, path])) == 2

    play(body)


def test_an_export_of_a_time_is_one_stretch_without_gaps(play: Play, tmp_path: Path) -> None:
    async def body(log: Log) -> None:
        await log.change("a", "b", "c", "d")
        log.clock.advance(timedelta(minutes=-2))  # a clock that was set back
        await log.change("late")
        path = await log.export(tmp_path, **{"from": "2025-12-01T12:01:00+08:00", "until": "2025-12-01T12:03:00+08:00"})
        _, *lines = parsed_lines([path.read_bytes()])
        assert [line["object_id"] for line in lines] == ["b", "c", "d", "late"]
        assert verify_file(path).header is not None

    play(body)


def test_an_export_of_nothing_is_a_header(play: Play, tmp_path: Path) -> None:
    async def body(log: Log) -> None:
        path = await log.export(tmp_path, until="2020-01-01T00:00:00Z")
        assert verify_file(path).sentence == f"{path}：完整：0 条。"

    play(body)


def test_more_than_one_batch_is_exported_whole(play: Play, tmp_path: Path) -> None:
    async def body(log: Log) -> None:
        async with log.database.write("anqing") as session:
            principal = Principal("x", "x", Role.SECRETARIAT_CLERK, "anqing", frozenset())
            for number in range(2_500):
                await audit(session, log.clock, principal, "thing.changed", "thing", number)
        path = await log.export(tmp_path)
        assert "完整：2500 条" in verify_file(path).sentence

    play(body)


def test_two_exports_that_contradict_one_another_are_found(play: Play, tmp_path: Path) -> None:
    """A chain made anew after a change verifies by itself, but not beside an earlier export."""

    async def body(log: Log) -> None:
        await log.change("a", "b")
        honest = await log.export(tmp_path)
        header, *lines = parsed_lines([honest.read_bytes()])
        previous = bytes.fromhex(header["previous_hash"])
        lines[0]["reason"] = "别的原因"
        for line in lines:
            line["previous_hash"] = previous.hex()
            previous = entry_hash(previous, line)
            line["hash"] = previous.hex()
        header["last_hash"] = previous.hex()
        forged = tmp_path / "forged.jsonl"
        forged.write_text("".join(json.dumps(line) + "\n" for line in (header, *lines)), "utf-8")
        assert verify_file(forged).header is not None
        with pytest.raises(OperatorError, match="互相矛盾"):
            verify_files([honest, forged])

    play(body)
