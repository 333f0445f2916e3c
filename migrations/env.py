"""Alembic's environment for every service: async engine, advisory lock, timeouts, the service's own schema."""

import asyncio

from alembic import context
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

LOCK = text("SELECT pg_advisory_xact_lock(hashtext('alliance-hub migration ' || :service))")


def run(connection: Connection, service: str) -> None:
    context.configure(
        connection=connection,
        version_table="schema_version",
        version_table_schema=service,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        connection.execute(LOCK, {"service": service})
        connection.execute(text("SET LOCAL lock_timeout = '5s'"))
        connection.execute(text("SET LOCAL statement_timeout = '300s'"))
        connection.execute(text(f"SET LOCAL search_path = {service}, public"))
        context.run_migrations()
        # the first migration grants on all tables, and this one was there before it
        connection.execute(text(f"REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON schema_version FROM hub_{service}"))


async def main() -> None:
    attributes = context.config.attributes
    engine = create_async_engine(attributes["owner_url"], poolclass=pool.NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(run, attributes["service"])
    finally:
        await engine.dispose()


asyncio.run(main())
