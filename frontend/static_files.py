"""Static files with the caching that their hashed addresses allow."""

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOR_EVER = "public, max-age=31536000, immutable"
ASK_FIRST = "no-cache"


class HashedStaticFiles(StaticFiles):
    """An address with `?v=<hash>` never changes its content; any other is checked with the server each time."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        hashed = scope.get("query_string", b"").startswith(b"v=")
        response.headers["Cache-Control"] = FOR_EVER if hashed and response.status_code == 200 else ASK_FIRST
        return response
