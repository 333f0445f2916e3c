"""One PostgreSQL per test process; each service's schema is provisioned and migrated once, then emptied per test."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import asyncpg

from hub.postgres import Address, temporary_postgres
from services.kernel.migrations import upgrade

KEPT_TABLES = ("schema_version",)


@dataclass
class TestServer:
    """The server's address and the services migrated so far."""

    __test__ = False
    address: Address
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    migrated: set[str] = field(default_factory=set)

    def url(self, role: str, *, driver: str = "postgresql+asyncpg") -> str:
        return self.address.url("hub", user=role, password=self.password).replace("postgresql+asyncpg", driver, 1)

    def service_url(self, service: str) -> str:
        """The SQLAlchemy URL of a service's login role, its schema migrated and empty of rows."""
        if service not in self.migrated:
            asyncio.run(self._provision(service))
            upgrade(service, self.url("hub_owner"))
            self.migrated.add(service)
        asyncio.run(self._empty(service))
        return self.url(f"hub_{service}")

    async def create_database(self) -> None:
        async with self._administrator("postgres") as connection:
            await connection.execute(f"CREATE ROLE hub_owner LOGIN PASSWORD '{self.password}'")
            await connection.execute("CREATE DATABASE hub OWNER hub_owner")
        async with self._administrator("hub") as connection:
            await connection.execute("CREATE EXTENSION pg_trgm; CREATE EXTENSION btree_gist")

    @asynccontextmanager
    async def _administrator(self, database: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        connection = await asyncpg.connect(self.address.url(database).replace("+asyncpg", "", 1))
        try:
            yield connection
        finally:
            await connection.close()

    async def _provision(self, service: str) -> None:
        role = f"hub_{service}"
        async with self._administrator("hub") as connection:
            await connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{self.password}'")
            await connection.execute(f"CREATE SCHEMA {service} AUTHORIZATION hub_owner")
            await connection.execute(f"GRANT USAGE ON SCHEMA {service} TO {role}")
            await connection.execute(f"ALTER ROLE {role} SET search_path = {service}, public")

    async def _empty(self, service: str) -> None:
        async with self._administrator("hub") as connection:
            rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", service)
            names = [f'{service}."{row["tablename"]}"' for row in rows if row["tablename"] not in KEPT_TABLES]
            if names:
                await connection.execute(f"TRUNCATE {', '.join(names)} RESTART IDENTITY CASCADE")


@contextmanager
def running_server() -> Iterator[TestServer]:
    with temporary_postgres() as address:
        server = TestServer(address)
        asyncio.run(server.create_database())
        yield server
