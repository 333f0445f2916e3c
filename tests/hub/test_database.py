"""`hub migrate` on a bare server: roles, rights, idempotence, two at once, an administrator who is no superuser."""

import asyncio
import threading
from collections.abc import Iterator

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.database import OWNER, SERVICES, Plan, connection, migrate, plan_from_environment, role_of, scram_verifier
from hub.errors import OperatorError
from hub.postgres import Address
from tests.hub.processes import query, query_url

ROLES = (OWNER, *map(role_of, SERVICES))


def plan_of(url: str, mark: str = "first") -> Plan:
    return Plan(url, {role: f"{mark}-password-of-{role}" for role in ROLES})


def create_table(service: str, owner_url: str) -> None:
    """A stand-in for a service's migrations: makes one table and lets the service read it."""
    query_url(
        owner_url,
        f"CREATE TABLE IF NOT EXISTS {service}.thing (name text)",
        f"CREATE INDEX IF NOT EXISTS thing_name ON {service}.thing USING gin (name public.gin_trgm_ops)",
        f"GRANT SELECT ON {service}.thing TO {role_of(service)}",
        "SELECT 1",
    )


@pytest.fixture
def plan(bare_server: Address) -> Iterator[Plan]:
    made = plan_of(bare_server.url())
    yield made
    query(bare_server, "DROP DATABASE IF EXISTS hub WITH (FORCE)", "SELECT 1")
    for role in ROLES:
        query(bare_server, f"DROP ROLE IF EXISTS {role}", "SELECT 1")


def test_each_role_enters_its_own_schema_and_no_other(plan: Plan) -> None:
    migrate(plan, upgrade=create_table)
    for service, url in plan.service_urls().items():
        assert query_url(url, "SELECT current_user || ' ' || current_schema()") == f"{role_of(service)} {service}"
        assert query_url(url, "SELECT count(*) FROM thing") == 0, "found by the search path"
        other = next(name for name in SERVICES if name != service)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            query_url(url, f"SELECT count(*) FROM {other}.thing")
        for forbidden in ("CREATE TABLE mine (n int)", "CREATE TABLE public.mine (n int)", "CREATE SCHEMA mine"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                query_url(url, forbidden)


def test_all_tables_belong_to_the_owner(plan: Plan) -> None:
    migrate(plan, upgrade=create_table)
    owners = "SELECT string_agg(DISTINCT tableowner, ',') FROM pg_tables WHERE tablename = 'thing'"
    assert query_url(plan.url(OWNER), owners) == OWNER


def test_strangers_may_not_even_connect(plan: Plan, bare_server: Address) -> None:
    migrate(plan, upgrade=create_table)
    query(bare_server, f"CREATE ROLE stranger LOGIN PASSWORD '{scram_verifier('stranger')}'", "SELECT 1")
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            query_url(bare_server.url("hub", user="stranger", password="stranger"), "SELECT 1")
    finally:
        query(bare_server, "DROP ROLE stranger", "SELECT 1")


def test_a_second_run_changes_nothing_but_the_passwords(plan: Plan, bare_server: Address) -> None:
    told: list[str] = []
    migrate(plan, upgrade=create_table, report=told.append)
    assert told == list(SERVICES)
    before = query(
        bare_server, "SELECT string_agg(nspacl::text, ' ' ORDER BY nspname) FROM pg_namespace", database="hub"
    )
    second = plan_of(bare_server.url(), "second")
    migrate(second, upgrade=create_table)
    after = query(
        bare_server, "SELECT string_agg(nspacl::text, ' ' ORDER BY nspname) FROM pg_namespace", database="hub"
    )
    assert after == before
    assert query_url(second.url(OWNER), "SELECT 1") == 1
    with pytest.raises(asyncpg.InvalidPasswordError):
        query_url(plan.url(OWNER), "SELECT 1")


def test_two_runs_at_once_take_turns(plan: Plan) -> None:
    inside: list[str] = []
    most = 0
    failures: list[BaseException] = []

    def upgrade(service: str, owner_url: str) -> None:
        nonlocal most
        inside.append(service)
        most = max(most, len(inside))
        create_table(service, owner_url)
        inside.remove(service)

    def run() -> None:
        try:
            migrate(plan, upgrade=upgrade)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert most == 1


def test_an_administrator_need_not_be_a_superuser(plan: Plan, bare_server: Address) -> None:
    verifier = scram_verifier("keeper")
    query(bare_server, f"CREATE ROLE keeper LOGIN CREATEROLE CREATEDB PASSWORD '{verifier}'", "SELECT 1")
    try:
        kept = plan_of(bare_server.url(user="keeper", password="keeper"))
        migrate(kept, upgrade=create_table)
        migrate(kept, upgrade=create_table)
        assert query_url(kept.service_urls()["targets"], "SELECT count(*) FROM thing") == 0
    finally:
        query(bare_server, "DROP DATABASE IF EXISTS hub WITH (FORCE)", "SELECT 1")
        for role in (*ROLES, "keeper"):
            query(bare_server, f"DROP ROLE IF EXISTS {role}", "SELECT 1")


@pytest.mark.parametrize("right", ["SUPERUSER", "BYPASSRLS"])
def test_a_role_that_row_level_security_would_not_hold_is_refused(plan: Plan, bare_server: Address, right: str) -> None:
    query(bare_server, f"CREATE ROLE hub_subsidies LOGIN {right}", "SELECT 1")
    with pytest.raises(OperatorError, match="hub_subsidies 拥有超级用户或绕过行级安全"):
        migrate(plan, upgrade=create_table)


def test_a_database_of_another_encoding_is_refused(plan: Plan, bare_server: Address) -> None:
    query(bare_server, "CREATE DATABASE hub TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'", "SELECT 1")
    with pytest.raises(OperatorError, match="编码是 SQL_ASCII"):
        migrate(plan, upgrade=create_table)


def test_the_urls_database_is_used_and_the_maintenance_database_never(bare_server: Address) -> None:
    assert plan_of(bare_server.url()).database == "hub"
    assert plan_of(bare_server.url("anqing")).database == "anqing"
    assert plan_of("postgresql://admin:pw@db").database == "hub"
    assert plan_of("postgresql://admin:pw@db:5433/hub").url(OWNER) == (
        "postgresql+asyncpg://hub_owner:first-password-of-hub_owner@db:5433/hub"
    )


def test_a_wrong_password_is_one_sentence_without_the_password(bare_server: Address) -> None:
    with pytest.raises(OperatorError) as caught:
        migrate(plan_of(bare_server.url(password="not-the-password")), upgrade=create_table)
    assert "请检查地址和密码" in caught.value.sentence
    assert "not-the-password" not in caught.value.sentence


def test_a_server_that_is_not_there_is_one_sentence(port: int) -> None:
    with pytest.raises(OperatorError, match=f"127.0.0.1:{port}"):
        migrate(plan_of(f"postgresql://a:b@127.0.0.1:{port}/hub"), upgrade=create_table)


@pytest.mark.parametrize("url", ["mysql://a:secret@h/db", "nonsense secret", "postgresql://a:secret@h:port/db"])
def test_an_address_that_is_none_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(OperatorError) as caught:
        migrate(plan_of(url), upgrade=create_table)
    assert "secret" not in caught.value.sentence


def test_a_database_name_cannot_carry_sql(bare_server: Address) -> None:
    with pytest.raises(OperatorError, match="数据库名"):
        migrate(plan_of(bare_server.url('x"; DROP')), upgrade=create_table)


def test_the_plan_of_a_deployment_comes_from_its_environment() -> None:
    environment = {
        "HUB_DATABASE_URL": "postgresql://admin:pw@db/hub",
        "HUB_OWNER_DATABASE_URL": "postgresql://o:a%40b@db",
    }
    with pytest.raises(OperatorError, match="HUB_IDENTITY_DATABASE_URL、HUB_REGISTRY"):
        plan_from_environment(environment)
    environment |= {f"HUB_{name.upper()}_DATABASE_URL": f"postgresql://x:{name}@db/hub" for name in SERVICES}
    plan = plan_from_environment(environment)
    assert plan.passwords == {OWNER: "a@b", **{role_of(name): name for name in SERVICES}}
    with pytest.raises(OperatorError, match="HUB_TARGETS_DATABASE_URL 中没有密码"):
        plan_from_environment({**environment, "HUB_TARGETS_DATABASE_URL": "postgresql://x@db/hub"})
    assert "a@b" not in repr(plan)


@settings(max_examples=25, deadline=None)  # the key derivation is slow on purpose
@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=64))
def test_a_verifier_holds_no_password_and_has_postgresqls_shape(password: str) -> None:
    kind, iterations_and_salt, keys = scram_verifier(password).split("$")
    assert (kind, iterations_and_salt.split(":")[0]) == ("SCRAM-SHA-256", "4096")
    assert [len(key) for key in keys.split(":")] == [44, 44]
    assert scram_verifier(password) != scram_verifier(password), "a fresh salt each time"
    assert scram_verifier(password, b"s" * 16) == scram_verifier(password, b"s" * 16)


@pytest.mark.parametrize("password", ["", "密码", "tab\tbed", "new\nline"])
def test_a_password_that_would_need_preparation_is_refused(password: str) -> None:
    with pytest.raises(OperatorError, match="ASCII"):
        scram_verifier(password)


def test_any_printable_password_lets_its_role_in(bare_server: Address) -> None:
    password = "".join(map(chr, range(32, 127)))
    query(bare_server, f"CREATE ROLE printable LOGIN PASSWORD '{scram_verifier(password)}'", "SELECT 1")
    try:
        assert query_url(bare_server.url(user="printable", password=password), "SELECT 1") == 1
    finally:
        query(bare_server, "DROP ROLE printable", "SELECT 1")


def test_a_connection_is_closed_afterwards(bare_server: Address) -> None:
    async def use() -> bool:
        async with connection(bare_server.url(), "postgres") as opened:
            assert await opened.fetchval("SELECT 1") == 1
        return bool(opened.is_closed())

    assert asyncio.run(use())
