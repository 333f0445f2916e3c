"""Roster imports: upload, state, the workbook of rejected rows, the empty template."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from services.kernel.audit import audit
from services.kernel.errors import NotFound
from services.kernel.idempotency import IdempotentCreate
from services.kernel.pagination import Page, PageRequest, page_request
from services.kernel.sessions import CallerScope, InjectedClock, Reading, Writing
from services.kernel.workbooks import write_template
from services.subsidies.api.dependencies import WithNames, WithTools
from services.subsidies.api.downloads import WORKBOOK_RESPONSE, workbook
from services.subsidies.api.uploads import ROSTER_FORM, RosterUpload, read_roster_upload
from services.subsidies.auth import SubsidiesRead, SubsidiesSubmit
from services.subsidies.commands.start_roster_import import start_roster_import
from services.subsidies.domain import RosterKind
from services.subsidies.queries.names import Names
from services.subsidies.queries.policy import current_policy
from services.subsidies.queries.rosters import find_import, page_of_imports
from services.subsidies.rosters.columns import choices_of, spec_of
from services.subsidies.schemas.rosters import JobAccepted, RosterImportRead
from services.subsidies.tables import RosterImport

router = APIRouter(tags=["rosters"])


@router.post(
    "/roster-imports",
    status_code=202,
    summary="上传名册（学生名册或校企合作班名册）",
    response_model=JobAccepted,
    openapi_extra=ROSTER_FORM,
)
async def upload_roster(
    upload: Annotated[RosterUpload, Depends(read_roster_upload)],
    session: Writing,
    principal: SubsidiesSubmit,
    clock: InjectedClock,
    tools: WithTools,
    once: IdempotentCreate,
) -> Response:
    once.include(upload.kind.encode(), str(upload.year).encode(), upload.content)
    if replay := await once.replay():
        return replay
    row = await start_roster_import(
        session,
        clock,
        principal,
        tools.files,
        kind=upload.kind,
        year=upload.year,
        file_name=upload.file_name,
        content=upload.content,
    )
    assert row.job_id is not None  # noqa: S101  # just queued
    headers = {"Location": f"/api/subsidies/v1/jobs/{row.job_id}"}
    return await once.answer(JobAccepted(job=row.job_id, id=row.id), 202, headers)


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
    after = {"rows": row.rejected_rows}
    await audit(session, clock, principal, "roster.errors_downloaded", "roster_import", row.id, after=after)
    return workbook(content, f"{RosterKind(row.kind).label}-{row.year}-退回行.xlsx")


@router.get("/rosters/template.xlsx", summary="名册模板", response_class=Response, responses=WORKBOOK_RESPONSE)
async def download_template(session: Reading, principal: SubsidiesRead, kind: RosterKind) -> Response:
    policy = await current_policy(session, principal.alliance)
    content = write_template(spec_of(kind, choices_of(policy.student_choices)))
    return workbook(content, f"{kind.label}模板.xlsx")


def import_read(row: RosterImport, names: Names) -> RosterImportRead:
    """A stored import as it goes on the wire."""
    same = ("id", "year", "owner", "file_name", "total_rows", "new_rows", "changed_rows", "unchanged_rows")
    more = ("rejected_rows", "issues", "registry_as_of", "registry_fresh", "failure", "created_at", "created_by_name")
    values = {name: getattr(row, name) for name in (*same, *more, "finished_at", "rejects_until", "kind", "state")}
    read = RosterImportRead.model_validate(
        {
            **values,
            "kind_label": RosterKind(row.kind).label,
            "state_label": "",
            "owner_name": names.owner(row.owner),
            "job": row.job_id,
            "has_rejects": row.rejects_file_id is not None,
            "sequence": row.recorded_seq,
        }
    )
    return read.model_copy(update={"state_label": read.state.label})
