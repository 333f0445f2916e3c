"""Role × operation, generated: what the one table of permissions does not grant is refused, and nothing else is.

The operations are those that the services describe; the callers have real tokens. Nothing is changed: ids are of
nothing, and bodies are empty.
"""

import asyncio
from collections import Counter
from typing import Final

import httpx
import pytest

from services.kernel.problems import PROBLEM_JSON
from tests.e2e.operations import Operation
from tests.support.callers import NOBODY, Caller, Callers
from tests.support.running_hub import RunningHub

pytestmark = pytest.mark.anyio

AT_ONCE: Final = 8
NOT_CALLED: Final = {
    "POST /api/identity/v1/me/totp": "takes no body and begins a new second factor for whoever asks",
}
"""What an empty request would change, with the reason; nothing else is left out."""
OF_PERSONS: Final = "/api/identity/v1/me/"
"""What one does about oneself: a program, which has no account, is refused."""
PUBLIC: Final = "/api/registry/v1/public/"
"""Applying to join: open to anybody, with or without a token; these operations have tests of their own."""
FEWEST = 130
"""So many operations there were when this was written: a document that lost its paths must not pass."""


def wanted(caller: Caller, operation: Operation, status: int) -> bool:
    """Whether this answer is right for the caller."""
    if operation.path.startswith(PUBLIC):
        return status not in (401, 403) and status < 500
    if caller.granted is None:
        return status == 401
    own = operation.path.startswith(OF_PERSONS) and not caller.is_person
    if own or not caller.may(operation.alternatives):
        return status == 403
    return status not in (401, 403) and status < 500


async def asked(http: httpx.AsyncClient, operation: Operation) -> httpx.Response:
    """An empty request for something that is not there."""
    body = {} if operation.method in ("post", "put", "patch") else None
    return await http.request(operation.method, operation.address(), params=operation.queries, json=body)


async def test_every_operation_is_open_to_those_whom_the_table_grants_it_and_to_nobody_else(
    hub: RunningHub, callers: Callers, operations: list[Operation]
) -> None:
    everyone = [*await callers.everyone(), await callers.service("subsidies"), NOBODY]
    called = [operation for operation in operations if operation.name not in NOT_CALLED]
    assert len(called) >= FEWEST
    wrong: list[str] = []
    seen: Counter[int] = Counter()
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(http: httpx.AsyncClient, caller: Caller, operation: Operation) -> None:
        async with gate:
            answer = await asked(http, operation)
        seen[answer.status_code] += 1
        kind = answer.headers.get("content-type", "")
        if not wanted(caller, operation, answer.status_code) or (answer.is_error and kind != PROBLEM_JSON):
            wrong.append(f"{caller.name}: {operation.name}: {answer.status_code} {kind} {answer.text[:120]}")

    for caller in everyone:
        async with httpx.AsyncClient(base_url=hub.url, headers=caller.headers, timeout=60) as http:
            await asyncio.gather(*(one(http, caller, operation) for operation in called))
    assert wrong == [], "\n".join(wrong)
    assert seen[401] == 2 * len([operation for operation in called if not operation.path.startswith(PUBLIC)])
    assert seen[403] > len(called)
