"""What members of the demonstration agreed and put in: agreements, one soon over, and contributions; all made up."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from hub.demo.caller import REGISTRY, Caller
from hub.demo.standing import MemberIds, ensured, id_of

SOON: Final = timedelta(days=21)
A_YEAR: Final = timedelta(days=365)


@dataclass(frozen=True)
class AgreementPlan:
    """An agreement; parties by slug, 甲方 first. One without an end ends soon after the day of loading."""

    kind: str
    number: str
    title: str
    parties: tuple[str, ...]
    collaborations: tuple[str, ...]
    signed_on: date | None
    until_date: date | None
    terms: str


AGREEMENTS: Final = (
    AgreementPlan(
        "framework",
        "宜职教协演示〔2025〕1号",
        "汽车产业学院共建框架协议（演示）",
        ("azy", "qiche", "lingbujian"),
        ("college-qiche",),
        date(2025, 1, 15),
        date(2030, 1, 15),
        "各方共建汽车产业学院，共享实训设备和师资。本条款为演示内容。",
    ),
    AgreementPlan(
        "project",
        "宜职教协演示第2号",
        "化工产业学院实训项目协议（演示，即将到期）",
        ("azy", "huagong"),
        ("college-huagong",),
        None,
        None,
        "共同开展化工岗位实训一年。本条款为演示内容。",
    ),
)


@dataclass(frozen=True)
class ContributionPlan:
    """What a member put into a collaboration; both by slug. `value` is yuan, None where nobody valued it."""

    collaboration: str
    member: str
    kind: str
    description: str
    value: str | None
    on_date: str


CONTRIBUTIONS: Final = (
    ContributionPlan("college-qiche", "qiche", "equipment", "整车检测实训设备（演示）", "860000.00", "2025-04-10"),
    ContributionPlan("college-qiche", "azy", "site", "汽车实训车间（演示）", None, "2025-04-10"),
    ContributionPlan("college-qiche", "lingbujian", "people", "驻校技师两名（演示）", "120000.00", "2025-09-01"),
    ContributionPlan("consortium-jingkai", "jingkai", "money", "联合体运行经费（演示）", "300000.00", "2025-05-20"),
    ContributionPlan("consortium-jingkai", "qiche", "people", "兼职教师三名（演示）", None, "2025-09-01"),
)
EVIDENCE: Final = "投入证明（演示）"


async def sign_agreements(
    caller: Caller, member_ids: MemberIds, collaborations: Mapping[str, str], today: date
) -> None:
    """Record the agreements that are not on record."""
    for plan in AGREEMENTS:
        await ensured(
            caller, f"{REGISTRY}/agreements", "title", agreement_body(plan, member_ids, collaborations, today)
        )


def agreement_body(
    plan: AgreementPlan, member_ids: MemberIds, collaborations: Mapping[str, str], today: date
) -> dict[str, Any]:
    """The agreement as it is sent; the one that ends soon was signed a year before its end."""
    until = plan.until_date or today + SOON
    signed = plan.signed_on or until - A_YEAR
    return {
        **{name: getattr(plan, name) for name in ("kind", "number", "title", "terms")},
        "signed_on": signed.isoformat(),
        "from_date": signed.isoformat(),
        "until_date": until.isoformat(),
        "parties": [id_of(slug, member_ids) for slug in plan.parties],
        "collaborations": [collaborations[slug] for slug in plan.collaborations],
    }


async def put_in(caller: Caller, member_ids: MemberIds, collaborations: Mapping[str, str]) -> None:
    """Record the contributions that are not on record."""
    for slug in dict.fromkeys(plan.collaboration for plan in CONTRIBUTIONS):
        path = f"{REGISTRY}/collaborations/{collaborations[slug]}/contributions"
        standing = {item["description"] for item in (await caller.get(path))["items"]}
        for plan in CONTRIBUTIONS:
            if plan.collaboration == slug and plan.description not in standing:
                await caller.create(path, contribution_body(plan, member_ids))


def contribution_body(plan: ContributionPlan, member_ids: MemberIds) -> dict[str, Any]:
    """The contribution as it is sent."""
    plain = {name: getattr(plan, name) for name in ("kind", "description", "value", "on_date")}
    return {**plain, "member": id_of(plan.member, member_ids), "evidence": EVIDENCE}
