"""Warnings before the end of an agreement: each level once, also after days on which nothing ran; the to-do list."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.kernel.database import Database
from services.kernel.errors import Unavailable
from services.kernel.ids import new_id
from services.registry.commands.agreements_transfer import transfer
from services.registry.commands.warn_of_agreements import warn_of_agreements
from services.registry.domain.agreements import warning_level
from services.registry.housekeeping import Housekeeping
from services.registry.tables import Member
from tests.registry.conftest import Caller, Registry, services_of
from tests.registry.test_agreements import ON_ONE_DATABASE, TODAY, agreement, names, units


async def with_database(registry: Registry, act: Callable[[Database], Awaitable[Any]]) -> Any:
    database = Database(registry.settings.database_url.get_secret_value(), clock=registry.clock)
    try:
        return await act(database)
    finally:
        await database.close()


async def warn(registry: Registry) -> int:
    given_now: int = await with_database(registry, lambda db: warn_of_agreements(db, registry.clock, "anqing"))
    return given_now


async def told(office: Caller, about: str | None = None) -> list[tuple[int, int]]:
    """Level and days left of every warning in the outbox, or of those about one agreement."""
    events = (await services_of(office).get("/outbox", after=0, limit=500)).json()["items"]
    warnings = [e for e in events if e["type"] == "agreement.expiring" and about in (None, e["object_id"])]
    return [(e["data"]["days"], e["data"]["days_left"]) for e in warnings]


def in_days(days: int) -> str:
    return str(TODAY + timedelta(days=days))


def test_each_level_is_told_once_on_its_day(registry: Registry) -> None:
    async def scenario(office: Caller) -> None:
        parties = await units(office, "340822", "340825")
        await office.create("/agreements", agreement(parties, until_date=in_days(91)))
        for _ in range(95):
            await warn(registry)
            await warn(registry)
            registry.clock.advance(timedelta(days=1))
        assert await told(office) == [(90, 90), (30, 30), (7, 7)]

    registry.run(scenario)


def test_what_was_missed_is_made_up_for_by_the_tightest_warning(registry: Registry) -> None:
    async def scenario(office: Caller) -> None:
        parties = await units(office, "340822", "340825")
        await office.create("/agreements", agreement(parties, until_date=in_days(100)))
        assert await warn(registry) == 0
        registry.clock.advance(timedelta(days=75))  # nothing ran on the 90th day before the end
        assert await warn(registry) == 1
        registry.clock.advance(timedelta(days=22))
        assert await warn(registry) == 1
        registry.clock.advance(timedelta(days=3))  # it is over
        assert await warn(registry) == 0
        assert await told(office) == [(30, 25), (7, 3)]

    registry.run(scenario)


def test_nobody_is_warned_of_what_was_renewed_or_ended_or_has_not_begun(registry: Registry) -> None:
    async def scenario(office: Caller) -> None:
        parties = await units(office, "340822", "340825")
        renewed = await office.create("/agreements", agreement(parties, number="1", until_date=in_days(20)))
        next_one = {"title": "续签", "signed_on": str(TODAY), "from_date": in_days(20)}
        await office.create(f"/agreements/{renewed['id']}/renewal", next_one)
        ended = await office.create("/agreements", agreement(parties, number="2", until_date=in_days(20)))
        end = {"ended_on": str(TODAY), "reason": "提前终止"}
        await office.post(f"/agreements/{ended['id']}/ending", end, If_Match="*")
        ahead = {"number": "3", "from_date": in_days(1), "until_date": in_days(20)}
        await office.create("/agreements", agreement(parties, **ahead))
        await office.create("/agreements", agreement(parties, number="4", until_date=None))
        assert await warn(registry) == 0
        registry.clock.advance(timedelta(days=1))
        assert await warn(registry) == 1
        assert await told(office) == [(30, 19)]

    registry.run(scenario)


def test_a_new_end_is_warned_of_anew(registry: Registry) -> None:
    async def scenario(office: Caller) -> None:
        parties = await units(office, "340822", "340825")
        made = await office.create("/agreements", agreement(parties, until_date=in_days(5)))
        assert await warn(registry) == 1
        await office.put(f"/agreements/{made['id']}", agreement(parties, until_date=in_days(60)), "*")
        assert await warn(registry) == 1
        assert await told(office) == [(7, 5), (90, 60)]

    registry.run(scenario)


def test_two_workers_at_once_warn_once(registry: Registry) -> None:
    async def scenario(office: Caller) -> None:
        parties = await units(office, "340822", "340825")
        for number in range(5):
            await office.create("/agreements", agreement(parties, number=str(number), until_date=in_days(30)))
        assert sum(await asyncio.gather(*(warn(registry) for _ in range(4)))) == 5
        assert await told(office) == [(30, 30)] * 5

    registry.run(scenario)


@ON_ONE_DATABASE
@given(left=st.integers(1, 130), steps=st.lists(st.integers(0, 60), min_size=1, max_size=8))
def test_however_the_rounds_fall_each_level_is_told_at_most_once(
    registry: Registry, left: int, steps: list[int]
) -> None:
    async def scenario(office: Caller) -> None:
        until, begun = TODAY + timedelta(days=left), registry.clock.now()
        parties = await units(office, "340822", "340825", called=str(new_id()))
        draft = agreement(parties, number=None, until_date=str(until))
        made = await office.create("/agreements", draft)
        expected: list[tuple[int, int]] = []
        for step in steps:
            registry.clock.advance(timedelta(days=step))
            day = registry.clock.now().date()
            due = warning_level(until, day)
            if due is not None and all(due < level for level, _ in expected):
                expected.append((due, (until - day).days))
            await warn(registry)
            assert await told(office, made["id"]) == expected
        registry.clock.instant = begun

    registry.run(scenario)


def test_the_rounds_of_the_worker_cover_every_alliance(registry: Registry) -> None:
    async def scenario(office: Caller) -> None:
        parties = await units(office, "340822", "340825")
        await office.create("/agreements", agreement(parties, until_date=in_days(7)))

        async def alliances() -> list[str]:
            return ["xuancheng", "anqing", "anqing-practice"]

        async def away() -> list[str]:
            raise Unavailable("登录服务暂时无法连接。")

        storage = registry.settings.attachments()
        rounds = Housekeeping(alliances, storage, keep_days=180)
        assert await with_database(registry, lambda db: rounds.round(db, registry.clock)) == (1, 0, 0)
        assert await with_database(registry, lambda db: rounds.round(db, registry.clock)) == (0, 0, 0)
        tried = Housekeeping(away, storage, keep_days=180)._tried
        assert await with_database(registry, lambda db: tried(db, registry.clock)) is False

    registry.run(scenario)


def test_the_to_do_list_has_one_line_for_each_level(registry: Registry) -> None:
    async def scenario(office: Caller) -> None:
        parties = await units(office, "340822", "340825")
        for number, days in enumerate((91, 90, 31, 30, 30, 8, 7, 1, 0)):
            draft = agreement(parties, number=str(number), from_date="2024-09-01", until_date=in_days(days))
            await office.create("/agreements", draft)
        items = (await office.get("/todos")).json()["items"]
        mine = {item["id"]: (item["title"], item["due_on"]) for item in items if item["kind"] == "agreements-expiring"}
        assert mine == {
            "agreements-expiring-7": ("2 份协议将在 7 天内到期", in_days(0)),
            "agreements-expiring-30": ("3 份协议将在 30 天内到期", in_days(7)),
            "agreements-expiring-90": ("2 份协议将在 90 天内到期", in_days(30)),
        }
        unit = office.acting("unit_reporter", member=parties[0])
        assert "agreements-expiring" not in (await unit.get("/todos")).text

    registry.run(scenario)


def test_a_merger_hands_over_what_still_holds(registry: Registry) -> None:
    async def scenario(office: Caller) -> None:
        first, second, third = await units(office, "340822", "340825", "340826")
        running = await office.create("/agreements", agreement([first, third], number="1"))
        shared = await office.create("/agreements", agreement([first, second, third], number="2"))
        over = await office.create("/agreements", agreement([first, third], number="3", until_date="2025-12-01"))
        day = date(2025, 11, 1)

        async def merge(database: Database) -> int:
            async with database.write("anqing") as session:
                await session.effective_on(day)
                former, successor = [await session.get_one(Member, ("anqing", key)) for key in (first, second)]
                return await transfer(session, former, successor)

        assert await with_database(registry, merge) == 3
        assert names((await office.get(f"/agreements/{running['id']}")).json()) == [("甲方", second), ("乙方", third)]
        assert names((await office.get(f"/agreements/{shared['id']}")).json()) == [("甲方", second), ("丙方", third)]
        before = (await office.get(f"/agreements/{running['id']}", as_of="2025-10-31")).json()
        assert names(before) == [("甲方", first), ("乙方", third)]
        assert names((await office.get(f"/agreements/{running['id']}", as_of=str(day))).json())[0] == ("甲方", second)
        assert over["phase"] == "expired"

    registry.run(scenario)
