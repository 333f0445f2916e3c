"""What of a member's claims still goes on, as the registry asks before the member leaves."""

import pytest

from tests.subsidies.world import API, COUNTY, World, student, unit_id

pytestmark = pytest.mark.anyio
SCHOOL = unit_id("azy")


async def told(world: World, **query: str) -> list[tuple[str, str]]:
    service = {**world.signer.headers("service", alliance=None), "Hub-Alliance": world.alliance}
    answer = await world.client.get(f"{API}/open-claims", params={"member": str(SCHOOL), **query}, headers=service)
    assert answer.status_code == 200, answer.text
    return [(claim["title"], claim["state"]) for claim in answer.json()]


async def test_open_claims_are_the_member_s_own_that_are_not_done_with(world: World) -> None:
    assert await told(world) == []
    unit = world.signer.headers("unit_reporter", member=str(SCHOOL))
    draft = {"year": 2025, "rule": "cross_city_enrolment"}
    made = await world.client.post(f"{API}/claims", json=draft, headers=unit)
    assert made.status_code == 201, made.text
    await world.students(COUNTY, student(1))
    await world.claim(COUNTY, "sending_award")
    (claim,) = await told(world)
    assert (claim[0].startswith("2025年 "), claim[1]) == (True, "draft")
    assert "cross_city_enrolment" not in claim[0], "a rule is told by its name"
    assert await told(world, member=str(unit_id("hn"))) == []
    headers = {**unit, "If-Match": made.headers["ETag"]}
    gone = await world.client.post(f"{API}/claims/{made.json()['id']}/withdrawal", headers=headers)
    assert gone.status_code == 200, gone.text
    assert await told(world) == []


@pytest.mark.parametrize("role", ["secretariat_head", "county_clerk", "leader"])
async def test_only_services_ask(world: World, role: str) -> None:
    division = {"division": COUNTY} if role == "county_clerk" else {}
    headers = world.signer.headers(role, **division)
    answer = await world.client.get(f"{API}/open-claims", params={"member": str(SCHOOL)}, headers=headers)
    assert answer.status_code == 403
