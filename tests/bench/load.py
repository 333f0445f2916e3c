"""A bounded load on one address of the loopback: by wrk where it is installed, else by a small aiohttp generator."""

import asyncio
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.bench.report import percentile

CONNECTIONS = 32
REPORT_LUA = """
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("HUB %d %d %d %d %d\\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(95), e.connect + e.read + e.write + e.timeout + e.status))
end
"""


class LoadFailed(RuntimeError):
    """Requests were refused or broke off: their speed says nothing."""


@dataclass(frozen=True)
class Load:
    """What one round of load came to; times in milliseconds."""

    per_second: float
    p50: float
    p95: float


def generator() -> str:
    """Which generator `load` uses here."""
    return "wrk" if shutil.which("wrk") else "aiohttp"


async def load(url: str, headers: dict[str, str], seconds: float, folder: Path) -> Load:
    """Ask `url` for `seconds` over 32 connections. Raises LoadFailed when any answer is not a success."""
    if generator() == "wrk":
        return await by_wrk(url, headers, seconds, folder)
    return await by_aiohttp(url, headers, seconds)


async def by_wrk(url: str, headers: dict[str, str], seconds: float, folder: Path) -> Load:
    script = folder / "report.lua"
    script.write_text(REPORT_LUA)
    named = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "-s", str(script), *named, url]
    process = await asyncio.create_subprocess_exec(*command, stdout=-1, stderr=-1)
    try:
        out, err = await asyncio.wait_for(process.communicate(), seconds + 30)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return read_wrk(out.decode(), err.decode())


def read_wrk(out: str, err: str = "") -> Load:
    """Read the line that the script writes at the end. Raises LoadFailed without it, or when requests failed."""
    found = [line.split()[1:] for line in out.splitlines() if line.startswith("HUB ")]
    if not found:
        raise LoadFailed(f"wrk said nothing: {err.strip() or out.strip()}")
    requests, duration, p50, p95, errors = map(int, found[0])
    if errors or not requests:
        raise LoadFailed(f"{errors} of {requests} requests failed")
    return Load(requests / (duration / 1e6), p50 / 1e3, p95 / 1e3)


async def by_aiohttp(url: str, headers: dict[str, str], seconds: float) -> Load:
    times: list[float] = []
    started = time.perf_counter()
    ends = started + seconds

    async def ask(http: aiohttp.ClientSession) -> None:
        while (before := time.perf_counter()) < ends:
            async with http.get(url, headers=headers) as answer:
                await answer.read()
                if answer.status != 200:
                    raise LoadFailed(f"answered {answer.status}")
            times.append(time.perf_counter() - before)

    timeout = aiohttp.ClientTimeout(total=seconds + 30)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS), timeout=timeout) as http:
        await asyncio.gather(*(ask(http) for _ in range(CONNECTIONS)))
    elapsed = time.perf_counter() - started
    return Load(len(times) / elapsed, percentile(times, 0.5) * 1e3, percentile(times, 0.95) * 1e3)
