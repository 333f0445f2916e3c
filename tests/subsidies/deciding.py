"""Years whose pool does not suffice, and decisions on them, for the tests of this service."""

from datetime import timedelta
from typing import Any

import httpx

from tests.subsidies.world import COUNTY, World, collaboration, school_class, student, unit_id

NUMBER = "宜职教集〔2026〕9号"
WHY = "经联席会议研究同意"


def college(place: int, year: int = 2025, host: str = "azy") -> dict[str, Any]:
    return collaboration(
        f"c{year}-{place:02d}",
        "industry_college",
        f"示例产业学院{year}-{place:02d}",
        host=host,
        recognitions=[("provincial", f"{year}-05-01", None)],
    )


async def bring_colleges(world: World, count: int, year: int = 2025) -> None:
    """Industry colleges of 300,000 each, recognised and claimed in a year; the first is the technician college's."""
    for place in range(count):
        host = "azy" if place else "jishi"
        world.registry.collaborations.append(college(place, year, host))
        name = str(unit_id(f"c{year}-{place:02d}"))
        await world.claim(host, "industry_college", collaboration=name, year=year)
        world.clock.advance(timedelta(seconds=1))  # so that the newest snapshot of the registry is told from the last


async def bring_classes(world: World, scores: dict[str, int], year: int = 2025) -> None:
    """Classes of twenty, ranked by their scores, at the county's school; claimed."""
    rows = [
        student(place * 20 + n, class_code=code, claimed_rule="不申报")
        for place, code in enumerate(scores)
        for n in range(1, 21)
    ]
    await world.students(COUNTY, *rows, year=year)
    await world.classes(
        COUNTY, *[school_class(code, score=score, year=year) for code, score in scores.items()], year=year
    )
    await world.claim(COUNTY, "school_enterprise_class", year=year)


async def confirmed(world: World, year: int = 2025) -> Any:
    """Settle and confirm a year; returns it as the head reads it."""
    settled = await world.settle(year, f"{year}-11-30")
    assert settled["state"] == "computed", settled
    answer = await world.post("head", f"/settlements/{settled['id']}/confirmation", match=settled["version"])
    assert answer.status_code == 200, answer.text
    return await world.read("head", f"/settlements/{settled['id']}")


async def decide(world: World, settled: Any, scenario: str, who: str = "head", **changes: Any) -> httpx.Response:
    body = {"budget": "award_pool", "scenario": scenario, "opinion": WHY, "resolution_number": NUMBER, **changes}
    return await world.post(who, f"/settlements/{settled['id']}/pool-decisions", body)


async def decided(world: World, settled: Any, scenario: str, **changes: Any) -> Any:
    answer = await decide(world, settled, scenario, **changes)
    assert answer.status_code == 201, answer.text
    return answer.json()


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def read(world: World, settled: Any, who: str = "head") -> Any:
    return await world.read(who, f"/settlements/{settled['id']}")
