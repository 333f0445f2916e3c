"""Imports and their returned rows as they go on the wire."""

import csv
import io
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Final, Literal

import orjson
from fastapi.responses import StreamingResponse

from services.kernel.database import Database
from services.kernel.workbooks.bulk.batches import ROW_FIELD, ROW_HEADER
from services.subsidies.domain import RosterKind
from services.subsidies.queries.names import Names
from services.subsidies.queries.rosters import next_rejects
from services.subsidies.rosters.columns import spec_of
from services.subsidies.schemas.rosters import RejectRead, RosterImportRead
from services.subsidies.tables import RosterImport, RosterReject

PART: Final = 5_000
_TEXT: Final = {"schema": {"type": "string"}}
REJECTS_RESPONSE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "每处错误一行", "content": {"text/csv": _TEXT, "application/x-ndjson": _TEXT}}
}
Headers = Mapping[str, str]


def import_read(row: RosterImport, names: Names) -> RosterImportRead:
    """A stored import as it goes on the wire."""
    same = ("id", "year", "owner", "file_name", "total_rows", "new_rows", "changed_rows", "unchanged_rows")
    more = ("rejected_rows", "issues", "registry_as_of", "registry_fresh", "failure", "created_at", "created_by_name")
    bulk = ("format", "mode", "bytes", "sha256", "fault_count", "warnings")
    values = {name: getattr(row, name) for name in (*same, *more, *bulk, "finished_at", "rejects_until", "kind")}
    read = RosterImportRead.model_validate(
        {
            **values,
            "state": row.state,
            "kind_label": RosterKind(row.kind).label,
            "state_label": "",
            "owner_name": names.owner(row.owner),
            "job": row.job_id,
            "accepted_rows": row.new_rows + row.changed_rows + row.unchanged_rows,
            "has_rejects": row.rejects_file_id is not None,
            "sequence": row.recorded_seq,
        }
    )
    return read.model_copy(update={"state_label": read.state.label})


def headers_of(row: RosterImport) -> Headers:
    """The headers of the fields of an import's kind."""
    columns = spec_of(RosterKind(row.kind), {}).columns
    return {ROW_FIELD: ROW_HEADER, **{column.field: column.header for column in columns}}


def reject_read(reject: RosterReject, headers: Headers) -> RejectRead:
    """One fault of a returned row."""
    header = headers.get(reject.field, reject.field)
    return RejectRead(line=reject.line, field=reject.field, header=header, code=reject.code, message=reject.message)


def rejects_file(database: Database, row: RosterImport, form: Literal["csv", "ndjson"]) -> StreamingResponse:
    """Every fault of an import, read and sent part by part: there may be a million."""
    written, media = (_csv, "text/csv; charset=utf-8") if form == "csv" else (_ndjson, "application/x-ndjson")
    headers = {
        "Content-Disposition": f'attachment; filename="rejected-rows.{form}"',
        "Cache-Control": "no-store",
    }
    return StreamingResponse(_parts(database, row, written), media_type=media, headers=headers)


Writer = Callable[[Sequence[RosterReject], Headers, bool], bytes]


async def _parts(database: Database, row: RosterImport, written: Writer) -> AsyncIterator[bytes]:
    headers, last = headers_of(row), 0
    while True:
        async with database.read(row.alliance) as session:
            rejects = await next_rejects(session, row, last, PART)
        if rejects or not last:
            yield written(rejects, headers, last == 0)
        if len(rejects) < PART:
            return
        last = rejects[-1].no


def _csv(rejects: Sequence[RosterReject], headers: Headers, first: bool) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    if first:
        text.write("\ufeff")  # by which spreadsheets know UTF-8
        writer.writerow(("行号", "字段", "列", "错误代码", "错误原因"))
    for reject in rejects:
        header = headers.get(reject.field, reject.field)
        writer.writerow((reject.line, reject.field, header, reject.code, reject.message))
    return text.getvalue().encode()


def _ndjson(rejects: Sequence[RosterReject], headers: Headers, _first: bool) -> bytes:
    lines = (orjson.dumps(reject_read(reject, headers).model_dump()) for reject in rejects)
    return b"".join(line + b"\n" for line in lines)
