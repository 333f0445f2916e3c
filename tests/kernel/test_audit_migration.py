"""The log of a deployment from before the chain: its entries are numbered and chained where they stand."""

import asyncio
import secrets
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from hub.database import OWNER, SERVICES, Plan, migrate, role_of
from services.kernel.audit_chain import entry_hash, genesis
from services.kernel.audit_reading import find_stretch, lines_of
from services.kernel.database import Database
from services.kernel.migrations import upgrade
from tests.kernel.audit_exports import parsed_lines
from tests.support.databases import TestServer

OLD_ENTRY = """
    INSERT INTO registry.audit_entry (alliance, at, actor, actor_name, actor_role, client_address, action, object_kind,
        object_id, before, after, reason, request_id)
    VALUES ($1, now(), 'clerk', '经办', 'secretariat', '-', 'member.create', 'member', $2, 'null', $3, NULL, 'r')"""


@pytest.fixture
def old(server: TestServer) -> Iterator[Plan]:
    """A second database on the server, its registry as it was before the chain."""
    passwords = {role: server.plan.passwords[role] for role in (OWNER, *map(role_of, SERVICES))}
    name = f"hub_{secrets.token_hex(4)}"
    plan = Plan(server.address.url(name), passwords)
    migrate(plan, upgrade=lambda _service, _url: None)
    upgrade("registry", plan.url(OWNER), "0002")
    yield plan
    asyncio.run(_execute(server.address.url("postgres"), f"DROP DATABASE {name} WITH (FORCE)"))


async def _execute(url: str, *statements: Any) -> None:
    connection = await asyncpg.connect(url.replace("+asyncpg", "", 1))
    try:
        for statement in statements:
            await connection.execute(*([statement] if isinstance(statement, str) else statement))
    finally:
        await connection.close()


def test_old_entries_are_chained_without_gaps_and_new_ones_follow(old: Plan) -> None:
    entries = [(OLD_ENTRY, alliance, str(n), '{"name": "甲"}') for n, alliance in enumerate(["x", "y", "x", "x", "y"])]
    gap = "SELECT nextval(pg_get_serial_sequence('registry.audit_entry', 'entry_no'))"
    asyncio.run(_execute(old.url(OWNER), *entries[:3], gap, *entries[3:]))
    upgrade("registry", old.url(OWNER))
    asyncio.run(_execute(old.url(OWNER), (OLD_ENTRY, "x", "new", None)))

    async def lines(alliance: str) -> list[dict[str, Any]]:
        database = Database(old.url(role_of("registry")))
        try:
            async with database.read(alliance) as session:
                stretch = await find_stretch(session, alliance, None, None)
            assert stretch is not None
            return parsed_lines([part async for part in lines_of(database, alliance, stretch)])
        finally:
            await database.close()

    for alliance, things in (("x", ["0", "2", "3", "new"]), ("y", ["1", "4"])):
        found = asyncio.run(lines(alliance))
        assert [(line["entry_no"], line["object_id"]) for line in found] == list(enumerate(things, start=1))
        previous = genesis("registry", alliance)
        for line in found:
            assert line["previous_hash"] == previous.hex()
            previous = entry_hash(previous, line)
            assert line["hash"] == previous.hex()
