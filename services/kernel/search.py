"""Finding rows of large tables by a fragment of their `search_text`: one character of Chinese, or ten of pinyin.

Trigrams do not find fragments of two characters, which is how people search Chinese names; here the index holds every
single character and every pair. Row security keeps indexes of such operators from the service's own statements
(PostgreSQL uses only leakproof ones below a policy), so a function of the owner looks the ids up and applies the same
condition on the alliance itself.
"""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from alembic.operations import Operations
from sqlalchemy import ARRAY, ColumnElement, Select, Uuid, any_, case, cast, distinct, func, select

from services.kernel.database import AnySession, TenantTable
from services.kernel.migrations import run_script

MOST_FOUND: Final = 5_000
"""With more rows than this the fragment is a common one, which a scan in the list's order meets soon enough."""

GRAMS: Final = """
CREATE FUNCTION search_grams(searched text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
COST 2000 AS $$  -- some fifty microseconds a call: to look it up is better than to work it out for each row
    SELECT string_to_array(searched, NULL) || ARRAY(
        SELECT this || next FROM unnest(string_to_array(searched, NULL), (string_to_array(searched, NULL))[2:])
            AS pair (this, next) WHERE next IS NOT NULL)
$$;
"""

INDEX: Final = """
CREATE INDEX ix_{table}_grams ON {table} USING gin (search_grams(search_text));

CREATE FUNCTION {table}_found(fragment text, most integer) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = {service}, pg_temp AS $$
    SELECT id FROM {table}
    WHERE alliance = current_setting('hub.alliance') AND search_grams(search_text) @> search_grams(fragment)
        AND strpos(search_text, fragment) > 0
    LIMIT most
$$;
REVOKE EXECUTE ON FUNCTION {table}_found(text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {table}_found(text, integer) TO hub_{service};
"""


def create_search(op: Operations | Any, service: str, *tables: str) -> None:
    """Index the `search_text` of some tables; a migration of the service calls this once."""
    run_script(op, GRAMS)
    for table in tables:
        run_script(op, INDEX.replace("{table}", table).replace("{service}", service))


def tidy_fragment(fragment: str) -> str:
    """A fragment as `search_text` is written: lower case, without outer blanks."""
    return fragment.strip().lower()


def holds_fragment(table: Any, fragment: str, found: Sequence[UUID] | None) -> ColumnElement[bool]:
    """The condition that a row holds a fragment: by the ids that `ids_with` found, else by looking at each row.

    Below a policy PostgreSQL guesses how many rows a LIKE keeps by the length of its pattern, too few by far, and would
    read and sort the whole table for one page; of `strpos` it assumes a third, and reads the list in its order.
    """
    if found is not None:
        return table.id == any_(cast(list(found), ARRAY(Uuid)))  # type: ignore[no-any-return]
    return func.strpos(table.search_text, tidy_fragment(fragment)) > 0


async def ids_with(session: AnySession, table: type[TenantTable], fragment: str | None) -> list[UUID] | None:
    """The ids of the alliance's rows that hold a fragment; None when nothing was asked or too many hold it."""
    wanted = tidy_fragment(fragment or "")
    if not wanted:
        return None
    found = getattr(func, f"{table.__tablename__}_found")(wanted, MOST_FOUND + 1, type_=Uuid)
    return await few(session, select(found.column_valued("id")), MOST_FOUND)


async def few(session: AnySession, ids: Select[UUID], most: int) -> list[UUID] | None:
    """The different ids that a statement gives, None when it gives more than `most` rows.

    They come as one value, and too many do not come at all: thousands of rows would be thousands of objects, for which
    Python stops all requests to sort its memory now and then.
    """
    one = ids.limit(most + 1).subquery().c[0]
    value = case((func.count(one) <= most, func.array_agg(distinct(one), type_=ARRAY(Uuid))))
    found, rows = (await session.execute(select(value, func.count(one)))).one()
    return None if rows > most else list(found or ())
