"""`/api/openapi/<audience>.json` and `/api/docs/<audience>`: the API's documents, and pages made of them.

Public, for they hold no secret.
"""

from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse

from services.gateway.reference.audiences import AUDIENCES, Audience
from services.gateway.reference.source import DocumentSource, Sent
from services.kernel.errors import NotFound

ROOM = Path(__file__).parent
DOCUMENT_PATHS = ("/api/openapi/", "/api/docs")
REVALIDATE = {"Cache-Control": "no-cache"}


def document_router(source: DocumentSource) -> APIRouter:
    """The routes, on this source."""
    router = APIRouter()

    @router.get("/api/openapi/{name}.json")
    async def document(name: str, request: Request) -> Response:
        return _answer(request, (await source.of(_audience(name))).document, "application/json")

    @router.get("/api/docs")
    async def start() -> Response:
        return RedirectResponse(f"/api/docs/{next(iter(AUDIENCES))}", 303)

    @router.get("/api/docs/reference.css")
    async def style() -> Response:
        return FileResponse(ROOM / "static" / "reference.css", headers=REVALIDATE)

    @router.get("/api/docs/{name}", response_class=HTMLResponse)
    async def page(name: str, request: Request) -> Response:
        return _answer(request, (await source.of(_audience(name))).page, "text/html")

    return router


def _audience(name: str) -> Audience:
    if name not in AUDIENCES:
        raise NotFound(f"没有这份接口文档；可选：{'、'.join(AUDIENCES)}。", code="document_unknown")
    return AUDIENCES[name]


def _answer(request: Request, sent: Sent, media_type: str) -> Response:
    headers = {**REVALIDATE, "ETag": sent.etag}
    if request.headers.get("if-none-match") == sent.etag:
        return Response(status_code=304, headers=headers)
    return Response(sent.content, headers=headers, media_type=media_type)
