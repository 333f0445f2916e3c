"""Lists narrowed by who takes part: the same by ids looked up beforehand, or row by row where there are too many."""

import random
from typing import Any

import pytest

from services.kernel import search
from tests.registry.conftest import Caller, Registry, member

COUNTIES = ("340822", "340825", "340826")


def takes_part(draft: dict[str, Any], some: set[str]) -> bool:
    """The plain meaning of the filters."""
    return not some.isdisjoint({draft["host_member"], draft["lead_member"], *draft["participants"]})


async def everything(caller: Caller, **asked: str) -> list[str]:
    """The names of a whole list, three to a page."""
    names, cursor = [], None
    while True:
        page = (await caller.get("/collaborations", limit=3, **asked, **({"cursor": cursor} if cursor else {}))).json()
        assert page["total"] is None or page["total"] >= len(page["items"])
        names += [item["name"] for item in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            return names


@pytest.mark.parametrize("most", [0, 2, search.MOST_FOUND])
def test_whoever_takes_part_is_found_in_either_way(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(search, "MOST_FOUND", most)
    chance = random.Random(1)  # repeatable, no secret

    async def scenario(caller: Caller) -> None:
        homes: dict[str, str] = {}
        for number in range(7):
            division = chance.choice(COUNTIES)
            made = await caller.create("/members", member(f"示例单位{number}", division=division))
            homes[made["id"]] = division
        drafts = {}
        for number in range(12):
            host, lead = (chance.choice([None, *homes]) for _ in range(2))
            others = [one for one in chance.sample([*homes], chance.randrange(4)) if one not in (host, lead)]
            name = f"载体{number:02}{chance.choice('甲乙')}"
            drafts[name] = {"host_member": host, "lead_member": lead, "participants": others}
            await caller.create("/collaborations", {"kind": "industry_college", "name": name, **drafts[name]})

        def expected(*conditions: set[str], letter: str = "") -> list[str]:
            hits = (n for n, d in drafts.items() if letter in n and all(takes_part(d, some) for some in conditions))
            return sorted(hits)

        for county in COUNTIES:
            own = {one for one, division in homes.items() if division == county}
            clerk = caller.acting("county_clerk", division=county)
            assert await everything(clerk) == expected(own)
            assert await everything(clerk, q="甲") == expected(own, letter="甲")
            assert await everything(caller, division=county) == expected(own)
            for one in homes:
                assert await everything(clerk, member=one) == expected(own, {one})
        for number, one in enumerate(homes):
            assert await everything(caller, member=one) == expected({one})
            assert await everything(caller, partner=f"示例单位{number}") == expected({one})

    registry.run(scenario)
