"""What the schools of the demonstration teach, for which industries, and who teaches it; all made up.

Codes and names of majors and industries are those of the catalogues' extracts that come with the hub.
"""

from dataclasses import dataclass
from typing import Any, Final

from hub.demo.caller import REGISTRY, Caller
from hub.demo.standing import MemberIds, ensured, id_of

CATALOGUE_KINDS: Final = ("majors", "industries")
OPENED_ON: Final = "2021-09-01"

# school → {code of the major: students}
MAJORS: Final[dict[str, dict[str, int]]] = {
    "azy": {"460701": 312, "460702": 268, "470201": 205, "510203": 341, "510209": 118, "520201": 460},
    "jishi": {"660701": 226, "700206": 384, "660103": 297, "660301": 173},
    "gongye": {"660701": 158, "710205": 246, "730701": 219},
}


@dataclass(frozen=True)
class IndustryPlan:
    """A leading industry with its industry codes, its lead enterprises by slug, and the majors that serve it."""

    name: str
    codes: tuple[str, ...]
    enterprises: tuple[str, ...]
    majors: tuple[str, ...]


INDUSTRIES: Final = (
    IndustryPlan("汽车及零部件（演示）", ("36",), ("qiche", "lingbujian"), ("4607", "6607", "7002")),
    IndustryPlan("化工新材料（演示）", ("26",), ("huagong",), ("4702",)),
    IndustryPlan("数字经济（演示）", ("65",), ("shuzi",), ("5102", "7102")),
)
WHY: Final = "专业培养方向与产业岗位对应（演示）"


@dataclass(frozen=True)
class TeacherPlan:
    """A teacher with the enterprise of the practice (by slug) and its days, the last one not included."""

    member: str
    name: str
    kind: str
    title: str
    specialty: str
    shared: bool
    enterprise: str
    from_date: str
    until_date: str


TEACHERS: Final = (
    TeacherPlan("azy", "示例教师甲", "dual", "associate", "汽车制造", True, "qiche", "2024-07-01", "2025-02-01"),
    TeacherPlan("azy", "示例教师乙", "dual", "middle", "应用化工", False, "huagong", "2025-07-01", "2025-09-01"),
    TeacherPlan("azy", "示例教师丙", "part_time", "senior", "软件技术", True, "shuzi", "2023-03-01", "2024-03-01"),
    TeacherPlan("jishi", "示例教师丁", "dual", "technician", "数控加工", True, "jixie", "2025-01-06", "2025-07-06"),
    TeacherPlan("gongye", "示例教师戊", "full_time", "junior", "电子商务", False, "shuzi", "2025-08-01", "2025-08-20"),
)


async def adopt_catalogues(caller: Caller) -> None:
    """Put the extracts into use where no version is."""
    for kind in CATALOGUE_KINDS:
        path = f"{REGISTRY}/catalogues/{kind}/versions"
        standing = await caller.items(path)
        if any(version["current"] for version in standing):
            continue
        extracts = standing or [await caller.create(f"{REGISTRY}/catalogues/extracts", {"kind": kind})]
        version = f"{path}/{extracts[0]['id']}"
        await caller.act(f"{version}/adoption", await caller.etag(version))


async def offer_majors(caller: Caller, member_ids: MemberIds) -> None:
    """Record the majors that the schools do not have on record."""
    for school, majors in MAJORS.items():
        path = f"{REGISTRY}/members/{id_of(school, member_ids)}/majors"
        standing = {item["major_code"] for item in await caller.items(path)}
        for code, students in majors.items():
            if code not in standing:
                await caller.create(path, {"major_code": code, "since": OPENED_ON, "students": students})


async def serve_industries(caller: Caller, member_ids: MemberIds) -> None:
    """Record the leading industries and which majors serve them."""
    for place, plan in enumerate(INDUSTRIES, start=1):
        industry = await ensured(
            caller, f"{REGISTRY}/leading-industries", "name", industry_body(plan, member_ids, place)
        )
        path = f"{REGISTRY}/leading-industries/matches"
        standing = {item["major_code"] for item in await caller.items(path, industry=industry["id"])}
        for code in plan.majors:
            if code not in standing:
                await caller.create(path, {"major_code": code, "industry": industry["id"], "reason": WHY})


def industry_body(plan: IndustryPlan, member_ids: MemberIds, place: int) -> dict[str, Any]:
    """The leading industry as it is sent."""
    enterprises = [id_of(slug, member_ids) for slug in plan.enterprises]
    return {"name": plan.name, "industry_codes": list(plan.codes), "position": place, "enterprises": enterprises}


async def employ_teachers(caller: Caller, member_ids: MemberIds) -> None:
    """Record the teachers and their practice."""
    for plan in TEACHERS:
        teacher = await ensured(caller, f"{REGISTRY}/teachers", "name", teacher_body(plan, member_ids))
        path = f"{REGISTRY}/teachers/{teacher['id']}"
        if not (await caller.get(path))["periods"]:
            days = {"from_date": plan.from_date, "until_date": plan.until_date}
            period = {"enterprise": id_of(plan.enterprise, member_ids), **days}
            await caller.create(f"{path}/practice-periods", period)


def teacher_body(plan: TeacherPlan, member_ids: MemberIds) -> dict[str, Any]:
    """The teacher as he is sent."""
    plain = {name: getattr(plan, name) for name in ("name", "kind", "title", "specialty", "shared")}
    return {**plain, "member": id_of(plan.member, member_ids)}
