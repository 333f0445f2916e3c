"""The demonstration's year in the registry is taken by the real service, and sending it again changes nothing."""

from collections import Counter
from datetime import date, timedelta

import pytest

from hub.demo.alliance import ALLIANCE, DEMO_ACCOUNTS, MEMBER_BY_SLUG, PACK
from hub.demo.caller import Caller
from hub.demo.class_plan import CLASSES
from hub.demo.council import ADMITTING
from hub.demo.joint_work import CLASS, CLASS_ENTERPRISE, CLASS_SCHOOL
from hub.demo.lives import HEAD, LIVES
from services.kernel.clock import BUSINESS_ZONE, FixedClock, business_date
from services.registry.settings import RegistrySettings
from tests.demo.registry_world import NOON, Sent, WorkingCaller, Year, client_like
from tests.registry.conftest import Caller as Asking
from tests.registry.conftest import Registry
from tests.registry.governance_world import apply_pack
from tests.registry.life_cycle_world import FakeNeighbours
from tests.support.databases import TestServer
from tests.support.services import service_settings
from tests.support.tokens import Signer


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
        "resolutions": 2,
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
    counted = [
        [resolution[name] for name in ("number", "outcome", "in_favour", "against", "abstained")]
        for resolution in sorted(sent.once.lists["resolutions"], key=lambda one: str(one["number"]))
    ]
    assert counted == [
        ["宜职教集演示〔2025〕1号", "passed", 4, 0, 1],
        ["宜职教集演示〔2025〕2号", "passed", 4, 0, 1],
    ]


def test_an_application_was_approved_by_a_resolution_on_record(sent: Sent) -> None:
    (admitting,) = [one for one in sent.once.lists["resolutions"] if one["title"] == ADMITTING]
    steps = [step for found in sent.once.applications for step in found["steps"] if step["step"] == "approve"]
    assert [step["cited"]["id"] for step in steps if step["cited"]] == [admitting["id"]]
    assert [step["resolution_number"] for step in steps if step["resolution_number"]] == ["理事会纪要演示〔2025〕9号"]


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
