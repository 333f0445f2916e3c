"""Reading settlements: who may see which, and what their pins name."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from services.kernel.database import AnySession
from services.kernel.errors import Conflict, NotFound
from services.kernel.pagination import PageRequest, paginate, sort_column
from services.kernel.permissions import Permission
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.subsidies.clients.registry import RegistryClient, RegistryFacts
from services.subsidies.domain import SettlementState
from services.subsidies.queries.facts import Inputs
from services.subsidies.queries.pinned import Pinned
from services.subsidies.queries.policy import Policy, policy_at
from services.subsidies.tables import Settlement

SORTABLE = {"created_at": Settlement.created_at, "year": Settlement.year}


def _visible(scope: Scope, principal: Principal) -> Select[Settlement]:
    """Whoever neither settles nor confirms sees what was confirmed, and no drafts of it."""
    statement = scope.select(Settlement)
    if not (principal.may(Permission.SUBSIDIES_SETTLE) or principal.may(Permission.SUBSIDIES_CONFIRM)):
        statement = statement.where(Settlement.state == SettlementState.CONFIRMED.value)
    return statement


async def page_of_settlements(
    session: AnySession,
    scope: Scope,
    principal: Principal,
    request: PageRequest,
    *,
    year: int | None,
    state: SettlementState | None,
) -> tuple[list[Settlement], str | None, int]:
    """Settlements, by year and state."""
    statement: Select[Any] = _visible(scope, principal)
    if year is not None:
        statement = statement.where(Settlement.year == year)
    if state is not None:
        statement = statement.where(Settlement.state == state.value)
    order = sort_column(request, SORTABLE, "created_at")
    return await paginate(session, statement, request, order=order, tie=Settlement.id)


async def find_settlement(
    session: AnySession, scope: Scope, principal: Principal, settlement_id: UUID, *, lock: bool = False
) -> Settlement:
    """One settlement. Raises NotFound."""
    statement = _visible(scope, principal).where(Settlement.id == settlement_id)
    found = (await session.scalars(statement.with_for_update() if lock else statement)).one_or_none()
    if found is None:
        raise NotFound("没有这次结算，或它尚未确认公布。", code="settlement_not_found")
    return found


async def basis_of(session: AnySession, settlement: Settlement) -> tuple[Pinned, Policy]:
    """What a computed settlement pinned, and the policy version among it. Raises Conflict before that."""
    if settlement.pins is None:
        raise Conflict("这次结算还没有算出结果，请稍后再看。", code="settlement_not_computed")
    pinned = Pinned.from_json(settlement.pins)
    pins = pinned.pins
    return pinned, await policy_at(session, pins.alliance, pins.policy_pack, pins.policy_version)


async def inputs_of(session: AnySession, registry: RegistryClient, settlement: Settlement) -> Inputs:
    """The policy version and registry snapshot that a computed settlement pinned. Raises Conflict before that."""
    pinned, policy = await basis_of(session, settlement)
    return Inputs(pinned, policy, await registry.at(session, pinned.pins.alliance, pinned.pins.registry_version))


async def is_year_confirmed(session: AnySession, alliance: str, year: int) -> bool:
    """Whether a year has its confirmed settlement."""
    confirmed = (Settlement.year == year, Settlement.state == SettlementState.CONFIRMED.value)
    found = select(Settlement.id).where(Settlement.alliance == alliance, *confirmed)
    return await session.scalar(found) is not None


@dataclass(frozen=True)
class Viewer:
    """Whose lines a caller may see: all, or those of its own rosters and those that pay its own units."""

    owner: str | None
    payees: frozenset[UUID]

    @property
    def sees_all(self) -> bool:
        return self.owner is None

    def may_see_payee(self, payee: UUID | None) -> bool:
        return self.sees_all or payee in self.payees


def viewer_of(principal: Principal, scope: Scope, registry: RegistryFacts) -> Viewer:
    """A county sees its own rosters and the units of its division, a member its own."""
    if scope.member is not None:
        return Viewer(principal.owner, frozenset({scope.member}))
    if scope.division is not None:
        units = {member.id for member in registry.members.values() if member.division == scope.division}
        return Viewer(principal.owner, frozenset(units))
    return Viewer(None, frozenset())
