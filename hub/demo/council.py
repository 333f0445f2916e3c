"""The council of the demonstration meets once and decides: seats, rules, meeting and resolution.

The document names the council and leaves its seats and rules to the statute, so all of this is made up and says 演示.
"""

from dataclasses import dataclass
from typing import Any, Final

from hub.demo.caller import REGISTRY, Caller
from hub.demo.standing import MemberIds, ensured, id_of

COUNCIL: Final = "安庆职业教育集团理事会"
NOTICE: Final = "宜职教集演示〔2025〕1号"
SEATED_ON: Final = "2025-01-10"
TERM: Final = {"number": 1, "from_date": SEATED_ON, "until_date": "2028-01-10", "document": NOTICE}
RULES: Final[dict[str, Any]] = {
    "quorum": {"numerator": 2, "denominator": 3, "strict": False},
    "majority": {"numerator": 1, "denominator": 2, "strict": True},
    "rules_source": "理事会章程（演示）",
    "number_prefix": "宜职教集演示",
}
KEPT: Final = ("name", "aliases", "kind", "duties", "succession", "founded_on", "position", "majority_of")


@dataclass(frozen=True)
class CouncilSeat:
    """A seat of the council; `presence` at the meeting, `vote` when somebody came."""

    title: str
    unit: str  # a member by slug
    post: str
    presence: str
    vote: str | None


SEATS: Final = (
    CouncilSeat("理事长", "azy", "院长", "present", "for"),
    CouncilSeat("副理事长", "jishi", "院长", "present", "for"),
    CouncilSeat("副理事长", "gongye", "校长", "proxy", "for"),
    CouncilSeat("理事", "jingkai", "分管负责人", "present", "for"),
    CouncilSeat("理事", "gaoxin", "分管负责人", "present", "abstain"),
    CouncilSeat("理事", "qiche", "总经理", "absent", None),
)
MEETING: Final[dict[str, Any]] = {
    "title": "理事会2025年第一次会议（演示）",
    "held_on": "2025-03-14",
    "starts_at": "09:00:00",
    "place": "安庆职业技术学院（演示）",
    "agenda": [
        {"title": "审议2025年度校企合作工作安排（演示）", "proposer": "集团秘书处"},
        {"title": "审议吸收新成员单位的办法（演示）", "proposer": "集团秘书处"},
    ],
}
ADMITTING: Final = "关于吸收新成员单位的决议（演示）"
RESOLUTIONS: Final = (
    {
        "title": "关于通过2025年度校企合作工作安排的决议（演示）",
        "content": "会议审议并通过2025年度校企合作工作安排。本决议为演示内容，没有实际效力。",
    },
    {
        "title": ADMITTING,
        "content": "会议同意吸收材料齐全、愿意参加校企合作的单位为成员。本决议为演示内容，没有实际效力。",
    },
)
"""One for each item of the agenda."""
MINUTES: Final = "会议逐项审议议程并付诸表决。本纪要为演示内容。"


async def hold_council(caller: Caller, member_ids: MemberIds) -> None:
    """Seat the council, hold its meeting and record the vote, as far as that was not done before."""
    council = next(body for body in await caller.items(f"{REGISTRY}/bodies") if body["name"] == COUNCIL)
    path = f"{REGISTRY}/bodies/{council['id']}"
    body = await caller.get(path)
    await _set_rules(caller, path, body)
    if not body["terms"]:
        await caller.create(f"{path}/terms", TERM)
    seats = await _seats(caller, path, member_ids)
    meeting = await ensured(
        caller, f"{REGISTRY}/meetings", "title", {**MEETING, "body": council["id"]}, body=council["id"]
    )
    await _hold(caller, f"{REGISTRY}/meetings/{meeting['id']}", seats)


async def _set_rules(caller: Caller, path: str, body: dict[str, Any]) -> None:
    if body["rules_source"] == RULES["rules_source"]:
        return
    above = {name: body[name] and body[name]["id"] for name in ("parent", "host_member")}
    await caller.put(path, {**{name: body[name] for name in KEPT}, **above, **RULES})


async def _seats(caller: Caller, path: str, member_ids: MemberIds) -> dict[str, CouncilSeat]:
    """The seats by their ids, each with its holder."""
    standing = {seat["member"]["id"]: seat for seat in (await caller.get(path))["seat_list"] if seat["member"]}
    seats = {}
    for place, plan in enumerate(SEATS, start=1):
        member = id_of(plan.unit, member_ids)
        seat = standing.get(member) or await caller.create(f"{path}/seats", _seat(plan, member, place))
        seats[seat["id"]] = plan
        if not seat["holder"]:
            begun = {"holder": f"示例{plan.post}", "from_date": SEATED_ON, "document": NOTICE}
            await caller.create(f"{REGISTRY}/seats/{seat['id']}/succession", begun)
    return seats


def _seat(plan: CouncilSeat, member: str, place: int) -> dict[str, Any]:
    body = {"title": plan.title, "member": member, "post": plan.post, "position": place}
    return {**body, "succession": "by_notice", "established_on": SEATED_ON}


async def _hold(caller: Caller, path: str, seats: dict[str, CouncilSeat]) -> None:
    """Convene, take attendance, vote and archive; whatever was done before is left alone."""
    meeting = await caller.get(path)
    if meeting["state"] == "planned":
        await caller.act(f"{path}/convening", await caller.etag(path))
    if meeting["state"] in ("planned", "convened"):
        if not meeting["resolutions"]:
            await caller.put(f"{path}/attendance", {"entries": _attendance(seats)}, seen_at=path)
        await _decide(caller, meeting, seats)
        await caller.act(f"{path}/archiving", await caller.etag(path), {"minutes": MINUTES})


def _attendance(seats: dict[str, CouncilSeat]) -> list[dict[str, Any]]:
    chair = next(seat for seat, plan in seats.items() if plan.title == "理事长")
    proxy = {"attendee": "示例院长", "proxy_seat": chair, "authorisation": "委托书（演示）"}
    return [
        {"seat": seat, "presence": plan.presence, **(proxy if plan.presence == "proxy" else {})}
        for seat, plan in seats.items()
    ]


async def _decide(caller: Caller, meeting: dict[str, Any], seats: dict[str, CouncilSeat]) -> None:
    votes = [{"seat": seat, "vote": plan.vote} for seat, plan in seats.items() if plan.vote]
    standing = {one["title"]: one for one in meeting["resolutions"]}
    for item, planned in zip(meeting["agenda"], RESOLUTIONS, strict=True):
        draft = {**planned, "meeting": meeting["id"], "agenda_item": item["id"]}
        found = standing.get(planned["title"]) or await caller.create(f"{REGISTRY}/resolutions", draft)
        path = f"{REGISTRY}/resolutions/{found['id']}"
        if found["outcome"] == "pending":
            await caller.put(f"{path}/vote", {"method": "by_name", "votes": votes}, seen_at=path)
