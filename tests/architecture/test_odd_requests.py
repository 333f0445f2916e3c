"""Whatever is sent, no service answers with a failure of its own, and each refusal is a problem document."""

import asyncio
import base64
import random
import secrets
from pathlib import Path
from urllib.parse import urlencode

import httpx

from services.kernel.clock import FixedClock
from services.kernel.tokens import TokenVerifier
from services.registry.app import create_app as create_registry
from services.registry.settings import RegistrySettings
from services.subsidies.app import create_app as create_subsidies
from services.subsidies.settings import SubsidiesSettings
from services.targets.app import create_app as create_targets
from services.targets.settings import TargetsSettings
from tests.architecture.odd_requests import ODD_BODIES, ODD_TEXTS, Oddities, OddRequest
from tests.identity.world import CALLBACK, world_of
from tests.registry.life_cycle_world import FakeNeighbours
from tests.subsidies.world import FakeRegistrySnapshots, apply_anqing, registry_on, student
from tests.subsidies.world import World as Year
from tests.subsidies.world import members as year_members
from tests.support.databases import TestServer
from tests.support.services import client_of, service_settings
from tests.support.tokens import AUDIENCE, ISSUER, Signer
from tests.targets.conftest import apply_anqing as apply_targets

EACH = 20
MEMBER = str(year_members()[0]["id"])


class Sender:
    """Sends odd requests in every role, and keeps what was answered badly."""

    def __init__(self, http: httpx.AsyncClient, signer: Signer) -> None:
        self._http = http
        self._callers = [
            signer.headers("secretariat_clerk"),
            signer.headers("county_clerk", division="340822"),
            signer.headers("unit_reporter", member=MEMBER),
        ]
        self.sent = 0
        self.far = 0
        self.bad: list[str] = []

    async def send_all(self, service: str, ids: list[str]) -> None:
        document = (await self._http.get(f"/api/{service}/v1/openapi.json")).json()
        for number, request in enumerate(Oddities(document, ids).requests(EACH)):
            # Mostly the secretariat, which may do everything: the others are refused before much is read.
            caller = self._callers[number % 6] if number % 6 < len(self._callers) else self._callers[0]
            await self._send(request, caller)

    async def _send(self, request: OddRequest, caller: dict[str, str]) -> None:
        headers = [(n.encode(), v) for n, v in [*((n, v.encode()) for n, v in caller.items()), *request.headers]]
        answer = await self._http.request(request.method, request.url, headers=headers, content=request.content)
        self.sent += 1
        self.far += answer.status_code < 300
        problem = answer.headers.get("content-type", "").startswith("application/problem+json")
        alone = answer.status_code == 503 and problem and answer.json()["code"] == "unavailable"  # another's absence
        if (answer.status_code >= 500 and not alone) or (answer.status_code >= 400 and not problem):
            told = f"{answer.status_code} {request.method} {request.url[:300]} {request.headers}"
            self.bad.append(f"{told} {request.content[:300]!r} -> {answer.text[:200]}")

    def check(self) -> None:
        assert self.sent > 20
        assert self.far > 0
        assert self.bad == [], f"{len(self.bad)} of {self.sent}\n" + "\n".join(self.bad[:10])


async def all_ids(http: httpx.AsyncClient, headers: dict[str, str], *paths: str) -> list[str]:
    found: list[str] = []
    for path in paths:
        answer = await http.get(path, headers=headers)
        assert answer.status_code == 200, answer.text
        found += [str(item.get("id") or item.get("code")) for item in answer.json()["items"]]
    return found


OAUTH_FIELDS = (
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "grant_type",
    "code",
    "code_verifier",
    "refresh_token",
    "token",
    "token_type_hint",
    "post_logout_redirect_uri",
    "username",
    "password",
    "csrf_token",
)
OAUTH_VALUES = ("frontend", "code", "S256", "v" * 64, "authorization_code", "refresh_token", "client_credentials")
OAUTH_PATHS = (
    ("GET", "/oauth/authorize"),
    ("POST", "/oauth/authorize"),
    ("POST", "/oauth/token"),
    ("POST", "/oauth/revoke"),
    ("GET", "/oauth/logout"),
    ("GET", "/oauth/userinfo"),
)


async def send_oddly(http: httpx.AsyncClient, chance: random.Random) -> list[str]:
    """OAuth's endpoints are in no OpenAPI document: their parameters, cookies and client logins at random."""
    bad = []
    for number in range(240):
        method, path = OAUTH_PATHS[number % len(OAUTH_PATHS)]
        values = (*OAUTH_VALUES, *ODD_TEXTS, CALLBACK, f"anqing.{'A' * 43}", f"{'x' * 40}.{'A' * 43}")
        fields = {name: chance.choice(values) for name in OAUTH_FIELDS if chance.random() < 0.7}
        login = base64.b64encode(chance.choice((b"frontend:x", b"\xff\xfe:\x00", b"a\x00b:c", b":", b""))).decode()
        headers = {"Authorization": f"Basic {login}"} if chance.random() < 0.8 else {}
        cookie = chance.choice((f"anqing.{'B' * 43}", "x" * 3000, "%00", ""))
        headers["Cookie"] = f"hub_identity={cookie}; hub_sign_in_form={cookie}"
        form = urlencode(fields).encode() if chance.random() < 0.9 else chance.choice(ODD_BODIES)
        query = {name: value[:200] for name, value in fields.items()}
        answer = await http.request(
            method, path, params=query, headers=headers, content=form if method == "POST" else None
        )
        if answer.status_code >= 500:
            bad.append(f"{answer.status_code} {method} {path} {fields} {headers} {form[:200]!r} -> {answer.text[:200]}")
    return bad


def test_identity_takes_anything(server: TestServer, tmp_path: Path, clock: FixedClock, signer: Signer) -> None:
    url = server.service_url("identity")

    async def body() -> None:
        async with world_of(url, tmp_path, clock) as world:
            world.app.state.verifier = TokenVerifier(signer.jwks, issuer=ISSUER, audience=AUDIENCE, clock=clock)
            async with httpx.AsyncClient(transport=world.transport, base_url=ISSUER) as http:
                sender = Sender(http, signer)
                await sender.send_all("identity", [])
                sender.check()
                assert await send_oddly(http, random.Random(0)) == []  # to vary a test

    asyncio.run(body())


def test_registry_takes_anything(server: TestServer, tmp_path: Path, clock: FixedClock, signer: Signer) -> None:
    settings = service_settings(RegistrySettings, server.service_url("registry"), tmp_path)

    async def body() -> None:
        app = create_registry(settings, jwks_source=signer.jwks, clock=clock, neighbours=FakeNeighbours())
        async with client_of(app) as http:
            clerk = signer.headers("secretariat_clerk")
            school = {"name": "示例职业学校", "category": "secondary_vocational", "division": "340822"}
            made = await http.post("/api/registry/v1/members", json=school, headers=clerk)
            college = {"name": "示例产业学院", "kind": "industry_college", "host_member": made.json()["id"]}
            await http.post("/api/registry/v1/collaborations", json=college, headers=clerk)
            ids = await all_ids(http, clerk, "/api/registry/v1/members", "/api/registry/v1/collaborations")
            sender = Sender(http, signer)
            await sender.send_all("registry", ids)
            sender.check()

    asyncio.run(body())


def test_targets_takes_anything(server: TestServer, tmp_path: Path, clock: FixedClock, signer: Signer) -> None:
    url = server.service_url("targets")
    asyncio.run(apply_targets(url, clock))
    app = create_targets(service_settings(TargetsSettings, url, tmp_path), jwks_source=signer.jwks, clock=clock)

    async def body() -> None:
        async with client_of(app) as http:
            clerk = signer.headers("secretariat_clerk")
            report = {"indicator": "local_employment", "year": 2025, "numerator": "40", "denominator": "100"}
            await http.post("/api/targets/v1/reports", json=report, headers=clerk)
            ids = await all_ids(http, clerk, "/api/targets/v1/reports", "/api/targets/v1/indicators")
            sender = Sender(http, signer)
            await sender.send_all("targets", ids)
            sender.check()

    asyncio.run(body())


def test_subsidies_takes_anything(server: TestServer, tmp_path: Path, clock: FixedClock, signer: Signer) -> None:
    url = server.service_url("subsidies")
    settings = service_settings(SubsidiesSettings, url, tmp_path, person_key=secrets.token_urlsafe(32))
    registry = registry_on(FakeRegistrySnapshots(settings, clock))
    app = create_subsidies(settings, jwks_source=signer.jwks, clock=clock, registry=registry)

    async def body() -> None:
        async with client_of(app) as http:
            database = app.state.database
            await apply_anqing(database, clock)
            year = Year(http, database, clock, signer, app.state.tools.registry, app.state.tools)
            await year.students("340822", student(1), student(2, id_number="1"))
            claim = await year.claim("340822", "sending_award")
            settled = await year.settle()
            ids = [claim["id"], settled["id"]]
            ids += await all_ids(http, signer.headers("secretariat_clerk"), "/api/subsidies/v1/roster-imports")
            sender = Sender(http, signer)
            await sender.send_all("subsidies", ids)
            sender.check()

    asyncio.run(body())
