"""Decisions that cite a resolution by id: each of them takes what was carried in this alliance, and nothing else."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.registry.domain.governance import CITABLE, Outcome
from tests.registry.conftest import Caller, Registry, member, services_of
from tests.registry.governance_world import attended, convened, council, hands, voted
from tests.registry.life_cycle_world import FakeNeighbours, Office

UNKNOWN = "11111111-1111-4111-8111-111111111111"
OPINION = {"opinion": "按章程办理。"}
Decision = Callable[[dict[str, Any]], Awaitable[httpx.Response]]


@pytest.fixture
def registry(registry: Registry) -> Registry:
    registry.neighbours = FakeNeighbours()
    return registry


@dataclass
class Resolutions:
    """One resolution of every outcome, and one that another alliance carried."""

    passed: dict[str, Any]
    ids: dict[str, str]

    @classmethod
    async def of(cls, caller: Caller) -> "Resolutions":
        body, _ = await council(caller, 3, number_prefix="宜职教集")
        full, thin = await convened(caller, body["id"]), await convened(caller, body["id"])
        await attended(caller, full, ["present"] * 3)
        await attended(caller, thin, ["present", "absent", "absent"])
        passed = (await voted(caller, full["id"], hands(3, 0, 0), "关于吸收新成员的决议")).json()
        rejected = (await voted(caller, full["id"], hands(0, 3, 0), "关于缓议的决议")).json()
        inquorate = (await voted(caller, thin["id"], hands(1, 0, 0), "关于增补的决议")).json()
        draft = {"meeting": full["id"], "title": "关于明年的决议", "content": "同意。"}
        found = (passed, rejected, inquorate, await caller.create("/resolutions", draft))
        assert {one["outcome"] for one in found} == set(Outcome)
        ids = {one["outcome"]: one["id"] for one in found} | {"unknown": UNKNOWN}
        return cls(passed, {**ids, "of another alliance": await cls._elsewhere(caller)})

    @staticmethod
    async def _elsewhere(caller: Caller) -> str:
        other = caller.acting("secretariat_clerk", alliance="xiaogan")
        body, _ = await council(other, 1)
        meeting = await convened(other, body["id"])
        await attended(other, meeting, ["present"])
        made: dict[str, Any] = (await voted(other, meeting["id"], hands(1, 0, 0))).json()
        assert made["outcome"] == "passed"
        return str(made["id"])


async def step(caller: Caller, one: dict[str, Any], path: str, body: dict[str, Any]) -> httpx.Response:
    """A step of a member by the head, on the newest version."""
    head, place = caller.acting("secretariat_head"), f"/members/{one['id']}"
    if path == "exit":
        body = {**body, "impact": (await head.get(f"{place}/exit-impact")).json()["version"]}
    etag = (await caller.get(place)).headers["ETag"]
    return await head.post(f"{place}/{path}", body, If_Match=etag)


async def of_members(caller: Caller) -> dict[str, Decision]:
    """Every step of a member that may cite, each for a unit whose status allows it."""
    order = {**OPINION, "deadline": "2026-03-31"}
    before: dict[str, tuple[str, ...]] = {
        "rectification": (), "rectification/closure": ("rectification",), "suspension": (),
        "resumption": ("suspension",), "exit": (),
    }  # fmt: skip
    made: dict[str, Decision] = {}
    for number, (path, first) in enumerate(before.items()):
        one = await caller.create("/members", member(f"示例学校{number}", joined_on="2025-01-01"))
        for earlier in first:
            taken = await step(caller, one, earlier, order if earlier == "rectification" else OPINION)
            assert taken.status_code == 200, taken.text
        body = order if path == "rectification" else OPINION
        made[path] = lambda cited, one=one, path=path, body=body: step(caller, one, path, {**body, **cited})  # type: ignore[misc]
    return made


async def of_applications(caller: Caller) -> dict[str, Decision]:
    """Deliberation, admission and refusal, each of an application that has come so far."""
    office = Office.of(caller)
    admitted = await office.published(name="示例甲公司")
    refused = await office.published(name="示例乙公司")
    caller.registry.clock.advance(timedelta(days=8))
    receipt = await office.stranger().apply(name="示例丙公司")
    new = await office.found(receipt["number"])
    await office.done(new, "first-review", {"outcome": "endorsed"})
    approval = {**OPINION, "outcome": "approved"}
    return {
        "deliberation": lambda cited: office.step(new, "deliberation", {**approval, **cited}),
        "admission": lambda cited: office.step(admitted, "admission", {**OPINION, **cited}),
        "refusal": lambda cited: office.step(refused, "refusal", {**OPINION, **cited}),
    }


async def of_reviews(caller: Caller) -> dict[str, Decision]:
    """The decision on a failed assessment."""
    made = await caller.create("/collaborations", {"kind": "base", "name": "示例基地"})
    grants = f"/collaborations/{made['id']}/recognitions"
    grant = {"level": "municipal", "granted_on": "2023-05-01", "document_number": "示例〔2023〕1号"}
    await caller.create(grants, grant)
    path = f"/collaborations/{made['id']}/reviews"
    review = await caller.create(path, {"year": 2024, "result": "failed", "reviewed_on": "2025-01-10"})
    decision = {"decision": "withdraw", "decided_on": "2025-02-01", "reason": "不合格"}
    head = caller.acting("secretariat_head")
    return {
        "decision": lambda cited: head.post(f"{path}/{review['id']}/decision", {**decision, **cited}, If_Match='"1"')
    }


CODES = {
    "unknown": "resolution_unknown",
    "of another alliance": "resolution_unknown",
    **{outcome.value: "resolution_not_passed" for outcome in Outcome if outcome not in CITABLE},
}


@pytest.mark.parametrize("decisions", [of_members, of_applications, of_reviews])
def test_a_decision_rests_on_what_was_carried_and_on_nothing_else(
    registry: Registry, decisions: Callable[[Caller], Awaitable[dict[str, Decision]]]
) -> None:
    assert set(CODES) == {"unknown", "of another alliance", "pending", "rejected", "inquorate"}

    async def scenario(caller: Caller) -> None:
        known = await Resolutions.of(caller)
        for path, decide in (await decisions(caller)).items():
            for which, code in CODES.items():
                refused = await decide({"resolution": known.ids[which]})
                assert refused.status_code == 422, (path, which, refused.text)
                told = [(issue["field"], issue["code"]) for issue in refused.json()["errors"]]
                assert told == [("resolution", code)], (path, which)
            taken = await decide({"resolution": known.ids["passed"]})
            assert taken.status_code == 200, (path, taken.text)

    registry.run(scenario)


def test_a_step_tells_what_it_cites_by_title_and_number(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        known = await Resolutions.of(caller)
        passed = {name: known.passed[name] for name in ("id", "title", "number", "outcome", "resolved_on")}
        assert passed["number"] == "宜职教集〔2025〕1号"
        for path, decide in (await of_members(caller)).items():
            answer = (await decide({"resolution": passed["id"]})).json()
            newest, *earlier = answer["items"]
            assert (newest["resolution"], newest["cited"]) == (passed["id"], passed), path
            assert all(one["cited"] is None for one in earlier), path
        for path, decide in (await of_applications(caller)).items():
            steps = (await decide({"resolution": passed["id"]})).json()["steps"]
            assert (steps[-1]["resolution_number"], steps[-1]["cited"]) == (None, passed), path
            if path == "admission":
                told = (await caller.get("/applications", q="示例甲公司")).json()["items"][0]["member"]
                (admission,) = (await caller.get(f"/members/{told}/steps")).json()["items"]
                assert (admission["step"], admission["cited"]) == ("admission", passed)

    registry.run(scenario)


def test_a_resolution_that_is_not_on_record_is_cited_by_its_number_alone(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        known = await Resolutions.of(caller)
        both = {"resolution": known.ids["passed"], "resolution_number": "理事会〔2020〕9号"}
        every = {**(await of_members(caller)), **(await of_applications(caller))}
        for path, decide in every.items():
            told = [(issue["field"], issue["code"]) for issue in (await decide(both)).json()["errors"]]
            assert told == [("resolution_number", "resolution_cited_twice")], path
            by_number = await decide({"resolution": None, "resolution_number": "理事会〔2020〕9号"})
            assert by_number.status_code == 200, (path, by_number.text)

    registry.run(scenario)


def test_every_fault_of_a_step_is_told_at_once(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        cited = {"resolution": UNKNOWN}
        members, applications = await of_members(caller), await of_applications(caller)
        ahead = {"effective_on": "2026-12-31", **cited}
        early = {"effective_on": "2024-12-31", "deadline": "2024-12-30", **cited}
        for decide, changes, fields in (
            (members["suspension"], ahead, {"effective_on", "resolution"}),
            (members["exit"], ahead, {"effective_on", "resolution"}),
            (members["rectification"], early, {"effective_on", "deadline", "resolution"}),
            (applications["refusal"], {"on_date": "2025-11-01", **cited}, {"on_date", "resolution"}),
        ):
            answer = await decide(changes)
            assert answer.status_code == 422, answer.text
            assert {issue["field"] for issue in answer.json()["errors"]} == fields

    registry.run(scenario)


def test_services_are_told_what_they_may_cite(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        known = await Resolutions.of(caller)
        service = services_of(caller)
        for outcome in Outcome:
            answer = await service.get(f"/citations/{known.ids[outcome]}")
            assert answer.status_code == 200, answer.text
            found = answer.json()
            shown = (await caller.get(f"/resolutions/{known.ids[outcome]}")).json()
            told = {name: shown[name] for name in ("id", "title", "number", "outcome", "resolved_on")}
            assert found == {**told, "citable": outcome in CITABLE}
            assert (found["number"] is not None) == (outcome is Outcome.PASSED)
            assert (found["resolved_on"] is None) == (outcome is Outcome.PENDING)
        assert [outcome for outcome in Outcome if outcome in CITABLE] == [Outcome.PASSED]

    registry.run(scenario)


def test_citations_are_for_services_and_of_one_alliance(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        known = await Resolutions.of(caller)
        path = f"/citations/{known.ids['passed']}"
        for role in ("secretariat_clerk", "secretariat_head", "leader", "system_admin"):
            assert (await caller.acting(role).get(path)).status_code == 403, role
        assert (await caller.acting("county_clerk", division="340822").get(path)).status_code == 403
        assert (await caller.acting("service", alliance=None).get(path)).status_code == 401
        there = services_of(caller, "xiaogan")
        for service, which in ((services_of(caller), "unknown"), (services_of(caller), "of another alliance")):
            missed = await service.get(f"/citations/{known.ids[which]}")
            assert (missed.status_code, missed.json()["code"]) == (404, "resolution_not_found"), which
        assert (await there.get(path)).status_code == 404
        assert (await there.get(f"/citations/{known.ids['of another alliance']}")).json()["citable"] is True
        assert (await services_of(caller).get("/citations/x")).status_code == 422

    registry.run(scenario)
