"""`/bodies`: list, read, create, change, dissolve; their terms and seats."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.kernel.database import AnySession
from services.kernel.etags import etag_of, set_etag
from services.kernel.idempotency import IdempotentCreate
from services.kernel.pagination import Page
from services.kernel.sessions import CallerScope, InjectedClock, Reading, Writing
from services.kernel.tenancy import Scope
from services.registry.api.histories import add_history
from services.registry.api.parameters import AsOf, Paging, Seen
from services.registry.api.seats import read_seat
from services.registry.auth import RegistryRead, RegistryWrite
from services.registry.commands.add_term import add_term
from services.registry.commands.create_body import create_body
from services.registry.commands.create_seat import create_seat
from services.registry.commands.dissolve_body import dissolve_body
from services.registry.commands.update_body import update_body
from services.registry.domain.governance import BodyKind
from services.registry.queries.governance import (
    BodyFilter,
    Moment,
    body_summaries,
    find_body,
    list_bodies,
    seat_summaries,
    seats_of,
    terms_of,
)
from services.registry.schemas.governance import (
    BodyCreate,
    BodyDissolution,
    BodyRead,
    BodySummary,
    BodyUpdate,
    SeatCreate,
    SeatRead,
    ShareWrite,
    TermCreate,
    TermRead,
)
from services.registry.tables import Body

router = APIRouter(prefix="/bodies", tags=["governance"])


def share_of(row: object, name: str) -> ShareWrite | None:
    """Quorum or majority of a body or a resolution; None where nobody has said what it is."""
    parts = {part: getattr(row, f"{name}_{part}") for part in ("numerator", "denominator", "strict")}
    return ShareWrite.model_validate(parts) if parts["numerator"] is not None else None


async def read(session: AnySession, scope: Scope, moment: Moment, body: Body) -> BodyRead:
    """A body for its own page, with its seats as of the day."""
    summary = (await body_summaries(session, scope, moment, [body]))[0]
    seats = await seats_of(session, scope, moment, [body.id])
    plain = ("duties", "host_options", "succession", "position", "majority_of", "rules_source", "number_prefix")
    return BodyRead(
        **summary.model_dump(),
        **{name: getattr(body, name) for name in plain},
        quorum=share_of(body, "quorum"),
        majority=share_of(body, "majority"),
        terms=[TermRead.model_validate(term) for term in await terms_of(session, scope, body.id)],
        seat_list=await seat_summaries(session, scope, moment, seats),
        row_version=body.row_version,
        created_at=body.created_at,
        updated_at=body.updated_at,
    )


@router.get("", summary="查询机构")
async def list_(
    session: Reading,
    scope: CallerScope,
    clock: InjectedClock,
    _caller: RegistryRead,
    page: Paging,
    q: Annotated[str | None, Query(max_length=50, description="名称、拼音或首字母中的一段")] = None,
    kind: BodyKind | None = None,
    as_of: AsOf = None,
) -> Page[BodySummary]:
    moment = Moment.of(as_of, clock)
    found, cursor, total = await list_bodies(session, scope, moment, BodyFilter(q, kind), page)
    items = await body_summaries(session, scope, moment, found)
    return Page(items=items, next_cursor=cursor, total=total)


@router.post("", status_code=201, response_model=BodyRead, summary="新增机构")
async def create(
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    once: IdempotentCreate,
    draft: BodyCreate,
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    body = await create_body(session, clock, principal, draft)
    headers = {"Location": f"/api/registry/v1/bodies/{body.id}", "ETag": etag_of(body.row_version)}
    return await once.answer(await read(session, scope, Moment.of(None, clock), body), headers=headers)


@router.get("/{body_id}", summary="查看一个机构")
async def get(
    body_id: UUID,
    session: Reading,
    scope: CallerScope,
    clock: InjectedClock,
    _caller: RegistryRead,
    response: Response,
    as_of: AsOf = None,
) -> BodyRead:
    moment = Moment.of(as_of, clock)
    body = await find_body(session, scope, body_id, moment)
    if as_of is None:
        set_etag(response, body.row_version)
    return await read(session, scope, moment, body)


@router.put("/{body_id}", summary="修改机构")
async def update(
    body_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    draft: BodyUpdate,
    seen: Seen,
    response: Response,
) -> BodyRead:
    body = await update_body(session, clock, principal, body_id, draft, seen)
    set_etag(response, body.row_version)
    return await read(session, scope, Moment.of(None, clock), body)


@router.post("/{body_id}/dissolution", summary="撤销机构")
async def dissolve(
    body_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    draft: BodyDissolution,
    seen: Seen,
    response: Response,
) -> BodyRead:
    body = await dissolve_body(session, clock, principal, body_id, draft, seen)
    set_etag(response, body.row_version)
    return await read(session, scope, Moment.of(None, clock), body)


@router.post("/{body_id}/terms", status_code=201, response_model=TermRead, summary="登记新一届")
async def new_term(
    body_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    once: IdempotentCreate,
    draft: TermCreate,
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    term = await add_term(session, clock, principal, body_id, draft)
    return await once.answer(TermRead.model_validate(term), headers={"Location": f"/api/registry/v1/bodies/{body_id}"})


@router.post("/{body_id}/seats", status_code=201, response_model=SeatRead, summary="新设席位")
async def new_seat(
    body_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    once: IdempotentCreate,
    draft: SeatCreate,
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    seat = await create_seat(session, clock, principal, body_id, draft)
    headers = {"Location": f"/api/registry/v1/seats/{seat.id}", "ETag": etag_of(seat.row_version)}
    return await once.answer(await read_seat(session, scope, Moment.of(None, clock), seat), headers=headers)


add_history(router, "body", find_body)
