"""Fragments are found as a plain look through every text would find them, and in one's own alliance only."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.kernel import search
from services.kernel.database import Database
from services.kernel.ids import new_id
from services.kernel.pinyin import search_text, sort_key
from services.kernel.search import ids_with
from services.registry.tables import Member
from tests.support.databases import TestServer

NAMES = ("安庆职业技术学院", "安庆工业学校", "怀宁县职教中心", "100%_公司", "Ab C公司", "华", "安", "龘龘龘")
FRAGMENT = st.one_of(
    st.sampled_from(
        ["安庆", "aq", "anqing", "AQ", "职教", "校", "%", "_", "\\", " 学院 ", "c公", "龘龘", "qing\nan", ""]
    ),
    st.text(st.sampled_from("安庆职业技术学院怀宁公司aqnihgx%_ \\'"), min_size=1, max_size=6),
)


@pytest.fixture(scope="module")
def url(server: TestServer) -> str:
    return server.service_url("registry")


def run(url: str, scenario: Callable[[Database], Awaitable[None]]) -> None:
    async def body() -> None:
        database = Database(url)
        try:
            await scenario(database)
        finally:
            await database.close()

    asyncio.run(body())


def member(alliance: str, name: str) -> Member:
    now = datetime(2025, 1, 1, tzinfo=UTC)
    words = {"name": name, "sort_key": sort_key(name), "search_text": search_text(name)}
    stamps = {"row_version": 1, "created_at": now, "updated_at": now}
    return Member(alliance=alliance, id=new_id(), category="enterprise", status="active", aliases=[], **words, **stamps)


@pytest.fixture(scope="module")
def filled(url: str) -> str:
    async def fill(database: Database) -> None:
        for alliance in ("searched", "other"):
            async with database.write(alliance) as session:
                session.add_all(member(alliance, name) for name in NAMES)

    run(url, fill)
    return url


@settings(max_examples=80, deadline=None)
@given(fragment=FRAGMENT)
def test_what_is_found_is_what_holds_the_fragment(filled: str, fragment: str) -> None:
    wanted = fragment.strip().lower()

    async def scenario(database: Database) -> None:
        async with database.read("searched") as session:
            found = await ids_with(session, Member, fragment)
            names = {row.id: row.name for row in await session.execute(text("SELECT id, name FROM member"))}
        if not wanted:
            assert found is None
        else:
            assert found is not None
            assert sorted(names[one] for one in found) == sorted(n for n in NAMES if wanted in search_text(n))

    run(filled, scenario)


def test_a_fragment_that_too_many_hold_is_left_to_the_list(filled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MOST_FOUND", 2)

    async def scenario(database: Database) -> None:
        async with database.read("searched") as session:
            assert await ids_with(session, Member, "公司") is not None  # two
            assert await ids_with(session, Member, "安") is None  # three

    run(filled, scenario)


def test_many_rows_do_not_hide_one(filled: str) -> None:
    async def scenario(database: Database) -> None:
        async with database.write("bulk") as session:
            session.add_all(member("bulk", f"第{number}家单位") for number in range(3_000))
        async with database.read("bulk") as session:
            found = await ids_with(session, Member, "第2999家")
            assert found is not None
            assert len(found) == 1

    run(filled, scenario)
