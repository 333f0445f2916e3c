"""What the other processes of the hub ask identity for; the gateway never routes `/internal`."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import JSONResponse

from services.identity.revoked import RevokedList
from services.kernel.etags import etag_of

router = APIRouter(include_in_schema=False)


@router.get("/internal/revocations")
async def read_revocations(request: Request, if_none_match: Annotated[str | None, Header()] = None) -> Response:
    """Ended sessions, single tokens, and the least generation of clients that is still accepted."""
    source: RevokedList = request.app.state.revoked
    listed = await source.current()
    headers = {"ETag": etag_of(listed.version), "Cache-Control": "no-cache"}
    if if_none_match == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    content: dict[str, Any] = {
        "sessions": sorted(listed.sessions),
        "clients": dict(listed.clients),
        "tokens": sorted(listed.tokens),
    }
    return JSONResponse(content, headers=headers)
