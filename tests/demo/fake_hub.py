"""A hub in memory that keeps the conventions of docs/design.md: sign-in by form, uploads, jobs, claims, problems."""

import base64
import hashlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

import openpyxl
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from hub.policy import POLICIES
from services.kernel.policy.loader import load_pack

FORM = """<html><form action="/search"><input type="text" name="q"></form>
<form method="post" action="/oauth/login?{query}"><input type="hidden" name="csrf" value="{csrf}">
<input name="username"><input type="password" name="password"><input type="checkbox" name="remember" value="1">
<button>登录</button></form></html>"""


@dataclass
class FakeHub:
    """What was sent to it, and enough behaviour to answer."""

    passwords: dict[str, str]
    members: list[dict[str, Any]] = field(default_factory=list)
    collaborations: dict[str, dict[str, Any]] = field(default_factory=dict)
    rosters: list[dict[str, Any]] = field(default_factory=list)
    claims: list[dict[str, Any]] = field(default_factory=list)
    reports: list[dict[str, Any]] = field(default_factory=list)
    change_sets: dict[str, dict[str, Any]] = field(default_factory=dict)
    adopted: list[tuple[str, str]] = field(default_factory=list)
    applications: list[dict[str, Any]] = field(default_factory=list)
    industries: list[str] = field(default_factory=list)
    practised: list[str] = field(default_factory=list)
    replayed: int = 0
    fail_jobs: bool = False
    reject_rows: int = 0
    leave_out: int = 0
    drop_after_applying: bool = False
    _answers: dict[tuple[str, str], tuple[int, Any, dict[str, str]]] = field(default_factory=dict)
    _codes: dict[str, tuple[str, str]] = field(default_factory=dict)
    _jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    def app(self) -> Starlette:
        registry, subsidies = "/api/registry/v1", "/api/subsidies/v1"
        return Starlette(
            routes=[
                Route("/oauth/authorize", self.authorize),
                Route("/oauth/login", self.login, methods=["POST"]),
                Route("/oauth/token", self.token, methods=["POST"]),
                Route(f"{registry}/change-sets", self.propose_members, methods=["POST"]),
                Route(f"{registry}/change-sets/{{id}}", self.read_change_set),
                Route(f"{registry}/change-sets/{{id}}/application", self.apply_change_set, methods=["POST"]),
                Route(f"{registry}/structure/adoption", self.adopt_structure, methods=["POST"]),
                Route(f"{registry}/leading-industries/adoption", self.adopt_industries, methods=["POST"]),
                Route(f"{registry}/members", self.list_members),
                Route(f"{registry}/collaborations", self.list_collaborations),
                Route(f"{registry}/collaborations", self.create_collaboration, methods=["POST"]),
                Route(f"{registry}/collaborations/{{id}}", self.read_collaboration),
                Route(f"{registry}/collaborations/{{id}}/recognitions", self.recognise, methods=["POST"]),
                Route(f"{registry}/applications", self.list_applications),
                Route(f"{registry}/public/applications/form", self.open_form),
                Route(f"{registry}/public/applications", self.take_application, methods=["POST"]),
                Route(f"{registry}/practice/members", self.fill_practice, methods=["POST"]),
                Route(f"{subsidies}/roster-imports", self.import_roster, methods=["POST"]),
                Route(f"{subsidies}/claims", self.list_claims),
                Route(f"{subsidies}/claims", self.create_claim, methods=["POST"]),
                Route(f"{subsidies}/claims/{{id}}", self.read_claim),
                Route(f"{subsidies}/claims/{{id}}/acceptance", self.accept, methods=["POST"]),
                Route("/api/targets/v1/reports", self.report, methods=["POST"]),
                Route("/api/targets/v1/reports", self.list_reports),
                Route("/api/targets/v1/reports/{id}", self.read_report),
                Route("/api/targets/v1/reports/{id}/acceptance", self.accept_report, methods=["POST"]),
                Route("/api/{service}/v1/jobs/{id}", self.job),
            ]
        )

    async def authorize(self, request: Request) -> Response:
        if "seen" not in request.cookies:
            again = RedirectResponse(f"/oauth/authorize?{request.url.query}", 303)
            again.set_cookie("seen", "1")
            return again
        page = HTMLResponse(FORM.format(query=request.url.query.replace("&", "&amp;"), csrf="token-1"))
        page.set_cookie("csrf", "token-1")
        return page

    async def login(self, request: Request) -> Response:
        sent = parse_qs((await request.body()).decode())
        name = sent["username"][0]
        assert sent["csrf"] == [request.cookies["csrf"]]
        assert "remember" not in sent
        if self.passwords.get(name) != sent["password"][0]:
            return HTMLResponse("用户名或密码不正确", 422)
        code = f"code-{next(self._numbers)}"
        self._codes[code] = (name, request.query_params["code_challenge"])
        query = urlencode({"code": code, "state": request.query_params["state"]})
        return RedirectResponse(f"{request.query_params['redirect_uri']}?{query}", 303)

    async def token(self, request: Request) -> Response:
        sent = parse_qs((await request.body()).decode())
        name, challenge = self._codes.pop(sent["code"][0])
        digest = hashlib.sha256(sent["code_verifier"][0].encode()).digest()
        assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge
        assert request.headers["authorization"].startswith("Basic ")
        return JSONResponse({"access_token": name, "token_type": "Bearer", "expires_in": 900})

    def who(self, request: Request) -> str:
        return request.headers["authorization"].removeprefix("Bearer ")

    def once(self, request: Request) -> Response | None:
        """The earlier answer to the same key of the same account."""
        found = self._answers.get((self.who(request), request.headers["idempotency-key"]))
        if found is None:
            return None
        self.replayed += 1
        return JSONResponse(found[1], found[0], found[2])

    def keep(self, request: Request, body: Any, status: int = 201, headers: dict[str, str] | None = None) -> Response:
        self._answers[self.who(request), request.headers["idempotency-key"]] = (status, body, headers or {})
        return JSONResponse(body, status, headers or {})

    def begun(self, service: str, result: dict[str, Any], ends: Callable[[], None] | None = None) -> dict[str, str]:
        """A job that is done at the second question, when `ends` is called; the header that says where it is."""
        number = str(next(self._numbers))
        self._jobs[number] = {"polls": 0, "result": result, "ends": ends}
        return {"Location": f"/api/{service}/v1/jobs/{number}"}

    def started(self, request: Request, service: str, result: dict[str, Any]) -> Response:
        return self.keep(request, {}, 202, self.begun(service, result))

    async def job(self, request: Request) -> Response:
        job = self._jobs[request.path_params["id"]]
        job["polls"] += 1
        if job["polls"] > 1 and job["ends"] is not None:
            job["ends"]()
        if self.fail_jobs:
            return JSONResponse({"state": "failed", "message": "磁盘空间已满", "result": None})
        if job["polls"] == 1:
            return JSONResponse({"state": "running", "message": "", "result": None})
        return JSONResponse({"state": "succeeded", "message": "", "result": job["result"]})

    async def propose_members(self, request: Request) -> Response:
        if (earlier := self.once(request)) is not None:
            return earlier
        assert request.query_params["kind"] == "members"
        form = await request.form()
        upload: Any = form["file"]
        rows = list(openpyxl.load_workbook(upload.file).worksheets[0].iter_rows(min_row=3, values_only=True))
        await form.close()
        number = f"s-{next(self._numbers)}"
        self.change_sets[number] = {
            "id": number,
            "state": "ready",
            "rejected": self.reject_rows,
            "left_out": 0,
            "rows": [{"id": f"m-{row[2]}", "name": row[0], "aliases": [row[1]], "uscc": row[2]} for row in rows],
        }
        return self.keep(request, {"id": number, "state": "checking"}, 202, self.begun("registry", {}))

    async def read_change_set(self, request: Request) -> Response:
        found = self.change_sets[request.path_params["id"]]
        return JSONResponse({**found, "rows": None}, headers={"ETag": f'"{found["state"]}"'})

    async def apply_change_set(self, request: Request) -> Response:
        found = self.change_sets[request.path_params["id"]]
        assert request.headers["if-match"] == '"ready"'

        def ends() -> None:
            if found["state"] == "applying":
                found["state"], found["left_out"] = "applied", self.leave_out
                self.members += found["rows"][self.leave_out :]

        found["state"], headers = "applying", self.begun("registry", {}, ends)
        found["job"] = headers["Location"].rpartition("/")[2]
        if self.drop_after_applying:
            self.drop_after_applying = False
            return JSONResponse({"detail": "连接中断"}, 503, headers)
        return JSONResponse({"id": found["id"]}, 202, headers)

    async def adopt_structure(self, request: Request) -> Response:
        """Enters the units of the pack that are no members yet, by name or alias, as the registry does."""
        if (earlier := self.once(request)) is not None:
            return earlier
        name = (await request.json())["pack"]
        pack = load_pack(POLICIES / name).pack
        assert pack is not None
        self.adopted.append((self.who(request), name))
        items = []
        for unit in (unit for unit in pack.structure.units if not unit.collective):
            known = {text for member in self.members for text in (member["name"], *member["aliases"])}
            outcome = "found" if known & {unit.name, *unit.aliases} else "made" if unit.category else "skipped"
            items.append({"kind": "member", "name": unit.name, "outcome": outcome, "note": "缺类别"})
            if outcome == "made":
                self.members.append({"id": unit.code, "name": unit.name, "aliases": unit.aliases, "uscc": None})
        items += [{"kind": "body", "name": body.name, "outcome": "made"} for body in pack.structure.bodies]
        return self.keep(request, {"pack": name, "items": items}, 200)

    async def adopt_industries(self, request: Request) -> Response:
        pack = load_pack(POLICIES / (await request.json())["pack"]).pack
        assert pack is not None
        self.industries = [industry.name for industry in pack.structure.industries]
        assert self.industries, "the registry refuses a document that names none"
        return JSONResponse({"pack": pack.document.pack, "created": self.industries})

    async def list_members(self, request: Request) -> Response:
        start = int(request.query_params.get("cursor", "0"))
        items = self.members[start : start + 20]
        after = start + 20 if start + 20 < len(self.members) else None
        return JSONResponse({"items": items, "next_cursor": after and str(after), "total": len(self.members)})

    async def list_collaborations(self, _: Request) -> Response:
        items = list(self.collaborations.values())
        return JSONResponse({"items": items, "next_cursor": None, "total": len(items)})

    async def create_collaboration(self, request: Request) -> Response:
        if (earlier := self.once(request)) is not None:
            return earlier
        number = f"c-{next(self._numbers)}"
        self.collaborations[number] = {"id": number, **await request.json(), "recognitions": []}
        return self.keep(request, self.collaborations[number])

    async def read_collaboration(self, request: Request) -> Response:
        return JSONResponse(self.collaborations[request.path_params["id"]])

    async def recognise(self, request: Request) -> Response:
        body = await request.json()
        self.collaborations[request.path_params["id"]]["recognitions"].append(body)
        return self.keep(request, body)

    async def list_applications(self, request: Request) -> Response:
        items = [one for one in self.applications if one["division"] == request.query_params["division"]]
        return JSONResponse({"items": items, "next_cursor": None, "total": len(items)})

    async def open_form(self, request: Request) -> Response:
        assert request.query_params["alliance"] == "anqing"
        assert "authorization" not in request.headers
        return JSONResponse({"form_token": "form-1", "wait_seconds": 0})

    async def take_application(self, request: Request) -> Response:
        draft = await request.json()
        assert (draft.pop("form_token"), draft.pop("alliance")) == ("form-1", "anqing")
        assert "authorization" not in request.headers
        self.applications.append(draft)
        return JSONResponse({"name": draft["name"], "number": "2025-1", "code": "ABCD"}, 201)

    async def fill_practice(self, request: Request) -> Response:
        self.practised.append(self.who(request))
        return JSONResponse({"alliance": "anqing-practice", "members": 0, "collaborations": 0})

    async def import_roster(self, request: Request) -> Response:
        if (earlier := self.once(request)) is not None:
            return earlier
        form = await request.form()
        upload: Any = form["file"]
        self.rosters.append(
            {"by": self.who(request), "file": upload.filename, "kind": form["kind"], "year": form["year"]}
        )
        await form.close()
        return self.started(request, "subsidies", {"total_rows": 1, "rejected_rows": 0})

    async def create_claim(self, request: Request) -> Response:
        if (earlier := self.once(request)) is not None:
            return earlier
        body = await request.json()
        if body["year"] != 2025:
            problem = {"title": "无效", "detail": "年度不对", "errors": [{"field": "year", "message": "应为2025"}]}
            return JSONResponse(problem, 422, media_type="application/problem+json")
        state = "submitted" if body.pop("submit") else "draft"
        claim = {
            "id": f"k-{next(self._numbers)}",
            "by": self.who(request),
            "state": state,
            "collaboration": None,
            **body,
        }
        self.claims.append(claim)
        return self.keep(request, claim)

    async def list_claims(self, request: Request) -> Response:
        mine = [claim for claim in self.claims if self.who(request) in ("mishuchu", claim["by"])]
        wanted = {name: value for name, value in request.query_params.items() if name in ("state", "rule")}
        items = [claim for claim in mine if all(claim[name] == value for name, value in wanted.items())]
        return JSONResponse({"items": items, "next_cursor": None, "total": len(items)})

    async def read_claim(self, request: Request) -> Response:
        claim = next(claim for claim in self.claims if claim["id"] == request.path_params["id"])
        return JSONResponse(claim, headers={"ETag": f'"{claim["id"]}"'})

    async def accept(self, request: Request) -> Response:
        claim = next(claim for claim in self.claims if claim["id"] == request.path_params["id"])
        assert self.who(request) == "mishuchu"
        assert request.headers["if-match"] == f'"{claim["id"]}"'
        claim["state"] = "accepted"
        return JSONResponse(claim)

    async def report(self, request: Request) -> Response:
        if (earlier := self.once(request)) is not None:
            return earlier
        number = f"r-{next(self._numbers)}"
        self.reports.append({"id": number, "by": self.who(request), "state": "submitted", **await request.json()})
        return self.keep(request, {})

    async def list_reports(self, request: Request) -> Response:
        wanted = {name: value for name, value in request.query_params.items() if name in ("state", "indicator", "year")}
        items = [r for r in self.reports if all(str(r[name]) == value for name, value in wanted.items())]
        return JSONResponse({"items": items, "next_cursor": None, "total": len(items)})

    async def read_report(self, request: Request) -> Response:
        report = next(report for report in self.reports if report["id"] == request.path_params["id"])
        return JSONResponse(report, headers={"ETag": '"1"'})

    async def accept_report(self, request: Request) -> Response:
        assert self.who(request) == "mishuchu"
        assert request.headers["if-match"] == '"1"'
        report = next(report for report in self.reports if report["id"] == request.path_params["id"])
        report["state"] = "accepted"
        return JSONResponse(report)
