"""Role × page in real sessions: a page opens exactly to the posts that the table of permissions grants it."""

import asyncio
from typing import Final

import httpx
import pytest

from services.kernel.permissions import Role
from tests.frontend.test_page_permissions import ALL, Page
from tests.support.callers import PEOPLE, browsing
from tests.support.running_hub import RunningHub

pytestmark = pytest.mark.anyio

AT_ONCE: Final = 6
ROLES: Final = (Role.SECRETARIAT_CLERK, Role.UNIT_REPORTER, Role.COUNTY_CLERK, Role.LEADER)
NOT_SENT: Final = {
    "/logout": "ends the session that the test uses",
    "/me/factor": "begins a second factor for the account",
    "/components/error/{status}": "shows a refusal to whoever asks for one",
}


async def csrf_of(browser: httpx.AsyncClient) -> str:
    """The token that the pages of this session carry for their forms."""
    page = (await browser.get("/components")).text
    return page.split('name="csrf_token" value="')[1].split('"')[0]


@pytest.mark.parametrize("role", ROLES)
async def test_pages_open_to_whom_the_table_grants_them(hub: RunningHub, role: Role) -> None:
    gate = asyncio.Semaphore(AT_ONCE)
    wrong: list[str] = []
    async with browsing(hub, PEOPLE[role]) as browser:
        form = {"csrf_token": await csrf_of(browser)}

        async def one(page: Page) -> None:
            async with gate:
                body = None if page.method == "GET" else form
                answer = await browser.request(page.method, page.address, data=body)
            if (answer.status_code == 403) == page.open_to(role) or answer.status_code >= 500:
                wrong.append(f"{page.method} {page.path}: {answer.status_code}")

        await asyncio.gather(*(one(page) for page in ALL if page.path not in NOT_SENT))
    assert wrong == [], "\n".join(wrong)


async def test_without_a_session_every_page_leads_to_the_sign_in(hub: RunningHub) -> None:
    wrong = []
    async with httpx.AsyncClient(base_url=hub.url, timeout=60) as stranger:
        for page in ALL:
            if page.method == "GET":
                answer = await stranger.get(page.address)
                if answer.status_code != 303 or not answer.headers["location"].startswith("/login"):
                    wrong.append(f"{page.path}: {answer.status_code} {answer.headers.get('location')}")
    assert wrong == [], "\n".join(wrong)
