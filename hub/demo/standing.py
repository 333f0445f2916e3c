"""What stands in the registry already: the demonstration finds its own by name, so that it makes nothing twice."""

from collections.abc import Mapping
from typing import Any

from hub.demo.alliance import MEMBER_BY_SLUG
from hub.demo.caller import REGISTRY, Caller

MemberIds = Mapping[str, str]
"""Ids of the demonstration's members by 统一社会信用代码."""


async def ids_by_uscc(caller: Caller) -> dict[str, str]:
    """Member ids by 统一社会信用代码."""
    return {member["uscc"]: member["id"] for member in await caller.items(f"{REGISTRY}/members") if member.get("uscc")}


def id_of(slug: str, member_ids: MemberIds) -> str:
    """The id of a member of the demonstration."""
    return member_ids[MEMBER_BY_SLUG[slug].uscc]


async def ensured(caller: Caller, path: str, name: str, draft: dict[str, Any], **query: Any) -> dict[str, Any]:
    """The item of a list that has the draft's value under `name`; created when there is none."""
    for item in await caller.items(path, **query):
        if item[name] == draft[name]:
            return item
    return await caller.create(path, draft)
