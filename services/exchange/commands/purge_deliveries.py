"""Delete deliveries that ended long ago, with their attempts; what they told stays in the feed."""

from datetime import datetime

from sqlalchemy import delete

from services.exchange.tables import Delivery
from services.kernel.database import WriteSession


async def purge_deliveries(session: WriteSession, alliance: str, before: datetime) -> int:
    """Delete what ended before an instant; returns how many."""
    gone = delete(Delivery).where(Delivery.alliance == alliance, Delivery.finished_at < before).returning(Delivery.id)
    return len((await session.scalars(gone)).all())
