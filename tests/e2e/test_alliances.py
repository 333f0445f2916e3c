"""A second alliance on the running hub: loaded by its document, worked in by its own people, unseen by the first."""

import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest

from hub.demo.sign_in import Account, signed_in
from hub.policy import POLICIES, sound_pack
from tests.support.running_hub import ACCOUNT_LINE, ROOT, RunningHub

pytestmark = pytest.mark.anyio
REGISTRY = "/api/registry/v1"
STRUCTURE = sound_pack(POLICIES / "xiaogan-2023").structure


def demo(hub: RunningHub, *words: str) -> str:
    """What `hub demo` says in another terminal."""
    command = [sys.executable, "-m", "hub", "demo", *words]
    environment = {**os.environ, "HUB_STATE_DIR": str(hub.state)}
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def xiaogan(hub: RunningHub) -> dict[str, Account]:
    """The accounts of the alliance, as the terminal shows them."""
    said = demo(hub, "load", "xiaogan")
    found = [m for m in map(ACCOUNT_LINE.match, said.splitlines()) if m]
    return {m[1]: Account(m[1], m[2]) for m in found}


@asynccontextmanager
async def working(hub: RunningHub, account: Account) -> AsyncIterator[httpx.AsyncClient]:
    async with await signed_in(hub.url, hub.oauth_client, account) as http:
        yield http


async def answer(http: httpx.AsyncClient, path: str, **query: Any) -> Any:
    """The body of one resource of the registry."""
    return (await http.get(f"{REGISTRY}{path}", params=query)).raise_for_status().json()


def texts(value: Any) -> set[str]:
    """Every text in a JSON value."""
    if isinstance(value, dict):
        return set().union(*map(texts, value.values()))
    if isinstance(value, list):
        return set().union(*map(texts, value))
    return {value} if isinstance(value, str) else set()


async def test_its_secretariat_reads_back_what_the_document_names(hub: RunningHub, xiaogan: dict[str, Account]) -> None:
    async with working(hub, xiaogan["xiaogan-mishuchu"]) as http:
        structure = await answer(http, "/structure")
    assert {member["name"] for member in structure["members"]} == {
        unit.name for unit in STRUCTURE.units if not unit.collective
    }
    bodies = {body["name"]: body for body in structure["bodies"]}
    assert set(bodies) == {body.name for body in STRUCTURE.bodies}
    group = next(body for body in STRUCTURE.bodies if body.kind == "leading_group")
    holders = [(seat["title"], seat["post"], seat["holder"]) for seat in bodies[group.name]["seats"]]
    assert holders == [(seat.title, seat.post, seat.holder) for seat in group.seats]
    assert len(holders) == 24
    assert [lead["unit"] for lead in structure["leads"]] == [lead.unit for lead in STRUCTURE.leads]
    assert [pack["pack"] for pack in structure["packs"]] == ["xiaogan-2023"]


async def test_the_first_alliance_sees_none_of_it_and_it_sees_none_of_the_first(
    hub: RunningHub, xiaogan: dict[str, Account]
) -> None:
    async with working(hub, xiaogan["xiaogan-mishuchu"]) as theirs, working(hub, hub.accounts["mishuchu"]) as ours:
        mine, other = await answer(ours, "/structure"), await answer(theirs, "/structure")
        shared_words = texts(mine) & texts(other)
        names = {one["name"] for part in ("members", "bodies", "collaborations") for one in other[part]}
        ids = {one["id"] for part in ("members", "bodies", "leads", "collaborations") for one in other[part]}
        assert len(names) == 21 + 4 + 1
        assert shared_words & (names | ids) == set()
        for one in other["members"]:
            refused = await ours.get(f"{REGISTRY}/members/{one['id']}")
            assert (refused.status_code, one["name"] in refused.text) == (404, False)
        for body in other["bodies"]:
            assert (await ours.get(f"{REGISTRY}/bodies/{body['id']}")).status_code == 404
        for one in mine["members"][:5]:
            assert (await theirs.get(f"{REGISTRY}/members/{one['id']}")).status_code == 404


async def test_its_county_and_its_practice_are_its_own(hub: RunningHub, xiaogan: dict[str, Account]) -> None:
    async with working(hub, xiaogan["xiaogan-bureau-420902"]) as county:
        found = (await answer(county, "/members", limit=200))["items"]
    assert [member["name"] for member in found] == ["孝南区人民政府"]
    async with working(hub, replace(xiaogan["xiaogan-mishuchu"], practice=True)) as practising:
        practised = (await answer(practising, "/members", limit=200))["items"]
    assert "孝南区人民政府" in {member["name"] for member in practised}
    assert len(practised) == 21


async def test_loading_it_again_makes_nothing(hub: RunningHub, xiaogan: dict[str, Account]) -> None:
    async with working(hub, xiaogan["xiaogan-mishuchu"]) as http:
        before = await answer(http, "/structure")
        said = demo(hub, "load", "xiaogan")
        assert await answer(http, "/structure") == before
    assert "此前已装载，没有改动。" in said
    assert all(account.password in said for account in xiaogan.values())
    assert re.search(r"^xiaogan\s+已装载", demo(hub, "list"), re.MULTILINE)
