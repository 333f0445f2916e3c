"""The whole schema and the shared tables on a server of Debian's postgresql, where one is installed."""

import asyncio
import secrets
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from hub.database import OWNER, SERVICES, Plan, migrate, role_of
from hub.postgres import temporary_postgres
from services.kernel.audit import audit
from services.kernel.clock import FixedClock
from services.kernel.database import Database
from services.kernel.jobs import enqueue
from services.kernel.permissions import Role
from services.kernel.principal import Principal
from services.kernel.shared_tables import audit_entry, job

DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
CLOCK = FixedClock(datetime(2025, 12, 1, 4, tzinfo=UTC))
CLERK = Principal("clerk-1", "经办", Role.SECRETARIAT_CLERK, "anqing", frozenset())


@pytest.mark.parametrize("binaries", DEBIAN, ids=lambda path: path.parent.name)
def test_every_service_migrates_and_works_on_debians_server(binaries: Path) -> None:
    async def use(url: str, service: str) -> tuple[int, int]:
        database = Database(url)
        try:
            async with database.write("anqing") as session:
                await audit(session, CLOCK, CLERK, "example", "thing", "1")
                await enqueue(session, CLOCK, CLERK, service, "example", {})
            async with database.read("anqing") as session:
                seen = [(await session.scalar(select(func.count()).select_from(t))) or 0 for t in (audit_entry, job)]
            async with database.read("xiaogan") as session:
                assert await session.scalar(select(func.count()).select_from(audit_entry)) == 0
            return seen[0], seen[1]
        finally:
            await database.close()

    with temporary_postgres({"HUB_POSTGRES_BIN": str(binaries)}) as address:
        passwords = {role: secrets.token_urlsafe(24) for role in (OWNER, *map(role_of, SERVICES))}
        plan = Plan(address.url(), passwords)
        for _ in range(2):
            migrate(plan)
        for service, url in plan.service_urls().items():
            assert asyncio.run(use(url, service)) == (1, 1)
