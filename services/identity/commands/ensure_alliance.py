"""Name an alliance."""

from sqlalchemy.dialects.postgresql import insert

from services.identity.tables import Alliance
from services.kernel.database import WriteSession


async def ensure_alliance(session: WriteSession, alliance: str, name: str) -> None:
    """Set the name under which an alliance is shown."""
    statement = insert(Alliance).values(alliance=alliance, name=name)
    await session.execute(statement.on_conflict_do_update(index_elements=["alliance"], set_={"name": name}))
