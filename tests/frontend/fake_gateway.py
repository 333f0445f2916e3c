"""A small gateway for the frontend's tests: OAuth endpoints that check PKCE, and the few API answers pages need.

It keeps the protocol honest (codes are used once, the verifier is checked, tokens rotate) and lets a test say what
the API answers by putting (method, path) into `answers`.
"""

import base64
import hashlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

PUBLIC = "/api/registry/v1/public/"
"""What takes no token."""
USER = {
    "sub": "7f0c",
    "name": "王琳",
    "role": "secretariat_clerk",
    "alliance": "anqing",
    "alliance_name": "安庆职业教育集团",
}
TODOS = {
    "registry": [
        {
            "id": "1",
            "kind": "member_incomplete",
            "title": "补全成员单位信息",
            "detail": "3 家单位缺少统一社会信用代码。",
            "due_on": None,
            "state": "open",
            "href": "/members?status=incomplete",
        }
    ],
    "targets": [
        {
            "id": "2",
            "kind": "report_due",
            "title": "填报 2026 年留地就业率",
            "detail": "责任单位：安庆职业技术学院。",
            "due_on": "2026-12-10",
            "state": "open",
            "href": "/targets/retention",
        },
        {
            "id": "3",
            "kind": "report_overdue",
            "title": "填报第三季度社会培训人次",
            "detail": "已超过报送期限。",
            "due_on": "2026-10-15",
            "state": "overdue",
            "href": "/targets/training",
        },
    ],
    "subsidies": [
        {
            "id": "4",
            "kind": "claim_review",
            "title": "受理怀宁县 2026 年生源输送奖励申报",
            "detail": "共 812 名学生。",
            "due_on": "2026-12-05",
            "state": "open",
            "href": "/subsidies/claims/4",
        },
        {
            "id": "5",
            "kind": "claim_review",
            "title": "受理桐城市 2026 年校企合作班申报",
            "detail": "",
            "due_on": "2026-11-20",
            "state": "done",
            "href": "/subsidies/claims/5",
        },
    ],
}
ARTICLE = {
    "pack": "anqing-2024",
    "number": "宜政秘〔2024〕91号",
    "title": "安庆市职业教育产教融合实施方案",
    "article": "三(二)",
    "heading": "经费保障",
    "summary": "市级财政在政策有效期内每年安排奖补资金和运行经费，专款专用。",
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class FakeGateway:
    """State of one fake: what it was asked, which tokens live, what it answers."""

    client_secret: str
    user: dict[str, Any] = field(default_factory=lambda: dict(USER))
    expires_in: int = 900
    codes: dict[str, str] = field(default_factory=dict)
    access_tokens: set[str] = field(default_factory=set)
    refresh_tokens: set[str] = field(default_factory=set)
    revoked: list[str] = field(default_factory=list)
    refreshes: int = 0
    answers: dict[tuple[str, str], Handler] = field(default_factory=dict)
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def app(self) -> web.Application:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_get("/oauth/authorize", self.authorize)
        app.router.add_post("/oauth/token", self.token)
        app.router.add_post("/oauth/revoke", self.revoke)
        app.router.add_get("/oauth/userinfo", self.userinfo)
        app.router.add_get("/oauth/logout", self.logged_out)
        app.router.add_route("*", "/api/{tail:.*}", self.api)
        return app

    async def authorize(self, request: web.Request) -> web.Response:
        query = request.query
        if query.get("response_type") != "code" or query.get("code_challenge_method") != "S256":
            return web.Response(status=400, text="code with S256 is required")
        code = secrets.token_urlsafe(16)
        self.codes[code] = query["code_challenge"]
        raise web.HTTPFound(f"{query['redirect_uri']}?code={code}&state={query['state']}")

    async def token(self, request: web.Request) -> web.Response:
        expected = "Basic " + base64.b64encode(f"frontend:{self.client_secret}".encode()).decode()
        if request.headers.get("Authorization") != expected:
            return web.json_response({"error": "invalid_client"}, status=401)
        form = await request.post()
        if form["grant_type"] == "authorization_code":
            challenge = self.codes.pop(str(form["code"]), None)
            digest = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
            if challenge != base64.urlsafe_b64encode(digest).decode().rstrip("="):
                return web.json_response({"error": "invalid_grant"}, status=400)
            return web.json_response(self.grant())
        if str(form["refresh_token"]) not in self.refresh_tokens:
            return web.json_response({"error": "invalid_grant"}, status=400)
        self.refresh_tokens.discard(str(form["refresh_token"]))
        self.refreshes += 1
        return web.json_response(self.grant())

    def grant(self) -> dict[str, Any]:
        access, refresh = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
        self.access_tokens.add(access)
        self.refresh_tokens.add(refresh)
        return {
            "access_token": access,
            "refresh_token": refresh,
            "token_type": "Bearer",
            "expires_in": self.expires_in,
        }

    async def revoke(self, request: web.Request) -> web.Response:
        self.revoked.append(str((await request.post())["token"]))
        return web.Response()

    async def userinfo(self, request: web.Request) -> web.Response:
        return web.json_response(self.user) if self.allowed(request) else web.Response(status=401)

    async def logged_out(self, request: web.Request) -> web.Response:
        return web.Response(text="signed out")

    def allowed(self, request: web.Request) -> bool:
        return request.headers.get("Authorization", "").removeprefix("Bearer ") in self.access_tokens

    async def api(self, request: web.Request) -> web.StreamResponse:
        self.seen.append((request.method, request.path_qs, dict(request.headers)))
        if not self.allowed(request) and not request.path.startswith(PUBLIC):
            return problem(401, "not_signed_in", "尚未登录", "请重新登录。")
        handler = self.answers.get((request.method, request.path))
        if handler is not None:
            return await handler(request)
        parts = request.path.split("/")
        if request.path.endswith("/v1/todos"):
            return web.json_response({"items": TODOS[parts[2]]})
        if request.path.startswith("/api/registry/v1/policies/"):
            return web.json_response({**ARTICLE, "article": parts[-1]})
        return problem(404, "not_found", "没有找到", "没有这条记录。")


def problem(
    status: int, code: str, title: str, detail: str, errors: list[dict[str, str]] | None = None
) -> web.Response:
    """A problem+json answer as the services give it."""
    body = {
        "type": f"urn:alliance-hub:problem:{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "errors": errors or [],
        "request_id": "0123456789abcdef",
    }
    return web.json_response(body, status=status, content_type="application/problem+json")


def reply(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> Handler:
    """A handler that always answers the same."""

    async def handler(request: web.Request) -> web.StreamResponse:
        return web.json_response(data, status=status, headers=headers)

    return handler


def refuse(status: int, code: str, title: str, detail: str, errors: list[dict[str, str]] | None = None) -> Handler:
    """A handler that always refuses."""

    async def handler(request: web.Request) -> web.StreamResponse:
        return problem(status, code, title, detail, errors)

    return handler
