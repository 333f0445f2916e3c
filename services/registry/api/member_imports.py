"""`/member-imports`: send a workbook, follow it, fetch the rows that came back."""

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response, UploadFile

from services.kernel.audit import audit_export
from services.kernel.errors import NotFound
from services.kernel.files import FileStore
from services.kernel.idempotency import IdempotentCreate
from services.kernel.sessions import CallerScope, InjectedClock, Reading, Writing
from services.kernel.workbooks import MAXIMUM_BYTES, read_table
from services.registry.api.members import workbook
from services.registry.auth import RegistryWrite
from services.registry.commands.start_member_import import start_member_import
from services.registry.queries.others import find_import
from services.registry.schemas.imports import MemberImportRead
from services.registry.workbook import MEMBERS

router = APIRouter(prefix="/member-imports", tags=["members"])
File = Annotated[UploadFile, "a .xlsx or .csv of the template's columns"]


def files_of(request: Request) -> FileStore:
    """This service's file store."""
    store: FileStore = request.app.state.settings.files()
    return store


@router.post("", status_code=202, response_model=MemberImportRead, summary="导入成员单位（.xlsx 或 .csv）")
async def start(
    request: Request,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    once: IdempotentCreate,
    file: File,
) -> Response:
    content = await file.read(MAXIMUM_BYTES + 1)
    once.include(content)
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    # Read here too, so that a wrong file is refused at once and not by a job that fails later.
    await asyncio.to_thread(read_table, content, MEMBERS)
    name = file.filename or "members.xlsx"
    started = await start_member_import(session, clock, principal, files_of(request), content, name)
    headers = {"Location": f"/api/registry/v1/jobs/{started.job}"}
    return await once.answer(MemberImportRead.model_validate(started), 202, headers)


@router.get("/{import_id}", summary="查看一次导入的结果")
async def get(import_id: UUID, session: Reading, scope: CallerScope, _caller: RegistryWrite) -> MemberImportRead:
    return MemberImportRead.model_validate(await find_import(session, scope, import_id))


@router.get("/{import_id}/errors.xlsx", summary="下载退回的行（带错误原因，改正后可再导入）", response_class=Response)
async def errors(
    import_id: UUID,
    request: Request,
    session: Writing,
    scope: CallerScope,
    principal: RegistryWrite,
    clock: InjectedClock,
) -> Response:
    found = await find_import(session, scope, import_id)
    if found.rejects_file is None:
        raise NotFound("这次导入没有退回的行。", code="no_rejects")
    content = files_of(request).load(found.rejects_file)
    await audit_export(session, clock, principal, "member_import", import_id, rows=found.rejected)
    return workbook(content, "members-errors", "成员单位导入错误行")
