"""`/change-sets`: send a workbook or a bulk edit, see what it would do, apply it, undo it."""

import asyncio
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Query, Request, Response, UploadFile

from services.kernel.audit import audit_export, audit_read
from services.kernel.errors import NotFound
from services.kernel.etags import if_match, set_etag
from services.kernel.files import FileStore
from services.kernel.idempotency import IdempotentCreate, IdempotentUpload
from services.kernel.pagination import Page, PageRequest, page_request
from services.kernel.sessions import CallerScope, InjectedClock, Reading, Writing
from services.kernel.workbooks import MAXIMUM_BYTES, read_table
from services.registry.api.members import workbook
from services.registry.auth import RegistryWrite
from services.registry.commands.changing.decide import discard, request_application, request_undoing
from services.registry.commands.changing.kinds import adapter_of
from services.registry.commands.changing.start import forget_old_rows, start_edit, start_import
from services.registry.domain.change_sets import ChangeState
from services.registry.presenting import row_in_words
from services.registry.queries.change_sets import find_change_set, list_change_sets, list_rows
from services.registry.schemas.change_sets import ApplicationWrite, ChangeRowRead, ChangeSetRead, EditCreate
from services.registry.settings import RegistrySettings
from services.registry.tables import ChangeSet

router = APIRouter(prefix="/change-sets", tags=["change-sets"])
File = Annotated[UploadFile, "a .xlsx or .csv of the template's columns"]
Kind = Annotated[str, Query(max_length=30, description="导入的内容", examples=["members"])]
Seen = Annotated[str, Depends(if_match)]
Paging = Annotated[PageRequest, Depends(page_request)]
Outcome = Literal["new", "changed", "unchanged", "rejected"]
Result = Literal["applied", "left_out", "undone", "kept"]


def settings_of(request: Request) -> RegistrySettings:
    """This service's settings."""
    settings: RegistrySettings = request.app.state.settings
    return settings


def files_of(request: Request) -> FileStore:
    """This service's file store."""
    return settings_of(request).files()


def _location(started: ChangeSet) -> dict[str, str]:
    return {"Location": f"/api/registry/v1/jobs/{started.job}"}


@router.post("", status_code=202, response_model=ChangeSetRead, summary="导入工作簿（先预览，确认后写入）")
async def start(
    request: Request,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    once: IdempotentUpload,
    kind: Kind,
    file: File,
) -> Response:
    adapter = adapter_of(kind)
    content = await file.read(MAXIMUM_BYTES + 1)
    once.include(kind.encode(), content)
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    # Read here too, so that a wrong file is refused at once and not by a job that fails later.
    await asyncio.to_thread(read_table, content, adapter.spec)
    await forget_old_rows(session, clock, principal, settings_of(request).undo_days)
    name = file.filename or f"{kind}.xlsx"
    started = await start_import(session, clock, principal, adapter, files_of(request), content, name)
    await session.flush()  # the row version that the answer carries is made here
    return await once.answer(ChangeSetRead.model_validate(started), 202, _location(started))


@router.post("/edits", status_code=202, response_model=ChangeSetRead, summary="批量修改（先预览，确认后写入）")
async def edit(
    request: Request,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    once: IdempotentCreate,
    draft: EditCreate,
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    adapter = adapter_of(draft.kind)
    asked = {"filter": draft.filter.model_dump(mode="json", exclude_none=True), "values": draft.values}
    await forget_old_rows(session, clock, principal, settings_of(request).undo_days)
    started = await start_edit(session, clock, principal, adapter, asked, draft.effective_on, draft.reason)
    await session.flush()  # the row version that the answer carries is made here
    return await once.answer(ChangeSetRead.model_validate(started), 202, _location(started))


@router.get("", summary="查询批量改动")
async def list_(
    session: Reading,
    scope: CallerScope,
    _caller: RegistryWrite,
    page: Paging,
    kind: Annotated[str | None, Query(max_length=30)] = None,
    state: ChangeState | None = None,
) -> Page[ChangeSetRead]:
    found, cursor, total = await list_change_sets(session, scope, kind, state, page)
    return Page(items=[ChangeSetRead.model_validate(one) for one in found], next_cursor=cursor, total=total)


@router.get("/{set_id}", summary="查看一批改动")
async def get(
    set_id: UUID, session: Reading, scope: CallerScope, _caller: RegistryWrite, response: Response
) -> ChangeSetRead:
    found = await find_change_set(session, scope, set_id)
    set_etag(response, found.row_version)
    return ChangeSetRead.model_validate(found)


@router.get("/{set_id}/rows", summary="逐行查看一批改动")
async def rows(
    set_id: UUID,
    session: Writing,
    scope: CallerScope,
    clock: InjectedClock,
    principal: RegistryWrite,
    page: Paging,
    outcome: Outcome | None = None,
    result: Result | None = None,
) -> Page[ChangeRowRead]:
    found = await find_change_set(session, scope, set_id)
    shown, cursor, total = await list_rows(session, scope, set_id, outcome, result, page)
    adapter = adapter_of(found.kind)
    personal = sum(1 for row in shown if adapter.personal & set(row.after or {}))
    if personal:
        await audit_read(session, clock, principal, "change_row", set_id, rows=personal)
    return Page(items=[row_in_words(adapter.spec, row) for row in shown], next_cursor=cursor, total=total)


@router.get("/{set_id}/errors.xlsx", summary="下载有错误的行（改正后可再导入）", response_class=Response)
async def errors(
    set_id: UUID,
    request: Request,
    session: Writing,
    scope: CallerScope,
    principal: RegistryWrite,
    clock: InjectedClock,
) -> Response:
    found = await find_change_set(session, scope, set_id)
    if found.rejects_file is None:
        raise NotFound("这批改动没有有错误的行。", code="no_rejects")
    content = await asyncio.to_thread(files_of(request).load, found.rejects_file)
    await audit_export(session, clock, principal, "change_set", set_id, rows=found.rejected)
    noun = adapter_of(found.kind).noun
    return workbook(content, f"{found.kind}-errors", f"{noun}导入错误行")


@router.post("/{set_id}/application", status_code=202, summary="确认写入")
async def apply(
    set_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    seen: Seen,
    response: Response,
    wanted: Annotated[ApplicationWrite, Body()],
) -> ChangeSetRead:
    told = (wanted.effective_on, wanted.reason)
    found = await request_application(session, clock, principal, set_id, seen, *told)
    return _accepted(found, response)


@router.post("/{set_id}/undoing", status_code=202, summary="撤销已写入的改动")
async def undo(
    set_id: UUID, session: Writing, clock: InjectedClock, principal: RegistryWrite, seen: Seen, response: Response
) -> ChangeSetRead:
    return _accepted(await request_undoing(session, clock, principal, set_id, seen), response)


@router.post("/{set_id}/discarding", summary="放弃，不写入")
async def put_away(
    set_id: UUID, session: Writing, clock: InjectedClock, principal: RegistryWrite, seen: Seen, response: Response
) -> ChangeSetRead:
    found = await discard(session, clock, principal, set_id, seen)
    set_etag(response, found.row_version)
    return ChangeSetRead.model_validate(found)


def _accepted(found: ChangeSet, response: Response) -> ChangeSetRead:
    set_etag(response, found.row_version)
    response.headers.update(_location(found))
    return ChangeSetRead.model_validate(found)
