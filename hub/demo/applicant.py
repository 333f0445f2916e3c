"""Units that want to join. One applies in the open, without an account, and waits for the secretariat; others came on
paper, and the secretariat is at a different step with each.
"""

import asyncio
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from hub.demo.alliance import ALLIANCE
from hub.demo.caller import REGISTRY, Caller
from hub.demo.council import ADMITTING
from hub.demo.identities import social_credit_code
from hub.demo.reaching import Say

APPLICATION: Final = {
    "name": "怀宁示例新能源有限公司",
    "uscc": social_credit_code("91", "340822", 601),
    "category": "enterprise",
    "division": "340822",
    "address": "怀宁县示例路（演示）",
    "profile": "从事动力电池零部件生产。本申请为演示内容。",
    "reason": "愿与集团院校合办冠名班（演示）。",
    "contact_person": "示例联系人",
    "contact_phone": "0556-0000000",
}

RECEIVED: Final = timedelta(days=12)
"""So long ago did the papers come in."""

Step = tuple[str, str, dict[str, Any]]
"""The state from which it is taken, its address, and what is sent; a resolution on record is named by its title."""
ENDORSED: Final[Step] = ("submitted", "first-review", {"outcome": "endorsed", "opinion": "材料齐全（演示）。"})
RETURNED: Final[Step] = (
    "submitted",
    "first-review",
    {"outcome": "returned", "opinion": "请补充近两年接收实习学生的说明（演示）。"},
)
DECLINED: Final[Step] = (
    "submitted",
    "first-review",
    {"outcome": "declined", "opinion": "注册地和经营地都不在本市，不予受理（演示）。"},
)
AGREED: Final = {"outcome": "approved", "opinion": "同意吸收为成员单位（演示）。"}
APPROVED: Final[Step] = ("deliberation", "deliberation", {**AGREED, "resolution": ADMITTING})
APPROVED_ON_PAPER: Final[Step] = (
    "deliberation",
    "deliberation",
    {**AGREED, "resolution_number": "理事会纪要演示〔2025〕9号"},
)
PUBLISHED: Final[Step] = ("approved", "publicity", {"working_days": 5, "document": "入会公示（演示）"})


@dataclass(frozen=True)
class Paper:
    """An application on paper, and the steps that were taken with it."""

    name: str
    category: str
    division: str
    number: int
    steps: tuple[Step, ...]


PAPERS: Final = (
    Paper("望江示例家纺有限公司", "enterprise", "340827", 611, (ENDORSED,)),
    Paper("太湖示例生态农业专业合作社", "community", "340825", 612, (ENDORSED, APPROVED)),
    Paper("桐城示例塑料包装行业协会", "industry_body", "340881", 613, (ENDORSED, APPROVED_ON_PAPER, PUBLISHED)),
    Paper("宿松示例机电有限公司", "enterprise", "340826", 614, (RETURNED,)),
    Paper("池州示例旅行社有限公司", "enterprise", "341702", 615, (DECLINED,)),
)
PAPER: Final = {
    "reason": "愿与集团院校共建实习岗位（演示）。",
    "contact_person": "示例联系人",
    "contact_phone": "0556-0000000",
}


async def take_papers(office: Caller, today: date) -> None:
    """Enter what came on paper, and take the steps that were not taken."""
    path = f"{REGISTRY}/applications"
    standing = {item["name"]: item for item in await office.items(path)}
    for paper in PAPERS:
        shown = standing.get(paper.name) or await office.create(path, paper_body(paper, today))
        for state, way, body in paper.steps:
            if shown["state"] == state:
                one = f"{path}/{shown['id']}"
                shown = await office.act(f"{one}/{way}", await office.etag(one), await _citing(office, body))


async def _citing(office: Caller, body: dict[str, Any]) -> dict[str, Any]:
    """What is sent, with the id of the resolution that it names."""
    if "resolution" not in body:
        return body
    found = (await office.get(f"{REGISTRY}/resolutions/options", q=body["resolution"]))["items"]
    return {**body, "resolution": found[0]["id"]}


def paper_body(paper: Paper, today: date) -> dict[str, Any]:
    """The application as it is entered."""
    plain = {name: getattr(paper, name) for name in ("name", "category", "division")}
    code = social_credit_code("91", paper.division, paper.number)
    return {**PAPER, **plain, "uscc": code, "received_on": (today - RECEIVED).isoformat()}


async def apply_to_join(stranger: Caller, office: Caller, say: Say) -> None:
    """Send the application unless the office has it, and say what its receipt says, which is told once."""
    standing = await office.items(f"{REGISTRY}/applications", division=APPLICATION["division"])
    if any(item["name"] == APPLICATION["name"] for item in standing):
        return
    form = await stranger.get(f"{REGISTRY}/public/applications/form", alliance=ALLIANCE)
    await asyncio.sleep(form["wait_seconds"])  # a form that comes back at once was filled in by a machine
    draft = {**APPLICATION, "alliance": ALLIANCE, "form_token": form["form_token"]}
    receipt = await stranger.create(f"{REGISTRY}/public/applications", draft)
    say(f"{receipt['name']}的入会申请：编号 {receipt['number']}，查询码 {receipt['code']}")
