"""An enterprise that wants to join: it applies in the open, without an account, and waits for the secretariat."""

import asyncio
from typing import Final

from hub.demo.alliance import ALLIANCE
from hub.demo.caller import REGISTRY, Caller
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
