"""One PostgreSQL per test process; each service's schema is provisioned and migrated once, then emptied per test."""

import asyncio
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import asyncpg

from hub.database import OWNER, SERVICES, Plan, migrate, role_of
from hub.postgres import Address, temporary_postgres
from services.kernel.migrations import upgrade

KEPT_TABLES = "schema_version"
# A test writes a few rows into a few of some hundred tables and indexes: to delete those is much faster than to
# truncate all, which makes new files; only what has grown is truncated. Counters of columns begin again as in a new
# database; the one that names tables of their own does not, for those stay.
EMPTY = """
DO $$
DECLARE
    name text;
    filled boolean;
BEGIN
    SET LOCAL session_replication_role = replica;  -- no foreign key and no history while all goes
    FOR name IN SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
                WHERE schemaname = '{service}' AND tablename <> '{kept}' LOOP
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %s)', name) INTO filled;
        IF pg_relation_size(name::regclass) > 1000000 THEN
            EXECUTE format('TRUNCATE %s CASCADE', name);
        ELSIF filled THEN
            EXECUTE format('DELETE FROM %s', name);
        END IF;
    END LOOP;
    FOR name IN SELECT objid::regclass FROM pg_depend JOIN pg_sequence ON seqrelid = objid
                WHERE refobjsubid > 0 AND deptype IN ('a', 'i')
                    AND (SELECT relnamespace FROM pg_class WHERE pg_class.oid = objid) = '{service}'::regnamespace LOOP
        EXECUTE format('ALTER SEQUENCE %s RESTART', name);
    END LOOP;
END $$
"""


@dataclass
class TestServer:
    """The server's address, its roles and schemas, and the services migrated so far."""

    __test__ = False
    address: Address
    plan: Plan
    migrated: set[str] = field(default_factory=set)
    _loop: asyncio.Runner = field(default_factory=asyncio.Runner, repr=False)
    _connection: "asyncpg.Connection[asyncpg.Record] | None" = field(default=None, repr=False)

    def service_url(self, service: str) -> str:
        """The SQLAlchemy URL of a service's login role, its schema migrated and empty of rows."""
        if service not in self.migrated:
            upgrade(service, self.plan.url(OWNER))
            self.migrated.add(service)
        self._loop.run(self._empty(service))
        return self.plan.url(role_of(service))

    async def _empty(self, service: str) -> None:
        """By one connection for all tests: a new one would have to learn anew of each of some hundred tables."""
        if self._connection is None:
            self._connection = await asyncpg.connect(self.address.url("hub").replace("+asyncpg", "", 1))
        await self._connection.execute(EMPTY.format(service=service, kept=KEPT_TABLES))

    def close(self) -> None:
        """Leave the server; it still runs."""
        if self._connection is not None:
            self._loop.run(self._connection.close())
        self._loop.close()


@contextmanager
def running_server(settings: Mapping[str, str] | None = None) -> Iterator[TestServer]:
    """A server with its roles and schemas; `settings` of PostgreSQL replace those that make tests fast."""
    with temporary_postgres(settings=settings) as address:
        passwords = {role: secrets.token_urlsafe(24) for role in (OWNER, *map(role_of, SERVICES))}
        plan = Plan(address.url(), passwords)
        migrate(plan, upgrade=lambda _service, _url: None)  # roles and schemas now, tables when a test wants them
        server = TestServer(address, plan)
        try:
            yield server
        finally:
            server.close()
