"""What members of the demonstration agreed and put in: a class, agreements, one of them soon over, and contributions.

All of it is made up, but for the headcount of the class, which comes from its roster.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from hub.demo.caller import REGISTRY, Caller
from hub.demo.papers import attached
from hub.demo.standing import MemberIds, ensured, id_of

SOON: Final = timedelta(days=21)
A_YEAR: Final = timedelta(days=365)


CLASS: Final[dict[str, Any]] = {
    "kind": "school_enterprise_class",
    "name": "示例汽车冠名班（演示）",
    "founded_on": "2025-09-01",
    "details": {"format": "冠名", "class_code": "AZY2501", "cohort": 2025, "major_name": "汽车制造与检测"},
}
"""Its school's roster lists a class of this code with this enterprise and in this form (class_plan.py)."""
CLASS_SCHOOL: Final = "azy"
CLASS_ENTERPRISE: Final = "qiche"


@dataclass(frozen=True)
class RenewalPlan:
    """What the next agreement of the same parties says anew; days are ISO, the last one not included."""

    number: str
    title: str
    signed_on: str
    from_date: str
    until_date: str
    terms: str


@dataclass(frozen=True)
class AgreementPlan:
    """An agreement; parties by slug, 甲方 first. One without an end ends soon after the day of loading.

    It may have been renewed, or ended early on a day, and a file may hang on it.
    """

    kind: str
    number: str
    title: str
    parties: tuple[str, ...]
    collaborations: tuple[str, ...]
    signed_on: date | None
    until_date: date | None
    terms: str
    renewal: RenewalPlan | None = None
    ended_on: str | None = None
    file_name: str | None = None


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
        file_name="实训设备清单（演示）.xlsx",
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
    AgreementPlan(
        "project",
        "宜职教协演示第3号",
        "数字产业学院课程共建协议（演示）",
        ("azy", "shuzi"),
        ("college-shuzi",),
        date(2024, 9, 1),
        date(2025, 9, 1),
        "共建软件技术课程一年。本条款为演示内容。",
        renewal=RenewalPlan(
            "宜职教协演示第4号",
            "数字产业学院课程共建协议（演示，续签）",
            "2025-08-25",
            "2025-09-01",
            "2028-09-01",
            "续签三年，增加人工智能课程。本条款为演示内容。",
        ),
    ),
    AgreementPlan(
        "project",
        "宜职教协演示第5号",
        "医药岗位实习协议（演示，提前终止）",
        ("azy", "yiyao"),
        (),
        date(2025, 1, 10),
        date(2028, 1, 10),
        "每年接收实习学生。本条款为演示内容。",
        ended_on="2025-10-31",
    ),
)
ENDING: Final = "实习岗位调整，双方协商终止（演示）"


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
    """Record the agreements that are not on record, with their renewals and ends."""
    path = f"{REGISTRY}/agreements"
    standing = {item["title"]: item for item in await caller.items(path)}
    for plan in AGREEMENTS:
        body = agreement_body(plan, member_ids, collaborations, today)
        signed = standing.get(plan.title) or await caller.create(path, body)
        one = f"{path}/{signed['id']}"
        if plan.renewal and plan.renewal.title not in standing:
            await caller.create(f"{one}/renewal", vars(plan.renewal))
        if plan.ended_on and signed["phase"] != "ended":
            await caller.act(f"{one}/ending", await caller.etag(one), {"ended_on": plan.ended_on, "reason": ENDING})
        if plan.file_name:
            await attached(caller, "agreement", signed["id"], plan.file_name)


async def open_class(caller: Caller, member_ids: MemberIds) -> None:
    """Record the class, unless it is on record."""
    enterprise = {"member": id_of(CLASS_ENTERPRISE, member_ids), "part": "enterprise"}
    body = {**CLASS, "host_member": id_of(CLASS_SCHOOL, member_ids), "participants": [enterprise]}
    await ensured(caller, f"{REGISTRY}/collaborations", "name", body, kind=CLASS["kind"])


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
