"""What the figures were measured on, and the bench's own database server, which keeps its promises (fsync on)."""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from tests.support.databases import TestServer, running_server

HONEST = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "autovacuum": "off"}
"""Commits reach the disk. Autovacuum would run in whichever contender's turn it likes, so it does not run."""
SHOWN = ("server_version", "fsync", "synchronous_commit", "shared_buffers", "max_wal_size")


@contextmanager
def honest_server() -> Iterator[TestServer]:
    """A fresh cluster of the bench's own with fsync on; gone afterwards."""
    with running_server(HONEST) as server:
        yield server


def machine_lines() -> list[str]:
    """Cores, memory, load and Python, one fact a line."""
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return [
        f"处理器：{cores} 核（{_processor()}），内存 {memory:.0f} GiB，此前一分钟负载 {os.getloadavg()[0]:.1f}",
        f"Python {platform.python_version()}，{platform.system()} {platform.release()}",
    ]


def _processor() -> str:
    facts = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.split(":", 1)[1].strip() for line in facts if line.startswith("model name")]
    return names[0] if names else platform.machine()


async def server_line(connection: "asyncpg.Connection[asyncpg.Record]") -> str:
    """The database server's version and what decides its speed of writing, as it says itself."""
    found = [(name, await connection.fetchval("SELECT current_setting($1)", name)) for name in SHOWN]
    return "PostgreSQL " + "，".join(f"{value}" if name == SHOWN[0] else f"{name} {value}" for name, value in found)
