"""Which alliances this deployment serves."""

from collections.abc import Sequence

from sqlalchemy import select

from services.identity.tables import Alliance
from services.kernel.database import AnySession


async def all_alliances(session: AnySession) -> Sequence[Alliance]:
    """Every alliance by its code; the only table whose rows may be read across alliances (a policy of its own)."""
    return (await session.scalars(select(Alliance).order_by(Alliance.alliance))).all()
