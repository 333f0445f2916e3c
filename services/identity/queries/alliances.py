"""Which alliances this deployment serves."""

from collections.abc import Sequence

from sqlalchemy import select

from services.identity.queries.accounts import find_account
from services.identity.tables import Alliance
from services.kernel.database import AnySession, Database


async def all_alliances(session: AnySession) -> Sequence[Alliance]:
    """Every alliance by its code; the only table whose rows may be read across alliances (a policy of its own)."""
    return (await session.scalars(select(Alliance).order_by(Alliance.alliance))).all()


async def alliance_of_account(database: Database, default: str, username: str) -> str:
    """The alliance in which a normalised user name signs in; the default one when it is nobody's.

    The default one comes first, the others by code. All are asked in any case, so the time tells nothing of the name.
    """
    async with database.read(default) as session:
        others = [row.alliance for row in await all_alliances(session) if row.alliance != default]
    if not others or "\x00" in username:  # PostgreSQL text holds no NUL, and no account's name does
        return default
    found = []
    for alliance in (default, *others):
        async with database.read(alliance) as session:
            if await find_account(session, alliance, username) is not None:
                found.append(alliance)
    return found[0] if found else default
