"""The five alliances: who signs in to each, and that its own secretariat adopts what its document names."""

from datetime import date

import httpx
import pytest

from hub.demo.adoption import adoption_lines, load_document
from hub.demo.alliance import DEMO_ACCOUNTS
from hub.demo.alliances import DemoAlliance, demo_alliance, demo_alliances
from hub.demo.caller import Caller
from hub.demo.errors import DemoError
from hub.demo.reaching import Say
from hub.demo.sign_in import Account, OAuthClient
from hub.policy import POLICIES, sound_pack
from services.identity.domain import username_issues
from services.kernel.permissions import Role
from tests.demo.fake_hub import FakeHub

pytestmark = pytest.mark.anyio
URL = "http://127.0.0.1:8000"
CLIENT = OAuthClient("frontend", f"{URL}/login/callback", secret="x" * 32)
ALLIANCES = demo_alliances(POLICIES)
OTHERS = [code for code in ALLIANCES if code != "anqing"]
TODAY = date(2025, 12, 1)


async def no_plates(caller: Caller, alliance: str, today: date, say: Say) -> None:
    assert (caller.username, today) == (f"{alliance}-mishuchu", TODAY)
    say("授牌在成员单位之后")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for jobs often, and leave plates, which the fake hub does not have, to test_plates.py."""
    monkeypatch.setattr("hub.demo.caller.POLL_SECONDS", 0.001)
    monkeypatch.setattr("hub.demo.adoption.award_plates", no_plates)


def test_there_is_one_alliance_for_each_document() -> None:
    packs = {code: one.pack for code, one in ALLIANCES.items()}
    assert packs == {
        "anqing": "anqing-2024",
        "chenzhou": "chenzhou-2021",
        "community": "community-2025",
        "enan": "enan-2021",
        "xiaogan": "xiaogan-2023",
    }
    assert next(iter(ALLIANCES)) == "anqing"
    assert ALLIANCES["anqing"].accounts == DEMO_ACCOUNTS
    assert ALLIANCES["anqing"].secretary == "mishuchu"


def test_user_names_are_distinct_over_all_alliances_and_well_formed() -> None:
    names = [account.username for one in ALLIANCES.values() for account in one.accounts]
    assert len(names) == len(set(names))
    assert [issue for name in names for issue in username_issues(name)] == []


@pytest.mark.parametrize(
    ("code", "division"), [("xiaogan", "420902"), ("chenzhou", "431028"), ("enan", None), ("community", None)]
)
def test_accounts_of_an_alliance(code: str, division: str | None) -> None:
    accounts = ALLIANCES[code].accounts
    bureaus = [account.division for account in accounts if account.role is Role.COUNTY_CLERK]
    assert bureaus == ([division] if division else [])
    assert [account.role for account in accounts if account.division is None] == [
        Role.SECRETARIAT_CLERK,
        Role.SECRETARIAT_HEAD,
        Role.LEADER,
    ]
    assert all(account.username.startswith(f"{code}-") for account in accounts)
    made_up = [account.unit_name for account in accounts if not account.role.value.startswith("secretariat")]
    assert all("示例" in name for name in made_up)


def test_an_unknown_alliance_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(DemoError, match="没有联盟 wuhan 的示范数据；可选：anqing、chenzhou、community、enan、xiaogan"):
        demo_alliance(POLICIES, "wuhan")


async def loaded(fake: FakeHub, alliance: DemoAlliance) -> list[str]:
    said: list[str] = []
    accounts = {name: Account(name, password) for name, password in fake.passwords.items()}
    transport = httpx.ASGITransport(app=fake.app())
    await load_document(URL, accounts, alliance, said.append, client=CLIENT, today=TODAY, transport=transport)
    return said


@pytest.mark.parametrize("code", OTHERS)
async def test_an_alliance_is_filled_with_the_units_of_its_document(code: str) -> None:
    alliance = ALLIANCES[code]
    fake = FakeHub({account.username: f"密码-{account.username}" for account in alliance.accounts})
    said = await loaded(fake, alliance)
    structure = sound_pack(alliance.folder).structure
    named = [unit.name for unit in structure.units if not unit.collective]
    assert [member["name"] for member in fake.members] == named
    assert fake.adopted == [(f"{code}-mishuchu", alliance.pack)]
    assert fake.practised == [f"{code}-mishuchu"]
    assert len(fake.industries) == (10 if code == "chenzhou" else 0)
    assert "授牌在成员单位之后" in said
    assert said[0] == f"按 {alliance.pack} 建立架构：成员单位 {len(named)}、机构 {len(structure.bodies)}"


async def test_loading_an_alliance_twice_makes_nothing() -> None:
    alliance = ALLIANCES["xiaogan"]
    fake = FakeHub({account.username: "密码" for account in alliance.accounts})
    await loaded(fake, alliance)
    once = list(fake.members)
    await loaded(fake, alliance)
    assert fake.members == once


async def test_a_refusal_while_an_alliance_is_loaded_is_one_sentence() -> None:
    fake = FakeHub({"xiaogan-mishuchu": "另一个密码"})
    accounts = {"xiaogan-mishuchu": Account("xiaogan-mishuchu", "密码")}
    transport = httpx.ASGITransport(app=fake.app())
    with pytest.raises(DemoError, match="xiaogan-mishuchu 登录失败"):
        await load_document(URL, accounts, ALLIANCES["xiaogan"], print, client=CLIENT, today=TODAY, transport=transport)
    assert fake.members == []


def test_what_a_document_leaves_open_is_said() -> None:
    report = {
        "pack": "some-pack",
        "items": [
            {"kind": "member", "name": "示例大学", "outcome": "skipped", "note": "文件没有写明单位类别。"},
            {"kind": "body", "name": "理事会", "outcome": "found", "note": None},
            {"kind": "seat", "name": "理事会 理事", "outcome": "made", "note": None},
            {"kind": "seat", "name": "理事会 秘书", "outcome": "made", "note": None},
        ],
    }
    assert adoption_lines(report) == [
        "按 some-pack 建立架构：席位 2",
        "成员单位 示例大学：文件没有写明单位类别。",
    ]
    assert adoption_lines({"pack": "some-pack", "items": []}) == ["按 some-pack 建立架构：没有新增"]
