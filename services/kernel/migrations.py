"""Migrations: one linear history per service, run by the owner role; helpers for what every schema has.

Each run takes an advisory lock and sets lock and statement timeouts, so that it waits rather than blocks the service.
"""

from pathlib import Path
from types import ModuleType
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.operations import Operations
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment

from services.kernel.audit_schema import CHAIN, FIRST_AUDIT_ENTRY, OUTBOX
from services.kernel.jobs import queue_settings
from services.kernel.shared_tables import TENANT_TABLES, idempotency_key, job, shared_metadata, snapshot

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
APPEND_ONLY = ("audit_entry",)


def alembic_config(service: str, owner_url: str) -> Config:
    """Alembic's configuration for one service's history."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("version_locations", str(MIGRATIONS / service / "versions"))
    config.set_main_option("path_separator", "os")
    config.attributes["service"] = service
    config.attributes["owner_url"] = owner_url
    return config


def upgrade(service: str, owner_url: str, revision: str = "head") -> None:
    """Bring one service's schema up to date; safe to repeat and to run twice at once."""
    command.upgrade(alembic_config(service, owner_url), revision)


def create_shared_tables(op: Operations | ModuleType, service: str) -> None:
    """Create audit, idempotency, job and snapshot tables and the service's queue; its first migration calls this.

    The audit table is the first one, without a chain: call `add_audit_chain_and_outbox` next, or in a later migration.
    """
    run_script(op, FIRST_AUDIT_ENTRY)
    shared_metadata.create_all(op.get_bind(), tables=[idempotency_key, job, snapshot])
    for table in TENANT_TABLES:
        enable_tenancy(op, service, table, append_only=table in APPEND_ONLY)
    install = QueryBuilderEnvironment(queue_settings(service)).build_install_query(create_schema=False)
    run_script(op, install)
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {service} TO hub_{service}")
    op.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {service} TO hub_{service}")
    for table in APPEND_ONLY:
        op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM hub_{service}")


def add_audit_chain_and_outbox(op: Operations | ModuleType, service: str) -> None:
    """Chain the audit entries that are there and all that come, and create the outbox.

    A service made after this existed calls it in its first migration, right after `create_shared_tables`.
    """
    for script in (CHAIN, OUTBOX):
        run_script(op, script.replace("{service}", service))
    enable_tenancy(op, service, "outbox_event", append_only=True)
    enable_tenancy(op, service, "audit_anchor", append_only=True)
    op.execute(f"REVOKE INSERT ON audit_anchor FROM hub_{service}")


def enable_tenancy(op: Operations | ModuleType, service: str, table: str, *, append_only: bool = False) -> None:
    """Row-level security on `alliance`, and the service role's rights, for one table."""
    own = "alliance = current_setting('hub.alliance', true)"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own_alliance ON {table} USING ({own}) WITH CHECK ({own})")
    rights = "SELECT, INSERT" if append_only else "SELECT, INSERT, UPDATE, DELETE"
    op.execute(f"GRANT {rights} ON {table} TO hub_{service}")


def run_script(op: Operations | ModuleType, sql: str) -> None:
    """Run a script of several statements, which a prepared statement cannot."""
    connection: Any = op.get_bind().connection.dbapi_connection
    connection.run_async(lambda driver: driver.execute(sql))
