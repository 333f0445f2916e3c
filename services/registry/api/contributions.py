"""`/collaborations/{id}/contributions`: what members put in, with sums."""

from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Response

from services.kernel.database import AnySession
from services.kernel.etags import etag_of, set_etag
from services.kernel.idempotency import IdempotentCreate
from services.kernel.permissions import Permission
from services.kernel.principal import Principal
from services.kernel.sessions import CallerScope, InjectedClock, Reading, Writing
from services.kernel.tenancy import Scope
from services.registry.api.parameters import AsOfToday, Correction, Seen
from services.registry.auth import RegistryOwn, RegistryRead
from services.registry.commands.add_contribution import add_contribution
from services.registry.commands.change_contribution import change_contribution
from services.registry.commands.remove_contribution import remove_contribution
from services.registry.domain.collaborations import Sum, sum_of, sums
from services.registry.queries.collaborations import find_collaboration, member_names
from services.registry.queries.contributions import contributions_of
from services.registry.queries.kept_units import kept_among
from services.registry.schemas.collaborations import MemberRef
from services.registry.schemas.contributions import (
    ContributionRead,
    Contributions,
    ContributionWrite,
    KindSum,
    MemberSum,
    SumRead,
)
from services.registry.tables import Contribution

router = APIRouter(prefix="/collaborations/{collaboration_id}/contributions", tags=["collaborations"])
K = TypeVar("K")
MAY_CHANGE = (Permission.REGISTRY_WRITE, Permission.REGISTRY_OWN)


async def _read(
    session: AnySession, scope: Scope, principal: Principal, found: list[Contribution], as_of: date | None
) -> list[ContributionRead]:
    members = {contribution.member for contribution in found}
    names = await member_names(session, scope, members, as_of)
    own = await kept_among(session, scope, members) if any(map(principal.may, MAY_CHANGE)) else set()
    return [
        ContributionRead(
            **{name: getattr(one, name) for name in ("id", "kind", "description", "value", "on_date", "evidence")},
            member=MemberRef(id=one.member, name=names[one.member]),
            own=one.member in own,
            row_version=one.row_version,
        )
        for one in found
    ]


@router.get("", summary="查看投入和合计")
async def list_(
    collaboration_id: UUID,
    session: Reading,
    scope: CallerScope,
    principal: RegistryRead,
    as_of: AsOfToday = None,
) -> Contributions:
    await find_collaboration(session, scope, collaboration_id, as_of)
    found = await contributions_of(session, scope, collaboration_id, as_of)
    items = await _read(session, scope, principal, found, as_of)
    names = {item.member.id: item.member for item in items}
    by_member = sums((item.member.id, item) for item in items)
    return Contributions(
        items=items,
        by_kind=[KindSum(kind=s.key, **_sum(s)) for s in sums((item.kind, item) for item in items)],
        by_member=[MemberSum(member=names[s.key], **_sum(s)) for s in by_member],
        total=SumRead(**_sum(sum_of(None, items))),
    )


def _sum(found: Sum[K]) -> dict[str, Any]:
    return {"value": found.value, "count": found.count, "unvalued": found.unvalued}


@router.post("", status_code=201, response_model=ContributionRead, summary="登记投入")
async def add(
    collaboration_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryOwn,
    scope: CallerScope,
    once: IdempotentCreate,
    draft: ContributionWrite,
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    made = await add_contribution(session, clock, principal, collaboration_id, draft)
    headers = {"Location": f"/api/registry/v1/collaborations/{collaboration_id}/contributions"}
    headers["ETag"] = etag_of(made.row_version)
    return await once.answer((await _read(session, scope, principal, [made], None))[0], headers=headers)


@router.put("/{contribution_id}", summary="修改投入")
async def change(
    collaboration_id: UUID,
    contribution_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryOwn,
    scope: CallerScope,
    draft: ContributionWrite,
    seen: Seen,
    response: Response,
) -> ContributionRead:
    found = await change_contribution(session, clock, principal, collaboration_id, contribution_id, draft, seen)
    set_etag(response, found.row_version)
    return (await _read(session, scope, principal, [found], None))[0]


@router.delete("/{contribution_id}", status_code=204, summary="更正：删去登错的投入")
async def remove(
    collaboration_id: UUID,
    contribution_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryOwn,
    reason: Correction,
    seen: Seen,
) -> None:
    await remove_contribution(session, clock, principal, collaboration_id, contribution_id, reason, seen)
