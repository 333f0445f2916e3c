"""Members that may be one: those like one that is being entered, and pairs among those on record.

Likeness is that of names (also aliases and former ones) by their trigrams, without legal forms, kinds of divisions and
punctuation; the functions `members_like` and `members_alike` of migration 0005 find them by index.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, REAL, Text, Uuid, cast, column, func, or_, select, text

from services.kernel.database import AnySession
from services.kernel.tenancy import Scope
from services.registry.domain.duplicates import Pair
from services.registry.tables import DuplicateDismissal, Member

CANDIDATES: Final = 8
PAIRS: Final = text(
    """
    WITH alike AS (
        SELECT one, other, likeness FROM members_alike(CAST(:likeness AS real))
        UNION ALL
        SELECT first.id, second.id, 1 FROM member AS first JOIN member AS second
            ON second.alliance = first.alliance AND second.school_code = first.school_code AND first.id < second.id
        WHERE first.alliance = :alliance
    )
    SELECT one, other, max(likeness) AS likeness FROM alike
    WHERE NOT EXISTS (SELECT FROM duplicate_dismissal AS told
            WHERE told.alliance = :alliance AND told.one = alike.one AND told.other = alike.other)
        AND NOT EXISTS (SELECT FROM member_succession AS past WHERE past.alliance = :alliance
            AND ((past.predecessor = alike.one AND past.successor = alike.other)
                OR (past.predecessor = alike.other AND past.successor = alike.one)))
    GROUP BY one, other
    """
).columns(column("one", Uuid), column("other", Uuid), column("likeness", REAL))


async def candidates(
    session: AnySession,
    scope: Scope,
    likeness: float,
    *,
    names: Sequence[str],
    uscc: str | None,
    school_code: str | None,
    own: UUID | None,
) -> list[tuple[Member, float]]:
    """Members with a name like one of these, or with one of these codes, the likeliest first; not `own` itself."""
    scores = await _scores(session, names, likeness) if names else {}
    given = {Member.uscc: uscc, Member.school_code: school_code}
    coded = [field == code for field, code in given.items() if code]
    statement = scope.select(Member).where(or_(Member.id.in_(scores), *coded))
    if own is not None:
        statement = statement.where(Member.id != own)
    same = {code for code in (uscc, school_code) if code}
    found = [
        (member, 1.0 if same & {member.uscc, member.school_code} else scores[member.id])
        for member in await session.scalars(statement)
    ]
    return sorted(found, key=lambda one: (-one[1], one[0].sort_key, one[0].id))[:CANDIDATES]


async def _scores(session: AnySession, names: Sequence[str], likeness: float) -> dict[UUID, float]:
    like = func.members_like(cast([*names], ARRAY(Text)), cast(likeness, REAL))
    found = like.table_valued(column("id", Uuid), column("likeness", REAL))
    rows = await session.execute(select(found.c.id, found.c.likeness))
    return {row.id: float(row.likeness) for row in rows}


async def all_pairs(session: AnySession, scope: Scope, likeness: float) -> list[Pair]:
    """Every pair on record that may be one, the likeliest first; neither dismissed nor merged."""
    found = await session.execute(PAIRS, {"likeness": likeness, "alliance": scope.alliance})
    return sorted((Pair(row.one, row.other, row.likeness) for row in found), key=lambda pair: pair.order)


async def members_of(session: AnySession, scope: Scope, pairs: Sequence[Pair]) -> dict[UUID, Member]:
    """The members of some pairs by id."""
    ids = {member for pair in pairs for member in (pair.one, pair.other)}
    return {member.id: member for member in await session.scalars(scope.select(Member).where(Member.id.in_(ids)))}


async def is_dismissed(session: AnySession, scope: Scope, one: UUID, other: UUID) -> bool:
    """Whether a pair (the smaller id first) was found to be two."""
    pair = (DuplicateDismissal.one == one, DuplicateDismissal.other == other)
    return (await session.scalars(scope.select(DuplicateDismissal).where(*pair))).first() is not None
