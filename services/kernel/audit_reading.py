"""Reading the audit log: pages for people, and its lines for an export that can be verified."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, RowMapping, Text, cast, func, or_, select

from services.kernel.audit_chain import FIELDS
from services.kernel.database import AnySession, Database
from services.kernel.shared_tables import audit_anchor, audit_entry

BATCH: Final = 1_000
entry = audit_entry.c


@dataclass(frozen=True)
class EntryFilter:
    """Which entries: null leaves a field open; `until` is exclusive.

    `actor` is an id or a name; `action` a whole action, or what stands before a dot in several.
    """

    from_: datetime | None = None
    until: datetime | None = None
    actor: str | None = None
    action: str | None = None
    object_kind: str | None = None
    object_id: str | None = None
    request_id: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        found = [
            column == value
            for column, value in (
                (entry.object_kind, self.object_kind),
                (entry.object_id, self.object_id),
                (entry.request_id, self.request_id),
            )
            if value is not None
        ]
        if self.from_ is not None:
            found.append(entry.at >= self.from_)
        if self.until is not None:
            found.append(entry.at < self.until)
        if self.actor is not None:
            found.append(or_(entry.actor == self.actor, entry.actor_name == self.actor))
        if self.action is not None:
            found.append(or_(entry.action == self.action, entry.action.startswith(f"{self.action}.", autoescape=True)))
        return found


async def page_of_entries(
    session: AnySession, alliance: str, wanted: EntryFilter, before: int | None, limit: int
) -> tuple[list[RowMapping], int | None, int]:
    """Entries newest first, below the number `before`: rows, the number to go on below, how many match in all."""
    conditions = [entry.alliance == alliance, *wanted.conditions()]
    total = (await session.execute(select(func.count()).select_from(audit_entry).where(*conditions))).scalar_one()
    if before is not None:
        conditions.append(entry.entry_no < before)
    statement = select(audit_entry).where(*conditions).order_by(entry.entry_no.desc()).limit(limit + 1)
    rows = list((await session.execute(statement)).mappings().all())
    more = rows[limit - 1]["entry_no"] if len(rows) > limit else None
    return rows[:limit], more, total


@dataclass(frozen=True)
class Stretch:
    """A part of the chain without gaps; `previous_hash` is what its first entry refers to."""

    first: int
    last: int
    previous_hash: bytes
    last_hash: bytes

    @property
    def rows(self) -> int:
        return self.last - self.first + 1


async def find_stretch(
    session: AnySession, alliance: str, from_: datetime | None, until: datetime | None
) -> Stretch | None:
    """The stretch from the first entry at or after `from_` to the last before `until`; None when there is none.

    Entries are chained in the order of the commits, so one near the ends may bear a time a little outside.
    """
    own = entry.alliance == alliance
    first = await session.scalar(select(func.min(entry.entry_no)).where(own, *EntryFilter(from_=from_).conditions()))
    last = await session.scalar(select(func.max(entry.entry_no)).where(own, *EntryFilter(until=until).conditions()))
    if first is None or last is None or first > last:
        return None
    hashes = select(entry.entry_no, entry.previous_hash, entry.hash).where(own, entry.entry_no.in_((first, last)))
    found = {row.entry_no: row for row in await session.execute(hashes)}
    return Stretch(first, last, bytes(found[first].previous_hash), bytes(found[last].hash))


async def newest_anchor(session: AnySession, alliance: str) -> RowMapping | None:
    """Where the chain was cut off last, if it ever was."""
    own = select(audit_anchor).where(audit_anchor.c.alliance == alliance)
    statement = own.order_by(audit_anchor.c.entry_no.desc()).limit(1)
    return (await session.execute(statement)).mappings().one_or_none()


async def lines_of(database: Database, alliance: str, stretch: Stretch) -> AsyncIterator[bytes]:
    """The lines of a stretch in order, read in batches: each is JSON with the very texts that were hashed."""
    texts = (entry.before, entry.after, entry.post)
    columns = [cast(column, Text).label(column.key) if column in texts else column for column in audit_entry.columns]
    at = stretch.first
    while at <= stretch.last:
        part = (entry.alliance == alliance, entry.entry_no.between(at, min(at + BATCH - 1, stretch.last)))
        async with database.read(alliance) as session:
            rows = (await session.execute(select(*columns).where(*part).order_by(entry.entry_no))).mappings().all()
        yield b"".join(_line(row) for row in rows)
        at += BATCH


def instant_text(at: datetime) -> str:
    """An instant in UTC as it is hashed: six digits of a second, `Z`."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _line(row: RowMapping) -> bytes:
    line: dict[str, Any] = {name: row[name] for name in FIELDS}
    line["at"] = instant_text(row["at"])
    line["previous_hash"] = bytes(row["previous_hash"]).hex()
    line["hash"] = bytes(row["hash"]).hex()
    return json.dumps(line, ensure_ascii=False).encode() + b"\n"
