"""Helpers to watch processes from outside."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg

from hub.postgres import Address


def eventually(condition: Callable[[], bool], seconds: float = 15.0) -> bool:
    """Whether `condition` became true within `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def query(address: Address, *statements: str, database: str = "postgres") -> object:
    """Run statements as the administrator and return the value of the last."""
    return query_url(address.url(database), *statements)


def query_url(url: str, *statements: str) -> object:
    async def ask() -> object:
        connection = await asyncpg.connect(url.replace("+asyncpg", "", 1))
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return await connection.fetchval(statements[-1])
        finally:
            await connection.close()

    return asyncio.run(ask())
