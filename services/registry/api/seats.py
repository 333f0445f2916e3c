"""`/seats`: list, export, read, change, abolish; succession and vacancy."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from services.kernel.audit import audit_export
from services.kernel.database import AnySession
from services.kernel.etags import etag_of, set_etag
from services.kernel.idempotency import IdempotentCreate
from services.kernel.pagination import Page
from services.kernel.sessions import CallerScope, InjectedClock, Reading, Writing
from services.kernel.tenancy import Scope
from services.registry.api.histories import add_history
from services.registry.api.members import workbook
from services.registry.api.parameters import AsOf, Paging, Purpose, Seen
from services.registry.auth import RegistryRead, RegistryWrite
from services.registry.commands.abolish_seat import abolish_seat
from services.registry.commands.succeed_seat import succeed_seat
from services.registry.commands.update_seat import update_seat
from services.registry.commands.vacate_seat import vacate_seat
from services.registry.governance_sheets import seat_workbook
from services.registry.queries.governance import (
    Moment,
    SeatFilter,
    all_seats,
    find_seat,
    holdings_of,
    list_seats,
    seat_summaries,
)
from services.registry.schemas.governance import (
    HoldingRead,
    SeatAbolition,
    SeatRead,
    SeatSummary,
    SeatUpdate,
    SuccessionCreate,
    VacancyCreate,
)
from services.registry.tables import Seat

router = APIRouter(prefix="/seats", tags=["governance"])


def seat_filter(
    body: UUID | None = None,
    member: Annotated[UUID | None, Query(description="该单位的席位")] = None,
    holder: Annotated[str | None, Query(max_length=50, description="任职人姓名中的一段")] = None,
    vacant: Annotated[bool | None, Query(description="空缺的，或有人任职的")] = None,
) -> SeatFilter:
    """The query of a list or an export."""
    return SeatFilter(body, member, holder, vacant)


Asked = Annotated[SeatFilter, Depends(seat_filter)]


async def read_seat(session: AnySession, scope: Scope, moment: Moment, seat: Seat) -> SeatRead:
    """A seat with everybody who held it."""
    summary = (await seat_summaries(session, scope, moment, [seat]))[0]
    holdings = [HoldingRead.model_validate(one) for one in await holdings_of(session, scope, seat.id)]
    return SeatRead(**summary.model_dump(), holdings=holdings, row_version=seat.row_version)


@router.get("", summary="查询席位")
async def list_(
    session: Reading,
    scope: CallerScope,
    clock: InjectedClock,
    _caller: RegistryRead,
    asked: Asked,
    page: Paging,
    as_of: AsOf = None,
) -> Page[SeatSummary]:
    moment = Moment.of(as_of, clock)
    found, cursor, total = await list_seats(session, scope, moment, asked, page)
    items = await seat_summaries(session, scope, moment, found)
    return Page(items=items, next_cursor=cursor, total=total)


@router.get("/export.xlsx", summary="导出席位名册", response_class=Response)
async def export(
    session: Writing,
    scope: CallerScope,
    clock: InjectedClock,
    principal: RegistryRead,
    asked: Asked,
    as_of: AsOf = None,
    reason: Purpose = None,
) -> Response:
    moment = Moment.of(as_of, clock)
    seats = await seat_summaries(session, scope, moment, await all_seats(session, scope, moment, asked))
    await audit_export(session, clock, principal, "seat", rows=len(seats), reason=reason)
    return workbook(seat_workbook(seats), "seats", "机构席位名册")


@router.get("/{seat_id}", summary="查看一个席位和历任任职人")
async def get(
    seat_id: UUID,
    session: Reading,
    scope: CallerScope,
    clock: InjectedClock,
    _caller: RegistryRead,
    response: Response,
    as_of: AsOf = None,
) -> SeatRead:
    seat = await find_seat(session, scope, seat_id)
    set_etag(response, seat.row_version)
    return await read_seat(session, scope, Moment.of(as_of, clock), seat)


@router.put("/{seat_id}", summary="修改席位")
async def update(
    seat_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    draft: SeatUpdate,
    seen: Seen,
    response: Response,
) -> SeatRead:
    seat = await update_seat(session, clock, principal, seat_id, draft, seen)
    set_etag(response, seat.row_version)
    return await read_seat(session, scope, Moment.of(None, clock), seat)


@router.post("/{seat_id}/succession", status_code=201, response_model=SeatRead, summary="换任")
async def succeed(
    seat_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    once: IdempotentCreate,
    draft: SuccessionCreate,
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    seat = await succeed_seat(session, clock, principal, seat_id, draft)
    headers = {"Location": f"/api/registry/v1/seats/{seat_id}", "ETag": etag_of(seat.row_version)}
    return await once.answer(await read_seat(session, scope, Moment.of(None, clock), seat), headers=headers)


@router.post("/{seat_id}/vacancy", status_code=201, response_model=SeatRead, summary="登记空缺")
async def vacate(
    seat_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    once: IdempotentCreate,
    draft: VacancyCreate,
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    seat = await vacate_seat(session, clock, principal, seat_id, draft)
    headers = {"Location": f"/api/registry/v1/seats/{seat_id}", "ETag": etag_of(seat.row_version)}
    return await once.answer(await read_seat(session, scope, Moment.of(None, clock), seat), headers=headers)


@router.post("/{seat_id}/abolition", summary="撤销席位")
async def abolish(
    seat_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    draft: SeatAbolition,
    seen: Seen,
    response: Response,
) -> SeatRead:
    seat = await abolish_seat(session, clock, principal, seat_id, draft, seen)
    set_etag(response, seat.row_version)
    return await read_seat(session, scope, Moment.of(None, clock), seat)


add_history(router, "seat", find_seat)
