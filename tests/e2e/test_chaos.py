"""Each process of the hub is killed in turn while people work: the others answer, and nothing is done twice.

It runs after every other test of the whole hub (see conftest.py), since it disturbs whoever shares the hub.
"""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest

from services.kernel.permissions import Role
from services.kernel.problems import PROBLEM_JSON
from tests.support.callers import Caller, Callers
from tests.support.hub_processes import processes_of
from tests.support.running_hub import RunningHub

pytestmark = pytest.mark.anyio

VICTIMS: Final = ("registry", "targets", "subsidies", "exchange", "frontend", "worker", "identity", "gateway")
READS: Final = {
    "identity": "/api/identity/v1/roles",
    "registry": "/api/registry/v1/collaborations",
    "targets": "/api/targets/v1/indicators",
    "subsidies": "/api/subsidies/v1/roster-imports",
    "exchange": "/api/exchange/v1/webhook-endpoints",
    "frontend": "/login",
}
LEANS_ON: Final = {"frontend": {"identity"}}
"""Which other parts a part's answer needs: the sign-in page begins with identity's keys."""
ENDPOINTS, CARRIERS, RESET = (
    "/api/exchange/v1/webhook-endpoints",
    "/api/registry/v1/collaborations",
    "/api/exchange/v1/practice/reset",
)
MARK: Final = "压测-"
READERS: Final = 3
PAUSE_SECONDS: Final = 0.05
BACK_SECONDS: Final = 120.0
ANSWER_SECONDS: Final = 60.0


@dataclass
class Load:
    """What is asked all the while, and what came of it."""

    hub: RunningHub
    clerk: Caller
    killed: str = ""
    stop: bool = False
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    made: list[str] = field(default_factory=list)

    def client(self) -> httpx.AsyncClient:
        headers = {**self.clerk.headers, "Accept": "application/json"}
        return httpx.AsyncClient(base_url=self.hub.url, headers=headers, timeout=ANSWER_SECONDS)

    async def ask(
        self, http: httpx.AsyncClient, part: str, method: str, path: str, *, gone: bool = False, **content: Any
    ) -> httpx.Response | None:
        """One request; None for a broken connection. Whatever is not allowed is noted; `gone` allows 404."""
        before = self.killed
        try:
            answer = await http.request(method, path, **content)
        except httpx.TransportError as error:
            if "gateway" not in (before, self.killed):
                self.faults.append(f"{method} {path} while {before or 'nothing'} was down: {error!r}")
            self.refused["gateway"] += 1
            return None
        self.answers[self.killed, part] += answer.is_success or answer.is_redirect
        if answer.is_error and not (gone and answer.status_code == httpx.codes.NOT_FOUND):
            self.refused[part] += 1
            down = {before, self.killed} - {""}
            told = (answer.headers["content-type"], "retry-after" in answer.headers) == (PROBLEM_JSON, True)
            excused = down & {part, "gateway", *LEANS_ON.get(part, set())}
            if answer.status_code != 503 or not told or not excused:
                self.faults.append(f"{method} {path} while {down} was down: {answer.status_code} {answer.text[:300]}")
        return answer

    async def ask_on(self, http: httpx.AsyncClient, part: str, method: str, path: str, **content: Any) -> Any:
        """The same request again and again, with the same key, until it is answered; returns the answer's JSON.

        What an attempt without an answer has deleted is gone when it is asked for again: a DELETE has no key.
        """
        deadline = time.monotonic() + BACK_SECONDS
        again = False
        while True:
            answer = await self.ask(http, part, method, path, gone=again and method == "DELETE", **content)
            again = True
            if answer is not None and answer.status_code != 503:
                return answer.json() if answer.content else None
            assert time.monotonic() < deadline, f"{method} {path} is answered"
            await asyncio.sleep(PAUSE_SECONDS)

    async def read(self) -> None:
        """Ask every part in turn, again and again."""
        async with self.client() as http:
            while not self.stop:
                for part, path in READS.items():
                    await self.ask(http, part, "GET", path)
                await asyncio.sleep(PAUSE_SECONDS)

    async def register(self) -> None:
        """Register one carrier after another, each under a key of its own."""
        async with self.client() as http:
            while not self.stop:
                key = str(uuid4())
                body = {"kind": "platform", "name": MARK + key}
                self.made.append(MARK + key)
                await self.ask_on(http, "registry", "POST", CARRIERS, json=body, headers={"Idempotency-Key": key})
                await asyncio.sleep(PAUSE_SECONDS)

    async def subscribe(self) -> None:
        """Make an endpoint, see that there is exactly one, and take it away again: a unit may have twenty."""
        async with self.client() as http:
            while not self.stop:
                key = str(uuid4())
                body = {"url": "https://hooks.example.cn/load", "description": MARK + key}
                made = await self.ask_on(
                    http, "exchange", "POST", ENDPOINTS, json=body, headers={"Idempotency-Key": key}
                )
                listed = await self.ask_on(http, "exchange", "GET", ENDPOINTS, params={"limit": 200})
                found = [item["id"] for item in listed["items"] if item["description"] == MARK + key]
                if found != [made["id"]]:
                    self.faults.append(f"endpoint {made['id']} under {key} stands as {found}")
                await self.ask_on(http, "exchange", "DELETE", f"{ENDPOINTS}/{made['id']}")
                self.answers["", "endpoints made once"] += 1


async def until(what: str, condition: Callable[[], bool]) -> None:
    """Wait for a condition. Raises AssertionError when it does not come true in time."""
    deadline = time.monotonic() + BACK_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"{what} within {BACK_SECONDS:.0f} seconds"
        await asyncio.sleep(PAUSE_SECONDS)


async def kill(load: Load, victim: str) -> None:
    """Kill one process; the others answer meanwhile, it is started again, and then all is well."""
    before = processes_of(load.hub.process.pid)
    load.killed = victim
    os.kill(before[victim], signal.SIGKILL)
    if victim != "gateway":
        others = [part for part in READS if part != victim and victim not in LEANS_ON.get(part, set())]
        await until(f"the others answer without {victim}", lambda: all(load.answers[victim, part] for part in others))
    await until(
        f"{victim} is started again",
        lambda: processes_of(load.hub.process.pid).get(victim, before[victim]) != before[victim],
    )
    await settled(load)
    after = processes_of(load.hub.process.pid)
    assert {name for name in before if before[name] != after.get(name)} == {victim}
    load.killed = ""


async def settled(load: Load) -> None:
    """Every part answers again, three times in a row."""
    in_a_row = 0
    deadline = time.monotonic() + BACK_SECONDS
    async with load.client() as http:
        while in_a_row < 3:
            assert time.monotonic() < deadline, f"all is well after {load.killed} was killed"
            answers = [await load.ask(http, part, "GET", path) for part, path in READS.items()]
            in_a_row = in_a_row + 1 if all(a is not None and not a.is_error for a in answers) else 0
            await asyncio.sleep(PAUSE_SECONDS)


async def carriers(http: httpx.AsyncClient) -> Counter[str]:
    """How often each name that the load gave stands in the list."""
    found: Counter[str] = Counter()
    cursor = None
    while True:
        page = (await http.get(CARRIERS, params={"limit": 200, **({"cursor": cursor} if cursor else {})})).json()
        found.update(item["name"] for item in page["items"] if item["name"].startswith(MARK))
        cursor = page["next_cursor"]
        if cursor is None:
            return found


async def test_any_process_may_be_killed_under_load(hub: RunningHub, callers: Callers) -> None:
    load = Load(hub, await callers.person(Role.SECRETARIAT_CLERK, practice=True))
    assert set(VICTIMS) == set(processes_of(hub.process.pid))
    async with load.client() as http:
        (await http.post(RESET)).raise_for_status()
        before = await carriers(http)
        async with asyncio.TaskGroup() as tasks:
            for work in (*[load.read] * READERS, load.register, load.subscribe):
                tasks.create_task(work())
            try:
                for victim in VICTIMS:
                    await kill(load, victim)
            finally:
                load.stop = True
        assert load.faults == [], "\n".join(load.faults[:40])
        assert set(load.refused) >= {*READS, "gateway"}, "each was down long enough to be missed"
        assert await carriers(http) - before == Counter(load.made)
        assert min(len(load.made), load.answers["", "endpoints made once"]) > len(VICTIMS)
