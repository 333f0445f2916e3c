"""A county asks for another county's rows, whose ids it knows: 404 to everybody who may not see them, never the row.

The rows are those of the lists that a county's clerk sees; the operations are all that lead on from such a list.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import pytest

from services.kernel.permissions import Role
from tests.e2e.operations import Operation
from tests.support.callers import OTHER_COUNTY, Caller, Callers
from tests.support.running_hub import RunningHub

pytestmark = pytest.mark.anyio

AT_ONCE: Final = 8
ROWS_OF_A_LIST: Final = 2
COUNTY, OTHER = "340822", "340825"
HOOK: Final = {"url": "https://hooks.example.cn/county", "description": "别县看不到的推送地址"}
OF_THE_ALLIANCE: Final = {
    "/api/targets/v1/indicators": "the alliance's targets, told by code",
    "/api/registry/v1/collaborations": "the alliance's carriers, which every unit may see",
    "/api/registry/v1/recognitions": "what those carriers were granted",
    "/api/registry/v1/agreements": "the alliance's agreements",
    "/api/registry/v1/bodies": "who governs the alliance",
    "/api/registry/v1/seats": "who sits in its bodies",
    "/api/registry/v1/leads": "who leads what in it",
    "/api/registry/v1/meetings": "when its bodies met",
    "/api/registry/v1/resolutions": "what they decided",
    "/api/registry/v1/leading-industries": "the city's industries",
    "/api/registry/v1/leading-industries/matches": "the majors that serve them",
    "/api/subsidies/v1/settlements": "confirmed settlements; a county sees its own lines of them only",
}
"""Lists that are the same for every county, with the reason."""
OF_ONESELF: Final = "/api/identity/v1/me/"
"""Lists of a person, not of the county; tests/identity/test_own.py asks for another person's."""
MEMBERS: Final = "/api/registry/v1/members"
"""A member unit sees all members, and the practice alliance has copies of them under the same ids."""
NEEDED: Final = {
    "/api/identity/v1/clients",
    "/api/registry/v1/members",
    "/api/subsidies/v1/roster-imports",
    "/api/subsidies/v1/claims",
    "/api/exchange/v1/webhook-endpoints",
    "/api/exchange/v1/webhook-deliveries",
}
"""Lists of which the county must have rows, so that the test is about something."""


@dataclass
class Rows:
    """Ids of one list, by its path, and the operations that take them in their first place."""

    path: str
    ids: list[str]
    operations: list[Operation] = field(default_factory=list)


def id_of(item: dict[str, Any]) -> str:
    return str(item.get("id") or item["client_id"])


async def ids_of(http: httpx.AsyncClient, path: str, limit: int = 200) -> list[str]:
    """The ids of a list's first page."""
    answer = (await http.get(path, params={"limit": limit})).raise_for_status().json()
    return [id_of(item) for item in answer["items"]]


def leading_on(path: str, operations: list[Operation]) -> list[Operation]:
    """The operations on one row of a list, and on what hangs below it."""
    return [o for o in operations if o.path.startswith(f"{path}/{{") and len(o.places) == 1]


def lists_of(operations: list[Operation]) -> list[str]:
    """The lists whose rows can be asked for one by one; one that is asked for by a record's id is that record's."""
    gets = [o.path for o in operations if o.method == "get" and not o.places and "subject" not in o.required_queries]
    return [path for path in gets if leading_on(path, operations) and not path.startswith(OF_ONESELF)]


def client(hub: RunningHub, caller: Caller) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=hub.url, headers=caller.headers, timeout=60)


async def rows_of(hub: RunningHub, clerk: Caller, operations: list[Operation]) -> list[Rows]:
    """What the county's clerk sees in every list that is not the whole alliance's, and the jobs of its imports."""
    may = {o.path for o in operations if o.method == "get" and clerk.may(o.alternatives)}
    found = []
    async with client(hub, clerk) as http:
        (await http.post("/api/exchange/v1/webhook-endpoints", json=HOOK)).raise_for_status()
        endpoint = (await ids_of(http, "/api/exchange/v1/webhook-endpoints"))[0]
        (await http.post(f"/api/exchange/v1/webhook-endpoints/{endpoint}/test")).raise_for_status()
        for path in lists_of(operations):
            if path in may and path not in OF_THE_ALLIANCE:
                found.append(Rows(path, await ids_of(http, path, ROWS_OF_A_LIST), leading_on(path, operations)))
        imports = (await http.get("/api/subsidies/v1/roster-imports", params={"limit": ROWS_OF_A_LIST})).json()["items"]
    jobs = [str(item["job"]) for item in imports]
    found.append(Rows("/api/subsidies/v1/jobs", jobs, leading_on("/api/subsidies/v1/jobs", operations)))
    return found


async def test_rows_of_another_county_are_not_found(
    hub: RunningHub, callers: Callers, operations: list[Operation]
) -> None:
    clerk = await callers.person(Role.COUNTY_CLERK)
    await callers.machine(COUNTY)
    rows = await rows_of(hub, clerk, operations)
    assert {r.path for r in rows if r.ids} >= NEEDED | {"/api/subsidies/v1/jobs"}
    strangers = [
        await callers.account(OTHER_COUNTY, Role.COUNTY_CLERK),
        await callers.machine(OTHER),
        await callers.person(Role.UNIT_REPORTER),
        await callers.person(Role.COUNTY_CLERK, practice=True),
        await callers.machine(COUNTY, practice=True),
    ]
    wrong: list[str] = []
    seen: Counter[int] = Counter()
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(http: httpx.AsyncClient, caller: Caller, operation: Operation, row: str) -> None:
        async with gate:
            address = operation.address(**{operation.places[0]: row})
            body, version = operation.example(), {"If-Match": '"1"'}
            answer = await http.request(operation.method, address, params=operation.queries, json=body, headers=version)
        seen[answer.status_code] += 1
        if answer.status_code != (409 if practises_identity(caller, operation) else 404) or row in answer.text:
            wrong.append(f"{caller.name}: {operation.name}: {answer.status_code} {answer.text[:200]}")

    for caller in strangers:
        async with client(hub, caller) as http:
            await asyncio.gather(
                *(
                    one(http, caller, operation, row)
                    for r in rows
                    if not may_see(caller, r.path)
                    for operation in r.operations
                    if caller.may(operation.alternatives)
                    for row in r.ids
                )
            )
            await no_row_among(http, caller, rows, wrong)
    assert wrong == [], "\n".join(wrong)
    assert seen[404] > 100


def may_see(caller: Caller, path: str) -> bool:
    """Whether the rows of this list are the caller's to see, in its own alliance."""
    return path == MEMBERS and (caller.name == Role.UNIT_REPORTER or "practice" in caller.name)


def practises_identity(caller: Caller, operation: Operation) -> bool:
    """Clients cannot be managed while one practises, whichever they are."""
    return "practice" in caller.name and operation.path.startswith("/api/identity/")


async def no_row_among(http: httpx.AsyncClient, caller: Caller, rows: list[Rows], wrong: list[str]) -> None:
    """None of the county's ids stands in the same list of another caller."""
    for r in rows:
        if r.path.endswith("/jobs") or may_see(caller, r.path):
            continue
        answer = await http.get(r.path, params={"limit": 200})
        if answer.is_success and (both := {id_of(item) for item in answer.json()["items"]} & set(r.ids)):
            wrong.append(f"{caller.name}: GET {r.path} lists {both}")


async def test_the_lists_of_two_counties_have_no_row_in_common(
    hub: RunningHub, callers: Callers, operations: list[Operation]
) -> None:
    one, two = await callers.person(Role.COUNTY_CLERK), await callers.account(OTHER_COUNTY, Role.COUNTY_CLERK)
    shared: dict[str, set[str]] = {}
    async with client(hub, one) as mine, client(hub, two) as theirs:
        for operation in operations:
            path = operation.path
            is_own = path in lists_of(operations) and path not in OF_THE_ALLIANCE and operation.method == "get"
            if is_own and one.may(operation.alternatives):
                shared[path] = set(await ids_of(mine, path)) & set(await ids_of(theirs, path))
    assert len(shared) > 5
    assert {path: both for path, both in shared.items() if both} == {}
