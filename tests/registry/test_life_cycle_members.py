"""Steps of members: statuses by day against a naive model, exits with what they touch, yearly reviews."""

import asyncio
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from services.registry.clients.others import OpenClaim
from services.registry.domain.life_cycle import MEMBER_TRANSITIONS, MemberStep
from tests.registry.conftest import Caller, Registry, member, services_of
from tests.registry.life_cycle_world import FakeNeighbours, Office

JOINED = date(2025, 1, 1)
TODAY = date(2025, 12, 1)
PATHS = {
    MemberStep.RECTIFICATION: "rectification",
    MemberStep.RECTIFIED: "rectification/closure",
    MemberStep.SUSPENSION: "suspension",
    MemberStep.RESUMPTION: "resumption",
    MemberStep.EXIT: "exit",
}
OPINION = {"opinion": "按章程办理。"}


@pytest.fixture
def registry(registry: Registry) -> Registry:
    registry.neighbours = FakeNeighbours()
    return registry


async def etag(caller: Caller, one: dict[str, Any]) -> dict[str, str]:
    return {"If_Match": (await caller.get(f"/members/{one['id']}")).headers["ETag"]}


async def step(caller: Caller, one: dict[str, Any], kind: MemberStep, day: date | None = None, **more: Any) -> Any:
    """One step by the head, on the newest version."""
    head = caller.acting("secretariat_head")
    body = {**OPINION, "effective_on": day.isoformat() if day else None, **more}
    if kind is MemberStep.RECTIFICATION:
        body.setdefault("deadline", "2026-03-31")
    if kind is MemberStep.EXIT:
        shown = (await head.get(f"/members/{one['id']}/exit-impact")).json()
        body.setdefault("impact", shown["version"])
    return await head.post(f"/members/{one['id']}/{PATHS[kind]}", body, **await etag(caller, one))


async def joined(caller: Caller, name: str = "示例职业学校", day: date = JOINED) -> dict[str, Any]:
    return await caller.create("/members", member(name, joined_on=day.isoformat()))


def code(answer: Any) -> tuple[int, str]:
    told = answer.json()
    return answer.status_code, (told["errors"] or [told])[0]["code"]


def test_a_life_from_joining_to_leaving(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        one = await joined(clerk)
        await step(
            clerk, one, MemberStep.RECTIFICATION, date(2025, 3, 1), deadline="2025-05-31", document="整改〔2025〕1号"
        )
        await step(clerk, one, MemberStep.RECTIFIED, date(2025, 5, 20))
        await step(clerk, one, MemberStep.SUSPENSION, date(2025, 7, 1))
        await step(clerk, one, MemberStep.RESUMPTION, date(2025, 9, 1))
        last = await step(clerk, one, MemberStep.EXIT, date(2025, 11, 1), resolution_number="理事会〔2025〕9号")
        assert last.status_code == 200, last.text
        assert last.json()["allowed"] == []
        life = last.json()["items"]
        assert [(s["step"], s["effective_on"], s["to_status"]) for s in reversed(life)] == [
            ("rectification", "2025-03-01", "rectifying"),
            ("rectified", "2025-05-20", "active"),
            ("suspension", "2025-07-01", "suspended"),
            ("resumption", "2025-09-01", "active"),
            ("exit", "2025-11-01", "exited"),
        ]
        assert (life[-1]["deadline"], life[-1]["document"]) == ("2025-05-31", "整改〔2025〕1号")
        assert life[0]["resolution_number"] == "理事会〔2025〕9号"
        assert (await clerk.get(f"/members/{one['id']}")).json()["left_on"] == "2025-11-01"
        then = (await clerk.get(f"/members/{one['id']}/steps", as_of="2025-07-01")).json()
        assert ([s["step"] for s in then["items"]], then["allowed"]) == (
            ["suspension", "rectified", "rectification"], [],
        )  # fmt: skip

    registry.run(scenario)


def naive(steps: list[tuple[MemberStep, date]], day: date) -> str | None:
    """The status on a day, by folding the steps up to it."""
    status: str | None = "active" if day >= JOINED else None
    for kind, on_day in steps:
        if on_day <= day:
            status = MEMBER_TRANSITIONS[status or "", kind]
    return status


MOVES = st.lists(st.tuples(st.sampled_from(sorted(PATHS)), st.integers(-2, 120)), min_size=1, max_size=7)


@given(MOVES)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_status_of_each_day_is_what_the_steps_make_it(
    registry: Registry, moves: list[tuple[MemberStep, int]]
) -> None:
    """Whatever is tried in whatever order: refused steps change nothing, and each day tells the steps up to it."""

    async def scenario(clerk: Caller) -> None:
        one = await joined(clerk, f"示例职业学校{uuid4()}")
        accepted: list[tuple[MemberStep, date]] = []
        for kind, gap in moves:
            day = (accepted[-1][1] if accepted else JOINED) + timedelta(days=gap)
            allowed = (naive(accepted, TODAY) or "", kind) in MEMBER_TRANSITIONS
            in_order = day >= (accepted[-1][1] if accepted else JOINED) and day <= TODAY
            answer = await step(clerk, one, kind, day)
            assert (answer.status_code == 200) == (allowed and in_order), (kind, day, accepted, answer.text)
            if answer.status_code == 200:
                accepted.append((kind, day))
        days = {JOINED - timedelta(days=1), JOINED, TODAY, *(day for _, day in accepted)}
        for day in sorted({*days, *(day - timedelta(days=1) for day in days)}):
            shown = await clerk.get(f"/members/{one['id']}", as_of=day.isoformat())
            known = shown.json()["status"] if shown.status_code == 200 else None
            assert known == naive(accepted, day), (day, accepted)
        assert (await clerk.get(f"/members/{one['id']}")).json()["status"] == naive(accepted, TODAY)

    registry.run(scenario)


@pytest.mark.parametrize(
    ("day", "wanted"),
    [
        ("2025-12-02", (422, "day_ahead")),
        ("2024-12-31", (422, "before_membership")),
        ("2025-06-30", (422, "before_previous_step")),
        ("2025-07-01", (200, "")),
    ],
)
def test_a_step_has_its_place_in_time(registry: Registry, day: str, wanted: tuple[int, str]) -> None:
    async def scenario(clerk: Caller) -> None:
        one = await joined(clerk)
        await step(clerk, one, MemberStep.SUSPENSION, date(2025, 7, 1))
        answer = await step(clerk, one, MemberStep.RESUMPTION, date.fromisoformat(day))
        assert (answer.status_code, "" if answer.status_code == 200 else code(answer)[1]) == wanted

    registry.run(scenario)


def test_who_was_a_member_on_a_day_has_an_answer(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        stays, leaves = await joined(clerk, "甲示例学校"), await joined(clerk, "乙示例学校")
        await joined(clerk, "丙示例学校", date(2025, 7, 1))
        await step(clerk, stays, MemberStep.SUSPENSION, date(2025, 6, 30))
        await step(clerk, leaves, MemberStep.EXIT, date(2025, 6, 30))
        answers = {}
        for day in ("2024-12-31", "2025-06-29", "2025-06-30", "2025-07-01"):
            items = (await clerk.get("/members", as_of=day)).json()["items"]
            answers[day] = {one["name"]: one["status"] for one in items if one["status"] != "exited"}
        assert answers == {
            "2024-12-31": {},
            "2025-06-29": {"甲示例学校": "active", "乙示例学校": "active"},
            "2025-06-30": {"甲示例学校": "suspended"},
            "2025-07-01": {"甲示例学校": "suspended", "丙示例学校": "active"},
        }

    registry.run(scenario)


def test_an_exit_shows_what_it_touches_and_ends_none_of_it(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        one = await joined(clerk)
        college = await clerk.create(
            "/collaborations", {"name": "示例产业学院", "kind": "industry_college", "host_member": one["id"]}
        )
        fake = registry.neighbours
        assert isinstance(fake, FakeNeighbours)
        fake.claims = [OpenClaim(id=uuid4(), title="2025年 生源输送奖励（待审核）", state="submitted")]
        head = clerk.acting("secretariat_head")
        shown = (await head.get(f"/members/{one['id']}/exit-impact")).json()
        assert [(t["kind"], t["id"], t["href"]) for t in shown["touches"]] == [
            ("产业学院", college["id"], f"/collaborations/{college['id']}")
        ]
        assert "示例产业学院" in shown["touches"][0]["title"]
        assert [(t["kind"], t["href"]) for t in shown["claims"]] == [("申报", f"/subsidies/claims/{fake.claims[0].id}")]
        assert fake.asked[-1] == ("anqing", UUID(one["id"]))
        done = await step(clerk, one, MemberStep.EXIT, impact=shown["version"])
        assert done.status_code == 200, done.text
        still = (await clerk.get(f"/collaborations/{college['id']}")).json()
        assert (still["status"], still["host_member"]["id"]) == ("active", one["id"])
        todos = (await clerk.get("/todos")).json()["items"]
        left = next(todo for todo in todos if todo["kind"] == "exit-unsettled")
        assert ("示例职业学校" in left["title"], left["href"]) == (True, f"/members/{one['id']}")

    registry.run(scenario)


def test_what_changed_after_it_was_shown_must_be_looked_at_again(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        one = await joined(clerk)
        head = clerk.acting("secretariat_head")
        shown = (await head.get(f"/members/{one['id']}/exit-impact")).json()
        assert (shown["touches"], shown["claims"]) == ([], [])
        await clerk.create("/collaborations", {"name": "示例基地", "kind": "base", "host_member": one["id"]})
        assert code(await step(clerk, one, MemberStep.EXIT, impact=shown["version"])) == (409, "impact_changed")
        assert (await clerk.get(f"/members/{one['id']}")).json()["status"] == "active"

    registry.run(scenario)


def test_unknown_claims_need_a_word(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        one = await joined(clerk)
        fake = registry.neighbours
        assert isinstance(fake, FakeNeighbours)
        known = (await clerk.get(f"/members/{one['id']}/exit-impact")).json()["version"]
        fake.down = True
        shown = (await clerk.get(f"/members/{one['id']}/exit-impact")).json()
        assert shown["claims"] is None
        assert shown["version"] != known, "no claims and unknown claims are two things"
        assert code(await step(clerk, one, MemberStep.EXIT)) == (409, "claims_unknown")
        assert (await step(clerk, one, MemberStep.EXIT, without_claims=True)).status_code == 200

    registry.run(scenario)


def test_who_may_take_which_step(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        one = await joined(clerk)
        path = f"/members/{one['id']}"
        plain = [OPINION, await etag(clerk, one)]
        for name in ("suspension", "resumption", "rectification/closure"):
            assert (await clerk.post(f"{path}/{name}", plain[0], **plain[1])).status_code == 403, name
        order = {**OPINION, "deadline": "2026-01-31"}
        assert (await clerk.post(f"{path}/rectification", order)).status_code == 428
        assert (await clerk.post(f"{path}/rectification", order, If_Match='"99"')).status_code == 412
        assert (await clerk.post(f"{path}/rectification", order, **plain[1])).status_code == 200
        for caller in (clerk.acting("leader"), clerk.acting("county_clerk", division="340822")):
            assert (await caller.post(f"{path}/suspension", OPINION, **plain[1])).status_code == 403
            assert (await caller.get(f"{path}/exit-impact")).status_code == 403
            assert (await caller.get(f"{path}/steps")).status_code == 200
        assert (await clerk.acting("county_clerk", division="340881").get(f"{path}/steps")).status_code == 404
        assert (await clerk.acting("unit_reporter", member=one["id"]).get(f"{path}/steps")).status_code == 200
        assert (await clerk.acting("unit_reporter", member=str(uuid4())).get(f"{path}/steps")).status_code == 404

    registry.run(scenario)


def test_a_deadline_lies_ahead_of_the_order(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        one = await joined(clerk)
        day = date(2025, 6, 1)
        late = await step(clerk, one, MemberStep.RECTIFICATION, day, deadline="2025-05-31")
        assert code(late) == (422, "deadline_passed")
        assert (await step(clerk, one, MemberStep.RECTIFICATION, day, deadline="2025-06-01")).status_code == 200
        (todo,) = [t for t in (await clerk.get("/todos")).json()["items"] if t["kind"] == "rectification"]
        assert (todo["due_on"], todo["state"]) == ("2025-06-01", "overdue")
        await step(clerk, one, MemberStep.RECTIFIED)
        assert [t for t in (await clerk.get("/todos")).json()["items"] if t["kind"] == "rectification"] == []

    registry.run(scenario)


def test_the_steps_are_told_to_the_unit_and_its_county(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        one = await joined(clerk)
        for kind in (MemberStep.RECTIFICATION, MemberStep.RECTIFIED, MemberStep.SUSPENSION, MemberStep.RESUMPTION):
            await step(clerk, one, kind)
        await step(clerk, one, MemberStep.EXIT)
        events = (await services_of(clerk).get("/outbox", after=0, limit=100)).json()["items"]
        told = [
            (event["type"], event["division"], event["member"]) for event in events if event["type"] != "member.created"
        ]
        names = ("rectification_ordered", "rectified", "suspended", "resumed", "exited")
        assert told == [(f"member.{name}", "340822", one["id"]) for name in names]

    registry.run(scenario)


# --- yearly reviews ---


async def grade(caller: Caller, one: dict[str, Any], year: int, value: str, **more: Any) -> Any:
    return await caller.post(f"/members/{one['id']}/reviews", {"year": year, "grade": value, **more})


def test_a_year_is_graded_once_and_corrected_with_a_reason(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        one = await joined(clerk)
        made = await grade(clerk, one, 2024, "qualified", on_date="2025-03-01", document="考核〔2025〕1号")
        assert made.status_code == 201, made.text
        assert code(await grade(clerk, one, 2024, "excellent")) == (409, "review_exists")
        path = f"/members/{one['id']}/reviews/2024"
        reason = {"grade": "barely", "opinion": "原登记有误。", "on_date": "2025-04-01"}
        assert (await clerk.put(path, reason, None)).status_code == 428
        assert (await clerk.put(path, reason, '"9"')).status_code == 412
        assert (await clerk.put(path, {"grade": "barely"}, made.headers["ETag"])).status_code == 422
        early = await clerk.put(path, {**reason, "on_date": "2025-02-28"}, made.headers["ETag"])
        assert code(early) == (422, "before_review")
        assert (await clerk.put(path, reason, made.headers["ETag"])).json()["grade"] == "barely"
        by_day = {}
        for day in ("2025-02-28", "2025-03-01", "2025-03-31", "2025-04-01"):
            found = (await clerk.get(f"/members/{one['id']}/reviews", as_of=day)).json()
            by_day[day] = [review["grade"] for review in found]
        assert by_day == {
            "2025-02-28": [], "2025-03-01": ["qualified"], "2025-03-31": ["qualified"], "2025-04-01": ["barely"],
        }  # fmt: skip
        life = (await clerk.get(f"/members/{one['id']}/steps")).json()["items"]
        assert [(s["step"], s["year"], s["grade"]) for s in life] == [
            ("annual_review", 2024, "barely"), ("annual_review", 2024, "qualified"),
        ]  # fmt: skip

    registry.run(scenario)


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ({"year": 2026, "grade": "qualified"}, (422, "year_ahead")),
        ({"year": 2025, "grade": "qualified"}, (201, "")),
        ({"year": 2025, "grade": "qualified", "on_date": "2024-12-31"}, (422, "before_year")),
        ({"year": 2025, "grade": "qualified", "on_date": "2025-12-02"}, (422, "day_ahead")),
        ({"year": 2025, "grade": "good"}, (422, "enum")),
    ],
)
def test_a_grade_has_its_time(registry: Registry, body: dict[str, Any], wanted: tuple[int, str]) -> None:
    async def scenario(clerk: Caller) -> None:
        one = await joined(clerk)
        answer = await clerk.post(f"/members/{one['id']}/reviews", body)
        assert (answer.status_code, "" if answer.status_code == 201 else code(answer)[1]) == wanted

    registry.run(scenario)


def test_a_batch_is_recorded_whole_or_not_at_all(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        one, two, gone = await joined(clerk, "甲学校"), await joined(clerk, "乙学校"), await joined(clerk, "丙学校")
        await step(clerk, gone, MemberStep.EXIT)
        items = [{"member": m["id"], "grade": "qualified"} for m in (one, gone, two, one)]
        refused = await clerk.post("/member-reviews/batch", {"year": 2024, "items": items})
        assert refused.status_code == 422
        assert [(i["field"], i["code"]) for i in refused.json()["errors"]] == [
            ("items.1.grade", "member_step_refused"),
            ("items.3.grade", "review_exists"),
        ]
        listed = (await clerk.get("/member-reviews", year=2024)).json()["items"]
        assert [row["grade"] for row in listed] == [None, None]
        body = {"year": 2024, "items": [items[0], {**items[2], "grade": "excellent"}], "document": "考核〔2025〕1号"}
        first = await clerk.post("/member-reviews/batch", body, Idempotency_Key="a")
        again = await clerk.post("/member-reviews/batch", body, Idempotency_Key="a")
        assert (first.status_code, first.json(), again.json()) == (201, {"recorded": 2}, {"recorded": 2})
        rows = (await clerk.get("/member-reviews", year=2024)).json()["items"]
        assert sorted((row["name"], row["grade"]) for row in rows) == [("乙学校", "excellent"), ("甲学校", "qualified")]

    registry.run(scenario)


def test_the_year_s_list_is_filtered_and_exported(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        one, _two = await joined(clerk, "甲学校"), await joined(clerk, "乙学校")
        firm = await clerk.create("/members", {"name": "丙公司", "category": "enterprise", "division": "340881"})
        await grade(clerk, one, 2024, "excellent", opinion="成效突出。")

        async def names(caller: Caller = clerk, **query: Any) -> list[str]:
            return [row["name"] for row in (await caller.get("/member-reviews", **query)).json()["items"]]

        assert await names() == ["丙公司", "甲学校", "乙学校"], "last year by itself, by pinyin"
        assert await names(grade="excellent") == ["甲学校"]
        assert await names(ungraded=True) == ["丙公司", "乙学校"]
        assert await names(category="enterprise") == ["丙公司"]
        assert await names(year=2023, grade="excellent") == []
        assert await names(clerk.acting("county_clerk", division="340881")) == ["丙公司"]
        assert await names(clerk.acting("unit_reporter", member=firm["id"])) == ["丙公司"]
        book = load_workbook(io.BytesIO((await clerk.get("/member-reviews/export.xlsx", year=2024)).content))
        text = str([[cell.value for cell in row] for row in book.worksheets[0].iter_rows()])
        assert "优秀" in text
        assert "成效突出。" in text

    registry.run(scenario)


def test_two_steps_at_once_are_one(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        one = await joined(clerk)
        head, seen = clerk.acting("secretariat_head"), await etag(clerk, one)
        path = f"/members/{one['id']}/suspension"
        answers = await asyncio.gather(*(head.post(path, OPINION, **seen) for _ in range(3)))
        assert sorted(answer.status_code for answer in answers) == [200, 412, 412]
        assert len((await clerk.get(f"/members/{one['id']}/steps")).json()["items"]) == 1

    registry.run(scenario)


def test_applications_that_wait_are_todos(registry: Registry) -> None:
    async def scenario(clerk: Caller) -> None:
        office = Office.of(clerk)
        await office.stranger().apply(name="甲示例公司")
        await office.published(name="乙示例公司")
        todos = {t["kind"]: t for t in (await clerk.get("/todos")).json()["items"]}
        assert todos["applications-submitted"]["title"] == "1 份入会申请待初审"
        assert "applications-publicity" not in todos
        registry.clock.instant = datetime(2025, 12, 9, 4, tzinfo=UTC)
        todos = {t["kind"]: t for t in (await clerk.get("/todos")).json()["items"]}
        assert todos["applications-publicity"]["title"] == "1 份入会申请公示期满，待决定"
        assert todos["applications-publicity"]["href"] == "/applications?state=publicity"
        assert (await clerk.acting("leader").get("/todos")).json()["items"] == []

    registry.run(scenario)
