"""The demonstration is loaded through the public API as people would, and loading it twice changes nothing."""

from collections.abc import Mapping
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.demo.alliance import DEMO_ACCOUNTS, MEMBER_BY_SLUG, DemoAccount
from hub.demo.caller import Caller, idempotency_key
from hub.demo.errors import DemoError
from hub.demo.load import RECOGNITION_CLAIMS, ClaimPlan, load, roster_claims, submit_claim
from hub.demo.members import write_members
from hub.demo.reaching import Say
from hub.demo.rosters import RosterFile
from hub.demo.sign_in import Account, LoginForm, OAuthClient, signed_in
from hub.demo.standing import MemberIds
from services.kernel.workbooks import check_table, read_table
from services.registry.workbook import MEMBERS
from tests.demo.fake_hub import FakeHub

pytestmark = pytest.mark.anyio
URL = "http://127.0.0.1:8000"
TODAY = date(2025, 12, 1)
CLIENT = OAuthClient("frontend", f"{URL}/login/callback", secret="x" * 32)


async def fake_record_year(
    caller: Caller, member_ids: MemberIds, collaborations: Mapping[str, str], today: date, say: Say
) -> None:
    """Stands for the rooms of the registry that this fake hub does not have."""
    assert (caller.username, today) == ("mishuchu", TODAY)
    assert len(member_ids) == 44
    say(f"{len(collaborations)} 个合作载体之后")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, rosters: list[RosterFile]) -> None:
    """Ask for jobs often, send the files that are written already, and leave to test_registry_year.py what it tries."""
    monkeypatch.setattr("hub.demo.caller.POLL_SECONDS", 0.001)
    monkeypatch.setattr("hub.demo.load.record_year", fake_record_year)
    monkeypatch.setattr("hub.demo.load.write_rosters", lambda _: rosters)


@pytest.fixture
def accounts() -> dict[str, Account]:
    return {item.username: Account(item.username, f"密码-{item.username}") for item in DEMO_ACCOUNTS}


@pytest.fixture
def fake(accounts: dict[str, Account]) -> FakeHub:
    return FakeHub({name: account.password for name, account in accounts.items()})


async def run(fake: FakeHub, accounts: dict[str, Account], folder: Path) -> tuple[list[str], dict[str, str]]:
    said: list[str] = []
    bound: dict[str, str] = {}

    async def bind(account: DemoAccount, member: str) -> None:
        bound[account.username] = member

    async def forget(username: str) -> None:
        said.append(f"{username} 的动态口令已作废")

    transport = httpx.ASGITransport(app=fake.app())
    await load(
        URL,
        accounts,
        folder,
        said.append,
        client=CLIENT,
        bind_member=bind,
        forget_factor=forget,
        today=TODAY,
        transport=transport,
    )
    return said, bound


async def test_everything_is_sent_by_whom_it_concerns(
    fake: FakeHub, accounts: dict[str, Account], tmp_path: Path, expected: dict[str, Any]
) -> None:
    said, bound = await run(fake, accounts, tmp_path)
    assert [member["name"] for member in fake.members if member["uscc"] is None] == [
        "安庆市人民政府",
        "安庆市农业农村局",
    ]
    assert len(fake.members) == 44 + 2
    assert fake.adopted == [("mishuchu", "anqing-2024")]
    assert bound == {a.username: f"m-{a.member_uscc}" for a in DEMO_ACCOUNTS if a.member_uscc}
    assert len(fake.collaborations) == 5
    college = next(item for item in fake.collaborations.values() if item["name"] == "汽车产业学院")
    assert college["host_member"] == f"m-{MEMBER_BY_SLUG['azy'].uscc}"
    assert college["lead_member"] is None
    assert [item["level"] for item in college["recognitions"]] == ["municipal", "provincial"]
    assert len(fake.rosters) == 26
    for item in fake.rosters:
        assert item["file"].startswith(f"{item['by'].removeprefix('bureau-').removeprefix('member-')}-{item['kind']}-")
        assert item["year"] == "2025"
    assert {claim["state"] for claim in fake.claims} == {"accepted"}
    assert len(fake.claims) == sum(len(owners) for owners in expected["claims"].values())
    assert [report["by"] for report in fake.reports].count("member-azy") == 3
    waiting = [report["indicator"] for report in fake.reports if report["state"] == "submitted"]
    assert waiting == ["higher_vocational_enrolment"]
    assert any("340828-students-2025.csv" in line for line in said)
    assert "5 个合作载体之后" in said
    assert [one["name"] for one in fake.applications] == ["怀宁示例新能源有限公司"]
    assert "怀宁示例新能源有限公司的入会申请：编号 2025-1，查询码 ABCD" in said


async def test_loading_twice_changes_nothing(fake: FakeHub, accounts: dict[str, Account], tmp_path: Path) -> None:
    await run(fake, accounts, tmp_path)
    kept = ("members", "collaborations", "applications", "rosters", "claims", "reports")
    once = deepcopy([getattr(fake, name) for name in kept])
    assert fake.replayed == 0
    await run(fake, accounts, tmp_path)
    assert [getattr(fake, name) for name in kept] == once
    assert fake.replayed == 1 + 1 + 26  # all else is found standing


async def test_a_wrong_password_stops_with_one_sentence(fake: FakeHub) -> None:
    transport = httpx.ASGITransport(app=fake.app())
    with pytest.raises(DemoError, match="mishuchu 登录失败（HTTP 422）"):
        await signed_in(URL, CLIENT, Account("mishuchu", "wrong"), transport)


async def test_a_failed_job_stops_with_its_message(fake: FakeHub, accounts: dict[str, Account], tmp_path: Path) -> None:
    fake.fail_jobs = True
    with pytest.raises(DemoError, match=r"members\.xlsx 的后台任务失败：磁盘空间已满"):
        await run(fake, accounts, tmp_path)


@pytest.mark.parametrize(("fault", "words"), [("reject_rows", "2 行没有通过检查"), ("leave_out", "2 行未写入")])
async def test_a_list_of_members_that_is_not_taken_whole_stops_the_load(
    fake: FakeHub, accounts: dict[str, Account], tmp_path: Path, fault: str, words: str
) -> None:
    setattr(fake, fault, 2)
    with pytest.raises(DemoError, match=words):
        await run(fake, accounts, tmp_path)
    assert fake.adopted == []


async def test_a_load_that_was_interrupted_goes_on_where_it_was(
    fake: FakeHub, accounts: dict[str, Account], tmp_path: Path
) -> None:
    fake.drop_after_applying = True
    with pytest.raises(DemoError, match="连接中断"):
        await run(fake, accounts, tmp_path)
    assert fake.members == []
    await run(fake, accounts, tmp_path)
    assert len(fake.members) == 44 + 2


async def test_a_refusal_carries_the_servers_sentence(
    fake: FakeHub, accounts: dict[str, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.demo.load.YEAR", 1999)
    session = await signed_in(URL, CLIENT, accounts["mishuchu"], httpx.ASGITransport(app=fake.app()))
    caller = Caller("mishuchu", session)
    with pytest.raises(DemoError, match="POST /api/subsidies/v1/claims（HTTP 422）年度不对，year：应为2025"):
        await submit_claim(caller, ClaimPlan("mishuchu", "sending_award"), None)
    await caller.close()


async def test_an_account_without_password_is_named(fake: FakeHub, tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="没有演示账号 mishuchu 的密码"):
        await run(fake, {}, tmp_path)


def test_claims_are_those_that_the_hand_calculation_assumes(
    rosters: list[RosterFile], expected: dict[str, Any]
) -> None:
    claims: dict[str, set[str]] = {}
    for owner in {file.owner for file in rosters}:
        mine = [file for file in rosters if file.owner == owner]
        kinds = {kind for file in mine for kind in file.claimed}
        for claim in roster_claims(mine[0].username, kinds):
            claims.setdefault(claim.rule, set()).add(owner)
    assert {rule: set(owners) for rule, owners in expected["claims"].items() if rule in claims} == claims
    assert sorted(claim.rule for claim in RECOGNITION_CLAIMS) == [
        "consortium_provincial",
        "industry_college",
        "industry_college",
    ]


def test_keys_follow_account_address_and_content() -> None:
    key = idempotency_key("a", "/x", b"1")
    assert key == idempotency_key("a", "/x", b"1")
    others = {idempotency_key("b", "/x", b"1"), idempotency_key("a", "/y", b"1"), idempotency_key("a", "/x", b"2")}
    assert len({key, *others}) == 4
    assert len(key) <= 200


def test_a_page_without_a_login_form_is_refused() -> None:
    with pytest.raises(DemoError, match="没有用户名和密码输入框"):
        LoginForm("<form><input name='q'></form>").filled(Account("a", "b"))


def test_passwords_are_not_shown() -> None:
    assert "秘密" not in repr(Account("a", "秘密"))
    assert "秘密" not in repr(OAuthClient("a", "b", secret="秘密"))


def test_the_members_workbook_repeats(tmp_path: Path) -> None:
    assert write_members(tmp_path / "a").read_bytes() == write_members(tmp_path / "b").read_bytes()


def test_the_members_workbook_is_the_registrys(tmp_path: Path) -> None:
    table = read_table(write_members(tmp_path).read_bytes(), MEMBERS)
    checked = check_table(MEMBERS, table)
    assert checked.issues == []
    rows = {str(row.values["name"]): row.values for row in checked.rows}
    assert len(rows) == 44
    assert rows["安庆职业技术学院"]["structure_role"] == "leading"
    assert rows["安庆经济技术开发区管理委员会"]["functional_zone"] == "3408Z1"
    assert rows["宿松示例纺织有限公司"]["enterprise_size"] == "small"
    assert rows["望江示例服装有限公司"]["size_evidence"] is None
    assert {"aliases", "uscc", "category", "division"} <= table.present
