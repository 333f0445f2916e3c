"""Takes a policy document's structure into the registry, as the secretariat does: bodies, seats, leads, members."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import httpx

from hub.demo.alliances import DemoAlliance
from hub.demo.caller import REGISTRY, Caller
from hub.demo.plates import award_plates
from hub.demo.reaching import Hub, Say
from hub.demo.sign_in import Account, OAuthClient

KINDS: Final = {
    "member": "成员单位",
    "body": "机构",
    "seat": "席位",
    "holder": "任职人员",
    "lead": "牵头分工",
    "collaboration": "合作载体",
    "role": "架构角色",
}


async def adopt_structure(caller: Caller, pack: str, say: Say, since: date | None = None) -> None:
    """Adopt the structure of a pack that is applied, and say what was made and what the document leaves open.

    What a document without a date names begins on `since`, else today.
    """
    asked = {"pack": pack, **({"since": since.isoformat()} if since else {})}
    report = await caller.create(f"{REGISTRY}/structure/adoption", asked)
    for line in adoption_lines(report):
        say(line)


def adoption_lines(report: Mapping[str, Any]) -> list[str]:
    """One line of counts, and one for each thing that was left out, with the reason."""
    made = Counter(item["kind"] for item in report["items"] if item["outcome"] == "made")
    counts = "、".join(f"{KINDS.get(kind, kind)} {number}" for kind, number in made.items())
    lines = [f"按 {report['pack']} 建立架构：{counts or '没有新增'}"]
    skipped = [item for item in report["items"] if item["outcome"] == "skipped"]
    return lines + [f"{KINDS.get(item['kind'], item['kind'])} {item['name']}：{item['note']}" for item in skipped]


async def load_document(
    public_url: str,
    accounts: Mapping[str, Account],
    alliance: DemoAlliance,
    say: Say,
    *,
    client: OAuthClient,
    today: date,
    transport: httpx.AsyncBaseTransport | None = None,
) -> None:
    """Fill an alliance with what its document names and with plates, then its practice alliance. Raises DemoError."""
    hub = Hub(public_url, accounts, client, transport)
    async with hub.acting(alliance.secretary) as secretariat:
        await adopt_structure(secretariat, alliance.pack, say)
        if alliance.names_industries:
            industries = await secretariat.create(f"{REGISTRY}/leading-industries/adoption", {"pack": alliance.pack})
            say(f"登记文件列出的主导产业：{len(industries['created'])} 个")
        await award_plates(secretariat, alliance.code, today, say)
        say("准备练习环境")
        await secretariat.act(f"{REGISTRY}/practice/members")
