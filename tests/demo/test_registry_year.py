"""The demonstration's year in the registry is taken by the real service, and sending it again changes nothing."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.demo.alliance import ALLIANCE, DEMO_ACCOUNTS, MEMBER_BY_SLUG, PACK, DemoAccount
from hub.demo.applicant import apply_to_join
from hub.demo.caller import REGISTRY, Caller
from hub.demo.class_plan import CLASSES
from hub.demo.joint_work import CLASS, CLASS_ENTERPRISE, CLASS_SCHOOL
from hub.demo.lives import HEAD, LIVES, decide_lives
from hub.demo.load import build_together, enter_members, fill_practice
from hub.demo.members import write_members
from hub.demo.reaching import Hub
from hub.demo.registry_year import record_year
from hub.demo.sign_in import OAuthClient
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


@pytest.fixture(scope="module")
def sent(server: TestServer, signer: Signer, tmp_path_factory: pytest.TempPathFactory) -> Sent:
    """The demonstration sent twice to an empty registry in which the policy document is applied."""
    folder = tmp_path_factory.mktemp("registry")
    settings = service_settings(RegistrySettings, server.service_url("registry"), folder, form_seconds=0)
    registry = Registry(settings, signer, FixedClock(NOON))
    registry.neighbours = FakeNeighbours()

    async def scenario(asking: Asking) -> Sent:
        await apply_pack(registry, PACK, ALLIANCE)
        head = Caller(HEAD, client_like(asking.http, asking.acting("secretariat_head").headers))
        office, street = (client_like(asking.http, headers) for headers in (asking.headers, {}))
        working, stranger = WorkingCaller(registry, office), Caller("stranger", street)
        year = Year(working, head, stranger, business_date(registry.clock), folder)
        await year.send()
        once = await year.standing()
        await year.send()
        return Sent(once, await year.standing(), year.bound, year.forgotten)

    return registry.run(scenario)


def test_sending_it_again_changes_nothing(sent: Sent) -> None:
    assert sent.twice == sent.once


def test_everything_is_taken(sent: Sent) -> None:
    assert {name: len(items) for name, items in sent.once.lists.items()} == {
        "members": 44 + 2 + 8,
        "collaborations": 5 + 2 + 1,
        "bodies": 3,
        "seats": 6 + 6,
        "meetings": 1,
        "resolutions": 1,
        "agreements": 4 + 1,
        "member-duplicates": 1,
        "majors": 13,
        "leading-industries": 3,
        "leading-industries/matches": 6,
        "teachers": 5,
        "applications": 1 + 5,
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


def test_the_council_has_its_term_and_an_agreement_its_list(sent: Sent) -> None:
    (term,) = [term for terms in sent.once.terms for term in terms]
    assert (term["number"], term["from_date"]) == (1, "2025-01-10")
    (paper,) = [paper for papers in sent.once.papers for paper in papers]
    assert paper["file_name"] == "实训设备清单（演示）.xlsx"


def test_one_agreement_is_soon_over(sent: Sent) -> None:
    today = NOON.astimezone(BUSINESS_ZONE).date()
    left = {one["phase"]: date.fromisoformat(one["until_date"]) - today for one in sent.once.lists["agreements"]}
    assert timedelta(0) < left["expiring"] <= timedelta(days=30)
    phases = Counter(one["phase"] for one in sent.once.lists["agreements"])
    assert phases == {"in_force": 2, "expiring": 1, "expired": 1, "ended": 1}
    renewed = next(one for one in sent.once.lists["agreements"] if one["phase"] == "expired")
    assert renewed["renewed_by"] in {one["id"] for one in sent.once.lists["agreements"]}


def test_units_wait_at_each_step_of_their_admission(sent: Sent) -> None:
    found = {application["state"]: application for application in sent.once.lists["applications"]}
    assert set(found) == {"submitted", "deliberation", "approved", "publicity", "returned", "rejected"}
    assert found["submitted"]["division"] == "340822"
    assert found["publicity"]["publicity_ends_on"] > NOON.date().isoformat()
    assert all("示例" in application["name"] for application in found.values())


def test_members_have_lives(sent: Sent) -> None:
    lives = sent.once.lives
    assert {slug: life["record"]["status"] for slug, life in lives.items()} == {
        **dict.fromkeys(LIVES, "active"),
        "liangyou": "rectifying",
        "dianzi": "suspended",
        "wuliu": "exited",
        "yinshua": "exited",
    }
    taken = {
        slug: [step["step"] for step in life["steps"] if step["step"] != "annual_review"]
        for slug, life in lives.items()
    }
    assert {slug: steps for slug, steps in taken.items() if steps} == {
        "liangyou": ["rectification"],
        "dianzi": ["suspension"],
        "wuliu": ["exit"],
    }
    (merger,) = lives["yinwu"]["successions"]["items"]
    assert (merger["kind"], merger["predecessor"]["name"]) == ("merge", LIVES["yinshua"].name)
    renamed = lives["shipin"]["record"]
    assert (renamed["name"], renamed["former_names"]) == (
        LIVES["shipin"].name,
        [{"name": "大观示例食品厂", "until": "2025-05-06"}],
    )
    assert "迎江示例印刷有限公司" in lives["yinwu"]["record"]["aliases"]
    assert all("示例" in life["record"]["name"] for life in lives.values())
    assert {row["grade"] for row in sent.once.grades} == {None, "excellent", "qualified", "barely", "unqualified"}


def test_two_records_may_be_one_unit(sent: Sent) -> None:
    (pair,) = sent.once.lists["member-duplicates"]
    assert {pair["one"]["name"], pair["other"]["name"]} == {
        LIVES["zhuangbei"].name,
        LIVES["zhuangbei-twin"].name,
    }


def test_several_members_are_reached_by_post(sent: Sent) -> None:
    assert sorted(len(found) for found in sent.once.contacts if found) == [1, 2, 2]
    assert all("示例" in contact["person"] for found in sent.once.contacts for contact in found)


def test_the_head_decides_once_and_leaves_no_second_factor(sent: Sent) -> None:
    assert sent.forgotten == [HEAD, HEAD]


def test_the_class_is_one_of_its_schools_roster(sent: Sent) -> None:
    known = sent.once.collaborations[CLASS["name"]]
    assert known["host_member"]["name"] == MEMBER_BY_SLUG[CLASS_SCHOOL].name
    plan = next(one for one in CLASSES if (one.school, one.code) == (CLASS_SCHOOL, known["details"]["class_code"]))
    assert (plan.enterprise, plan.form) == (CLASS_ENTERPRISE, known["details"]["format"])


def test_no_roster_claim_or_collaboration_rests_on_a_life(sent: Sent) -> None:
    codes = {plan.uscc for plan in LIVES.values()}
    assert not codes & {member.uscc for member in MEMBER_BY_SLUG.values()}
    names = {plan.name for plan in LIVES.values()}
    assert not names & {unit["name"] for one in sent.once.collaborations.values() for unit in one["participants"]}


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
