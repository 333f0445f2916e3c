"""Members whose record has a story: one in rectification, one suspended, one that left, one renamed, one merged into
another, and two records that may be one unit. All are made up, and no roster, claim or target rests on them.
"""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any, Final

from hub.demo.alliance import Member
from hub.demo.caller import REGISTRY, Caller
from hub.demo.identities import social_credit_code
from hub.demo.members import JOINED_ON
from hub.demo.reaching import Hub
from hub.demo.standing import MemberIds, id_of

HEAD: Final = "fuzeren"
ACTIVE: Final = "active"
GRADED_YEAR: Final = 2024
TIME_TO_MEND: Final = timedelta(days=45)

# (slug, name, short name, division, number in its code)
_ENTERPRISES: Final = (
    ("liangyou", "潜山示例粮油加工有限公司", "示例粮油", "340882", 701),
    ("dianzi", "太湖示例电子有限公司", "示例电子", "340825", 702),
    ("wuliu", "岳西示例物流有限公司", "示例物流", "340828", 703),
    ("shipin", "大观示例食品科技有限公司", "示例食品", "340803", 704),
    ("yinwu", "安庆示例印务有限公司", "示例印务", "340802", 705),
    ("yinshua", "迎江示例印刷有限公司", "示例印刷", "340802", 706),
    ("zhuangbei", "宜秀示例智能装备有限公司", "示例智装", "340811", 707),
    ("zhuangbei-twin", "宜秀示例智能装备有限责任公司", "示例智能装备", "340811", 708),
)
SIZE: Final = "small"
EVIDENCE: Final = "统计上大中小微型企业划分证明（演示）"
LIVES: Final = {
    slug: Member(slug, name, alias, social_credit_code("91", division, number), "enterprise", division, SIZE, EVIDENCE)
    for slug, name, alias, division, number in _ENTERPRISES
}
FORMER_NAMES: Final = {"shipin": ("大观示例食品厂", "2025-05-06")}
"""Under which name it joined, and from which day it has the other."""

RECTIFICATION: Final = {
    "opinion": "上年度考核不合格，限期补齐校企合作台账（演示）。",
    "document": "整改通知书（演示）",
    "effective_on": "2025-04-08",
}
# slug → what the head of the secretariat decides: way and body
DECISIONS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "dianzi": ("suspension", {"opinion": "停产检修，暂停参与（演示）。", "effective_on": "2025-10-15"}),
    "wuliu": ("exit", {"opinion": "迁往外市，申请退出（演示）。", "effective_on": "2025-08-31"}),
    "yinshua": (
        "merger",
        {"document": "合并协议（演示）", "reason": "两家公司合并经营（演示）。", "on_date": "2025-07-01"},
    ),
}
MERGED_INTO: Final = "yinwu"

GRADES: Final = {
    "azy": "excellent",
    "jishi": "excellent",
    "gongye": "qualified",
    "qiche": "excellent",
    "lingbujian": "qualified",
}
GRADES_OF_LIVES: Final = {"liangyou": "unqualified", "dianzi": "barely", "shipin": "qualified"}

# slug → posts with whom to reach there
CONTACTS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "azy": (("校企合作处处长", "示例处长"), ("招生就业处经办", "示例经办甲")),
    "jishi": (("实训中心主任", "示例主任"),),
    "qiche": (("人力资源部经理", "示例经理"), ("实习带教负责人", "示例师傅")),
}
PHONE: Final = "0556-0000000"

ForgetFactor = Callable[[str], Awaitable[None]]
"""Forgets the second factor of a demonstration account; part of account administration."""


async def enter_lives(caller: Caller, member_ids: MemberIds, today: date) -> None:
    """Record as the secretariat whatever of it is not on record, but for what its head decides."""
    standing = {slug: await _entered(caller, slug, found) for slug, found in (await _standing(caller)).items()}
    for slug, (former, renamed_on) in FORMER_NAMES.items():
        if standing[slug]["name"] == former:
            renamed = {**_body(LIVES[slug]), "effective_on": renamed_on}
            await caller.put(f"{REGISTRY}/members/{standing[slug]['id']}", renamed)
    await _grade(caller, {**{slug: id_of(slug, member_ids) for slug in GRADES}, **_ids(standing)})
    if standing["liangyou"]["status"] == ACTIVE:
        path = f"{REGISTRY}/members/{standing['liangyou']['id']}"
        deadline = (today + TIME_TO_MEND).isoformat()
        await caller.act(f"{path}/rectification", await caller.etag(path), {**RECTIFICATION, "deadline": deadline})
    for slug, posts in CONTACTS.items():
        await _reach(caller, f"{REGISTRY}/members/{id_of(slug, member_ids)}/contacts", posts)


async def decide_lives(hub: Hub, office: Caller, forget_factor: ForgetFactor) -> None:
    """Let the head of the secretariat decide what it has not decided yet.

    The head signs in with a second factor, which is forgotten before and after: people who try the demonstration set up
    their own.
    """
    if not await undecided(office):
        return
    await forget_factor(HEAD)
    try:
        async with hub.acting(HEAD) as head:
            await decide(head)
    finally:
        await forget_factor(HEAD)


async def undecided(caller: Caller) -> list[str]:
    """The slugs of members about whom there is something left to decide."""
    standing = await _standing(caller)
    return [slug for slug in DECISIONS if (found := standing[slug]) and found["status"] == ACTIVE]


async def decide(head: Caller) -> None:
    """Suspend, let go and merge, as the head of the secretariat."""
    ids = _ids(await _standing(head))
    for slug in await undecided(head):
        way, body = DECISIONS[slug]
        path = f"{REGISTRY}/members/{ids[slug]}"
        if way == "merger":
            await head.create(f"{path}/{way}", {**body, "into": ids[MERGED_INTO]})
        else:
            seen = {"impact": (await head.get(f"{path}/exit-impact"))["version"]} if way == "exit" else {}
            await head.act(f"{path}/{way}", await head.etag(path), {**body, **seen})


async def _standing(caller: Caller) -> dict[str, dict[str, Any] | None]:
    """What the registry has of them, by slug."""
    by_code = {item["uscc"]: item for item in await caller.items(f"{REGISTRY}/members")}
    return {slug: by_code.get(plan.uscc) for slug, plan in LIVES.items()}


def _ids(standing: dict[str, Any]) -> dict[str, str]:
    return {slug: found["id"] for slug, found in standing.items() if found}


async def _entered(caller: Caller, slug: str, found: dict[str, Any] | None) -> dict[str, Any]:
    former, _ = FORMER_NAMES.get(slug, (LIVES[slug].name, None))
    return found or await caller.create(f"{REGISTRY}/members", {**_body(LIVES[slug]), "name": former})


def _body(plan: Member) -> dict[str, Any]:
    """The member as it is sent."""
    names = ("name", "uscc", "category", "division", "structure_role", "enterprise_size", "size_evidence")
    return {name: getattr(plan, name) for name in names} | {
        "aliases": [plan.alias],
        "joined_on": JOINED_ON.isoformat(),
    }


async def _grade(caller: Caller, ids: dict[str, str]) -> None:
    """Record the grades of the year, unless it has any."""
    rows = await caller.items(f"{REGISTRY}/member-reviews", year=GRADED_YEAR)
    if any(row["grade"] for row in rows):
        return
    items = [{"member": ids[slug], "grade": grade} for slug, grade in {**GRADES, **GRADES_OF_LIVES}.items()]
    batch = {"year": GRADED_YEAR, "on_date": "2025-03-20", "document": "年度考核通报（演示）", "items": items}
    await caller.create(f"{REGISTRY}/member-reviews/batch", batch)


async def _reach(caller: Caller, path: str, posts: tuple[tuple[str, str], ...]) -> None:
    standing = {contact["post"] for contact in (await caller.get(path))["items"]}
    for post, person in posts:
        if post not in standing:
            await caller.create(path, {"post": post, "person": person, "phone": PHONE})
