"""Workbooks as answers."""

from typing import Any, Final
from urllib.parse import quote

from fastapi import Response

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WORKBOOK_RESPONSE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "工作簿", "content": {XLSX: {"schema": {"type": "string", "format": "binary"}}}}
}


def workbook(content: bytes, name: str) -> Response:
    """A .xlsx for download, never cached: it may hold what only this caller may see."""
    headers = {
        "Content-Disposition": f"attachment; filename=\"download.xlsx\"; filename*=UTF-8''{quote(name)}",
        "Cache-Control": "no-store",
    }
    return Response(content, media_type=XLSX, headers=headers)
