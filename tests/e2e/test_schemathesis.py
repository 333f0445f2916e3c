"""Schemathesis sends what the documents allow, and what they do not, to every operation through the gateway.

With a valid token of each audience: no failure of the hub, no status, kind or shape of an answer that is not written
down. The examples are the same each time. People work in the practice alliance where their unit has one, so that
nothing that counts is changed.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services.gateway.routes import API_SERVICES
from services.kernel.permissions import Role
from tests.support.callers import Caller, Callers
from tests.support.running_hub import RunningHub

EXAMPLES: Final = 3
"""Of each kind (as the document allows, and not), for each operation and audience that may call it."""
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
NOT_CALLED: Final = {
    "POST /api/identity/v1/me/totp": "begins a second factor for the account that the test signs in with",
    "DELETE /api/identity/v1/me/totp": "would take the account's second factor away",
    "DELETE /api/identity/v1/me/sessions/{session_id}": "may end the session whose token is used",
    "POST /api/identity/v1/me/password": "may end the session whose token is used",
    "POST /api/identity/v1/accounts/{account_id}/sign-out": "may end the session whose token is used",
    "POST /api/identity/v1/clients": "would leave programs with a way in to real counties",
    "POST /api/identity/v1/identity-providers": "would stand on the sign-in page of those who come later",
    "POST /api/identity/v1/accounts": "would leave accounts behind in the demonstration",
}
"""What could end what the test itself uses, or outlive it; the services' own tests send odd requests to these too."""


@dataclass
class Found:
    """What one audience's conversation came to."""

    calls: int = 0
    faults: list[str] = field(default_factory=list)


async def audience(callers: Callers, name: str) -> Caller:
    """The caller of one audience."""
    practising = {"county": Role.COUNTY_CLERK, "member": Role.UNIT_REPORTER, "secretariat": Role.SECRETARIAT_CLERK}
    if name in practising:
        return await callers.person(practising[name], practice=True)
    return await callers.person(Role(name))


@pytest.fixture(scope="module")
def documents(hub: RunningHub, callers: Callers) -> dict[str, dict[str, Any]]:
    """Each service's document, read through the gateway."""

    async def read() -> dict[str, dict[str, Any]]:
        headers = (await callers.person(Role.SECRETARIAT_CLERK)).headers
        async with httpx.AsyncClient(base_url=hub.url, headers=headers, timeout=60) as http:
            return {name: (await http.get(f"/api/{name}/v1/openapi.json")).json() for name in API_SERVICES}

    return asyncio.run(read())


def allowed(document: dict[str, Any], caller: Caller) -> dict[str, Any]:
    """The document with only what the caller may call and the test may send; nor is another token to be made up."""
    paths = {
        path: {
            method: {key: value for key, value in operation.items() if key != "security"}
            for method, operation in item.items()
            if caller.may(operation.get("x-permissions")) and f"{method.upper()} {path}" not in NOT_CALLED
        }
        for path, item in document["paths"].items()
    }
    return {**document, "paths": {path: item for path, item in paths.items() if item}}


def strategies(document: dict[str, Any]) -> Iterator[st.SearchStrategy[Case]]:
    """For each operation the requests that its document allows, then also those that it does not, if it takes anything.

    The two are mixed because some operations take whatever is sent, so that nothing is not allowed.
    """
    schema = schemathesis.openapi.from_dict(document, config=schemathesis.Config())
    for found in schema.get_all_operations():
        operation = found.ok()
        yield operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
        told = document["paths"][operation.path][operation.method]
        if told.get("parameters") or "requestBody" in told:
            negative = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
            yield negative | operation.as_strategy(generation_mode=GenerationMode.POSITIVE)


def send_all(requests_of: st.SearchStrategy[Case], hub: RunningHub, session: requests.Session, found: Found) -> None:
    """Send the examples of one operation and note every fault."""

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=requests_of)
    def send(case: Case) -> None:
        found.calls += 1
        response = case.call(base_url=hub.url, session=session, headers=dict(session.headers), timeout=30)
        if response.status_code == 401:
            found.faults.append(told(case, 401, AssertionError("the token must hold, or nothing is tested")))
        try:
            case.validate_response(response, checks=CHECKS)
        except FailureGroup as group:
            found.faults += [told(case, response.status_code, fault) for fault in group.exceptions]

    send()


def told(case: Case, status: int, fault: Exception) -> str:
    what = f"{fault.title}: {fault.message}" if isinstance(fault, Failure) else repr(fault)
    return f"{case.method} {case.formatted_path} {case.query} {str(case.body)[:200]}: {status} {what[:300]}"


@pytest.mark.parametrize(
    "name", ["county", "member", "secretariat", Role.AUDIT_ADMIN, Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN]
)
def test_answers_are_those_of_the_document(
    hub: RunningHub, callers: Callers, documents: dict[str, dict[str, Any]], name: str
) -> None:
    caller = asyncio.run(audience(callers, name))
    found = Found()
    with requests.Session() as session:
        session.headers.update(caller.headers)
        for document in documents.values():
            for requests_of in strategies(allowed(document, caller)):
                send_all(requests_of, hub, session, found)
    assert found.faults == [], "\n".join(found.faults)
    assert found.calls > 50
