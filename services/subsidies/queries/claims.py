"""Reading claims and their steps."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from services.kernel.database import AnySession
from services.kernel.errors import NotFound
from services.kernel.pagination import PageRequest, paginate, sort_column
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.subsidies.domain import ClaimState
from services.subsidies.tables import Claim, ClaimDecision

SORTABLE = {
    "changed_at": Claim.changed_at,
    "created_at": Claim.created_at,
    "owner": Claim.owner,
    "rule": Claim.rule,
    "state": Claim.state,
    "requested": Claim.requested_fen,
}


async def page_of_claims(
    session: AnySession,
    scope: Scope,
    request: PageRequest,
    *,
    year: int | None = None,
    rule: str | None = None,
    state: ClaimState | None = None,
    owner: str | None = None,
) -> tuple[list[Claim], str | None, int]:
    """Claims that the scope may see, by the given filters."""
    statement: Select[Any] = scope.select(Claim)
    wanted = {Claim.year: year, Claim.rule: rule, Claim.owner: owner, Claim.state: state.value if state else None}
    for column, value in wanted.items():
        if value is not None:
            statement = statement.where(column == value)
    order = sort_column(request, SORTABLE, "changed_at")
    return await paginate(session, statement, request, order=order, tie=Claim.id)


async def find_claim(session: AnySession, scope: Scope, claim_id: UUID, *, lock: bool = False) -> Claim:
    """One claim; `lock` keeps others from changing it until the transaction ends. Raises NotFound."""
    statement = scope.select(Claim).where(Claim.id == claim_id)
    found = (await session.scalars(statement.with_for_update() if lock else statement)).one_or_none()
    if found is None:
        raise NotFound("没有这项申报，或它不属于您的单位。", code="claim_not_found")
    return found


async def decisions_of(session: AnySession, scope: Scope, claim_id: UUID) -> list[ClaimDecision]:
    """The steps of a claim, oldest first."""
    statement = scope.select(ClaimDecision).where(ClaimDecision.claim_id == claim_id).order_by(ClaimDecision.no)
    return list((await session.scalars(statement)).all())


async def standing_claim(
    session: AnySession, principal: Principal, *, year: int, rule: str, collaboration: UUID | None
) -> Claim | None:
    """The caller's own claim of this year, rule and collaboration that was not withdrawn, if any."""
    same_thing = Claim.collaboration.is_(None) if collaboration is None else Claim.collaboration == collaboration
    statement = select(Claim).where(
        Claim.alliance == principal.alliance,
        Claim.owner == principal.owner,
        Claim.year == year,
        Claim.rule == rule,
        same_thing,
        Claim.state != ClaimState.WITHDRAWN.value,
    )
    return (await session.scalars(statement)).one_or_none()
