"""Every table of the registry answers `as_of`: by a history, by its own days, or as a part of what does."""

import asyncio
from collections.abc import Iterator
from datetime import date
from typing import Any

import asyncpg
import pytest
from sqlalchemy import select
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapper

from services.kernel.database import TenantTable
from services.kernel.history import Dated, Historic, Period, at
from services.registry.tables import Base
from tests.support.databases import TestServer

WORKING_DATA = {
    "change_set": "an import or edit in hand; what it changed is in the tables it changed",
    "change_row": "its rows",
    "duplicate_dismissal": "what was looked at and found to be two units",
    "policy_version": "numbered versions, each with the instant of its application",
}
"""Tables without facts about the alliance, and why."""
PARTS = {
    "agenda_item": "meeting",
    "attendance": "meeting",
    "resolution_vote": "resolution",
    "catalogue_entry": "catalogue_version",
}
"""Rows that are written with the row they belong to and are never read without it."""


def mappers() -> Iterator[Mapper[Any]]:
    """Those of the registry: all services' tables of one process have one root."""
    return (mapper for mapper in Base.registry.mappers if mapper.local_table.metadata is Base.metadata)


def tables() -> Iterator[type[TenantTable]]:
    for mapper in mappers():
        if mapper.local_table.name not in WORKING_DATA | PARTS:
            yield mapper.class_


TABLES = sorted(tables(), key=lambda table: table.__tablename__)


def test_a_part_belongs_to_a_table_with_a_memory() -> None:
    kept = {table.__tablename__: table.__table__ for table in TABLES}
    parts = {mapper.local_table.name: mapper.local_table for mapper in mappers()}
    for part, whole in PARTS.items():
        assert whole in kept
        assert whole.removeprefix("catalogue_") in parts[part].c or whole in parts[part].c


@pytest.mark.parametrize("table", TABLES, ids=lambda table: str(table.__tablename__))
def test_every_table_has_one_kind_of_memory(table: type[TenantTable]) -> None:
    kinds = [kind for kind in (Historic, Period, Dated) if issubclass(table, kind)]
    assert len(kinds) == 1
    sql = str(select(at(table, date(2025, 6, 30))).compile(dialect=postgresql.dialect()))
    assert ("row_history" in sql) is issubclass(table, Historic)
    assert str(table.__tablename__) in sql


async def triggers(url: str) -> dict[str, list[str]]:
    """The arguments of each table's history trigger."""
    connection = await asyncpg.connect(url.replace("+asyncpg", "", 1))
    try:
        rows = await connection.fetch(
            "SELECT relname, tgargs FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
            " WHERE tgname = 'keep_history'"
        )
    finally:
        await connection.close()
    return {row["relname"]: row["tgargs"].decode().split("\0")[:2] for row in rows}


def test_every_history_is_kept_by_the_key_and_from_the_day_that_the_table_says(server: TestServer) -> None:
    kept = asyncio.run(triggers(server.service_url("registry")))
    said = {
        table.__tablename__: [
            ",".join(column.name for column in table.__table__.primary_key if column.name != "alliance"),
            table.history_begins or "",
        ]
        for table in TABLES
        if issubclass(table, Historic)
    }
    assert kept == said
