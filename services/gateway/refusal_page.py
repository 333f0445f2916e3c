"""A refusal as a page, for a person whose browser asked for one: the gateway's own, because the pages may be down."""

from html import escape

from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

from services.kernel import context
from services.kernel.errors import HubError
from services.kernel.problems import problem_response, status_of

PAGE = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="/api/docs/reference.css">
</head>
<body>
<main>
<h1>{title}</h1>
<p>{detail}</p>
<p><a href="/">返回首页</a></p>
<p>请求编号：<code>{request_id}</code></p>
</main>
</body>
</html>
"""


def refusal(error: HubError, scope: Scope) -> Response:
    """A problem document, or a page for a browser that goes to an address outside the API."""
    problem = problem_response(error)
    accepted = next((value for name, value in scope["headers"] if name == b"accept"), b"")
    if scope["path"].startswith("/api/") or b"text/html" not in accepted:
        return problem
    words = {"title": error.title, "detail": error.detail, "request_id": context.request_id.get()}
    page = PAGE.format(**{name: escape(text) for name, text in words.items()})
    kept = {name: problem.headers[name] for name in ("retry-after",) if name in problem.headers}
    return HTMLResponse(page, status_of(error), kept)
