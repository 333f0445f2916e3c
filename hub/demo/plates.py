"""Enterprises with a plate, for the alliances whose document says how often one is reviewed and when it lapses.

The documents name no holder, so all of them are made up and say 示例. One plate is reviewed and waits for this year's
review, one failed and waits for a decision, one has lapsed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from hub.demo.caller import REGISTRY, Caller
from hub.demo.identities import social_credit_code
from hub.demo.lives import EVIDENCE, SIZE
from hub.demo.reaching import Say

KIND: Final = "fusion_enterprise"
TITLE: Final = "产教融合型企业（演示）"
GRANTED: Final = (9, 28)
REVIEWED: Final = (12, 10)
"""Month and day."""


@dataclass(frozen=True)
class PlatePlan:
    """Who holds a plate, granted how many years before the year of loading; reviews by years after the grant."""

    name: str
    division: str
    number: int
    years_ago: int
    reviews: Mapping[int, str]


PLATES: Final[dict[str, tuple[PlatePlan, ...]]] = {
    "chenzhou": (
        PlatePlan("北湖示例智能装备有限公司", "431002", 801, 2, {1: "passed"}),
        PlatePlan("苏仙示例电子信息有限公司", "431003", 802, 2, {1: "failed"}),
        PlatePlan("资兴示例新材料有限公司", "431081", 803, 4, {1: "passed", 2: "passed"}),
    )
}
"""By the code of the alliance."""


async def award_plates(caller: Caller, alliance: str, today: date, say: Say) -> None:
    """Record as the secretariat the holders, plates and reviews that are not on record."""
    plans = PLATES.get(alliance, ())
    if not plans:
        return
    say("登记授牌企业和年度考核")
    members = {item["name"]: item for item in await caller.items(f"{REGISTRY}/members")}
    granted = {item["subject"]["id"]: item for item in await caller.items(f"{REGISTRY}/recognitions")}
    for plan in plans:
        holder = members.get(plan.name) or await caller.create(f"{REGISTRY}/members", holder_body(plan))
        plate = granted.get(holder["id"]) or await caller.create(
            f"{REGISTRY}/recognitions", plate_body(plan, holder["id"], today)
        )
        await _review(caller, plan, plate)


def holder_body(plan: PlatePlan) -> dict[str, Any]:
    """The enterprise as it is sent."""
    code = social_credit_code("91", plan.division, plan.number)
    size = {"enterprise_size": SIZE, "size_evidence": EVIDENCE}
    return {"name": plan.name, "uscc": code, "category": "enterprise", "division": plan.division, **size}


def plate_body(plan: PlatePlan, holder: str, today: date) -> dict[str, Any]:
    """The grant as it is sent; when it lapses follows from the document."""
    granted_on = date(today.year - plan.years_ago, *GRANTED)
    document = f"演示〔{granted_on.year}〕{plan.number}号"
    named = {"kind": KIND, "title": TITLE, "level": "municipal"}
    return {**named, "member": holder, "granted_on": granted_on.isoformat(), "document_number": document}


async def _review(caller: Caller, plan: PlatePlan, plate: dict[str, Any]) -> None:
    path = f"{REGISTRY}/recognitions/{plate['id']}/reviews"
    standing = {review["year"] for review in (await caller.get(path))["items"]}
    granted = date.fromisoformat(plate["granted_on"]).year
    for later, result in plan.reviews.items():
        year = granted + later
        if year not in standing:
            reviewed_on = date(year, *REVIEWED).isoformat()
            body = {"year": year, "result": result, "reviewed_on": reviewed_on, "opinion": "年度考核（演示）"}
            await caller.create(path, {**body, "document_number": f"演示〔{year}〕{plan.number}号"})
