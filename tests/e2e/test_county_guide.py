"""The guide for county bureaus' programmers: every example in it is run, as they would, on the running hub."""

import asyncio
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.demo.sign_in import signed_in
from services.gateway.settings import GatewaySettings
from services.identity.settings import IdentitySettings
from services.kernel.idempotency import KEPT
from tests.support.guides import Example, Session, differences, examples_of
from tests.support.running_hub import ROOT, RunningHub

GUIDE = (ROOT / "docs" / "county-api.md").read_text()
EXAMPLES = examples_of(GUIDE)
COUNTY = "340827"
PREPARED, BY_CURL, BY_HTTPX = 1, 2, 3
QUICK_SECONDS = 60
"""Well under the five minutes that the guide promises, reading included."""

PATH = re.compile(r"/(?:api|oauth)/[A-Za-z0-9_./${}-]*[A-Za-z0-9}]")
VARIABLE = re.compile(r"\$?\{[^}]*\}|\$[A-Z]+")

Answers = dict[Example, tuple[str, float]]


def token_of(hub: RunningHub, username: str) -> str:
    """A person's access token, after signing in as in a browser."""

    async def body() -> str:
        async with await signed_in(hub.url, hub.oauth_client, hub.accounts[username]) as client:
            return client.headers["Authorization"].removeprefix("Bearer ")

    return asyncio.run(body())


@pytest.fixture(scope="module")
def secretariat(hub: RunningHub) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=hub.url, headers={"Authorization": f"Bearer {token_of(hub, 'mishuchu')}"}) as client:
        yield client


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reader's empty folder."""
    return tmp_path_factory.mktemp("guide")


@pytest.fixture(scope="module")
def answers(hub: RunningHub, secretariat: httpx.Client, folder: Path) -> Iterator[Answers]:
    """What every example printed, and its seconds: the blocks run in the guide's order, in one shell and one Python."""
    environment = {
        **{name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "PYTHONPATH")},
        "PYTHONUTF8": "1",
        "HUB": hub.url,
        "SECRETARIAT_TOKEN": secretariat.headers["Authorization"].removeprefix("Bearer "),
        "BUREAU_TOKEN": token_of(hub, f"bureau-{COUNTY}"),
    }
    found, sessions = Answers(), dict[str, Session]()
    before = client_ids(secretariat)
    try:
        for example in EXAMPLES:
            if example.section > PREPARED:
                issued = httpx.Response(200, content=(folder / "client.json").read_bytes()).json()
                environment |= {"CLIENT_ID": issued["client_id"], "CLIENT_SECRET": issued["client_secret"]}
            key = example.language if example.section > PREPARED else "before"
            if key not in sessions:
                sessions[key] = Session(example.language, folder, environment)
            found[example] = sessions[key].run(example)
        yield found
    finally:
        for session in sessions.values():
            session.close()
        for made in client_ids(secretariat) - before:
            path = f"/api/identity/v1/clients/{made}/revocation"
            assert secretariat.post(path, json={"reason": "指南的练习已结束"}).status_code == 200


def client_ids(secretariat: httpx.Client) -> set[str]:
    listed = secretariat.get("/api/identity/v1/clients", params={"limit": 200}).json()
    assert listed["next_cursor"] is None
    return {client["client_id"] for client in listed["items"]}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"line {example.line}")
def test_an_example_answers_what_the_guide_shows(answers: Answers, example: Example) -> None:
    printed, _ = answers[example]
    assert differences(example, printed) == [], printed


@pytest.mark.parametrize("way", [BY_CURL, BY_HTTPX])
def test_the_first_roster_is_in_well_within_five_minutes(answers: Answers, way: int) -> None:
    took = {e: seconds for e, (_, seconds) in answers.items() if e.section in (PREPARED, way)}
    last = max(took, key=lambda example: example.line)
    assert "新增 2 行，修改 0 行，未变 0 行，退回 0 行" in answers[last][0]
    assert sum(took.values()) < QUICK_SECONDS


def test_the_guide_leaves_nothing_behind(hub: RunningHub, answers: Answers, folder: Path) -> None:
    rotated = httpx.Response(200, content=(folder / "rotated.json").read_bytes()).json()
    login = (rotated["client_id"], rotated["client_secret"])
    granted = httpx.post(f"{hub.url}/oauth/token", auth=login, data={"grant_type": "client_credentials"}).json()
    assert counts(hub, granted["access_token"]) == dict.fromkeys(LEFT, 0)
    real = {"Authorization": f"Bearer {token_of(hub, f'bureau-{COUNTY}')}"}
    imports = httpx.get(f"{hub.url}/api/subsidies/v1/roster-imports", headers=real).json()["items"]
    assert imports
    assert not [i for i in imports if i["created_by_name"].startswith("望江县学籍系统")]


LEFT = (
    "/api/subsidies/v1/students",
    "/api/subsidies/v1/classes",
    "/api/subsidies/v1/roster-imports",
    "/api/subsidies/v1/claims",
    "/api/targets/v1/reports",
    "/api/exchange/v1/webhook-endpoints",
)


def counts(hub: RunningHub, token: str) -> dict[str, int]:
    headers = {"Authorization": f"Bearer {token}"}
    return {path: httpx.get(f"{hub.url}{path}", headers=headers).json()["total"] for path in LEFT}


def test_every_path_in_the_guide_exists(hub: RunningHub) -> None:
    document: dict[str, Any] = httpx.get(f"{hub.url}/api/openapi/county.json").json()
    known = {VARIABLE.sub("*", path) for path in document["paths"]}
    own = {"/oauth/token", "/api/docs/county", "/api/openapi/county.json"}
    named = {VARIABLE.sub("*", path) for path in PATH.findall(GUIDE)}
    assert len(named) > 20
    assert {path for path in named if not exists(path, known | own)} == set()


def exists(path: str, known: set[str]) -> bool:
    """Whether the path is one of the templates; `rejected-rows.{form}` also takes what stands there."""
    patterns = (re.escape(template).replace(r"\*", "[^/]+") for template in known)
    return any(re.fullmatch(pattern, path) for pattern in patterns)


def test_the_numbers_in_the_guide_are_the_settings_own() -> None:
    limit = GatewaySettings.model_fields["rate_per_client"].default
    minutes = IdentitySettings.model_fields["access_token_minutes"].default
    assert f"每个接入每分钟 {limit} 次" in GUIDE
    assert f"令牌有效 {minutes} 分钟" in GUIDE
    assert f"键保留 {KEPT.days} 天" in GUIDE
