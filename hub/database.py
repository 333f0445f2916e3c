"""`hub migrate`: the roles, the database, the schemas and their rights, then each service's migrations.

Needs an administrator's login that may create roles and databases; a superuser is not needed. Safe to repeat and to run
twice at once: everything happens under one advisory lock, and every statement may find its work already done.
"""

import asyncio
import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import asyncpg
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from hub.errors import OperatorError
from hub.postgres_binaries import BUILTIN_LOCALE_SINCE, OLDEST_MAJOR

SERVICES: Final = ("identity", "registry", "targets", "subsidies", "exchange")
OWNER: Final = "hub_owner"
DATABASE: Final = "hub"
MAINTENANCE: Final = "postgres"
EXTENSIONS: Final = ("pg_trgm", "btree_gist")  # both trusted: the database's owner may create them
MIGRATION_LOCK: Final = 0x4855_424D  # "HUBM"
SCRAM_ITERATIONS: Final = 4096  # PostgreSQL's default, scram_iterations
CONNECT_SECONDS: Final = 10.0

Upgrade = Callable[[str, str], None]
Report = Callable[[str], None]


def role_of(service: str) -> str:
    """The login role of a service."""
    return f"hub_{service}"


@dataclass(frozen=True)
class Plan:
    """What to bring about: an administrator's URL, and a password for the owner and each service's role."""

    administrator: str = field(repr=False)
    passwords: Mapping[str, str] = field(repr=False)

    @property
    def database(self) -> str:
        """The database named by the administrator's URL; `hub` where that names the maintenance database or none."""
        named = parse_url(self.administrator).database or DATABASE
        return DATABASE if named == MAINTENANCE else named

    def url(self, role: str) -> str:
        """The `postgresql+asyncpg://` URL of a role on the hub's database."""
        login = parse_url(self.administrator).set(
            drivername="postgresql+asyncpg", username=role, password=self.passwords[role], database=self.database
        )
        return login.render_as_string(hide_password=False)

    def service_urls(self) -> dict[str, str]:
        return {service: self.url(role_of(service)) for service in SERVICES}


def parse_url(text: str) -> URL:
    """Parse a database URL; raises OperatorError, which never repeats the password."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise OperatorError("数据库连接地址的格式不对；应为 postgresql://用户:密码@主机:端口/数据库。") from None
    if not url.drivername.startswith("postgresql"):
        raise OperatorError("数据库连接地址应以 postgresql:// 开头；本系统只支持 PostgreSQL。")
    return url


def plan_from_environment(environment: Mapping[str, str]) -> Plan:
    """The plan of a deployment: `HUB_DATABASE_URL` administrates, the others name the roles' passwords."""
    names = {OWNER: "HUB_OWNER_DATABASE_URL"}
    names |= {role_of(service): f"HUB_{service.upper()}_DATABASE_URL" for service in SERVICES}
    missing = [name for name in ("HUB_DATABASE_URL", *names.values()) if not environment.get(name)]
    if missing:
        raise OperatorError(
            f"缺少设置 {'、'.join(missing)}；可用 hub secrets generate 生成，本机试用请直接执行 hub up。"
        )
    passwords = {role: parse_url(environment[name]).password or "" for role, name in names.items()}
    empty = [names[role] for role, password in passwords.items() if not password]
    if empty:
        raise OperatorError(f"{'、'.join(empty)} 中没有密码；各角色必须有自己的密码。")
    return Plan(environment["HUB_DATABASE_URL"], passwords)


def migrate(plan: Plan, *, report: Report = lambda _: None, upgrade: Upgrade | None = None) -> None:
    """Bring roles, database, schemas and tables up to date. Raises OperatorError when the server does not let us in."""
    if upgrade is None:
        from services.kernel.migrations import upgrade as kernel_upgrade

        upgrade = kernel_upgrade
    asyncio.run(_migrate(plan, report, upgrade))


async def _migrate(plan: Plan, report: Report, upgrade: Upgrade) -> None:
    async with connection(plan.administrator, MAINTENANCE) as server:
        await _check_version(server)
        await server.execute("SELECT pg_advisory_lock($1)", MIGRATION_LOCK)  # released when the connection ends
        await _ensure_roles(server, plan)
        await _ensure_database(server, plan.database)
        async with connection(plan.administrator, plan.database) as database:
            await _ensure_rights(database, plan.database)
        for service in SERVICES:
            report(service)
            await asyncio.to_thread(upgrade, service, plan.url(OWNER))


@asynccontextmanager
async def connection(url: str, database: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection for administration, closed afterwards."""
    target = parse_url(url).set(drivername="postgresql", database=database)
    try:
        opened = await asyncpg.connect(target.render_as_string(hide_password=False), timeout=CONNECT_SECONDS)
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        place = target.query.get("host") or f"{target.host}:{target.port or 5432}"
        raise OperatorError(
            f"无法连接 {place} 上的数据库 {database}（{type(error).__name__}）；请检查地址和密码。"
        ) from error
    try:
        yield opened
    finally:
        await opened.close()


async def _check_version(server: asyncpg.Connection) -> None:
    if server.get_server_version().major < OLDEST_MAJOR:
        raise OperatorError(f"数据库服务器版本过旧；需要 PostgreSQL {OLDEST_MAJOR} 或更高版本。")


async def _ensure_roles(server: asyncpg.Connection, plan: Plan) -> None:
    """Login roles with their passwords, sent as verifiers so that no server log ever holds a password."""
    for role in (OWNER, *map(role_of, SERVICES)):
        found = await server.fetchrow(
            "SELECT rolsuper OR rolbypassrls AS strong FROM pg_roles WHERE rolname = $1", role
        )
        if found is None:
            await server.execute(f"CREATE ROLE {role} LOGIN")
        elif found["strong"]:
            raise OperatorError(f"角色 {role} 拥有超级用户或绕过行级安全的权限；请先收回，再执行 hub migrate。")
        await server.execute(f"ALTER ROLE {role} LOGIN PASSWORD '{scram_verifier(plan.passwords[role])}'")
    superuser = await server.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    if not superuser:  # to give schemas to the owner one has to be a member of it
        await server.execute(f"GRANT {OWNER} TO CURRENT_USER")


async def _ensure_database(server: asyncpg.Connection, database: str) -> None:
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", database):
        raise OperatorError("数据库名只能用小写字母、数字和下划线。")
    encoding = await server.fetchval(
        "SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = $1", database
    )
    if encoding is None:
        builtin = server.get_server_version().major >= BUILTIN_LOCALE_SINCE
        provider = "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'" if builtin else ""
        await server.execute(
            f"CREATE DATABASE {database} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8' {provider}"
        )
    elif encoding != "UTF8":
        raise OperatorError(f"数据库 {database} 的编码是 {encoding}；需要 UTF8。")


async def _ensure_rights(database: asyncpg.Connection, name: str) -> None:
    """Each role enters its own schema and nothing else; what it may do to a table is said by the migration."""
    roles = ", ".join([OWNER, *map(role_of, SERVICES)])
    async with database.transaction():
        for extension in EXTENSIONS:
            await database.execute(f"CREATE EXTENSION IF NOT EXISTS {extension} SCHEMA public")
        await database.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
        await database.execute(f"GRANT CONNECT, TEMPORARY ON DATABASE {name} TO {roles}")
        await database.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        await database.execute(f"GRANT USAGE ON SCHEMA public TO {roles}")  # the extensions' operators live there
        for service in SERVICES:
            role = role_of(service)
            await database.execute(f"CREATE SCHEMA IF NOT EXISTS {service} AUTHORIZATION {OWNER}")
            await database.execute(f"REVOKE ALL ON SCHEMA {service} FROM PUBLIC")
            await database.execute(f"GRANT USAGE ON SCHEMA {service} TO {role}")
            await database.execute(f"ALTER ROLE {role} IN DATABASE {name} SET search_path = {service}, public")


def scram_verifier(password: str, salt: bytes | None = None) -> str:
    """The SCRAM-SHA-256 verifier of an ASCII password, as PostgreSQL stores it (RFC 5803; RFC 7677 for SHA-256).

    Raises OperatorError for a password with other characters, which would need SASLprep.
    """
    if not password or not password.isascii() or not password.isprintable():
        raise OperatorError("数据库角色的密码只能用可打印的 ASCII 字符，且不能为空。")
    salt = secrets.token_bytes(16) if salt is None else salt
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, SCRAM_ITERATIONS)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    parts = (salt, hashlib.sha256(client_key).digest(), server_key)
    encoded_salt, stored, served = (base64.b64encode(part).decode() for part in parts)
    return f"SCRAM-SHA-256${SCRAM_ITERATIONS}:{encoded_salt}${stored}:{served}"
