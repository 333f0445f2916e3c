"""Endpoints and deliveries: one, many; always of one unit."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, select

from services.exchange.domain import DeliveryState
from services.exchange.tables import Attempt, Change, Delivery, Endpoint
from services.kernel.database import AnySession
from services.kernel.errors import NotFound
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope


def own_endpoints(principal: Principal) -> Select[Endpoint]:
    """The caller's unit's endpoints; the secretariat, too, manages its own only."""
    return Scope.of(principal).select(Endpoint).where(Endpoint.owner == principal.owner)


def own_deliveries(principal: Principal) -> Select[Delivery]:
    """Deliveries to the caller's unit's endpoints."""
    return Scope.of(principal).select(Delivery).where(Delivery.owner == principal.owner)


async def find_endpoint(
    session: AnySession, principal: Principal, endpoint_id: UUID, *, lock: bool = False
) -> Endpoint:
    """One endpoint of the caller's unit. Raises NotFound. Who locks endpoint and delivery locks the endpoint first."""
    statement = own_endpoints(principal).where(Endpoint.id == endpoint_id)
    found = (await session.scalars(statement.with_for_update(key_share=True) if lock else statement)).one_or_none()
    if found is None:
        raise NotFound("没有这个接收地址，或它不属于您的单位。", code="endpoint_not_found")
    return found


async def find_delivery(session: AnySession, principal: Principal, delivery_id: UUID) -> Delivery:
    """One delivery of the caller's unit. Raises NotFound."""
    found = (await session.scalars(own_deliveries(principal).where(Delivery.id == delivery_id))).one_or_none()
    if found is None:
        raise NotFound("没有这条推送记录，或它不属于您的单位；推送记录只保留一段时间。", code="delivery_not_found")
    return found


def deliveries_where(
    principal: Principal, *, endpoint: UUID | None, state: DeliveryState | None, event_type: str | None
) -> Select[Delivery]:
    """The caller's deliveries, narrowed by what is given."""
    statement = own_deliveries(principal)
    if endpoint is not None:
        statement = statement.where(Delivery.endpoint_id == endpoint)
    if state is not None:
        statement = statement.where(Delivery.state == state.value)
    return statement.where(Delivery.type == event_type) if event_type else statement


async def attempts_of(session: AnySession, delivery: Delivery) -> Sequence[Attempt]:
    """Every attempt of a delivery, in order."""
    own = (Attempt.alliance == delivery.alliance, Attempt.delivery_id == delivery.id)
    return (await session.scalars(select(Attempt).where(*own).order_by(Attempt.no))).all()


async def change_of(session: AnySession, delivery: Delivery) -> Change | None:
    """The change that a delivery tells; None for a test."""
    if delivery.change_seq is None:
        return None
    own = (Change.alliance == delivery.alliance, Change.seq == delivery.change_seq)
    return (await session.scalars(select(Change).where(*own))).one()
