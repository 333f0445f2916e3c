"""`/citations/<pack>/<article>`: the paraphrase of an article, in the dialog that a citation chip opens."""

from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import Response

from frontend.access import Gateway, needs
from frontend.htmx import page_or_fragment
from services.kernel.permissions import Permission

router = APIRouter(dependencies=[needs(Permission.TARGETS_READ)])


@router.get("/citations/{pack}/{article:path}")
async def citation(request: Request, gateway: Gateway, pack: str, article: str) -> Response:
    """One article of a policy document; `article` is as in the pack (`二9`, `三(二)`)."""
    path = f"/api/registry/v1/policies/{quote(pack, safe='')}/articles/{quote(article, safe='')}"
    answer = await gateway.get(path)
    return page_or_fragment(request, "citations/page.html", "citations/_article.html", {"article": answer.data})
