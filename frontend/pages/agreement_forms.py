"""The form of an agreement: what it shows, and what the service takes of it."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from frontend import filters
from frontend.forms import payload
from frontend.gateway_client import BoundGateway
from frontend.pages.registry_words import API, PAGE, member_options, options
from services.kernel import registry_words as words

SHOWN_PARTS: Final = 4
MOST_COLLABORATIONS: Final = 1_000
LABELS: Final = {
    "kind": "类型",
    "number": "协议编号",
    "title": "协议名称",
    "parties": "签约单位",
    "signed_on": "签订日期",
    "from_date": "生效日期",
    "until_date": "有效期至",
    "collaborations": "涉及的合作载体",
    "subjects": "其他合作事项",
    "terms": "主要条款",
    "effective_on": "变更自哪天起",
}
PLAIN: Final = ("number", "title", "signed_on", "from_date", "terms")


async def form_context(gateway: BoundGateway, agreement_id: UUID | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """Choices, and as many places for parties as are taken and one more."""
    base = f"/agreements/{agreement_id}" if agreement_id else "/agreements"
    taken = len([party for party in party_values(values) if party])
    shown_parts = min(len(words.AGREEMENT_PARTS), max(SHOWN_PARTS, taken + 1))
    return {
        "action": f"{base}/edit" if agreement_id else f"{base}/new",
        "cancel": base,
        "editing": agreement_id is not None,
        "labels": LABELS,
        "kinds": options(words.AGREEMENT_KINDS),
        "members": await member_options(gateway),
        "collaborations": await collaboration_options(gateway),
        "party_fields": [(f"party_{n}", f"{words.AGREEMENT_PARTS[n - 1]}方") for n in range(1, shown_parts + 1)],
    }


async def collaboration_options(gateway: BoundGateway) -> list[tuple[str, str]]:
    """Collaborations by name, for ticking."""
    found: list[tuple[str, str]] = []
    cursor: str | None = None
    while len(found) < MOST_COLLABORATIONS:
        asked = {"limit": PAGE, "cursor": cursor, "sort": "name"}
        page = (await gateway.get(f"{API}/collaborations", asked)).data
        found += [(item["id"], item["name"]) for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    return found


def party_values(values: Mapping[str, Any]) -> list[str]:
    """The chosen parties in the order of their parts."""
    return [str(values.get(f"party_{n}") or "") for n in range(1, len(words.AGREEMENT_PARTS) + 1)]


def renewal_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """What the service takes of a renewal: the end of the last day is the day after."""
    body = payload(values, *PLAIN)
    return {**body, "terms": body["terms"] or "", "until_date": day_after(values.get("last_day"))}


def body_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """What the service takes of the form."""
    chosen = values.get("collaborations") or []
    lines = str(values.get("subjects") or "").splitlines()
    return {
        **renewal_of(values),
        "kind": values.get("kind") or None,
        "parties": [party for party in party_values(values) if party],
        "collaborations": chosen if isinstance(chosen, list) else [chosen],
        "subjects": [line.strip() for line in lines if line.strip()],
    }


def day_after(day: Any) -> Any:
    """The day after a day as a form gives it; what is no day goes on as it is, for the service to refuse."""
    if not day:
        return None
    try:
        return (date.fromisoformat(str(day)) + timedelta(days=1)).isoformat()
    except (ValueError, OverflowError):
        return str(day)


def shown(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as the form shows it."""
    until = record["until_date"]
    return {
        **{name: record[name] for name in ("kind", *PLAIN)},
        "last_day": filters.last_day(until),
        "collaborations": [one["id"] for one in record["collaborations"]],
        "subjects": "\n".join(record["subjects"]),
        **{f"party_{party['part']}": party["id"] for party in record["parties"]},
    }


def in_words(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    """The fields of a form as people read them, for telling two versions apart."""
    chosen = values.get("collaborations") or []
    told = {name: str(values.get(name) or "") for name in PLAIN}
    told["kind"] = words.AGREEMENT_KINDS.get(str(values.get("kind")), "")
    told["until_date"] = str(values.get("last_day") or "")
    told["parties"] = "、".join(names.get(party, party) for party in party_values(values) if party)
    several = chosen if isinstance(chosen, list) else [chosen]
    told["collaborations"] = "、".join(sorted(names.get(one, one) for one in several))
    told["subjects"] = "；".join(str(values.get("subjects") or "").splitlines())
    return told
