"""Roster imports: sending one, its state, its returned rows as list, file and workbook, the empty template."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse

from services.kernel.audit import audit_export
from services.kernel.database import Database, WriteSession
from services.kernel.errors import NotFound
from services.kernel.idempotency import IdempotentUpload
from services.kernel.pagination import Page, PageRequest, page_request
from services.kernel.principal import Principal
from services.kernel.sessions import CallerScope, InjectedClock, Reading, Writing, database_of
from services.kernel.workbooks import write_template
from services.subsidies.api.dependencies import WithNames, WithTools
from services.subsidies.api.downloads import WORKBOOK_RESPONSE, workbook
from services.subsidies.api.import_reading import (
    REJECTS_RESPONSE,
    headers_of,
    import_read,
    reject_read,
    rejects_file,
)
from services.subsidies.api.uploads import ROSTER_BODY, ReceivedRoster
from services.subsidies.auth import SubsidiesRead, SubsidiesSubmit
from services.subsidies.commands.start_roster_import import facts_key, start_roster_import
from services.subsidies.domain import RosterKind, StoredRoster
from services.subsidies.queries.earlier_imports import same_file_ended, same_file_waiting
from services.subsidies.queries.names import Names
from services.subsidies.queries.policy import current_policy
from services.subsidies.queries.rosters import find_import, page_of_imports, page_of_rejects
from services.subsidies.rosters.columns import choices_of, spec_of
from services.subsidies.schemas.rosters import ImportAccepted, RejectRead, RosterImportRead
from services.subsidies.tools import Tools

router = APIRouter(tags=["rosters"])


@router.post(
    "/roster-imports",
    status_code=202,
    summary="报送名册（学生名册或校企合作班名册）",
    response_model=ImportAccepted,
    responses={200: {"model": ImportAccepted, "description": "同一文件已经导入过，这里是当时的结果"}},
    openapi_extra=ROSTER_BODY,
)
async def upload_roster(
    principal: SubsidiesSubmit,
    upload: ReceivedRoster,  # before the session: no transaction waits for a slow sender
    session: Writing,
    clock: InjectedClock,
    tools: WithTools,
    database: Annotated[Database, Depends(database_of)],
    once: IdempotentUpload,
) -> Response:
    roster = upload.roster
    once.include(*(str(part).encode() for part in (roster.kind, roster.year, roster.mode, roster.form, roster.sha256)))
    if replay := await once.replay():
        return replay
    if upload.as_body and (earlier := await _earlier(session, database, principal, tools, roster)):
        return await once.answer(earlier, 202 if earlier.outcome is None else 200, _location(earlier.job))
    row = await start_roster_import(session, clock, principal, roster)
    upload.taken = True
    assert row.job_id is not None  # noqa: S101  # just queued
    return await once.answer(ImportAccepted(job=row.job_id, id=row.id), 202, _location(row.job_id))


def _location(job: UUID) -> dict[str, str]:
    return {"Location": f"/api/subsidies/v1/jobs/{job}"}


async def _earlier(
    session: WriteSession, database: Database, principal: Principal, tools: Tools, roster: StoredRoster
) -> ImportAccepted | None:
    """What became of the same file before, if taking it in again could neither change nor tell anything new.

    Rows that were returned are worth another try once members were registered or another policy was applied.
    """
    waiting = await same_file_waiting(session, principal, roster)
    if waiting is not None and waiting.job_id is not None:
        return ImportAccepted(job=waiting.job_id, id=waiting.id, repeated=True)
    ended = await same_file_ended(session, principal, roster)
    if ended is None or ended.job_id is None:
        return None
    facts = (await tools.registry.latest(database, principal.alliance)).facts
    if ended.rejected_rows and ended.checked_with != facts_key(
        facts, await current_policy(session, principal.alliance)
    ):
        return None
    return ImportAccepted(job=ended.job_id, id=ended.id, repeated=True, outcome=import_read(ended, Names(facts)))


@router.get("/roster-imports", summary="名册导入记录")
async def list_imports(
    session: Reading,
    scope: CallerScope,
    _principal: SubsidiesRead,
    names: WithNames,
    page: Annotated[PageRequest, Depends(page_request)],
    year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
) -> Page[RosterImportRead]:
    rows, cursor, total = await page_of_imports(session, scope, page, year=year)
    return Page(items=[import_read(row, names) for row in rows], next_cursor=cursor, total=total)


@router.get("/roster-imports/{import_id}", summary="一次名册导入的结果")
async def read_import(
    import_id: UUID, session: Reading, scope: CallerScope, _principal: SubsidiesRead, names: WithNames
) -> RosterImportRead:
    return import_read(await find_import(session, scope, import_id), names)


@router.get(
    "/roster-imports/{import_id}/errors.xlsx",
    summary="退回的行：原样，并注明错误原因",
    response_class=Response,
    responses=WORKBOOK_RESPONSE,
)
async def download_errors(
    import_id: UUID,
    session: Writing,
    scope: CallerScope,
    principal: SubsidiesRead,
    clock: InjectedClock,
    tools: WithTools,
) -> Response:
    row = await find_import(session, scope, import_id)
    if row.rejects_file_id is None or (row.rejects_until and row.rejects_until < clock.now()):
        raise NotFound("这次导入没有退回的行，或退回的工作簿已过保存期。", code="rejects_missing")
    content = tools.files.load(row.rejects_file_id)
    await audit_export(session, clock, principal, "roster_import", row.id, rows=row.rejected_rows)
    return workbook(content, f"{RosterKind(row.kind).label}-{row.year}-退回行.xlsx")


@router.get("/roster-imports/{import_id}/rejected-rows", summary="退回的行：每处错误一条")
async def list_rejected_rows(
    import_id: UUID,
    session: Reading,
    scope: CallerScope,
    _principal: SubsidiesRead,
    page: Annotated[PageRequest, Depends(page_request)],
) -> Page[RejectRead]:
    row = await find_import(session, scope, import_id)
    rejects, cursor, total = await page_of_rejects(session, row, page)
    headers = headers_of(row)
    return Page(items=[reject_read(reject, headers) for reject in rejects], next_cursor=cursor, total=total)


@router.get(
    "/roster-imports/{import_id}/rejected-rows.{form}",
    summary="退回的行：全部错误，作为文件下载",
    response_class=StreamingResponse,
    responses=REJECTS_RESPONSE,
)
async def download_rejected_rows(
    import_id: UUID,
    form: Literal["csv", "ndjson"],
    session: Writing,
    scope: CallerScope,
    principal: SubsidiesRead,
    clock: InjectedClock,
    database: Annotated[Database, Depends(database_of)],
) -> Response:
    row = await find_import(session, scope, import_id)
    await audit_export(session, clock, principal, "roster_reject", row.id, rows=row.fault_count)
    return rejects_file(database, row, form)


@router.get("/rosters/template.xlsx", summary="名册模板", response_class=Response, responses=WORKBOOK_RESPONSE)
async def download_template(session: Reading, principal: SubsidiesRead, kind: RosterKind) -> Response:
    policy = await current_policy(session, principal.alliance)
    content = write_template(spec_of(kind, choices_of(policy.student_choices)))
    return workbook(content, f"{kind.label}模板.xlsx")
