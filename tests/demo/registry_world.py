"""The demonstration's secretariat at work on a registry under test, and what the registry then holds."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx

from hub.demo.alliance import DemoAccount
from hub.demo.applicant import apply_to_join
from hub.demo.caller import REGISTRY, Caller
from hub.demo.lives import HEAD, LIVES, decide_lives
from hub.demo.load import build_together, enter_members, fill_practice
from hub.demo.members import write_members
from hub.demo.reaching import Hub
from hub.demo.registry_year import record_year
from hub.demo.sign_in import OAuthClient
from tests.registry.conftest import Registry

LISTS = (
    "members",
    "collaborations",
    "bodies",
    "seats",
    "meetings",
    "resolutions",
    "agreements",
    "member-duplicates",
    "majors",
    "leading-industries",
    "leading-industries/matches",
    "teachers",
    "applications",
)
NOON = datetime(2025, 12, 1, 4, 0, tzinfo=UTC)


class WorkingCaller(Caller):
    """Lets the worker run before it asks for a job, since no worker runs beside this test."""

    def __init__(self, registry: Registry, http: httpx.AsyncClient) -> None:
        super().__init__("mishuchu", http)
        self._registry = registry

    async def finished(self, location: str, what: str) -> dict[str, Any]:
        await self._registry.work()
        return await super().finished(location, what)


@dataclass(frozen=True)
class OfficeHub(Hub):
    """A hub at which the head of the secretariat is signed in."""

    head: Caller | None = None

    @asynccontextmanager
    async def acting(self, username: str) -> AsyncIterator[Caller]:
        assert username == HEAD
        assert self.head is not None
        yield self.head


@dataclass
class Year:
    """The demonstration's secretariat at work on the registry under test."""

    caller: Caller
    head: Caller
    stranger: Caller
    today: date
    folder: Path
    said: list[str] = field(default_factory=list)
    bound: dict[str, str] = field(default_factory=dict)
    forgotten: list[str] = field(default_factory=list)

    async def send(self) -> None:
        """Everything that the demonstration sends to the registry."""

        async def bind(account: DemoAccount, member: str) -> None:
            self.bound[account.username] = member

        async def forget(username: str) -> None:
            self.forgotten.append(username)

        members = await enter_members(self.caller, write_members(self.folder), bind, self.said.append)
        collaborations = await build_together(self.caller, members, self.said.append)
        await record_year(self.caller, members, collaborations, self.today, self.said.append)
        hub = OfficeHub("", {}, OAuthClient("frontend", ""), head=self.head)
        await decide_lives(hub, self.caller, forget)
        await fill_practice(self.caller, self.said.append)
        await apply_to_join(self.stranger, self.caller, self.said.append)

    async def standing(self) -> "Standing":
        """What the registry holds: every list, and the single records that the tests look into."""
        lists = {name: await self.caller.items(f"{REGISTRY}/{name}") for name in LISTS}
        built = {one["name"]: f"{REGISTRY}/collaborations/{one['id']}" for one in lists["collaborations"]}
        return Standing(
            lists=lists,
            structure=await self.caller.get(f"{REGISTRY}/structure"),
            collaborations={name: await self.caller.get(path) for name, path in built.items()},
            put_in={name: await self.caller.get(f"{path}/contributions") for name, path in built.items()},
            meetings=[await self.caller.get(f"{REGISTRY}/meetings/{one['id']}") for one in lists["meetings"]],
            teachers=[await self.caller.get(f"{REGISTRY}/teachers/{one['id']}") for one in lists["teachers"]],
            lives=await self.lives({one["uscc"]: one["id"] for one in lists["members"]}),
            grades=await self.caller.items(f"{REGISTRY}/member-reviews", year=2024),
            papers=[await self.papers(one["id"]) for one in lists["agreements"]],
            terms=[(await self.caller.get(f"{REGISTRY}/bodies/{one['id']}"))["terms"] for one in lists["bodies"]],
            contacts=[await self.contacts(one["id"]) for one in lists["members"]],
            applications=[
                await self.caller.get(f"{REGISTRY}/applications/{one['id']}") for one in lists["applications"]
            ],
        )

    async def lives(self, by_code: dict[str, str]) -> dict[str, dict[str, Any]]:
        """The members with a story by slug: their records, steps and successions."""
        paths = {slug: f"{REGISTRY}/members/{by_code[plan.uscc]}" for slug, plan in LIVES.items()}
        return {
            slug: {
                "record": await self.caller.get(path),
                "steps": (await self.caller.get(f"{path}/steps"))["items"],
                "successions": (await self.caller.get(f"{path}/successions")),
            }
            for slug, path in paths.items()
        }

    async def papers(self, agreement: str) -> list[dict[str, Any]]:
        query = {"subject_kind": "agreement", "subject": agreement}
        found: list[dict[str, Any]] = (await self.caller.get(f"{REGISTRY}/attachments", **query))["items"]
        return found

    async def contacts(self, member: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.caller.get(f"{REGISTRY}/members/{member}/contacts"))["items"]
        return found


@dataclass(frozen=True)
class Standing:
    """What the registry answered."""

    lists: dict[str, list[dict[str, Any]]]
    structure: dict[str, Any]
    collaborations: dict[str, dict[str, Any]]
    put_in: dict[str, dict[str, Any]]
    meetings: list[dict[str, Any]]
    teachers: list[dict[str, Any]]
    lives: dict[str, dict[str, Any]]
    grades: list[dict[str, Any]]
    contacts: list[list[dict[str, Any]]]
    papers: list[list[dict[str, Any]]]
    terms: list[list[dict[str, Any]]]
    applications: list[dict[str, Any]]


@dataclass(frozen=True)
class Sent:
    """What stands after the demonstration was sent, and after it was sent again."""

    once: Standing
    twice: Standing
    bound: dict[str, str]
    forgotten: list[str]


def client_like(http: httpx.AsyncClient, headers: dict[str, str]) -> httpx.AsyncClient:
    """A second client of the same application, with headers of its own."""
    return httpx.AsyncClient(transport=http._transport, base_url=http.base_url, headers=headers)
