"""What cites a resolution: told to people by kind, day and place, each within what the caller may see."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.registry.queries import citing_decisions
from services.registry.tables import Base
from tests.registry.conftest import Caller, Registry, member, services_of
from tests.registry.governance_world import attended, convened, council, hands, voted
from tests.registry.life_cycle_world import FakeNeighbours, Office
from tests.registry.test_citations import OPINION, UNKNOWN, Resolutions, of_applications, of_members, of_reviews, step
from tests.registry.test_plates import KEEP, PLATE, REVIEW, decided

PATH = "/citing-decisions"
OF_A_VOTE = {"resolution_vote"}
"""Tables whose `resolution` is what they belong to, and not what they rest on."""


@pytest.fixture
def registry(registry: Registry) -> Registry:
    registry.neighbours = FakeNeighbours()
    return registry


async def listed(caller: Caller, resolution: str) -> dict[str, Any]:
    answer = await caller.get(PATH, resolution=resolution)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def told(caller: Caller, resolution: str) -> list[tuple[str, str, str]]:
    """Title, detail and day of each."""
    return [(one["title"], one["detail"], one["on"]) for one in (await listed(caller, resolution))["items"]]


def test_every_table_that_cites_is_read() -> None:
    citing = {table.name for table in Base.metadata.tables.values() if "resolution" in table.c} - OF_A_VOTE
    assert citing == {"member_step", "application_step", "collaboration_review"}


def test_steps_of_members_are_told_with_what_they_made_of_them(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        known = await Resolutions.of(caller)
        passed = known.ids["passed"]
        assert await listed(caller, passed) == {"items": [], "total": 0}
        for path, decide in (await of_members(caller)).items():
            registry.clock.advance(timedelta(seconds=1))
            assert (await decide({"resolution": passed})).status_code == 200, path
        today = "2025-12-01"
        assert await told(caller, passed) == [
            ("示例学校4：退出", "办理后为“已退出”", today),
            ("示例学校3：恢复", "办理后为“在册”", today),
            ("示例学校2：暂停", "办理后为“暂停”", today),
            ("示例学校1：整改完成", "办理后为“在册”", today),
            ("示例学校0：责令整改", "办理后为“整改中”，整改期限 2026-03-31", today),
        ]
        items = (await caller.get("/members", limit=50)).json()["items"]
        pages = {one["name"]: f"/members/{one['id']}" for one in items}
        for one in (await listed(caller, passed))["items"]:
            assert one["href"] == pages[one["title"].split("：")[0]]
            assert set(one) == {"title", "detail", "href", "on"}

    registry.run(scenario)


def test_an_admission_is_told_once_and_what_was_not_admitted_with_its_application(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        known = await Resolutions.of(caller)
        passed = known.ids["passed"]
        for path, decide in (await of_applications(caller)).items():
            registry.clock.advance(timedelta(seconds=1))
            assert (await decide({"resolution": passed})).status_code == 200, path
        by_name = {one["name"]: one for one in (await caller.get("/applications")).json()["items"]}
        places = {
            "示例丙公司：审议通过": f"/applications/{by_name['示例丙公司']['id']}",
            "示例甲公司：入会": f"/members/{by_name['示例甲公司']['member']}",
            "示例乙公司：不予入会": f"/applications/{by_name['示例乙公司']['id']}",
        }
        items = (await listed(caller, passed))["items"]
        assert {one["title"]: one["href"] for one in items} == places
        assert [one["detail"] for one in items] == ["办理后为“未通过”", "办理后为“在册”", "办理后为“待公示”"]
        assert not any("按章程办理" in text for one in items for text in one.values())

    registry.run(scenario)


def test_decisions_on_assessments_are_told_of_collaborations_and_of_plates(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        passed = (await Resolutions.of(caller)).ids["passed"]
        decide = (await of_reviews(caller))["decision"]
        assert (await decide({"resolution": passed})).status_code == 200
        one = await caller.create("/members", member("示例公司", category="enterprise"))
        plate = await caller.create("/recognitions", {**PLATE, "member": one["id"], "kind": "fusion_enterprise"})
        review = await caller.create(f"/recognitions/{plate['id']}/reviews", REVIEW)
        kept = {**KEEP, "document_number": None, "resolution": passed, "decided_on": "2025-02-02"}
        assert (await decided(caller, f"/recognitions/{plate['id']}/reviews/{review['id']}", kept)).status_code == 200
        (collaboration,) = (await caller.get("/collaborations")).json()["items"]
        assert (await listed(caller, passed))["items"] == [
            {
                "title": "示例公司：2024 年度考核处理决定",
                "detail": "保留并整改，整改期限 2025-08-31",
                "href": f"/collaborations/plates/{plate['id']}",
                "on": "2025-02-02",
            },
            {
                "title": "示例基地：2024 年度考核处理决定",
                "detail": "撤销认定",
                "href": f"/collaborations/{collaboration['id']}",
                "on": "2025-02-01",
            },
        ]

    registry.run(scenario)


def test_everybody_sees_what_concerns_units_that_they_see(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        passed = (await Resolutions.of(caller)).ids["passed"]
        cited = {"resolution": passed}
        here = await caller.create("/members", member("怀宁示例学校", joined_on="2025-01-01"))
        there = await caller.create("/members", member("太湖示例学校", joined_on="2025-01-01", division="340825"))
        for one in (here, there):
            assert (await step(caller, one, "suspension", {**OPINION, **cited})).status_code == 200
            shared = {"kind": "base", "name": f"{one['name']}基地", "host_member": one["id"]}
            made = await caller.create("/collaborations", shared)
            await caller.create(f"/collaborations/{made['id']}/recognitions", PLATE)
            review = await caller.create(f"/collaborations/{made['id']}/reviews", REVIEW)
            decision = {**KEEP, "document_number": None, **cited}
            place = f"/collaborations/{made['id']}/reviews/{review['id']}"
            assert (await decided(caller, place, decision)).status_code == 200
        office = Office.of(caller)
        refused = await office.published(name="示例乙公司")
        registry.clock.advance(timedelta(days=8))
        await office.done(refused, "refusal", {**OPINION, **cited})

        async def titles(role: str, **claims: str) -> set[str]:
            return {title for title, _, _ in await told(caller.acting(role, **claims), passed)}

        ours = {"怀宁示例学校：暂停", "怀宁示例学校基地：2024 年度考核处理决定"}
        theirs = {"太湖示例学校：暂停", "太湖示例学校基地：2024 年度考核处理决定"}
        applied = {"示例乙公司：不予入会"}
        for role in ("secretariat_clerk", "secretariat_head", "leader"):
            assert await titles(role) == ours | theirs | applied, role
        assert await titles("joint_reviewer", department="finance") == ours | theirs | applied
        assert await titles("county_clerk", division="340822") == ours | applied
        assert await titles("county_reviewer", division="340825") == theirs
        assert await titles("county_clerk", division="340826") == set()
        reviews = {title for title in ours | theirs if "考核" in title}
        assert await titles("unit_reporter", member=here["id"]) == reviews | {"怀宁示例学校：暂停"}
        assert await titles("unit_reviewer", member=there["id"]) == reviews | {"太湖示例学校：暂停"}
        assert await titles("secretariat_clerk", alliance="xiaogan") == set()
        for role in ("system_admin", "security_admin", "audit_admin"):
            assert (await caller.acting(role).get(PATH, resolution=passed)).status_code == 403, role
        assert (await services_of(caller).get(PATH, resolution=passed)).status_code == 403

    registry.run(scenario)


def test_what_nothing_rests_on_is_empty_and_nonsense_is_refused(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        assert await listed(caller, UNKNOWN) == {"items": [], "total": 0}
        assert (await caller.get(PATH)).status_code == 422
        for nonsense in ("", "x"):
            assert (await caller.get(PATH, resolution=nonsense)).status_code == 422, nonsense

    registry.run(scenario)


def test_the_newest_are_listed_and_all_are_counted(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    assert citing_decisions.MOST == 200
    monkeypatch.setattr(citing_decisions, "MOST", 2)

    async def scenario(caller: Caller) -> None:
        passed = (await Resolutions.of(caller)).ids["passed"]
        for number, expected in ((1, 1), (2, 2), (3, 2)):
            one = await caller.create("/members", member(f"示例学校{number}", joined_on="2025-01-01"))
            cited = {**OPINION, "effective_on": f"2025-0{number}-10", "resolution": passed}
            assert (await step(caller, one, "suspension", cited)).status_code == 200
            found = await listed(caller, passed)
            assert (len(found["items"]), found["total"]) == (expected, number)
            assert found["items"][0]["title"] == f"示例学校{number}：暂停"

    registry.run(scenario)


STEPS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from([None, 0, 1])), min_size=1, max_size=8)


@given(STEPS)
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_listed_is_what_the_steps_cite(registry: Registry, steps: list[tuple[int, int | None]]) -> None:
    """Against the members' own records: for each caller and resolution the same steps, newest first."""

    async def scenario(caller: Caller) -> None:
        body, _ = await council(caller, 1, name=f"示例理事会{uuid4()}")
        meeting = await convened(caller, body["id"])
        await attended(caller, meeting, ["present"])
        carried = [(await voted(caller, meeting["id"], hands(1, 0, 0), f"决议{n}")).json()["id"] for n in (0, 1)]
        places = ("340822", "340822", "340825")
        units = [
            await caller.create("/members", member(f"示例学校{n}{body['id']}", joined_on="2025-01-01", division=place))
            for n, place in enumerate(places)
        ]
        suspended = [False] * len(units)
        for number, (which, cites) in enumerate(steps):
            path = "resumption" if suspended[which] else "suspension"
            suspended[which] = not suspended[which]
            day = date(2025, 2, 1) + timedelta(days=number // 2)
            cited = {
                **OPINION,
                "effective_on": day.isoformat(),
                "resolution": carried[cites] if cites is not None else None,
            }
            assert (await step(caller, units[which], path, cited)).status_code == 200
        readers = (caller, *(caller.acting("county_clerk", division=place) for place in ("340822", "340825")))
        for reader in (*readers, caller.acting("unit_reporter", member=units[0]["id"])):
            for resolution in carried:
                assert await _listed(reader, resolution) == await _in_their_records(reader, units, resolution)

    registry.run(scenario)


async def _listed(reader: Caller, resolution: str) -> list[tuple[str, str]]:
    found = await listed(reader, resolution)
    days = [one["on"] for one in found["items"]]
    assert days == sorted(days, reverse=True)
    assert found["total"] == len(days)
    return sorted((one["on"], one["href"]) for one in found["items"])


async def _in_their_records(reader: Caller, units: list[dict[str, Any]], resolution: str) -> list[tuple[str, str]]:
    cited = []
    for unit in units:
        life = await reader.get(f"/members/{unit['id']}/steps")
        taken = life.json()["items"] if life.status_code == 200 else []
        cited += [(one["effective_on"], f"/members/{unit['id']}") for one in taken if one["resolution"] == resolution]
    return sorted(cited)
