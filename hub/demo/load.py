"""Loads the demonstration through the public API as people would: the secretariat, ten bureaus, three schools.

Nothing here knows a database. Everything can be sent twice: files are the same bytes, creates carry a key made of their
content, and what already stands is found by its name or document number.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import httpx

from hub.demo.adoption import adopt_structure
from hub.demo.alliance import (
    COLLABORATIONS,
    DEMO_ACCOUNTS,
    PACK,
    SECRETARIAT_USERNAME,
    Collaboration,
    DemoAccount,
)
from hub.demo.applicant import apply_to_join
from hub.demo.caller import REGISTRY, SUBSIDIES, TARGETS, Caller
from hub.demo.errors import DemoError
from hub.demo.lives import ForgetFactor, decide_lives
from hub.demo.members import JOINED_ON, write_members
from hub.demo.plan import OWNERS, YEAR
from hub.demo.reaching import Hub, Say
from hub.demo.registry_year import record_year
from hub.demo.reports import REPORTS, Report
from hub.demo.rosters import RosterFile, write_rosters
from hub.demo.sign_in import Account, OAuthClient
from hub.demo.standing import MemberIds, id_of, ids_by_uscc

APPLIED: Final = "applied"

# Gives a member unit's account its member id, once the registry has made one; part of account administration.
BindMember = Callable[[DemoAccount, str], Awaitable[None]]


@dataclass(frozen=True)
class ClaimPlan:
    """One claim of the demonstration year; `collaboration` is a slug of the demonstration."""

    username: str
    rule: str
    collaboration: str | None = None


def roster_claims(username: str, kinds: set[str]) -> list[ClaimPlan]:
    """What a bureau or school claims after its rosters: the class award, and the student awards that its rows name."""
    rules = {"生源输送奖励": "sending_award", "跨市招生补助": "cross_city_enrolment"}
    claimed = [rule for label, rule in rules.items() if label in kinds]
    return [ClaimPlan(username, rule) for rule in (*claimed, "school_enterprise_class")]


RECOGNITION_CLAIMS: Final = (
    ClaimPlan(SECRETARIAT_USERNAME, "consortium_provincial", "consortium-jingkai"),
    ClaimPlan("member-azy", "industry_college", "college-qiche"),
    ClaimPlan("member-azy", "industry_college", "college-huagong"),
)


async def load(
    public_url: str,
    accounts: Mapping[str, Account],
    state_dir: Path,
    say: Say,
    *,
    client: OAuthClient,
    bind_member: BindMember,
    forget_factor: ForgetFactor,
    today: date,
    transport: httpx.AsyncBaseTransport | None = None,
) -> None:
    """Load the whole demonstration but the settlement, which is left to the user. Raises DemoError."""
    hub = Hub(public_url, accounts, client, transport)
    folder = state_dir / "demonstration"
    say("生成演示工作簿")
    members_file, rosters = write_members(folder), write_rosters(folder / "rosters")
    async with hub.acting(SECRETARIAT_USERNAME) as secretariat:
        member_ids = await enter_members(secretariat, members_file, bind_member, say)
        collaborations = await build_together(secretariat, member_ids, say)
        await record_year(secretariat, member_ids, collaborations, today, say)
        await decide_lives(hub, secretariat, forget_factor)
        await fill_practice(secretariat, say)
        async with hub.stranger() as stranger:
            await apply_to_join(stranger, secretariat, say)
    for owner in OWNERS:
        await load_owner(hub, [file for file in rosters if file.owner == owner], say)
    say("提交并受理申报")
    await claim_recognitions(hub, collaborations)
    async with hub.acting(SECRETARIAT_USERNAME) as secretariat:
        await accept_claims(secretariat)
    say("上报指标数据")
    await report_targets(hub)


async def enter_members(caller: Caller, file: Path, bind_member: BindMember, say: Say) -> dict[str, str]:
    """Import the members and give their accounts their ids; returns the ids by 统一社会信用代码."""
    say("导入成员单位")
    await import_members(caller, file)
    member_ids = await ids_by_uscc(caller)
    for account in DEMO_ACCOUNTS:
        if account.member_uscc is not None:
            await bind_member(account, member_ids[account.member_uscc])
    return member_ids


async def build_together(caller: Caller, member_ids: MemberIds, say: Say) -> dict[str, str]:
    """Create the collaborations and adopt the rest of the document's structure; returns ids by slug."""
    say("登记合作载体和级别认定")
    collaborations = await create_collaborations(caller, member_ids)
    # After the collaborations, which know more than the document: the industry colleges have their host here.
    await adopt_structure(caller, PACK, say, JOINED_ON)
    return collaborations


async def fill_practice(caller: Caller, say: Say) -> None:
    """Copy what is on record by now into the practice alliance."""
    say("准备练习环境")
    await caller.act(f"{REGISTRY}/practice/members")


async def import_members(caller: Caller, file: Path) -> None:
    """Send members.xlsx and apply what it would do; a refused row is a fault of the demonstration, not of a clerk."""
    proposed = await caller.propose(f"{REGISTRY}/change-sets", file, kind="members")
    path = f"{REGISTRY}/change-sets/{proposed['id']}"
    checked = await caller.get(path)
    if checked["rejected"]:
        raise DemoError(f"成员单位名单有 {checked['rejected']} 行没有通过检查。")
    if checked["state"] == "ready":
        await caller.act(f"{path}/application", await caller.etag(path))
    elif checked["state"] == "applying":  # an earlier load was interrupted meanwhile
        await caller.finished(f"{REGISTRY}/jobs/{checked['job']}", file.name)
    checked = await caller.get(path)
    if checked["state"] != APPLIED or checked["left_out"]:
        raise DemoError(f"成员单位名单没有全部写入：{checked['left_out']} 行未写入。")


async def create_collaborations(caller: Caller, member_ids: MemberIds) -> dict[str, str]:
    """Create what is missing of the collaborations and their recognitions; returns ids by slug."""
    standing = {item["name"]: item["id"] for item in await caller.items(f"{REGISTRY}/collaborations")}
    ids = {}
    for plan in COLLABORATIONS:
        ids[plan.slug] = standing.get(plan.name) or await create_collaboration(caller, plan, member_ids)
        await create_recognitions(caller, ids[plan.slug], plan)
    return ids


async def create_collaboration(caller: Caller, plan: Collaboration, member_ids: MemberIds) -> str:
    """Create one collaboration; returns its id."""
    body = {
        "kind": plan.kind,
        "name": plan.name,
        "host_member": id_of(plan.host, member_ids) if plan.host else None,
        "lead_member": id_of(plan.lead, member_ids) if plan.lead else None,
        "participants": [id_of(slug, member_ids) for slug in plan.participants],
    }
    return str((await caller.create(f"{REGISTRY}/collaborations", body))["id"])


async def create_recognitions(caller: Caller, collaboration: str, plan: Collaboration) -> None:
    """Record the recognitions whose document numbers do not stand there yet."""
    detail = await caller.get(f"{REGISTRY}/collaborations/{collaboration}")
    standing = {item["document_number"] for item in detail["recognitions"]}
    for recognition in plan.recognitions:
        if recognition.document_number not in standing:
            await caller.create(f"{REGISTRY}/collaborations/{collaboration}/recognitions", vars(recognition))


async def load_owner(hub: Hub, files: list[RosterFile], say: Say) -> None:
    """One bureau or school signs in, sends its rosters and claims."""
    async with hub.acting(files[0].username) as caller:
        for file in files:
            result = await send_roster(caller, file)
            say(f"{file.path.name}：共 {result.get('total_rows')} 行，退回 {result.get('rejected_rows')} 行")
        for claim in roster_claims(files[0].username, set().union(*(file.claimed for file in files))):
            await submit_claim(caller, claim, None)


async def send_roster(caller: Caller, file: RosterFile) -> dict[str, Any]:
    """Send one roster and wait for its import; returns its counts of rows."""
    return await caller.upload(f"{SUBSIDIES}/roster-imports", file.path, kind=file.kind, year=str(file.year))


async def submit_claim(caller: Caller, claim: ClaimPlan, collaboration: str | None) -> None:
    """Open and submit one claim of the demonstration year, unless the account has it already."""
    standing = await caller.items(f"{SUBSIDIES}/claims", year=YEAR, rule=claim.rule)
    if any(item.get("collaboration") == collaboration for item in standing):
        return
    body: dict[str, Any] = {"year": YEAR, "rule": claim.rule, "submit": True}
    if collaboration is not None:
        body["collaboration"] = collaboration
    await caller.create(f"{SUBSIDIES}/claims", body)


async def claim_recognitions(hub: Hub, collaborations: Mapping[str, str]) -> None:
    """The secretariat claims for the consortium, the college for its two industry colleges."""
    for claim in RECOGNITION_CLAIMS:
        async with hub.acting(claim.username) as caller:
            await submit_claim(caller, claim, collaborations[claim.collaboration or ""])


async def accept_claims(caller: Caller) -> None:
    """The secretariat accepts every claim that waits."""
    for claim in await caller.items(f"{SUBSIDIES}/claims", year=YEAR, state="submitted"):
        path = f"{SUBSIDIES}/claims/{claim['id']}"
        await caller.act(f"{path}/acceptance", await caller.etag(path))


async def report_targets(hub: Hub) -> None:
    """The college and the secretariat report their numbers; the secretariat accepts all but those left waiting."""
    for username in dict.fromkeys(report.username for report in REPORTS):
        async with hub.acting(username) as caller:
            for report in REPORTS:
                if report.username == username:
                    await send_report(caller, report)
    async with hub.acting(SECRETARIAT_USERNAME) as secretariat:
        await accept_reports(secretariat)


async def send_report(caller: Caller, report: Report) -> None:
    """Report one number, unless it was reported already."""
    if not await caller.items(f"{TARGETS}/reports", indicator=report.indicator, year=report.year):
        await caller.create(f"{TARGETS}/reports", report.body())


async def accept_reports(caller: Caller) -> None:
    """Accept what was submitted, but for the reports that wait for the user."""
    waiting = {(report.indicator, report.year) for report in REPORTS if report.waits}
    for item in await caller.items(f"{TARGETS}/reports", state="submitted"):
        if (item["indicator"], item["year"]) not in waiting:
            path = f"{TARGETS}/reports/{item['id']}"
            await caller.act(f"{path}/acceptance", await caller.etag(path))
