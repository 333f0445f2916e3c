"""The feed: what a unit may see of an alliance's changes, in their order.

One collector writes at a time, so a change becomes visible only after all that have a smaller number: what lies at or
below the head is complete, and a cursor that has passed it never misses anything.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, func, or_, select

from services.exchange.domain import Audience
from services.exchange.tables import Change
from services.kernel.database import AnySession
from services.kernel.errors import FieldIssue, InvalidInput


@dataclass(frozen=True)
class FeedPage:
    """Changes in order; `next_cursor` continues behind them, or behind all there is when `has_more` is false."""

    changes: Sequence[Change]
    next_cursor: str
    has_more: bool


def encode_cursor(alliance: str, seq: int) -> str:
    """The cursor behind a change; opaque to clients, and for one alliance only."""
    return base64.urlsafe_b64encode(f"1 {alliance} {seq}".encode()).decode().rstrip("=")


def decode_cursor(cursor: str, alliance: str) -> int:
    """The number behind which a cursor stands. Raises InvalidInput for what this hub never gave for this alliance."""
    try:
        version, given, seq = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii").split(" ")
        if (version, given) == ("1", alliance) and seq.isdigit() and encode_cursor(alliance, int(seq)) == cursor:
            return int(seq)
    except ValueError:
        pass  # refused below, like every other malformed cursor
    sentence = "位置不是本联盟变更流给出的 next_cursor；请原样带回上次得到的值，首次读取请不带 after。"
    raise InvalidInput([FieldIssue("after", "cursor_invalid", sentence)])


def limit_to(statement: Select[Any], audience: Audience) -> Select[Any]:
    """Limit a statement on changes to what an audience may see; `Audience.admits` says the same of one change."""
    if audience.everything:
        return statement
    seen = [and_(Change.division.is_(None), Change.member.is_(None))]
    if audience.division is not None:
        seen.append(Change.division == audience.division)
    if audience.member is not None:
        seen.append(Change.member == audience.member)
    return statement.where(or_(*seen))


async def head_of(session: AnySession, alliance: str) -> int:
    """The number of the newest change; 0 before the first."""
    return (
        await session.execute(select(func.coalesce(func.max(Change.seq), 0)).filter_by(alliance=alliance))
    ).scalar_one()


async def feed_page(
    session: AnySession, alliance: str, audience: Audience, *, after: str | None, limit: int, types: Sequence[str]
) -> FeedPage:
    """What comes behind a cursor. The head is read first: what is written meanwhile belongs to the next page."""
    start = decode_cursor(after, alliance) if after else 0
    head = await head_of(session, alliance)
    start = min(start, head)  # a database restored from a backup has lost what the cursor had passed
    own = (Change.alliance == alliance, Change.seq > start, Change.seq <= head)
    statement = limit_to(select(Change).where(*own), audience)
    if types:
        statement = statement.where(Change.type.in_(types))
    rows = (await session.scalars(statement.order_by(Change.seq).limit(limit + 1))).all()
    has_more = len(rows) > limit
    reached = rows[limit - 1].seq if has_more else head
    return FeedPage(rows[:limit], encode_cursor(alliance, reached), has_more)


async def types_seen(session: AnySession, alliance: str, audience: Audience) -> list[str]:
    """The types of change that have occurred for this audience, by name."""
    statement = limit_to(select(Change.type).where(Change.alliance == alliance), audience)
    return list((await session.scalars(statement.distinct().order_by(Change.type))).all())
