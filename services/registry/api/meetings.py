"""`/meetings`: plan, change, convene, attend, archive, cancel."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from services.kernel.clock import Clock, business_date
from services.kernel.database import AnySession
from services.kernel.etags import etag_of, set_etag
from services.kernel.idempotency import IdempotentCreate
from services.kernel.pagination import Page
from services.kernel.sessions import CallerScope, InjectedClock, Reading, Writing
from services.kernel.tenancy import Scope
from services.registry.api.bodies import share_of
from services.registry.api.histories import add_history
from services.registry.api.parameters import AsOf, Paging, Seen
from services.registry.auth import RegistryRead, RegistryWrite
from services.registry.commands.archive_meeting import archive_meeting
from services.registry.commands.cancel_meeting import cancel_meeting
from services.registry.commands.convene_meeting import convene_meeting
from services.registry.commands.plan_meeting import plan_meeting
from services.registry.commands.record_attendance import record_attendance
from services.registry.commands.update_meeting import update_meeting
from services.registry.domain.governance import MeetingState, Share
from services.registry.queries.governance import find_body, names_on
from services.registry.queries.meetings import (
    MeetingFilter,
    Turnout,
    agenda_of,
    attendance_of,
    attendance_reads,
    find_meeting,
    list_meetings,
    number_of,
    resolutions_of,
    seats_at,
    turnout_of,
)
from services.registry.schemas.governance import BodyRef
from services.registry.schemas.meetings import (
    AgendaItemRead,
    AttendanceSheet,
    MeetingArchiving,
    MeetingCancellation,
    MeetingCreate,
    MeetingRead,
    MeetingSummary,
    MeetingUpdate,
    QuorumRead,
    ResolutionRef,
)
from services.registry.tables import Body, Meeting, Resolution

router = APIRouter(prefix="/meetings", tags=["governance"])
PLAIN = ("id", "title", "held_on", "starts_at", "place", "form", "state")


def summary(meeting: Meeting, bodies: dict[UUID, str]) -> MeetingSummary:
    """A meeting for a list."""
    body = BodyRef(id=meeting.body, name=bodies[meeting.body])
    return MeetingSummary(**{name: getattr(meeting, name) for name in PLAIN}, body=body)


def resolution_ref(one: Resolution) -> ResolutionRef:
    """A resolution by title and number."""
    plain = {name: getattr(one, name) for name in ("id", "title", "outcome", "resolved_on")}
    return ResolutionRef(**plain, number=number_of(one))


def quorum_of(body: Body, turnout: Turnout) -> QuorumRead:
    """应到 and 到会 against what the body's rules ask for."""
    share = share_of(body, "quorum")
    rule = Share(share.numerator, share.denominator, share.strict) if share else None
    return QuorumRead(
        seats=turnout.seats,
        present=turnout.present,
        proxies=turnout.proxies,
        needed=rule.needed(turnout.seats) if rule and turnout.seats else None,
        met=rule.reached(turnout.present, turnout.seats) if rule else None,
        share=share,
    )


async def read(session: AnySession, scope: Scope, clock: Clock, meeting: Meeting) -> MeetingRead:
    """A meeting for its own page."""
    body = await find_body(session, scope, meeting.body)
    seats = await seats_at(session, scope, meeting, business_date(clock))
    attendance = await attendance_of(session, scope, meeting.id)
    agenda = await agenda_of(session, scope, meeting.id)
    return MeetingRead(
        **summary(meeting, {body.id: body.name}).model_dump(),
        agenda=[AgendaItemRead.model_validate(item) for item in agenda],
        attendance=await attendance_reads(session, scope, meeting, seats, attendance),
        quorum=quorum_of(body, turnout_of(seats, attendance)),
        resolutions=[resolution_ref(one) for one in await resolutions_of(session, scope, meeting.id)],
        minutes=meeting.minutes,
        cancel_reason=meeting.cancel_reason,
        row_version=meeting.row_version,
        created_at=meeting.created_at,
        updated_at=meeting.updated_at,
    )


def meeting_filter(
    body: UUID | None = None,
    state: MeetingState | None = None,
    year: Annotated[int | None, Query(ge=1949, le=2999)] = None,
) -> MeetingFilter:
    """The query of a list."""
    return MeetingFilter(body, state, year)


@router.get("", summary="查询会议")
async def list_(
    session: Reading,
    scope: CallerScope,
    _caller: RegistryRead,
    asked: Annotated[MeetingFilter, Depends(meeting_filter)],
    page: Paging,
    as_of: AsOf = None,
) -> Page[MeetingSummary]:
    found, cursor, total = await list_meetings(session, scope, as_of, asked, page)
    bodies = await names_on(session, scope.alliance, Body, (one.body for one in found), as_of)
    return Page(items=[summary(one, bodies) for one in found], next_cursor=cursor, total=total)


@router.post("", status_code=201, response_model=MeetingRead, summary="计划会议")
async def plan(
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    once: IdempotentCreate,
    draft: MeetingCreate,
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    meeting = await plan_meeting(session, clock, principal, draft)
    headers = {"Location": f"/api/registry/v1/meetings/{meeting.id}", "ETag": etag_of(meeting.row_version)}
    return await once.answer(await read(session, scope, clock, meeting), headers=headers)


@router.get("/{meeting_id}", summary="查看一次会议")
async def get(
    meeting_id: UUID,
    session: Reading,
    scope: CallerScope,
    clock: InjectedClock,
    _caller: RegistryRead,
    response: Response,
) -> MeetingRead:
    meeting = await find_meeting(session, scope, meeting_id)
    set_etag(response, meeting.row_version)
    return await read(session, scope, clock, meeting)


@router.put("/{meeting_id}", summary="修改会议和议程")
async def update(
    meeting_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    draft: MeetingUpdate,
    seen: Seen,
    response: Response,
) -> MeetingRead:
    meeting = await update_meeting(session, clock, principal, meeting_id, draft, seen)
    set_etag(response, meeting.row_version)
    return await read(session, scope, clock, meeting)


@router.post("/{meeting_id}/convening", summary="登记召开")
async def convene(
    meeting_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    seen: Seen,
    response: Response,
) -> MeetingRead:
    meeting = await convene_meeting(session, clock, principal, meeting_id, seen)
    set_etag(response, meeting.row_version)
    return await read(session, scope, clock, meeting)


@router.put("/{meeting_id}/attendance", summary="登记到会（逐席，含委托）")
async def attend(
    meeting_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    sheet: AttendanceSheet,
    seen: Seen,
    response: Response,
) -> MeetingRead:
    meeting = await record_attendance(session, clock, principal, meeting_id, sheet, seen)
    set_etag(response, meeting.row_version)
    return await read(session, scope, clock, meeting)


@router.post("/{meeting_id}/archiving", summary="归档会议")
async def archive(
    meeting_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    draft: MeetingArchiving,
    seen: Seen,
    response: Response,
) -> MeetingRead:
    meeting = await archive_meeting(session, clock, principal, meeting_id, draft, seen)
    set_etag(response, meeting.row_version)
    return await read(session, scope, clock, meeting)


@router.post("/{meeting_id}/cancellation", summary="取消会议")
async def cancel(
    meeting_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    draft: MeetingCancellation,
    seen: Seen,
    response: Response,
) -> MeetingRead:
    meeting = await cancel_meeting(session, clock, principal, meeting_id, draft, seen)
    set_etag(response, meeting.row_version)
    return await read(session, scope, clock, meeting)


add_history(router, "meeting", find_meeting)
