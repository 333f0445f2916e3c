"""Tables that answer `as_of`: what stood on a business day, with one of three kinds of memory.

- `Historic`: rows that are edited. A trigger keeps every state of a row with the days on which it held
  (`row_history`). A change holds from the session's effective day (`WriteSession.effective_on`, today unless set): it
  sets the changed columns from that day on and leaves what other columns were; what later changes had set in the same
  columns is overwritten, so that a row and the last entry of its history always agree. What already stands is no
  change, from whatever day.
- `Period`: rows that carry their own days, such as who held a seat from when until when (exclusive).
- `Dated`: events of one day, such as a meeting: on a day they are those up to it.

`at(Table, day)` stands for the table in any query and gives the rows of that day. When something became known is
another matter: that is in the audit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Final, TypeVar

from alembic.operations import Operations
from sqlalchemy import ARRAY, Table, Text, bindparam, or_, select, text
from sqlalchemy.orm import aliased

from services.kernel.clock import Clock, business_date
from services.kernel.database import AnySession, TenantTable
from services.kernel.errors import FieldIssue, InvalidInput
from services.kernel.migrations import enable_tenancy, run_script

EARLIEST: Final = date(1949, 10, 1)
T = TypeVar("T", bound=TenantTable)

STATES: Final = text(
    "SELECT row_key, valid_from, valid_until, data FROM row_history"
    " WHERE alliance = :alliance AND table_name = :history_of AND row_key = ANY(:row_keys) ORDER BY valid_from"
).bindparams(bindparam("row_keys", type_=ARRAY(Text)))

# The function is the owner's, so that the service can read a history but never rewrite it.
KEEP_HISTORY: Final = """
CREATE TABLE row_history (
    alliance varchar(32) NOT NULL,
    table_name text NOT NULL,
    row_key text NOT NULL,
    valid_from date NOT NULL,
    valid_until date,
    data jsonb NOT NULL,
    CONSTRAINT pk_row_history PRIMARY KEY (alliance, table_name, row_key, valid_from),
    CONSTRAINT ck_row_history_days CHECK (valid_until > valid_from)
);
COMMENT ON TABLE row_history IS 'every state of the rows of historic tables, with the days on which it held';
COMMENT ON COLUMN row_history.row_key IS 'the primary key of the row without its alliance, joined by slashes';
COMMENT ON COLUMN row_history.valid_until IS 'exclusive; null while the state holds';

CREATE FUNCTION keep_history() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = {service}, pg_temp AS $$
DECLARE
    effective date := nullif(current_setting('hub.effective_on', true), '')::date;
    begins_on text := nullif(TG_ARGV[1], '');
    before jsonb;
    after jsonb;
    patch jsonb;
    key text;
    first_day date;
BEGIN
    IF effective IS NULL THEN
        RAISE EXCEPTION 'hub.effective_on is not set' USING HINT = 'write through services.kernel.database';
    END IF;
    IF TG_OP <> 'INSERT' THEN before := to_jsonb(OLD); END IF;
    IF TG_OP <> 'DELETE' THEN after := to_jsonb(NEW); END IF;
    IF position(',' IN TG_ARGV[0]) = 0 THEN
        key := coalesce(after, before) ->> TG_ARGV[0];
    ELSE
        SELECT string_agg(coalesce(after, before) ->> name, '/' ORDER BY place) INTO key
            FROM unnest(string_to_array(TG_ARGV[0], ',')) WITH ORDINALITY AS named (name, place);
    END IF;
    IF begins_on IS NOT NULL AND TG_OP <> 'DELETE' THEN
        first_day := (after ->> begins_on)::date;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        SELECT coalesce(jsonb_object_agg(entry.key, entry.value), '{}') INTO patch
            FROM jsonb_each(after) AS entry WHERE before -> entry.key IS DISTINCT FROM entry.value;
        IF patch = '{}' THEN RETURN NULL; END IF;
        INSERT INTO row_history (alliance, table_name, row_key, valid_from, valid_until, data)
            SELECT alliance, table_name, row_key, effective, valid_until, data FROM row_history
            WHERE alliance = NEW.alliance AND table_name = TG_TABLE_NAME AND row_key = key
                AND valid_from < effective AND (valid_until IS NULL OR valid_until > effective);
        IF FOUND THEN
            UPDATE row_history SET valid_until = effective
                WHERE alliance = NEW.alliance AND table_name = TG_TABLE_NAME AND row_key = key
                    AND valid_from < effective AND (valid_until IS NULL OR valid_until > effective);
        END IF;
        UPDATE row_history SET data = data || patch
            WHERE alliance = NEW.alliance AND table_name = TG_TABLE_NAME AND row_key = key AND valid_from >= effective;
        UPDATE row_history SET valid_from = first_day
            WHERE alliance = NEW.alliance AND table_name = TG_TABLE_NAME AND row_key = key AND valid_from > first_day
                AND valid_from = (SELECT min(valid_from) FROM row_history
                    WHERE alliance = NEW.alliance AND table_name = TG_TABLE_NAME AND row_key = key);
        RETURN NULL;
    END IF;
    IF first_day < effective THEN effective := first_day; END IF;
    IF TG_OP = 'DELETE' OR EXISTS (SELECT FROM row_history
            WHERE alliance = NEW.alliance AND table_name = TG_TABLE_NAME AND row_key = key) THEN
        DELETE FROM row_history WHERE alliance = coalesce(after, before) ->> 'alliance'
            AND table_name = TG_TABLE_NAME AND row_key = key AND valid_from >= effective;
        UPDATE row_history SET valid_until = effective WHERE alliance = coalesce(after, before) ->> 'alliance'
            AND table_name = TG_TABLE_NAME AND row_key = key AND (valid_until IS NULL OR valid_until > effective);
    END IF;
    IF TG_OP = 'INSERT' THEN
        INSERT INTO row_history (alliance, table_name, row_key, valid_from, data)
            VALUES (NEW.alliance, TG_TABLE_NAME, key, effective, after);
    END IF;
    RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION keep_history() FROM PUBLIC;
"""


@dataclass(frozen=True)
class State:
    """A state of a row and the days on which it held; `valid_until` is exclusive, None while it holds."""

    valid_from: date
    valid_until: date | None
    data: dict[str, Any]


class Historic:
    """Mixin of a table whose rows are edited and remembered; its migration calls `remember`."""

    history_begins: ClassVar[str | None] = None
    """A date column from which a row is true when that is before the day of its entry (`joined_on`)."""


class Period:
    """Mixin of a table whose rows carry their own days: from (inclusive) and until (exclusive, null while it lasts)."""

    period_columns: ClassVar[tuple[str, str]] = ("from_date", "until_date")


class Dated:
    """Mixin of a table of events, each of one day (null: always shown)."""

    dated_on: ClassVar[str]


def create_history(op: Operations | Any, service: str) -> None:
    """Create `row_history` and its trigger function; a migration of the service calls this once."""
    run_script(op, KEEP_HISTORY.replace("{service}", service))
    enable_tenancy(op, service, "row_history", append_only=True)
    op.execute(f"REVOKE INSERT ON row_history FROM hub_{service}")


def remember(op: Operations | Any, table: str, key: tuple[str, ...] = ("id",), begins_on: str = "") -> None:
    """Have the history of a table kept from now on. Rows that it already has begin today, or on their own day.

    `key` is the primary key without the alliance; `begins_on` as `Historic.history_begins`.
    """
    joined = " || '/' || ".join(f"{column}::text" for column in key)
    today = "(now() AT TIME ZONE 'Asia/Shanghai')::date"
    since = f"least({begins_on}, {today})" if begins_on else today
    op.execute(
        f"CREATE TRIGGER keep_history AFTER INSERT OR UPDATE OR DELETE ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION keep_history('{','.join(key)}', '{begins_on}')"
    )
    op.execute(
        "INSERT INTO row_history (alliance, table_name, row_key, valid_from, data)"  # noqa: S608  # names of our own
        f" SELECT alliance, '{table}', {joined}, {since}, to_jsonb({table}) FROM {table}"
    )


def at(table: type[T], as_of: date | None) -> type[T]:
    """The table as it stood on a business day, to stand for it in a query; the table itself when no day is given.

    Raises TypeError for a table that has no memory.
    """
    if as_of is None:
        return table
    if issubclass(table, Historic):
        return aliased(table, _states(table.__table__, as_of).subquery(f"{table.__tablename__}_then"))
    if issubclass(table, Period):
        begins, ends = (table.__table__.c[name] for name in table.period_columns)
        rows = select(table.__table__).where(or_(begins.is_(None), begins <= as_of), or_(ends.is_(None), ends > as_of))
    elif issubclass(table, Dated):
        day = table.__table__.c[table.dated_on]
        rows = select(table.__table__).where(or_(day.is_(None), day <= as_of))
    else:
        raise TypeError(f"{table.__name__} keeps no history")
    return aliased(table, rows.subquery(f"{table.__tablename__}_then"))


def _states(table: Any, as_of: date) -> Any:
    """The rows of a historic table on a day, out of its history."""
    columns: Table = table
    names = ", ".join(f'then_row."{column.name}"' for column in columns.columns)
    statement = text(
        f"SELECT {names} FROM row_history AS past,"  # noqa: S608  # names of our own columns
        f" LATERAL jsonb_populate_record(NULL::{columns.name}, past.data) AS then_row"
        " WHERE past.alliance = current_setting('hub.alliance') AND past.table_name = :history_of"
        " AND past.valid_from <= :as_of AND (past.valid_until IS NULL OR past.valid_until > :as_of)"
    )
    bound = statement.bindparams(
        bindparam("history_of", columns.name, unique=True), bindparam("as_of", as_of, unique=True)
    )
    return bound.columns(*columns.columns)


def effective_day(day: date | None, clock: Clock, field: str = "effective_on") -> date:
    """The day from which a change holds, today unless given. Raises InvalidInput for one ahead of us or far back."""
    today = business_date(clock)
    if day is None:
        return today
    if day > today:
        raise InvalidInput([FieldIssue(field, "day_ahead", "生效日期不能晚于今天；请到当天再办理。")])
    if day < EARLIEST:
        raise InvalidInput([FieldIssue(field, "day_too_early", "生效日期过早，请核对年份。")])
    return day


async def states_of(session: AnySession, table: type[TenantTable], alliance: str, *key: object) -> list[State]:
    """Every state of one row, oldest first; `key` is its primary key without the alliance."""
    row_key = row_key_of(*key)
    return (await states_of_rows(session, table, alliance, [row_key])).get(row_key, [])


async def states_of_rows(
    session: AnySession, table: type[TenantTable], alliance: str, row_keys: Sequence[str]
) -> dict[str, list[State]]:
    """Every state of some rows by their `row_key_of`, oldest first; a row without a history is not among them."""
    asked = {"alliance": alliance, "history_of": table.__tablename__, "row_keys": list(row_keys)}
    states: dict[str, list[State]] = {}
    for row in await session.execute(STATES, asked):
        states.setdefault(row.row_key, []).append(State(row.valid_from, row.valid_until, row.data))
    return states


def row_key_of(*key: object) -> str:
    """A primary key without its alliance as the history writes it."""
    return "/".join(str(part) for part in key)
