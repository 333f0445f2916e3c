"""What was done on the whole hub, demonstration and tests included, is told to the auditor in Chinese words."""

import asyncio
import re
from typing import Final

import httpx

from frontend.pages.audit_words import action_words
from services.gateway.routes import API_SERVICES
from services.kernel.permissions import Role
from tests.support.callers import Callers
from tests.support.running_hub import RunningHub

LATIN: Final = re.compile("[A-Za-z]")


async def actions_of(http: httpx.AsyncClient, service: str) -> set[str]:
    """Every action that a service has on record."""
    found: set[str] = set()
    cursor: str | None = ""
    while cursor is not None:
        query = {"limit": 200, **({"cursor": cursor} if cursor else {})}
        page = (await http.get(f"/api/{service}/v1/audit-entries", params=query)).raise_for_status().json()
        found |= {entry["action"] for entry in page["items"]}
        cursor = page["next_cursor"]
    return found


def test_every_action_on_record_has_words(hub: RunningHub, callers: Callers) -> None:
    async def read() -> set[str]:
        headers = (await callers.person(Role.AUDIT_ADMIN)).headers
        async with httpx.AsyncClient(base_url=hub.url, headers=headers, timeout=60) as http:
            return set().union(*[await actions_of(http, service) for service in API_SERVICES])

    actions = asyncio.run(read())
    assert {"settlement.start", "member.create", "sign_in.step_passed"} <= actions
    assert sorted(action for action in actions if LATIN.search(action_words(action))) == []
