"""Lists and pages of collaborations as of a day, against a diary that a clerk might have kept."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.registry.conftest import Caller, Registry, member
from tests.registry.test_collaborations import college, members
from tests.registry.test_plates import PLATE

FIRST = date(2025, 12, 1)


def move_to(registry: Registry, day: date) -> None:
    registry.clock.instant = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)


async def names(caller: Caller, **query: str) -> set[str]:
    answer = await caller.get("/collaborations", **query)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["total"] == len(found["items"])
    return {item["name"] for item in found["items"]}


def test_a_record_is_true_from_its_foundation_and_ended_from_its_end(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        ids = await members(caller)
        end = {"status": "ended", "ended_on": "2024-07-01", "end_reason": "并入新学院"}
        draft = college(founded_on="2020-09-01", participants=[ids["school"]], **end)
        path = f"/collaborations/{(await caller.create('/collaborations', draft))['id']}"
        assert (await caller.get(path, as_of="2020-08-31")).status_code == 404
        for day, status in (("2020-09-01", "active"), ("2024-06-30", "active"), ("2024-07-01", "ended")):
            read = (await caller.get(path, as_of=day)).json()
            assert (read["status"], read["as_of"], [p["name"] for p in read["participants"]]) == (
                status,
                day,
                ["怀宁示例职业学校"],
            )
            assert await names(caller, as_of=day, status=status) == {"汽车产业学院"}
            assert (read["end_reason"] is not None) is (status == "ended")

    registry.run(scenario)


def test_a_change_holds_from_its_day_and_an_end_from_its_own(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        since = {"joined_on": "2020-01-01"}
        school = await caller.create("/members", member("怀宁示例职业学校", **since))
        city = member("安庆示例学院", category="higher_vocational", division="340800", **since)
        ids = {"school": school["id"], "college": (await caller.create("/members", city))["id"]}
        draft = college(founded_on="2020-09-01", host_member=ids["school"])
        path = f"/collaborations/{(await caller.create('/collaborations', draft))['id']}"
        moved = {**draft, "host_member": ids["college"], "effective_on": "2023-03-01"}
        assert (await caller.put(path, moved, '"1"')).status_code == 200
        for day, host in (("2023-02-28", "怀宁示例职业学校"), ("2023-03-01", "安庆示例学院")):
            assert (await caller.get(path, as_of=day)).json()["host_member"]["name"] == host
        county = caller.acting("county_clerk", division="340822")
        assert await names(county, as_of="2023-02-28") == {"汽车产业学院"}
        assert await names(county, as_of="2023-03-01") == set()
        assert await names(county) == set()
        assert await names(caller, as_of="2023-02-28", division="340822") == {"汽车产业学院"}
        assert await names(caller, as_of="2023-03-01", partner="怀宁") == set()
        ahead = await caller.put(path, {**moved, "effective_on": "2025-12-02"}, '"2"')
        assert [issue["field"] for issue in ahead.json()["errors"]] == ["effective_on"]
        end = {"status": "ended", "ended_on": "2025-06-01", "end_reason": "期满"}
        assert (await caller.put(path, {**moved, **end, "effective_on": None}, '"2"')).status_code == 200
        for day, status in (("2025-05-31", "active"), ("2025-06-01", "ended")):
            assert (await caller.get(path, as_of=day)).json()["status"] == status

    registry.run(scenario)


@dataclass
class Diary:
    """What a clerk would have noted: for each name the days from which something held."""

    hosts: dict[str, list[tuple[date, str]]] = field(default_factory=dict)
    partners: dict[str, list[tuple[date, str | None]]] = field(default_factory=dict)
    plates: dict[str, list[tuple[date, date | None]]] = field(default_factory=dict)

    def with_part(self, who: str, day: date) -> set[str]:
        return {
            name
            for name in self.hosts
            if who in (_last(self.hosts[name], day), _last(self.partners.get(name, []), day))
        }

    def holding(self, day: date) -> set[str]:
        return {
            name
            for name, spans in self.plates.items()
            if any(begins <= day and (ends is None or day < ends) for begins, ends in spans)
        }


def _last(entries: list[tuple[date, Any]], day: date) -> Any:
    return next((value for begins, value in reversed(entries) if begins <= day), None)


UNITS = ("school", "college", "enterprise")
steps = st.lists(
    st.tuples(
        st.sampled_from(["甲学院", "乙学院"]),
        st.sampled_from(["host", "partner", "grant", "withdraw"]),
        st.sampled_from(UNITS),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=8,
)


def test_each_day_shows_what_the_diary_says(registry: Registry) -> None:
    """Hosts, partners and recognitions change on running days; every filter of every day agrees with the diary."""
    run = 0

    @settings(
        max_examples=8,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(steps)
    def model(story: list[tuple[str, str, str, int]]) -> None:
        nonlocal run
        run += 1
        registry.run(lambda caller: told(caller, registry, story, run))

    model()


async def told(caller: Caller, registry: Registry, story: list[tuple[str, str, str, int]], run: int) -> None:
    """Live through the story, then look back at each of its days. Each run has an alliance of its own."""
    move_to(registry, FIRST)
    clerk = caller.acting("secretariat_clerk", alliance=f"city{run}")
    ids = {unit: (await clerk.create("/members", member(f"{unit}{run}")))["id"] for unit in UNITS}
    diary, paths, drafts = Diary(), {}, {}
    today = FIRST
    for name, what, unit, pause in story:
        today += timedelta(pause)
        move_to(registry, today)
        if name not in paths:
            drafts[name] = college(name, host_member=ids["school"], participants=[])
            paths[name] = f"/collaborations/{(await clerk.create('/collaborations', drafts[name]))['id']}"
            diary.hosts[name] = [(today, "school")]
        await live(clerk, paths[name], drafts[name], diary, (name, what, unit), ids, today)
    for back in range((today - FIRST).days + 2):
        day = today - timedelta(back)
        as_of = {"as_of": day.isoformat()}
        for unit in UNITS:
            assert await names(clerk, member=ids[unit], **as_of) == diary.with_part(unit, day), (unit, day)
        assert await names(clerk, level="municipal", **as_of) == diary.holding(day), day
    assert await names(clerk, level="municipal") == diary.holding(today)


async def live(
    clerk: Caller,
    path: str,
    draft: dict[str, Any],
    diary: Diary,
    step: tuple[str, str, str],
    ids: dict[str, str],
    today: date,
) -> None:
    """One step of the story, in the registry and in the diary."""
    name, what, unit = step
    grants = diary.plates.setdefault(name, [])
    if what in ("host", "partner"):
        draft |= {"host_member": ids[unit]} if what == "host" else {"participants": [ids[unit]]}
        etag = (await clerk.get(path)).headers["ETag"]
        assert (await clerk.put(path, draft, etag)).status_code == 200
        if what == "host":
            diary.hosts[name].append((today, unit))
        host = diary.hosts[name][-1][1]
        partner = next((key for key, id_ in ids.items() if id_ in draft["participants"]), None)
        diary.partners.setdefault(name, []).append((today, None if partner == host else partner))
    elif what == "grant" and (not grants or grants[-1][1] is not None):
        await clerk.create(f"{path}/recognitions", {**PLATE, "granted_on": today.isoformat()})
        grants.append((today, None))
    elif what == "withdraw" and grants and grants[-1][1] is None:
        grant = (await clerk.get(path)).json()["recognitions"][-1]
        body = {"withdrawn_on": today.isoformat(), "reason": "复核"}
        assert (await clerk.post(f"{path}/recognitions/{grant['id']}/withdrawal", body)).status_code == 200
        grants[-1] = (grants[-1][0], today)
