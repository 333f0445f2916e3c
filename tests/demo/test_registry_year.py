"""The demonstration's year in the registry is taken by the real service, and sending it again changes nothing."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.demo.alliance import ALLIANCE, DEMO_ACCOUNTS, PACK, DemoAccount
from hub.demo.applicant import apply_to_join
from hub.demo.caller import REGISTRY, Caller
from hub.demo.load import build_together, enter_members
from hub.demo.members import write_members
from hub.demo.registry_year import record_year
from services.kernel.clock import BUSINESS_ZONE, FixedClock, business_date
from services.registry.settings import RegistrySettings
from tests.registry.conftest import Caller as Asking
from tests.registry.conftest import Registry
from tests.registry.governance_world import apply_pack
from tests.registry.life_cycle_world import FakeNeighbours
from tests.support.databases import TestServer
from tests.support.services import service_settings
from tests.support.tokens import Signer

LISTS = (
    "members",
    "collaborations",
    "bodies",
    "seats",
    "meetings",
    "resolutions",
    "agreements",
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


@dataclass
class Year:
    """The demonstration's secretariat at work on the registry under test."""

    caller: Caller
    stranger: Caller
    today: date
    folder: Path
    said: list[str] = field(default_factory=list)
    bound: dict[str, str] = field(default_factory=dict)

    async def send(self) -> None:
        """Everything that the demonstration sends to the registry."""

        async def bind(account: DemoAccount, member: str) -> None:
            self.bound[account.username] = member

        members = await enter_members(self.caller, write_members(self.folder), bind, self.said.append)
        collaborations = await build_together(self.caller, members, self.said.append)
        await record_year(self.caller, members, collaborations, self.today, self.said.append)
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
        )


@dataclass(frozen=True)
class Standing:
    """What the registry answered."""

    lists: dict[str, list[dict[str, Any]]]
    structure: dict[str, Any]
    collaborations: dict[str, dict[str, Any]]
    put_in: dict[str, dict[str, Any]]
    meetings: list[dict[str, Any]]
    teachers: list[dict[str, Any]]


@dataclass(frozen=True)
class Sent:
    """What stands after the demonstration was sent, and after it was sent again."""

    once: Standing
    twice: Standing
    bound: dict[str, str]


def client_like(http: httpx.AsyncClient, headers: dict[str, str]) -> httpx.AsyncClient:
    """A second client of the same application, with headers of its own."""
    return httpx.AsyncClient(transport=http._transport, base_url=http.base_url, headers=headers)


@pytest.fixture(scope="module")
def sent(server: TestServer, signer: Signer, tmp_path_factory: pytest.TempPathFactory) -> Sent:
    """The demonstration sent twice to an empty registry in which the policy document is applied."""
    folder = tmp_path_factory.mktemp("registry")
    settings = service_settings(RegistrySettings, server.service_url("registry"), folder, form_seconds=0)
    registry = Registry(settings, signer, FixedClock(NOON))
    registry.neighbours = FakeNeighbours()

    async def scenario(asking: Asking) -> Sent:
        await apply_pack(registry, PACK, ALLIANCE)
        office, street = (client_like(asking.http, headers) for headers in (asking.headers, {}))
        year = Year(WorkingCaller(registry, office), Caller("stranger", street), business_date(registry.clock), folder)
        await year.send()
        once = await year.standing()
        await year.send()
        return Sent(once, await year.standing(), year.bound)

    return registry.run(scenario)


def test_sending_it_again_changes_nothing(sent: Sent) -> None:
    assert sent.twice == sent.once


def test_everything_is_taken(sent: Sent) -> None:
    assert {name: len(items) for name, items in sent.once.lists.items()} == {
        "members": 44 + 2,
        "collaborations": 5 + 2,
        "bodies": 3,
        "seats": 6 + 6,
        "meetings": 1,
        "resolutions": 1,
        "agreements": 2,
        "majors": 13,
        "leading-industries": 3,
        "leading-industries/matches": 6,
        "teachers": 5,
        "applications": 1,
    }
    assert set(sent.bound) == {account.username for account in DEMO_ACCOUNTS if account.member_uscc}


def test_the_document_and_the_demonstration_name_each_unit_once(sent: Sent) -> None:
    members = sent.once.lists["members"]
    assert not {"安庆经济技术开发区管委会", "安庆高新技术产业开发区管委会"} & {member["name"] for member in members}
    assert Counter(member["category"] for member in members)["park"] == 2
    college = sent.once.collaborations["汽车产业学院"]
    assert college["host_member"]["name"] == "安庆职业技术学院", "the document names no host"
    leads = {(lead["unit"], lead["scope"]) for lead in sent.once.structure["leads"] if lead["member"]}
    assert ("安庆经济技术开发区管理委员会", "安庆经济技术开发区产教联合体的组建") in leads
    assert [role["members"] for role in sent.once.structure["formula"]["roles"]][:2] == [
        ["安庆职业技术学院"],
        ["安庆技师学院", "安庆工业学校"],
    ]


def test_what_the_document_does_not_name_says_that_it_is_made_up(sent: Sent) -> None:
    lists = sent.once.lists
    for name in ("meetings", "resolutions", "agreements"):
        assert all("演示" in item["title"] for item in lists[name])
    assert all("演示" in item["name"] for item in lists["leading-industries"])
    assert all("示例" in item["name"] for item in lists["teachers"])
    assert all("演示" in item["description"] for one in sent.once.put_in.values() for item in one["items"])
    council = [seat for seat in lists["seats"] if seat["body"]["name"] == "安庆职业教育集团理事会"]
    assert [seat["holder"][:2] for seat in council] == ["示例"] * 6


def test_the_council_decides(sent: Sent) -> None:
    (meeting,) = sent.once.meetings
    quorum = meeting["quorum"]
    assert meeting["state"] == "archived"
    assert (quorum["seats"], quorum["present"], quorum["proxies"], quorum["met"]) == (6, 5, 1, True)
    (resolution,) = sent.once.lists["resolutions"]
    counted = [resolution[name] for name in ("outcome", "in_favour", "against", "abstained", "number")]
    assert counted == ["passed", 4, 0, 1, "宜职教集演示〔2025〕1号"]


def test_one_agreement_is_soon_over(sent: Sent) -> None:
    today = NOON.astimezone(BUSINESS_ZONE).date()
    left = sorted(date.fromisoformat(one["until_date"]) - today for one in sent.once.lists["agreements"])
    assert timedelta(0) < left[0] <= timedelta(days=30)
    assert left[1] > timedelta(days=365)


def test_one_unit_waits_to_be_admitted(sent: Sent) -> None:
    (application,) = sent.once.lists["applications"]
    assert (application["state"], application["division"]) == ("submitted", "340822")
    assert "示例" in application["name"]


def test_contributions_add_up(sent: Sent) -> None:
    sums = {name: one["total"] for name, one in sent.once.put_in.items() if one["items"]}
    assert sums == {
        "汽车产业学院": {"value": "980000.00", "count": 3, "unvalued": 1},
        "安庆经济技术开发区产教联合体": {"value": "300000.00", "count": 2, "unvalued": 1},
    }


def test_majors_stand_in_the_catalogue_and_serve_industries(sent: Sent) -> None:
    majors = sent.once.lists["majors"]
    assert all(major["in_catalogue"] for major in majors)
    serving = {major["name"]: major["industries"] for major in majors}
    assert serving["汽车制造与试验技术"] == ["汽车及零部件（演示）"]
    assert serving["护理"] == []
    assert [len(teacher["periods"]) for teacher in sent.once.teachers] == [1] * 5
