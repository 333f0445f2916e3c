"""`/catalogues`: import a table as a draft, compare, adopt; read the one in use and earlier ones."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Response

from services.kernel.database import AnySession
from services.kernel.errors import NotFound
from services.kernel.etags import etag_of, set_etag
from services.kernel.idempotency import IdempotentCreate, IdempotentUpload
from services.kernel.pagination import Page
from services.kernel.sessions import CallerScope, InjectedClock, Reading, Writing
from services.kernel.tenancy import Scope
from services.kernel.workbooks import write_rows, write_template
from services.registry.api.members import workbook
from services.registry.api.parameters import AsOf, Paging, Seen
from services.registry.api.workbook_upload import File, checked, content_of
from services.registry.auth import RegistryRead, RegistryWrite
from services.registry.commands.adopt_catalogue import adopt_catalogue
from services.registry.commands.discard_catalogue import discard_catalogue
from services.registry.commands.draft_catalogue import draft_catalogue, entries_from
from services.registry.domain.catalogues import CatalogueKind, VersionState, extract
from services.registry.queries.catalogues import (
    EntryFilter,
    current_version,
    entries_of,
    find_version,
    list_entries,
    list_versions,
)
from services.registry.queries.comparison import compare
from services.registry.schemas.catalogues import ComparisonRead, EntryRead, ExtractUse, VersionRead
from services.registry.tables import CatalogueVersion
from services.registry.workbook_catalogues import CATALOGUES

router = APIRouter(prefix="/catalogues", tags=["catalogues"])
Label = Annotated[str, Form(min_length=1, max_length=100, description="版本名称，如 2021 年版")]
Source = Annotated[str, Form(min_length=1, max_length=300, description="来源，如文件名称和文号")]
EXTRACT_LABEL = "随附节选"
EXTRACT_SOURCE = {
    CatalogueKind.MAJORS: "教育部《职业教育专业目录（2021年）》节选，随系统附带，不是全表",
    CatalogueKind.INDUSTRIES: "GB/T 4754—2017《国民经济行业分类》节选，随系统附带，不是全表",
}


def entry_filter(
    q: Annotated[str | None, Query(max_length=50, description="代码、名称或拼音中的一段")] = None,
    level: Annotated[str | None, Query(max_length=10, description="层级")] = None,
    parent: Annotated[str | None, Query(max_length=10, description="上级代码")] = None,
) -> EntryFilter:
    """The query of a list of entries."""
    return EntryFilter(q, level, parent)


Asked = Annotated[EntryFilter, Depends(entry_filter)]


async def read(session: AnySession, scope: Scope, versions: Sequence[CatalogueVersion]) -> list[VersionRead]:
    """Versions on the wire, the one in use marked."""
    current = {kind: await current_version(session, scope, kind) for kind in {CatalogueKind(v.kind) for v in versions}}
    used = {version.id for version in current.values() if version}
    shown = [VersionRead.model_validate(version) for version in versions]
    return [one.model_copy(update={"current": one.id in used}) for one in shown]


@router.post("/extracts", status_code=201, response_model=VersionRead, summary="把随附的节选取为待启用版本")
async def use_extract(
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    once: IdempotentCreate,
    draft: ExtractUse,
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    kind = draft.kind
    entries = extract(kind)
    made = await draft_catalogue(session, clock, principal, kind, entries, EXTRACT_LABEL, EXTRACT_SOURCE[kind])
    return await once.answer((await read(session, scope, [made]))[0], headers=_headers(made))


def _headers(made: CatalogueVersion) -> dict[str, str]:
    location = f"/api/registry/v1/catalogues/{made.kind}/versions/{made.id}"
    return {"Location": location, "ETag": etag_of(made.row_version)}


@router.get("/{kind}/template.xlsx", summary="下载目录导入模板", response_class=Response)
async def template(kind: CatalogueKind, _caller: RegistryRead) -> Response:
    spec = CATALOGUES[kind]
    return workbook(write_template(spec), f"{kind}-template", f"{spec.title}导入模板")


@router.get("/{kind}/versions", summary="查询目录的各个版本")
async def versions(
    kind: CatalogueKind,
    session: Reading,
    scope: CallerScope,
    _caller: RegistryRead,
    page: Paging,
    state: VersionState | None = None,
) -> Page[VersionRead]:
    found, cursor, total = await list_versions(session, scope, kind, state, page)
    return Page(items=await read(session, scope, found), next_cursor=cursor, total=total)


@router.post("/{kind}/versions", status_code=201, response_model=VersionRead, summary="导入整张目录（先比较，再启用）")
async def upload(
    kind: CatalogueKind,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    once: IdempotentUpload,
    label: Label,
    source: Source,
    file: File,
) -> Response:
    content = await content_of(file, once)
    once.include(label.encode(), source.encode())
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    _, table = await checked(content, CATALOGUES[kind])
    made = await draft_catalogue(session, clock, principal, kind, entries_from(kind, table), label, source)
    return await once.answer((await read(session, scope, [made]))[0], headers=_headers(made))


@router.get("/{kind}/versions/{version_id}", summary="查看一个版本")
async def get(
    kind: CatalogueKind,
    version_id: UUID,
    session: Reading,
    scope: CallerScope,
    _caller: RegistryRead,
    response: Response,
) -> VersionRead:
    version = await find_version(session, scope, kind, version_id)
    set_etag(response, version.row_version)
    return (await read(session, scope, [version]))[0]


@router.get(
    "/{kind}/versions/{version_id}/comparison", summary="与正在使用的版本比较：新增、变化、取消、正在使用而缺少的代码"
)
async def comparison(
    kind: CatalogueKind, version_id: UUID, session: Reading, scope: CallerScope, _caller: RegistryRead
) -> ComparisonRead:
    version = await find_version(session, scope, kind, version_id)
    return await compare(session, scope, kind, version)


@router.post("/{kind}/versions/{version_id}/adoption", summary="启用一个版本")
async def adopt(
    kind: CatalogueKind,
    version_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    seen: Seen,
    response: Response,
) -> VersionRead:
    version = await adopt_catalogue(session, clock, principal, kind, version_id, seen)
    set_etag(response, version.row_version)
    return (await read(session, scope, [version]))[0]


@router.delete("/{kind}/versions/{version_id}", status_code=204, summary="放弃一个待启用的版本")
async def discard(
    kind: CatalogueKind,
    version_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    seen: Seen,
) -> None:
    await discard_catalogue(session, clock, principal, kind, version_id, seen)


@router.get("/{kind}/versions/{version_id}/entries", summary="查询一个版本的条目")
async def version_entries(
    kind: CatalogueKind,
    version_id: UUID,
    session: Reading,
    scope: CallerScope,
    _caller: RegistryRead,
    asked: Asked,
    page: Paging,
) -> Page[EntryRead]:
    version = await find_version(session, scope, kind, version_id)
    found, cursor, total = await list_entries(session, scope, version.id, asked, page)
    return Page(items=[EntryRead.model_validate(entry) for entry in found], next_cursor=cursor, total=total)


@router.get("/{kind}/versions/{version_id}/entries.xlsx", summary="导出一个版本（可再导入）", response_class=Response)
async def export(
    kind: CatalogueKind,
    version_id: UUID,
    session: Reading,
    scope: CallerScope,
    _caller: RegistryRead,
    asked: Asked,
) -> Response:
    version = await find_version(session, scope, kind, version_id)
    entries = await entries_of(session, scope, version.id, asked)
    spec = CATALOGUES[kind]
    return workbook(write_rows(spec, [vars(entry) for entry in entries]), str(kind), f"{spec.title}{version.label}")


@router.get("/{kind}/entries", summary="查询正在使用的目录")
async def entries(
    kind: CatalogueKind,
    session: Reading,
    scope: CallerScope,
    _caller: RegistryRead,
    asked: Asked,
    page: Paging,
    as_of: AsOf = None,
) -> Page[EntryRead]:
    version = await current_version(session, scope, kind, as_of)
    if version is None:
        raise NotFound("还没有启用目录，请秘书处先导入并启用。", code="catalogue_missing")
    found, cursor, total = await list_entries(session, scope, version.id, asked, page)
    return Page(items=[EntryRead.model_validate(entry) for entry in found], next_cursor=cursor, total=total)
