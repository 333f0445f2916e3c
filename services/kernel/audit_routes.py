"""`/audit-entries` and `/audit-exports`: the log for the audit administrator; the same in every service."""

import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.kernel.audit import audit_export
from services.kernel.audit_chain import FORMAT
from services.kernel.audit_reading import (
    EntryFilter,
    Stretch,
    find_stretch,
    instant_text,
    lines_of,
    newest_anchor,
    page_of_entries,
)
from services.kernel.auth import requires
from services.kernel.clock import Clock
from services.kernel.database import Database, WriteSession
from services.kernel.errors import FieldIssue, InvalidInput
from services.kernel.pagination import DEFAULT_LIMIT, MAXIMUM_LIMIT, Page
from services.kernel.permissions import Permission
from services.kernel.principal import Principal
from services.kernel.sessions import InjectedClock, Reading, Writing, database_of

JSON_LINES = "application/x-ndjson"
AuditRead = Annotated[Principal, requires(Permission.AUDIT_READ)]
Text100 = Annotated[str | None, Query(max_length=100)]


class AuditEntryRead(BaseModel):
    """One entry of the log."""

    entry_no: int
    at: datetime
    actor: str
    actor_name: str
    actor_role: str
    post: UUID | None
    post_title: str | None
    unit: str | None
    unit_name: str | None
    client_id: str | None
    session_id: str | None
    client_address: str
    action: str
    object_kind: str
    object_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: str | None
    request_id: str
    previous_hash: str = Field(description="hexadecimal")
    hash: str = Field(description="hexadecimal")


class AuditExportCreate(BaseModel):
    """What to export and why; `until` is exclusive, without times it is the whole log."""

    model_config = ConfigDict(populate_by_name=True)
    from_: AwareDatetime | None = Field(default=None, alias="from", examples=["2025-01-01T00:00:00+08:00"])
    until: AwareDatetime | None = Field(default=None, examples=["2026-01-01T00:00:00+08:00"])
    reason: str = Field(min_length=2, max_length=200, examples=["年度安全检查"])


def entry_filter(
    from_: Annotated[AwareDatetime | None, Query(alias="from", description="起始时间（含）")] = None,
    until: Annotated[AwareDatetime | None, Query(description="截止时间（不含）")] = None,
    actor: Annotated[str | None, Query(max_length=100, description="操作人编号或姓名")] = None,
    action: Annotated[str | None, Query(max_length=60, description="操作，或其点号之前的部分")] = None,
    object_kind: Text100 = None,
    object_id: Text100 = None,
    request_id: Text100 = None,
) -> EntryFilter:
    """FastAPI dependency that reads the filters."""
    texts = (actor, action, object_kind, object_id, request_id)
    return EntryFilter(from_, until, *(text or None for text in texts))


def _position(
    cursor: Annotated[str | None, Query(max_length=20, description="上一页返回的 next_cursor")] = None,
) -> int | None:
    if cursor is None:
        return None
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > len(str(2**62)):
        raise InvalidInput([FieldIssue("cursor", "cursor_invalid", "翻页位置无效，请从第一页重新查询。")])
    return int(cursor)


def audit_router(service: str) -> APIRouter:
    """A fresh router with the two routes of one service's log."""
    router = APIRouter(tags=["audit"])

    @router.get("/audit-entries", summary="查询审计记录（新的在前）")
    async def list_entries(
        session: Reading,
        principal: AuditRead,
        wanted: Annotated[EntryFilter, Depends(entry_filter)],
        before: Annotated[int | None, Depends(_position)],
        limit: Annotated[int, Query(ge=1, le=MAXIMUM_LIMIT, description="每页条数")] = DEFAULT_LIMIT,
    ) -> Page[AuditEntryRead]:
        rows, more, total = await page_of_entries(session, principal.alliance, wanted, before, limit)
        items = [AuditEntryRead.model_validate(_shown(row)) for row in rows]
        return Page(items=items, next_cursor=str(more) if more else None, total=total)

    @router.post(
        "/audit-exports",
        summary="导出审计记录（JSON Lines，可用 hub audit verify 离线核验）",
        response_class=StreamingResponse,
        responses={
            200: {"description": "首行是抬头，其后每行一条", "content": {JSON_LINES: {"schema": {"type": "string"}}}}
        },
    )
    async def export_entries(
        body: AuditExportCreate,
        session: Writing,
        principal: AuditRead,
        clock: InjectedClock,
        database: Annotated[Database, Depends(database_of)],
    ) -> StreamingResponse:
        stretch = await find_stretch(session, principal.alliance, body.from_, body.until)
        header = await _header(session, clock, principal, service, body, stretch)
        await _record(session, clock, principal, body, stretch)
        name = f"audit-{service}-{principal.alliance}-{clock.now():%Y%m%dT%H%M%SZ}.jsonl"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        content = _content(database, principal.alliance, header, stretch)
        return StreamingResponse(content, media_type=JSON_LINES, headers=headers)

    return router


def _shown(row: Any) -> dict[str, Any]:
    return {**row, "previous_hash": bytes(row["previous_hash"]).hex(), "hash": bytes(row["hash"]).hex()}


async def _header(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    service: str,
    body: AuditExportCreate,
    stretch: Stretch | None,
) -> dict[str, Any]:
    """The first line: what is exported, by whom and why, and between which hashes the entries must lie."""
    anchor = await newest_anchor(session, principal.alliance)
    return {
        "format": FORMAT,
        "service": service,
        "alliance": principal.alliance,
        "from": body.from_.isoformat() if body.from_ else None,
        "until": body.until.isoformat() if body.until else None,
        "exported_at": instant_text(clock.now()),
        "exported_by": principal.name,
        "reason": body.reason,
        "first_entry": stretch.first if stretch else None,
        "last_entry": stretch.last if stretch else None,
        "previous_hash": stretch.previous_hash.hex() if stretch else None,
        "last_hash": stretch.last_hash.hex() if stretch else None,
        "pruned_to": anchor["entry_no"] if anchor else None,
    }


async def _record(
    session: WriteSession, clock: Clock, principal: Principal, body: AuditExportCreate, stretch: Stretch | None
) -> None:
    """The export stands in the log with its last hash, so that two exports vouch for one another."""
    details = {
        "from": body.from_.isoformat() if body.from_ else None,
        "until": body.until.isoformat() if body.until else None,
        "first_entry": stretch.first if stretch else None,
        "last_entry": stretch.last if stretch else None,
        "last_hash": stretch.last_hash.hex() if stretch else None,
    }
    rows = stretch.rows if stretch else 0
    await audit_export(session, clock, principal, "audit_entry", rows=rows, reason=body.reason, details=details)


async def _content(
    database: Database, alliance: str, header: dict[str, Any], stretch: Stretch | None
) -> AsyncIterator[bytes]:
    yield json.dumps(header, ensure_ascii=False).encode() + b"\n"
    if stretch is not None:
        async for part in lines_of(database, alliance, stretch):
            yield part
