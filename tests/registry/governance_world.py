"""What tests of governance share: a policy pack applied as the command line does it, a council with seats, meetings."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from services.kernel.database import Database
from services.kernel.permissions import Role
from services.kernel.policy.canonical import pack_parts
from services.kernel.policy.check import check_pack
from services.kernel.principal import Principal
from services.registry.commands.apply_policy import apply_policy
from tests.registry.conftest import Caller, Registry

POLICIES: Final = Path(__file__).resolve().parents[2] / "policies"
HELD_ON: Final = date(2025, 11, 20)
RULES: Final[dict[str, Any]] = {
    "quorum": {"numerator": 2, "denominator": 3, "strict": False},
    "majority": {"numerator": 1, "denominator": 2, "strict": True},
    "majority_of": "votes",
    "rules_source": "章程第十条",
}


async def apply_pack(registry: Registry, pack: str, alliance: str, policies: Path = POLICIES) -> None:
    """Apply document and structure of a pack to one alliance, as `hub policy apply` does."""
    read = check_pack(policies / pack).pack
    assert read is not None
    parts = {part.part: part for part in pack_parts(read)}
    database = Database(registry.settings.database_url.get_secret_value(), clock=registry.clock)
    principal = Principal("hub-cli", "命令行", Role.SERVICE, alliance, frozenset())
    payloads = {str(name): part.payload for name, part in parts.items()}
    hashes = {str(name): part.sha256 for name, part in parts.items()}
    try:
        async with database.write(alliance) as session:
            await apply_policy(session, registry.clock, principal, pack, payloads, hashes)
    finally:
        await database.close()


def body(name: str = "示例集团理事会", **changes: Any) -> dict[str, Any]:
    """What a create sends."""
    return {"name": name, "kind": "council", **RULES, **changes}


async def council(caller: Caller, seats: int = 5, **changes: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A council with so many seats with a vote, all held."""
    made = await caller.create("/bodies", body(founded_on="2024-01-01", **changes))
    rows = []
    for number in range(seats):
        draft = {"title": "理事", "unit_name": f"单位{number}", "succession": "by_post", "position": number}
        seat = await caller.create(f"/bodies/{made['id']}/seats", {**draft, "established_on": "2024-01-01"})
        holder = {"holder": f"理事{number}", "from_date": "2024-01-01"}
        rows.append(await caller.create(f"/seats/{seat['id']}/succession", holder))
    return made, rows


async def changed(caller: Caller, method: str, path: str, body: Any, read: str) -> Any:
    """Send a change with the version that the record has now."""
    etag = (await caller.get(read)).headers["ETag"]
    if method == "put":
        return await caller.put(path, body, etag)
    return await caller.post(path, body, If_Match=etag)


async def convened(caller: Caller, body_id: str, *agenda: str) -> dict[str, Any]:
    """A meeting of the body that takes place."""
    draft = {"body": body_id, "title": "理事会会议", "held_on": HELD_ON.isoformat()}
    meeting = await caller.create("/meetings", {**draft, "agenda": [{"title": title} for title in agenda]})
    path = f"/meetings/{meeting['id']}"
    answer = await changed(caller, "post", f"{path}/convening", {}, path)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def attended(caller: Caller, meeting: dict[str, Any], presences: Sequence[str]) -> dict[str, Any]:
    """Record how each seat was taken, in the order of the seats."""
    entries = []
    for row, presence in zip(meeting["attendance"], presences, strict=True):
        entry = {"seat": row["seat"], "presence": presence}
        entries.append({**entry, "attendee": "受托人"} if presence == "proxy" else entry)
    path = f"/meetings/{meeting['id']}"
    answer = await changed(caller, "put", f"{path}/attendance", {"entries": entries}, path)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def voted(caller: Caller, meeting_id: str, record: dict[str, Any], title: str = "关于预算的决议") -> Any:
    """Draft a resolution and record its vote; answers what the vote was answered with."""
    draft = {"meeting": meeting_id, "title": title, "content": "同意。"}
    made = await caller.create("/resolutions", draft)
    path = f"/resolutions/{made['id']}"
    return await changed(caller, "put", f"{path}/vote", record, path)


def hands(in_favour: int, against: int, abstained: int) -> dict[str, Any]:
    """A vote by show of hands."""
    return {"method": "show_of_hands", "in_favour": in_favour, "against": against, "abstained": abstained}
