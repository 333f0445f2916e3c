"""Cursor pagination on a real table: every row once, in order, whatever the page size."""

import asyncio
import base64
from uuid import UUID, uuid4

import pytest
from sqlalchemy import String, Uuid, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.kernel.database import Database
from services.kernel.errors import InvalidInput
from services.kernel.pagination import PageRequest, paginate, sort_column
from services.kernel.tenancy import ALL_OF_ALLIANCE, Scope
from tests.support.databases import TestServer


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "snapshot_items"
    county_column = "division"
    member_column = ALL_OF_ALLIANCE
    alliance: Mapped[str] = mapped_column(String(32), primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    name: Mapped[str]
    division: Mapped[str]


DDL = "CREATE TEMP TABLE snapshot_items (alliance varchar, id uuid, name varchar, division varchar)"


async def walk(
    server_url: str, limit: int, sort: str, scope: Scope, cursor: str | None = None
) -> tuple[list[str], int]:
    database = Database(server_url)
    rows = [("anqing", n, d) for n in ("甲", "乙", "乙", "乙", "丙", "a", "b") for d in ("340822", "340881")]
    rows.append(("xiaogan", "外", "340822"))
    try:
        async with database.write("anqing") as session:
            await session.execute(text(DDL))
            session.add_all([Item(alliance=a, id=uuid4(), name=n, division=d) for a, n, d in rows])
            await session.flush()  # the rows are read again in this transaction
            seen: list[str] = []
            total = 0
            while True:
                request = PageRequest(limit, cursor, sort)
                items, cursor, total = await paginate(
                    session, scope.select(Item), request, order=Item.name, tie=Item.id
                )
                seen += [item.name for item in items]
                if cursor is None:
                    return seen, total
    finally:
        await database.close()


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 200])
@pytest.mark.parametrize("sort", ["name", "-name"])
def test_every_row_comes_once_in_order(server: TestServer, limit: int, sort: str) -> None:
    names, total = asyncio.run(walk(server.service_url("registry"), limit, sort, Scope("anqing")))
    assert total == len(names) == 14
    assert names == sorted(names, reverse=sort.startswith("-"))


def test_a_county_sees_its_own_rows(server: TestServer) -> None:
    names, total = asyncio.run(walk(server.service_url("registry"), 3, "name", Scope("anqing", division="340881")))
    assert (total, len(names)) == (7, 7)


OTHER_LIST = base64.urlsafe_b64encode(b'[["int", "1"], ["UUID", "00000000-0000-0000-0000-000000000000"]]').decode()


@pytest.mark.parametrize("cursor", ["x", "####", "W10", "W1sic3RyIiwgIngiXV0", OTHER_LIST])
def test_a_cursor_that_was_never_given_out_is_refused(server: TestServer, cursor: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        asyncio.run(walk(server.service_url("registry"), 3, "name", Scope("anqing"), cursor))
    assert refusal.value.issues[0].code == "cursor_invalid"


def test_an_unknown_sort_lists_the_known_ones() -> None:
    with pytest.raises(InvalidInput) as refusal:
        sort_column(PageRequest(5, None, "-size"), {"name": Item.name}, "name")
    assert "name" in refusal.value.issues[0].message
