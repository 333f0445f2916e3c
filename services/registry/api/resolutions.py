"""`/resolutions`: draft, change, vote, read, list, export, and options to cite."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from services.kernel.audit import audit_export
from services.kernel.clock import Clock, business_date
from services.kernel.database import AnySession
from services.kernel.etags import etag_of, set_etag
from services.kernel.idempotency import IdempotentCreate
from services.kernel.pagination import MAXIMUM_LIMIT, Page, PageRequest
from services.kernel.sessions import CallerScope, InjectedClock, Reading, Writing
from services.kernel.tenancy import Scope
from services.registry.api.bodies import share_of
from services.registry.api.histories import add_history
from services.registry.api.meetings import resolution_ref
from services.registry.api.members import workbook
from services.registry.api.parameters import AsOf, Paging, Purpose, Seen
from services.registry.auth import RegistryRead, RegistryWrite
from services.registry.commands.propose_resolution import propose_resolution
from services.registry.commands.record_vote import record_vote
from services.registry.commands.update_resolution import update_resolution
from services.registry.domain.governance import Count, Outcome
from services.registry.governance_sheets import resolution_workbook
from services.registry.queries.governance import names_on
from services.registry.queries.meetings import (
    ResolutionFilter,
    attendance_of,
    attendance_reads,
    find_meeting,
    find_resolution,
    list_resolutions,
    number_of,
    resolutions_to_cite,
    seats_at,
    votes_of,
)
from services.registry.schemas.governance import BodyRef
from services.registry.schemas.meetings import (
    ResolutionCreate,
    ResolutionOption,
    ResolutionOptions,
    ResolutionRead,
    ResolutionSummary,
    ResolutionUpdate,
    VoteRead,
    VoteRecord,
)
from services.registry.tables import Body, Meeting, Resolution

router = APIRouter(prefix="/resolutions", tags=["governance"])
COUNTS = ("in_favour", "against", "abstained")


def resolution_filter(
    q: Annotated[str | None, Query(max_length=50, description="标题、拼音或文号中的一段")] = None,
    body: UUID | None = None,
    meeting: UUID | None = None,
    year: Annotated[int | None, Query(ge=1949, le=2999)] = None,
    outcome: Outcome | None = None,
) -> ResolutionFilter:
    """The query of a list or an export."""
    return ResolutionFilter(q, body, meeting, year, outcome)


Asked = Annotated[ResolutionFilter, Depends(resolution_filter)]


def summary(one: Resolution, bodies: dict[UUID, str]) -> ResolutionSummary:
    """A resolution for a list."""
    counts = {name: getattr(one, name) for name in COUNTS}
    body = BodyRef(id=one.body, name=bodies[one.body])
    return ResolutionSummary(**resolution_ref(one).model_dump(), body=body, meeting=one.meeting, **counts)


async def read(session: AnySession, scope: Scope, clock: Clock, one: Resolution) -> ResolutionRead:
    """A resolution for its own page."""
    meeting = await find_meeting(session, scope, one.meeting)
    bodies = await names_on(session, scope.alliance, Body, [one.body], None)
    plain = ("agenda_item", "content", "method", "seats_total", "seats_present", "majority_of", "rules_source")
    shown = ("row_version", "created_at", "updated_at")
    return ResolutionRead(
        **summary(one, bodies).model_dump(),
        **{name: getattr(one, name) for name in (*plain, *shown)},
        meeting_title=meeting.title,
        held_on=meeting.held_on,
        tie=is_tie(one),
        quorum=share_of(one, "quorum"),
        majority=share_of(one, "majority"),
        votes=await _votes(session, scope, clock, meeting, one),
    )


def is_tie(one: Resolution) -> bool:
    """Whether as many voted for it as against it."""
    if one.seats_total is None or one.seats_present is None:
        return False
    return Count(one.seats_total, one.seats_present, one.in_favour or 0, one.against or 0, one.abstained or 0).is_tie


async def _votes(session: AnySession, scope: Scope, clock: Clock, meeting: Meeting, one: Resolution) -> list[VoteRead]:
    votes = await votes_of(session, scope, one.id)
    if not votes:
        return []
    seats = await seats_at(session, scope, meeting, business_date(clock))
    attendance = await attendance_of(session, scope, meeting.id)
    rows = await attendance_reads(session, scope, meeting, seats, attendance)
    return [
        VoteRead(
            seat=row.seat,
            title=row.title,
            unit=row.unit,
            vote=votes[row.seat].vote,
            cast_by=votes[row.seat].cast_by,
            by_proxy=votes[row.seat].by_proxy,
        )
        for row in rows
        if row.seat in votes
    ]


@router.get("", summary="查询决议")
async def list_(
    session: Reading,
    scope: CallerScope,
    _caller: RegistryRead,
    asked: Asked,
    page: Paging,
    as_of: AsOf = None,
) -> Page[ResolutionSummary]:
    found, cursor, total = await list_resolutions(session, scope, as_of, asked, page)
    bodies = await names_on(session, scope.alliance, Body, (one.body for one in found), as_of)
    return Page(items=[summary(one, bodies) for one in found], next_cursor=cursor, total=total)


@router.get("/options", summary="可引用的决议（已通过），供选择")
async def options(
    session: Reading,
    scope: CallerScope,
    _caller: RegistryRead,
    q: Annotated[str | None, Query(max_length=50, description="标题、拼音或文号中的一段")] = None,
) -> ResolutionOptions:
    found = await resolutions_to_cite(session, scope, q)
    return ResolutionOptions(
        items=[ResolutionOption(id=one.id, label=f"{number_of(one)} {one.title}") for one in found]
    )


@router.get("/export.xlsx", summary="导出决议目录", response_class=Response)
async def export(
    session: Writing,
    scope: CallerScope,
    clock: InjectedClock,
    principal: RegistryRead,
    asked: Asked,
    as_of: AsOf = None,
    reason: Purpose = None,
) -> Response:
    rows: list[Resolution] = []
    cursor: str | None = None
    while True:
        request = PageRequest(MAXIMUM_LIMIT, cursor, "-resolved_on")
        found, cursor, _ = await list_resolutions(session, scope, as_of, asked, request)
        rows += found
        if cursor is None:
            break
    bodies = await names_on(session, scope.alliance, Body, (one.body for one in rows), as_of)
    await audit_export(session, clock, principal, "resolution", rows=len(rows), reason=reason)
    return workbook(resolution_workbook([summary(one, bodies) for one in rows]), "resolutions", "决议目录")


@router.post("", status_code=201, response_model=ResolutionRead, summary="起草决议")
async def propose(
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    once: IdempotentCreate,
    draft: ResolutionCreate,
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    made = await propose_resolution(session, clock, principal, draft)
    headers = {"Location": f"/api/registry/v1/resolutions/{made.id}", "ETag": etag_of(made.row_version)}
    return await once.answer(await read(session, scope, clock, made), headers=headers)


@router.get("/{resolution_id}", summary="查看一项决议")
async def get(
    resolution_id: UUID,
    session: Reading,
    scope: CallerScope,
    clock: InjectedClock,
    _caller: RegistryRead,
    response: Response,
) -> ResolutionRead:
    found = await find_resolution(session, scope, resolution_id)
    set_etag(response, found.row_version)
    return await read(session, scope, clock, found)


@router.put("/{resolution_id}", summary="修改未表决的决议")
async def update(
    resolution_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    draft: ResolutionUpdate,
    seen: Seen,
    response: Response,
) -> ResolutionRead:
    found = await update_resolution(session, clock, principal, resolution_id, draft, seen)
    set_etag(response, found.row_version)
    return await read(session, scope, clock, found)


@router.put("/{resolution_id}/vote", summary="登记表决（举手计数或逐席记名）")
async def vote(
    resolution_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    record: VoteRecord,
    seen: Seen,
    response: Response,
) -> ResolutionRead:
    found = await record_vote(session, clock, principal, resolution_id, record, seen)
    set_etag(response, found.row_version)
    return await read(session, scope, clock, found)


add_history(router, "resolution", find_resolution)
