"""`hub audit prune`: the oldest entries go, never one in the middle; what remains verifies and says where it begins."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from hub import cli
from hub.audit import verify_file
from hub.audit_prune import Pruned, Retention, months_before, owner_url, prune
from hub.database import OWNER, SERVICES
from hub.errors import OperatorError
from services.kernel.app import create_service_app
from services.kernel.audit import audit
from services.kernel.clock import FixedClock
from services.kernel.database import Database
from services.kernel.outbox import events_after, publish
from services.kernel.permissions import Role
from services.kernel.principal import Principal
from services.kernel.routes import ServiceRoutes
from services.kernel.settings import ServiceSettings
from services.kernel.shared_tables import audit_anchor, audit_entry
from tests.support.databases import TestServer
from tests.support.services import client_of, service_settings
from tests.support.tokens import Signer

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
CLOCK = FixedClock(NOW)
YEAR = Retention(months=12, money_months=60, outbox_days=90)
CLERK = Principal("clerk", "经办", Role.SECRETARIAT_CLERK, "anqing", frozenset())


def ago(days: float) -> FixedClock:
    return FixedClock(NOW - timedelta(days=days))


class Logs:
    """The logs of every service on the test server, empty at first."""

    def __init__(self, server: TestServer) -> None:
        self.urls = {service: server.service_url(service) for service in SERVICES}
        self.owner = server.plan.url(OWNER)

    def on(self, service: str, work: Callable[[Database], Any]) -> Any:
        async def run() -> Any:
            database = Database(self.urls[service])
            try:
                return await work(database)
            finally:
                await database.close()

        return asyncio.run(run())

    def record(self, service: str, *days: float, alliance: str = "anqing") -> None:
        """One entry and one event for each of these days ago, in this order."""

        async def work(database: Database) -> None:
            for day in days:
                async with database.write(alliance) as session:
                    principal = Principal("clerk", "经办", Role.SECRETARIAT_CLERK, alliance, frozenset())
                    await audit(session, ago(day), principal, "thing.changed", "thing", str(day))
                    publish(session, ago(day), alliance, "thing.changed", object_kind="t", object_id=str(day), data={})

        self.on(service, work)

    def entries(self, service: str, alliance: str = "anqing") -> list[tuple[int, str]]:
        async def work(database: Database) -> list[tuple[int, str]]:
            columns = (audit_entry.c.entry_no, audit_entry.c.action, audit_entry.c.object_id)
            async with database.read(alliance) as session:
                rows = await session.execute(select(*columns).order_by(audit_entry.c.entry_no))
                return [(row.entry_no, row.object_id if row.action == "thing.changed" else row.action) for row in rows]

        found: list[tuple[int, str]] = self.on(service, work)
        return found

    def events(self, service: str) -> list[int]:
        async def work(database: Database) -> list[int]:
            async with database.read("anqing") as session:
                return [row["seq"] for row in await events_after(session, "anqing", 0, 100)]

        found: list[int] = self.on(service, work)
        return found

    def prune(self, retention: Retention = YEAR) -> list[Pruned]:
        return asyncio.run(prune(self.owner, retention, CLOCK))


@pytest.fixture
def logs(server: TestServer) -> Logs:
    return Logs(server)


def test_what_is_older_than_its_time_goes_and_money_stays(logs: Logs) -> None:
    for service in ("registry", "subsidies"):
        logs.record(service, 2000, 400, 366, 364, 1)
    done = logs.prune()
    assert logs.entries("registry") == [(4, "364"), (5, "1"), (6, "audit_entry.pruned")]
    assert logs.entries("subsidies") == [(2, "400"), (3, "366"), (4, "364"), (5, "1"), (6, "audit_entry.pruned")]
    assert [(pruned.service, pruned.entries, pruned.last, pruned.events) for pruned in done] == [
        ("registry", 3, 3, 4),
        ("subsidies", 1, 1, 4),
    ]


def test_nothing_is_pruned_in_the_middle(logs: Logs) -> None:
    logs.record("registry", 400, 10, 500, 1)
    logs.prune()
    assert logs.entries("registry") == [(2, "10"), (3, "500"), (4, "1"), (5, "audit_entry.pruned")]


def test_a_log_that_is_all_too_old_goes_on_with_its_numbers(logs: Logs) -> None:
    logs.record("registry", 500, 400)
    logs.prune()
    logs.record("registry", 0)
    assert logs.entries("registry") == [(3, "audit_entry.pruned"), (4, "0")]
    assert logs.events("registry") == [2, 3], "the newest event stays, so that numbers never come twice"


def test_pruning_again_deletes_nothing_and_says_nothing(logs: Logs) -> None:
    logs.record("registry", 400, 1)
    logs.prune()
    before = logs.entries("registry")
    assert logs.prune() == []
    assert logs.entries("registry") == before


def test_each_alliance_is_pruned_for_itself(logs: Logs) -> None:
    logs.record("registry", 400, 1)
    logs.record("registry", 400, 1, alliance="xiaogan")
    assert {pruned.alliance for pruned in logs.prune()} == {"anqing", "xiaogan"}
    assert logs.entries("registry", "xiaogan") == [(2, "1"), (3, "audit_entry.pruned")]


def test_events_are_kept_for_days_of_their_own(logs: Logs) -> None:
    logs.record("registry", 91, 89, 100, 1)
    logs.prune()
    assert logs.events("registry") == [2, 3, 4]


def test_an_anchor_tells_where_the_rest_begins_and_the_rest_verifies(
    logs: Logs, signer: Signer, tmp_path: Path
) -> None:
    logs.record("registry", 500, 400, 10, 1)
    settings = service_settings(ServiceSettings, logs.urls["registry"], tmp_path)

    async def export(name: str) -> Path:
        app = create_service_app(ServiceRoutes("registry"), "测试", settings, jwks_source=signer.jwks, clock=CLOCK)
        async with client_of(app) as client:
            headers = signer.headers(Role.AUDIT_ADMIN)
            answer = await client.post("/api/registry/v1/audit-exports", json={"reason": "检查"}, headers=headers)
        path = tmp_path / name
        path.write_bytes(answer.content)
        return path

    before = verify_file(asyncio.run(export("before.jsonl"))).header
    logs.prune()
    after = verify_file(asyncio.run(export("after.jsonl"))).header
    assert before is not None
    assert after is not None
    assert (before.first, after.first, after.last) == (1, 3, 6)

    async def work(database: Database) -> Any:
        async with database.read("anqing") as session:
            return (await session.execute(select(audit_anchor))).one()

    anchor = logs.on("registry", work)
    assert (anchor.entry_no, anchor.hash, anchor.pruned_at) == (2, after.previous_hash, NOW)
    assert anchor.pruned_before == datetime(2025, 11, 22, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUB_AUDIT_MONTHS", "5"),
        ("HUB_AUDIT_MONTHS", "-12"),
        ("HUB_AUDIT_MONTHS", "12.5"),
        ("HUB_AUDIT_MONTHS", "١٢"),
        ("HUB_AUDIT_MONEY_MONTHS", "35"),
        ("HUB_OUTBOX_DAYS", "29"),
    ],
)
def test_a_time_shorter_than_the_law_allows_is_refused_before_anything_is_touched(name: str, value: str) -> None:
    result = CliRunner().invoke(cli.app, ["audit", "prune"], env={name: value})
    assert (result.exit_code, result.stderr.startswith(f"{name} 应是不小于")) == (1, True)


def test_the_shortest_times_and_the_defaults() -> None:
    shortest = {"HUB_AUDIT_MONTHS": "6", "HUB_AUDIT_MONEY_MONTHS": "36", "HUB_OUTBOX_DAYS": "30"}
    assert Retention.read(shortest) == Retention(6, 36, 30)
    assert Retention.read({}) == Retention(12, 60, 90)
    assert Retention.read({"HUB_AUDIT_MONTHS": ""}).months == 12


@pytest.mark.parametrize(
    ("instant", "months", "earlier"),
    [
        ("2026-03-31T04:00:00Z", 1, "2026-02-28T04:00:00Z"),
        ("2024-02-29T04:00:00Z", 12, "2023-02-28T04:00:00Z"),
        ("2026-01-15T04:00:00Z", 1, "2025-12-15T04:00:00Z"),
        ("2026-01-31T16:30:00Z", 6, "2025-07-31T16:30:00Z"),  # 1 February in Anqing, so 1 August there
        ("2026-12-31T04:00:00Z", 60, "2021-12-31T04:00:00Z"),
    ],
)
def test_months_are_those_of_the_calendar(instant: str, months: int, earlier: str) -> None:
    assert months_before(datetime.fromisoformat(instant), months) == datetime.fromisoformat(earlier)


def test_without_a_deployment_or_a_running_hub_it_says_so(tmp_path: Path) -> None:
    assert owner_url({"HUB_OWNER_DATABASE_URL": "postgresql://hub_owner@x/hub"}) == "postgresql://hub_owner@x/hub"
    with pytest.raises(OperatorError, match="没有在运行"):
        owner_url({"HUB_STATE_DIR": str(tmp_path)})
