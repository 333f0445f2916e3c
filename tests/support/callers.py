"""Everyone who calls the whole hub: a person of each role, a county's program, a service, nobody; with real tokens."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urljoin

import httpx

from hub.demo.sign_in import LoginForm, signed_in
from hub.demo.steps import through_steps
from hub.secrets_store import SecretsStore
from services.kernel.permissions import GRANTS, MACHINE_PERMISSIONS, Permission, Role
from tests.support.running_hub import RunningHub

PEOPLE: Final = {
    Role.SECRETARIAT_CLERK: "mishuchu",
    Role.SECRETARIAT_HEAD: "fuzeren",
    Role.UNIT_REPORTER: "member-azy",
    Role.UNIT_REVIEWER: "member-azy-shenhe",
    Role.COUNTY_CLERK: "bureau-340822",
    Role.COUNTY_REVIEWER: "bureau-340822-shenhe",
    Role.JOINT_REVIEWER: "jiaoti",
    Role.LEADER: "lingdao",
    Role.SYSTEM_ADMIN: "xitong",
    Role.SECURITY_ADMIN: "anquan",
    Role.AUDIT_ADMIN: "shenji",
}
"""A demonstration account of every role that people have."""

ALLIANCE: Final = "anqing"
OTHER_COUNTY: Final = "bureau-340825"
FRESH_SECONDS: Final = 600.0  # a token lives 15 minutes; one older than this is fetched anew
CLIENTS: Final = "/api/identity/v1/clients"
SIGN_INS_AT_ONCE: Final = 3


@dataclass(frozen=True)
class Caller:
    """Who asks: the headers that prove it, and what the table of permissions grants; None for who has no way in."""

    name: str
    headers: Mapping[str, str] = field(repr=False)
    granted: frozenset[Permission] | None
    is_person: bool = True

    def may(self, alternatives: list[list[str]] | None) -> bool:
        """Whether one alternative of an operation's `x-permissions` is granted; what has none is open to any caller."""
        if self.granted is None:
            return False
        return not alternatives or any(set(way) <= self.granted for way in alternatives)


NOBODY: Final = Caller("nobody", {}, None)


class Callers:
    """Signs in whom a test asks for, once, and again when the token grows old."""

    def __init__(self, hub: RunningHub) -> None:
        self.hub = hub
        self._tokens: dict[tuple[str, bool], tuple[float, str]] = {}
        self._machines: dict[tuple[str, bool], tuple[str, str]] = {}

    async def token(self, username: str, *, practice: bool = False) -> str:
        """An access token of a demonstration account."""
        known = self._tokens.get((username, practice))
        if known is None or time.monotonic() - known[0] > FRESH_SECONDS:
            account = replace(self.hub.accounts[username], practice=practice)
            async with await signed_in(self.hub.url, self.hub.oauth_client, account) as http:
                known = time.monotonic(), http.headers["Authorization"].removeprefix("Bearer ")
            self._tokens[username, practice] = known
        return known[1]

    async def person(self, role: Role, *, practice: bool = False) -> Caller:
        """The person of a role, at work or in the practice alliance."""
        token = await self.token(PEOPLE[role], practice=practice)
        return Caller(f"{role}{' in practice' if practice else ''}", bearer(token), GRANTS[role])

    async def account(self, username: str, role: Role) -> Caller:
        """Another demonstration account, which has this role."""
        return Caller(username, bearer(await self.token(username)), GRANTS[role])

    async def everyone(self) -> list[Caller]:
        """A person of each role, a county's program, and a clerk in the practice alliance."""
        gate = asyncio.Semaphore(SIGN_INS_AT_ONCE)

        async def one(role: Role) -> Caller:
            async with gate:
                return await self.person(role)

        people = await asyncio.gather(*(one(role) for role in PEOPLE))
        practising = await self.person(Role.COUNTY_CLERK, practice=True)
        return [*people, practising, await self.machine("340822")]

    async def machine(self, division: str, *, practice: bool = False) -> Caller:
        """A county's program, whose client the secretariat made over the API."""
        if (division, practice) not in self._machines:
            headers = (await self.person(Role.SECRETARIAT_CLERK)).headers
            draft = {"name": f"测试接入 {division}", "division": division, "practice": practice}
            async with httpx.AsyncClient(base_url=self.hub.url, headers=headers) as http:
                made = (await http.post(CLIENTS, json=draft)).raise_for_status().json()
            self._machines[division, practice] = made["client_id"], made["client_secret"]
        client_id, secret = self._machines[division, practice]
        headers = await self._own_token(client_id, secret)
        name = f"program of {division}{' in practice' if practice else ''}"
        return Caller(name, headers, MACHINE_PERMISSIONS, is_person=False)

    async def service(self, name: str) -> Caller:
        """A service of the hub: the gateway takes away the alliance that it names, so it has no way in from outside."""
        secrets = SecretsStore(self.hub.state / "secrets.json")
        headers = await self._own_token(name, secrets[f"HUB_{name.upper()}_CLIENT_SECRET"])
        return Caller(f"service {name}", {**headers, "Hub-Alliance": ALLIANCE}, None)

    async def _own_token(self, client_id: str, secret: str) -> dict[str, str]:
        async with httpx.AsyncClient(base_url=self.hub.url, auth=httpx.BasicAuth(client_id, secret)) as http:
            answer = await http.post("/oauth/token", data={"grant_type": "client_credentials"})
        return bearer(answer.raise_for_status().json()["access_token"])


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@asynccontextmanager
async def browsing(hub: RunningHub, username: str) -> AsyncIterator[httpx.AsyncClient]:
    """A browser without script that is signed in at the pages."""
    async with httpx.AsyncClient(base_url=hub.url, timeout=60) as browser:
        await _sign_in(browser, hub, username)
        yield browser


async def _sign_in(browser: httpx.AsyncClient, hub: RunningHub, username: str) -> None:
    async def send(method: str, address: str, form: dict[str, str] | None) -> httpx.Response:
        headers = {"Origin": hub.url} if form is not None else {}
        return await browser.request(method, address, data=form, headers=headers, follow_redirects=True)

    account = hub.accounts[username]
    page = await send("GET", "/login", None)
    form = LoginForm(page.text)
    page = await send("POST", urljoin(str(page.url), form.action), form.filled(account))
    page = await through_steps(send, page, account)
    assert (page.status_code, page.url.path) == (200, "/"), f"{username}: {page.status_code} at {page.url}"
