"""`as_of` on historic tables against a naive model: a calendar with one value for each day and column."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from services.kernel.clock import FixedClock
from services.kernel.database import Database, WriteSession
from services.kernel.errors import InvalidInput
from services.kernel.history import at, effective_day, states_of
from services.kernel.ids import new_id
from services.registry.tables import Collaboration, Member, Participant, PolicyVersion
from tests.support.databases import TestServer

START = date(2025, 1, 1)
DAYS = 40
TODAY = START + timedelta(days=DAYS - 1)
ALLIANCE = "history"
NAMES = ("甲校", "乙校", "丙校")
PHONES = ("111", "222", None)


@pytest.fixture(scope="module")
def url(server: TestServer) -> str:
    return server.service_url("registry")


def member(key: UUID, name: str, joined_on: date | None = None) -> Member:
    now = datetime(2025, 1, 1, tzinfo=UTC)
    facts: dict[str, Any] = {"category": "enterprise", "status": "active", "aliases": [], "joined_on": joined_on}
    words = {"name": f"{name}{key}", "sort_key": name, "search_text": name}
    return Member(alliance=ALLIANCE, id=key, row_version=1, created_at=now, updated_at=now, **facts, **words)


@dataclass
class Calendar:
    """The naive model: for each day, whether the row is there and what its columns hold."""

    there: list[bool] = field(default_factory=lambda: [False] * DAYS)
    name: list[str] = field(default_factory=lambda: [""] * DAYS)
    phone: list[str | None] = field(default_factory=lambda: [None] * DAYS)

    def insert(self, day: int, name: str) -> None:
        for one in range(day, DAYS):
            self.there[one], self.name[one], self.phone[one] = True, name, None

    def change(self, column: str, day: int, value: str | None) -> None:
        days = getattr(self, column)
        if days[-1] != value:  # what already stands is no change, from whatever day
            days[day:] = [value] * (DAYS - day)

    def delete(self, day: int) -> None:
        for one in range(day, DAYS):
            self.there[one] = False

    def on(self, day: int) -> tuple[str, str | None] | None:
        return (self.name[day], self.phone[day]) if self.there[day] else None


DAY = st.integers(0, DAYS - 1)
STEP = st.one_of(
    st.tuples(st.just("insert"), DAY, st.sampled_from(NAMES)),
    st.tuples(st.just("name"), DAY, st.sampled_from(NAMES)),
    st.tuples(st.just("phone"), DAY, st.sampled_from(PHONES)),
    st.tuples(st.just("delete"), DAY, st.none()),
)


def run(url: str, scenario: Callable[[Database], Awaitable[None]]) -> None:
    async def body() -> None:
        clock = FixedClock(datetime.combine(TODAY, datetime.min.time(), UTC))
        database = Database(url, clock=clock)
        try:
            await scenario(database)
        finally:
            await database.close()

    asyncio.run(body())


async def act(session: WriteSession, key: UUID, row: Member | None, step: tuple[str, int, Any]) -> Member | None:
    """One step on the row as it now is; those that do not fit it (a change of nothing) do nothing."""
    verb, day, value = step
    await session.effective_on(START + timedelta(days=day))
    if verb == "insert" and row is None:
        row = member(key, value)
        session.add(row)
    elif verb == "name" and row is not None:
        row.name = f"{value}{key}"
    elif verb == "phone" and row is not None:
        row.contact_phone = value
    elif verb == "delete" and row is not None:
        await session.delete(row)
        row = None
    await session.flush()
    return row


def think(model: Calendar, there: bool, step: tuple[str, int, Any]) -> bool:
    verb, day, value = step
    if verb == "insert" and not there:
        model.insert(day, value)
        return True
    if verb in ("name", "phone") and there:
        model.change(verb, day, value)
    if verb == "delete" and there:
        model.delete(day)
        return False
    return there


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(STEP, min_size=1, max_size=12))
def test_each_day_shows_what_a_calendar_would(url: str, steps: list[tuple[str, int, Any]]) -> None:
    async def scenario(database: Database) -> None:
        key, row, model, there = new_id(), None, Calendar(), False
        async with database.write(ALLIANCE) as session:
            for step in steps:
                row = await act(session, key, row, step)
                there = think(model, there, step)
        async with database.read(ALLIANCE) as reading:
            for day in range(DAYS):
                then = at(Member, START + timedelta(days=day))
                found = (
                    await reading.execute(select(then.name, then.contact_phone).where(then.id == key))
                ).one_or_none()
                shown = (found.name.removesuffix(str(key)), found.contact_phone) if found else None
                assert shown == model.on(day), (day, steps)
            now = (await reading.scalars(select(Member).where(Member.id == key))).one_or_none()
            assert (now is not None) == there
            states = await states_of(reading, Member, ALLIANCE, key)
            assert all(a.valid_until is not None and a.valid_until <= b.valid_from for a, b in pairwise(states))

    run(url, scenario)


def test_a_row_begins_on_its_own_day_when_that_is_earlier(url: str) -> None:
    async def scenario(database: Database) -> None:
        key = new_id()
        async with database.write(ALLIANCE) as session:
            row = member(key, "早", joined_on=START)
            session.add(row)
            await session.flush()
            row.joined_on = START - timedelta(days=1)
        async with database.read(ALLIANCE) as session:
            for day, shown in ((-2, False), (-1, True), (0, True), (DAYS, True)):
                then = at(Member, START + timedelta(days=day))
                found = (await session.scalars(select(then).where(then.id == key))).one_or_none()
                assert (found is not None) is shown, day

    run(url, scenario)


def test_a_query_joins_tables_of_the_same_day(url: str) -> None:
    async def scenario(database: Database) -> None:
        one, shared = new_id(), new_id()
        now = datetime(2025, 1, 1, tzinfo=UTC)
        key = {"alliance": ALLIANCE, "id": shared, "row_version": 1, "created_at": now, "updated_at": now}
        words = {"kind": "base", "name": f"基地{shared}", "status": "active", "sort_key": "j", "search_text": "j"}
        async with database.write(ALLIANCE) as session:
            await session.effective_on(START)
            session.add_all([member(one, "参与"), Collaboration(**key, **words)])
            await session.effective_on(START + timedelta(days=5))
            part = Participant(alliance=ALLIANCE, collaboration=shared, member=one)
            session.add(part)
            await session.effective_on(START + timedelta(days=9))
            await session.delete(part)
        async with database.read(ALLIANCE) as session:
            for day, shown in ((4, 0), (5, 1), (8, 1), (9, 0)):
                when = START + timedelta(days=day)
                parts, members = at(Participant, when), at(Member, when)
                joined = (
                    select(members.name).join(parts, parts.member == members.id).where(parts.collaboration == shared)
                )
                assert len((await session.scalars(joined)).all()) == shown, day

    run(url, scenario)


def test_another_alliance_has_another_history(url: str) -> None:
    async def scenario(database: Database) -> None:
        key = new_id()
        async with database.write(ALLIANCE) as session:
            session.add(member(key, "本盟"))
        async with database.read("elsewhere") as session:
            then = at(Member, TODAY)
            assert (await session.scalars(select(then).where(then.id == key))).all() == []
            assert (await session.scalars(text("SELECT count(*) FROM row_history"))).one() == 0

    run(url, scenario)


@pytest.mark.parametrize("statement", ["UPDATE row_history SET data = '{}'", "DELETE FROM row_history"])
def test_the_service_cannot_rewrite_history(url: str, statement: str) -> None:
    async def scenario(database: Database) -> None:
        with pytest.raises(DBAPIError, match="permission denied"):
            async with database.write(ALLIANCE) as session:
                await session.execute(text(statement))

    run(url, scenario)


def test_a_change_without_a_day_is_refused(url: str) -> None:
    async def scenario(database: Database) -> None:
        with pytest.raises(DBAPIError, match="effective_on"):
            async with database.write(ALLIANCE) as session:
                await session.execute(text("SELECT set_config('hub.effective_on', '', true)"))
                session.add(member(new_id(), "无日"))
                await session.flush()

    run(url, scenario)


def test_a_table_without_memory_is_told() -> None:
    with pytest.raises(TypeError, match="PolicyVersion"):
        at(PolicyVersion, TODAY)
    assert at(PolicyVersion, None) is PolicyVersion


@pytest.mark.parametrize(
    ("day", "code"),
    [(TODAY + timedelta(days=1), "day_ahead"), (date(1949, 9, 30), "day_too_early")],
)
def test_days_that_cannot_be_effective(day: date, code: str) -> None:
    clock = FixedClock(datetime.combine(TODAY, datetime.min.time(), UTC))
    with pytest.raises(InvalidInput) as refusal:
        effective_day(day, clock)
    assert [issue.code for issue in refusal.value.issues] == [code]


def test_the_effective_day_is_today_unless_given() -> None:
    clock = FixedClock(datetime.combine(TODAY, datetime.min.time(), UTC))
    assert effective_day(None, clock) == TODAY
    assert effective_day(TODAY, clock) == TODAY
    assert effective_day(START, clock) == START
