"""The plates of a demonstration are taken by the real service, and recording them again changes nothing."""

from datetime import date
from typing import Any

import httpx
import pytest

from hub.demo.caller import REGISTRY, Caller
from hub.demo.plates import PLATES, award_plates
from hub.policy import POLICIES, sound_pack
from tests.demo.registry_world import client_like
from tests.registry.conftest import Caller as Asking
from tests.registry.conftest import Registry, registry
from tests.registry.governance_world import apply_pack

__all__ = ["registry"]
PACK = "chenzhou-2021"
TODAY = date(2025, 12, 1)


async def shown(caller: Caller) -> list[dict[str, Any]]:
    """Every plate with its reviews."""
    plates = await caller.items(f"{REGISTRY}/recognitions")
    path = f"{REGISTRY}/recognitions"
    return [{**one, "reviews": (await caller.get(f"{path}/{one['id']}/reviews"))["items"]} for one in plates]


def test_plates_stand_fail_and_lapse_as_the_document_says(registry: Registry) -> None:
    async def scenario(asking: Asking) -> None:
        alliance = sound_pack(POLICIES / PACK).document.alliance.code
        await apply_pack(registry, PACK, alliance)
        office = asking.acting("secretariat_clerk", alliance=alliance)
        caller, said = Caller("clerk", client_like(office.http, office.headers)), list[str]()
        await award_plates(caller, alliance, TODAY, said.append)
        once = await shown(caller)
        await award_plates(caller, alliance, TODAY, said.append)
        assert await shown(caller) == once
        plates = {one["subject"]["name"]: one for one in once}
        assert {name: (one["state"], one["granted_on"], one["lapses_on"]) for name, one in plates.items()} == {
            "北湖示例智能装备有限公司": ("standing", "2023-09-28", "2026-09-28"),
            "苏仙示例电子信息有限公司": ("standing", "2023-09-28", "2026-09-28"),
            "资兴示例新材料有限公司": ("lapsed", "2021-09-28", "2024-09-28"),
        }
        assert [one["due_years"] for one in plates.values() if one["state"] == "standing"] == [[2025], [2025]]
        failed = [review for one in once for review in one["reviews"] if review["result"] == "failed"]
        assert [(review["year"], review["decision"]) for review in failed] == [(2024, None)]

    registry.run(scenario)


def test_only_alliances_whose_document_has_a_rule_of_plates_have_some() -> None:
    ruled = set()
    for folder in POLICIES.glob("*/document.yaml"):
        pack = sound_pack(folder.parent)
        if pack.structure.plates:
            ruled.add(pack.document.alliance.code)
    assert ruled == set(PLATES)


@pytest.mark.anyio
async def test_an_alliance_without_plates_is_asked_nothing() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(404)

    said: list[str] = []
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://hub") as http:
        await award_plates(Caller("nobody", http), "xiaogan", TODAY, said.append)
    assert (asked, said) == ([], [])
