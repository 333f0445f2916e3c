"""Put deliveries into the worker's queue, in the transaction that made or revived them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final
from uuid import UUID

from services.exchange.tables import Delivery
from services.kernel.database import WriteSession
from services.kernel.jobs import put_in_queue

ENTRYPOINT: Final = "deliver_webhook"


@dataclass(frozen=True)
class DeliveryReference:
    """What the queue holds of a delivery; an entry of an earlier round finds nothing to do."""

    alliance: str
    endpoint: UUID
    delivery: UUID
    round: int

    @classmethod
    def read(cls, stored: dict[str, Any]) -> "DeliveryReference":
        return cls(stored["alliance"], UUID(stored["endpoint"]), UUID(stored["delivery"]), stored["round"])


async def queue_deliveries(session: WriteSession, deliveries: Sequence[Delivery]) -> None:
    """Send these as soon as the transaction has committed."""
    references = [DeliveryReference(d.alliance, d.endpoint_id, d.id, d.round) for d in deliveries]
    if references:
        stored = [{k: v if k == "round" else str(v) for k, v in asdict(r).items()} for r in references]
        await put_in_queue(session, "exchange", ENTRYPOINT, stored)
