"""What the tests of catalogues, coverage and teaching share: units, workbooks, and refusals told by their codes."""

import csv
import io
from typing import Any
from uuid import UUID

import httpx

from services.kernel.clock import FixedClock
from services.kernel.database import Database
from services.kernel.permissions import Role
from services.kernel.principal import Principal
from services.registry.commands.apply_policy import apply_policy
from tests.registry.conftest import BASE, Caller, Registry, member

PRACTICE = {"months": 6, "window_years": 5, "article": "4.2"}


async def school(caller: Caller, name: str = "示例职业学校", **changes: Any) -> str:
    """The id of a new school."""
    return str((await caller.create("/members", member(name, **changes)))["id"])


async def enterprise(caller: Caller, name: str, **changes: Any) -> str:
    """The id of a new enterprise."""
    return str((await caller.create("/members", member(name, category="enterprise", **changes)))["id"])


def table_of(*rows: list[Any]) -> bytes:
    """Rows as a .csv, the first being the header."""
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode()


async def send(caller: Caller, path: str, content: bytes, **fields: str) -> httpx.Response:
    """Upload a .csv."""
    files = {"file": ("表.csv", content)}
    return await caller.http.post(BASE + path, files=files, data=fields, headers=caller.headers)


async def remove(caller: Caller, path: str, etag: str | None, **query: str) -> httpx.Response:
    headers = {**caller.headers, **({"If-Match": etag} if etag else {})}
    return await caller.http.delete(BASE + path, params=query, headers=headers)


def codes(answer: httpx.Response) -> set[tuple[str, str]]:
    """(field, code) of each fault of a refusal."""
    assert answer.status_code == 422, answer.text
    return {(issue["field"], issue["code"]) for issue in answer.json()["errors"]}


async def apply_structure(registry: Registry, pack: str = "community", **structure: Any) -> None:
    """Apply a pack whose structure holds only what a test needs."""
    database = Database(registry.settings.database_url.get_secret_value(), clock=registry.clock)
    principal = Principal("test", "测试", Role.SECRETARIAT_CLERK, "anqing", frozenset())
    parts: dict[str, dict[str, Any]] = {"document": {"title": "示例文件", "articles": []}, "structure": structure}
    try:
        async with database.write("anqing") as session:
            hashes = {"document": pack, "structure": repr(structure)}
            await apply_policy(session, FixedClock(registry.clock.now()), principal, pack, parts, hashes)
    finally:
        await database.close()


def bureau(caller: Caller, division: str = "340822") -> Caller:
    return caller.acting("county_clerk", division=division)


def unit(caller: Caller, member_id: str) -> Caller:
    return caller.acting("unit_reporter", member=str(UUID(member_id)))
