"""The second lock: what each service's login may see and do, read from the catalogue of a fully migrated database."""

import asyncio
from typing import Any

import asyncpg
import pytest

from hub.database import OWNER, SERVICES, role_of
from tests.support.databases import TestServer

# Tables of the deployment rather than of one alliance, and the queue's own, whose rows hold no facts but job ids.
WITHOUT_ALLIANCE = {
    "identity.client_assertion",
    "identity.revocation",
    "identity.signing_key",
    *(f"{service}.schema_version" for service in SERVICES),
    *(
        f"{service}.{table}"
        for service in SERVICES
        for table in ("pgqueuer", "pgqueuer_log", "pgqueuer_schedules", "pgqueuer_statistics")
    ),
}
# A client is looked up before anybody knows for which alliance it speaks: the row says so.
LOOKED_UP_FIRST = {"identity.oauth_client"}
# Which alliances there are may be read in each of them; to write one takes being in it.
READ_ACROSS = {"identity.alliance"}
APPEND_ONLY = {
    *(f"{service}.{table}" for service in SERVICES for table in ("audit_entry", "audit_anchor", "outbox_event")),
    "registry.agreement_warning",
    "registry.policy_version",
    "registry.application_step",
    "registry.member_step",
    "targets.policy_version",
    "targets.report_decision",
    "targets.source_decision",
    "subsidies.policy_version",
    "subsidies.student",
    "subsidies.school_class",
    "subsidies.claim_decision",
    "subsidies.recognition_number",
    "subsidies.settlement_line",
    "subsidies.pool_decision",
    "subsidies.decided_line",
    "exchange.change",
}
SUPERSEDED_ONLY = {"subsidies.student": {"superseded_seq"}, "subsidies.school_class": {"superseded_seq"}}
NEVER_DELETED = {"subsidies.claim", "subsidies.settlement", "subsidies.roster_import", "subsidies.roster_sequence"}

TABLES = """
    SELECT n.nspname || '.' || c.relname AS name, c.oid, n.nspname AS service, c.relrowsecurity AS secured,
        pg_get_userbyid(c.relowner) AS owner,
        EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'alliance') AS tenant,
        (SELECT string_agg(pg_get_expr(p.polqual, c.oid) || ' / ' || pg_get_expr(p.polwithcheck, c.oid), '; ')
            FROM pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd = '*') AS policies,
        (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid) AS policy_count
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY($1) AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1"""
OWN = "((alliance)::text = current_setting('hub.alliance'::text, true))"

Rows = list[Any]


class Catalogue:
    """Answers of the migrated server's catalogue, as its administrator."""

    def __init__(self, server: TestServer) -> None:
        for service in SERVICES:
            server.service_url(service)
        self._url = server.address.url("hub").replace("+asyncpg", "", 1)

    def rows(self, query: str, *arguments: Any) -> Rows:
        async def ask() -> Rows:
            connection = await asyncpg.connect(self._url)
            try:
                return list(await connection.fetch(query, *arguments))
            finally:
                await connection.close()

        return asyncio.run(ask())

    def tables(self) -> Rows:
        return self.rows(TABLES, list(SERVICES))


@pytest.fixture(scope="module")
def catalogue(server: TestServer) -> Catalogue:
    return Catalogue(server)


def test_every_table_of_a_tenant_is_secured_by_row(catalogue: Catalogue) -> None:
    tables = catalogue.tables()
    assert {table["name"] for table in tables if not table["tenant"]} == WITHOUT_ALLIANCE
    tenant = [table for table in tables if table["tenant"]]
    assert len(tenant) > 30
    open_ones = [
        table["name"]
        for table in tenant
        if not table["secured"]
        or table["policy_count"] != (2 if table["name"] in READ_ACROSS else 1)
        or table["policies"] != f"{OWN} / {OWN}"
    ]
    assert set(open_ones) == LOOKED_UP_FIRST
    across = catalogue.rows("SELECT polrelid::regclass::text AS name, polcmd FROM pg_policy WHERE polcmd <> '*'")
    assert [(row["name"], row["polcmd"]) for row in across] == [(name, b"r") for name in READ_ACROSS]


def test_the_alliance_comes_first_in_every_key_of_a_tenant(catalogue: Catalogue) -> None:
    later = catalogue.rows(
        """SELECT i.indrelid::regclass::text AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
           JOIN pg_namespace n ON n.oid = c.relnamespace
           JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'alliance'
           WHERE n.nspname = ANY($1) AND i.indisprimary AND i.indkey[0] <> a.attnum""",
        list(SERVICES),
    )
    assert {row["name"] for row in later} == LOOKED_UP_FIRST


def test_everything_belongs_to_the_owner_and_nothing_to_a_service(catalogue: Catalogue) -> None:
    assert {table["owner"] for table in catalogue.tables()} == {OWNER}
    owned = """
        SELECT pg_get_userbyid(refobjid) AS role, classid::regclass::text AS kind, objid FROM pg_shdepend
        WHERE refclassid = 'pg_authid'::regclass AND deptype = 'o' AND pg_get_userbyid(refobjid) = ANY($1)"""
    assert catalogue.rows(owned, [role_of(service) for service in SERVICES]) == []


def test_no_service_is_more_than_a_login(catalogue: Catalogue) -> None:
    strong = catalogue.rows(
        """SELECT rolname FROM pg_roles WHERE rolname = ANY($1)
           AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)""",
        [OWNER, *map(role_of, SERVICES)],
    )
    assert strong == []
    member_of = catalogue.rows(
        """SELECT m.rolname AS member, g.rolname AS role FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.member
           JOIN pg_roles g ON g.oid = a.roleid WHERE m.rolname = ANY($1)""",
        [role_of(service) for service in SERVICES],
    )
    assert member_of == []


def test_a_service_enters_its_own_schema_only_and_makes_nothing_there(catalogue: Catalogue) -> None:
    rights = catalogue.rows(
        """SELECT r.rolname AS role, n.nspname AS schema, has_schema_privilege(r.rolname, n.oid, 'USAGE') AS enters,
               has_schema_privilege(r.rolname, n.oid, 'CREATE') AS makes
           FROM pg_roles r, pg_namespace n WHERE r.rolname = ANY($1) AND n.nspname = ANY($2)""",
        [role_of(service) for service in SERVICES],
        [*SERVICES, "public"],
    )
    entered = {(row["role"], row["schema"]) for row in rights if row["enters"]}
    assert entered == {(role_of(service), schema) for service in SERVICES for schema in (service, "public")}
    assert [row for row in rights if row["makes"]] == []


def test_a_service_has_no_right_on_another_ones_tables(catalogue: Catalogue) -> None:
    foreign = catalogue.rows(
        """SELECT r.rolname AS role, n.nspname || '.' || c.relname AS name FROM pg_roles r, pg_class c
           JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE r.rolname = ANY($1) AND n.nspname = ANY($2) AND 'hub_' || n.nspname <> r.rolname
           AND c.relkind IN ('r', 'p', 'v', 'm')
           AND (has_table_privilege(r.rolname, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
                OR has_any_column_privilege(r.rolname, c.oid, 'SELECT, INSERT, UPDATE, REFERENCES'))""",
        [role_of(service) for service in SERVICES],
        list(SERVICES),
    )
    assert foreign == []


def test_what_is_recorded_for_good_is_neither_changed_nor_deleted(catalogue: Catalogue) -> None:
    rights = catalogue.rows(
        """SELECT n.nspname || '.' || c.relname AS name, a.attname AS column,
               has_table_privilege('hub_' || n.nspname, c.oid, 'DELETE, TRUNCATE, TRIGGER') AS deletes,
               has_column_privilege('hub_' || n.nspname, c.oid, a.attnum, 'UPDATE') AS changes
           FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
           WHERE n.nspname = ANY($1) AND c.relkind IN ('r', 'p')""",
        list(SERVICES),
    )
    names = {row["name"] for row in rights}
    assert names >= APPEND_ONLY | NEVER_DELETED
    assert {row["name"] for row in rights if row["deletes"]} & (APPEND_ONLY | NEVER_DELETED) == set()
    changed: dict[str, set[str]] = {}
    for row in rights:
        if row["changes"] and row["name"] in APPEND_ONLY:
            changed.setdefault(row["name"], set()).add(row["column"])
    assert changed == SUPERSEDED_ONLY


def test_no_service_can_rewrite_the_history_of_its_migrations(catalogue: Catalogue) -> None:
    writable = catalogue.rows(
        """SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE c.relname = 'schema_version' AND n.nspname = ANY($1)
           AND has_table_privilege('hub_' || n.nspname, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')""",
        list(SERVICES),
    )
    assert writable == []


def test_functions_with_the_owners_rights_are_pinned_and_not_for_everybody(catalogue: Catalogue) -> None:
    functions = catalogue.rows(
        """SELECT n.nspname AS service, p.oid::regprocedure::text AS name, p.proconfig AS config,
               EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
                       WHERE a.grantee = 0) AS for_everybody
           FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
           WHERE p.prosecdef AND n.nspname = ANY($1)""",
        list(SERVICES),
    )
    assert {row["service"] for row in functions} == set(SERVICES)
    for row in functions:
        assert "search_path" in [setting.split("=")[0] for setting in row["config"] or []], row["name"]
        assert not row["for_everybody"], row["name"]


def test_a_partition_is_reached_through_its_parent_only(catalogue: Catalogue) -> None:
    """Row-level security stands on the parent, so a service may fill a partition directly and never read it."""
    rights = catalogue.rows(
        """SELECT c.relname || ' ' || g.privilege_type AS given
           FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           JOIN information_schema.role_table_grants g ON g.table_schema = n.nspname AND g.table_name = c.relname
           WHERE c.relispartition AND n.nspname = ANY($1) AND g.grantee <> $2 AND g.privilege_type <> 'INSERT'""",
        list(SERVICES),
        OWNER,
    )
    assert [row["given"] for row in rights] == []
