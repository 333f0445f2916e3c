"""What the pages of members and collaborations share: who may write, choices for forms, conflicts of two editors."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from frontend.forms import Form
from frontend.gateway_client import Answer, ApiProblem, BoundGateway
from frontend.htmx import hx_retarget, page_or_fragment
from frontend.session import User
from services.kernel.errors import FieldIssue
from services.kernel.permissions import Permission

API = "/api/registry/v1"
MOST_MEMBERS = 2_000
PAGE = 200
FORM_REFUSALS = {409, 413, 415, 422}
AGREEMENT_PHASES = {
    "upcoming": ("未生效", "info"),
    "in_force": ("履行中", "success"),
    "expiring": ("即将到期", "warning"),
    "expired": ("已到期", "secondary"),
    "ended": ("已终止", "secondary"),
}
ACTIONS = {
    "member.create": "登记单位",
    "member.update": "修改资料",
    "member.merge": "并入其他单位",
    "member.absorb": "接收并入的单位",
    "member.divide": "拆分",
    "member_duplicate.dismiss": "登记不是同一家",
    "agreement.create": "登记协议",
    "agreement.update": "修改资料",
    "agreement.renew": "续签登记",
    "agreement.end": "提前终止",
    "member.admission": "入会",
    "member.admit": "绑定入会申请",
    "member.annual_review": "年度考核",
    "member.rectification": "责令整改",
    "member.rectified": "整改完成",
    "member.suspension": "暂停",
    "member.resumption": "恢复",
    "member.exit": "退出",
    "collaboration.create": "登记载体",
    "collaboration.update": "修改资料",
    "recognition.add": "登记级别认定",
    "recognition.withdraw": "撤销级别认定",
    "contribution.add": "登记投入",
    "contribution.change": "修改投入",
    "contribution.remove": "更正投入",
    "review.add": "登记年度考核",
    "review.decide": "处理年度考核",
    "review.remove": "更正年度考核",
    "body.create": "登记机构",
    "body.update": "修改资料",
    "body.dissolve": "撤销机构",
    "body.term": "登记新一届",
    "seat.create": "新设席位",
    "seat.update": "修改席位",
    "seat.succeed": "换任",
    "seat.vacate": "登记空缺",
    "seat.abolish": "撤销席位",
    "meeting.plan": "计划会议",
    "meeting.update": "修改会议",
    "meeting.convene": "召开",
    "meeting.attendance": "登记到会",
    "meeting.archive": "归档",
    "meeting.cancel": "取消",
    "resolution.propose": "起草决议",
    "resolution.update": "修改决议",
    "resolution.vote": "登记表决",
}


def may_write(user: User) -> bool:
    """Whether this person may change the registry; the service decides again by the token."""
    return user.may(Permission.REGISTRY_WRITE)


def options(labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """(value, label) pairs for a select."""
    return tuple(labels.items())


async def division_options(gateway: BoundGateway, chosen: str = "") -> tuple[list[tuple[str, str]], list[Any]]:
    """Divisions and functional zones to choose from; a code that is none of them stays choosable."""
    found = (await gateway.get(f"{API}/divisions")).data
    divisions = [(entry["code"], f"{entry['name']}（{entry['code']}）") for entry in found["divisions"]]
    if chosen and chosen not in {code for code, _ in divisions}:
        divisions.append((chosen, chosen))
    return divisions, [(entry["code"], entry["name"]) for entry in found["zones"]]


async def member_options(gateway: BoundGateway) -> list[tuple[str, str]]:
    """Every member by name, for a select."""
    found: list[tuple[str, str]] = []
    cursor: str | None = None
    while len(found) < MOST_MEMBERS:
        page = (await gateway.get(f"{API}/members", {"limit": PAGE, "cursor": cursor})).data
        found += [(item["id"], item["name"]) for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    return found


async def timeline_of(gateway: BoundGateway, path: str, labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """Recorded changes of a thing as the timeline shows them; fields that changed, never their contents."""
    entries = (await gateway.get(f"{API}{path}/history")).data["items"]
    return [
        {
            "at": entry["at"],
            "who": entry["actor_name"],
            "title": ACTIONS.get(entry["action"], entry["action"]),
            "detail": "；".join(filter(None, [_changed(entry["changed"], labels), entry["reason"]])),
        }
        for entry in entries
    ]


def _changed(fields: Sequence[str], labels: Mapping[str, str]) -> str:
    known = [labels[field] for field in fields if field in labels]
    return f"修改了{'、'.join(known)}" if known else ""


def by_field(problem: ApiProblem) -> ApiProblem:
    """The problem with the issues of a list's entries (`aliases.0`) told of the field itself."""
    issues = [replace(issue, field=issue.field.split(".")[0]) for issue in problem.errors]
    return _problem(problem, problem.detail, issues)


def file_problem(problem: ApiProblem) -> ApiProblem:
    """A refusal of an uploaded file, told at its field."""
    known = [issue for issue in problem.errors if issue.field == "file"]
    issues = known or [FieldIssue("file", problem.code, problem.detail)]
    return _problem(problem, problem.detail, issues)


def conflict(problem: ApiProblem, mine: Mapping[str, Any], theirs: Mapping[str, str]) -> ApiProblem:
    """The problem of two editors: beside each field that now differs, what stands there since.

    Both sides hold what the form shows; `theirs` is the record as it is now, in words.
    """
    issues = [
        FieldIssue(field, "changed", f"现为“{now or '空'}”，与您填写的不同。")
        for field, now in theirs.items()
        if str(mine.get(field) or "") != now
    ]
    told = "您打开之后，这条记录已被他人修改。请核对下列各处；再次保存将以您填写的为准。"
    return _problem(problem, told, issues)


def _problem(problem: ApiProblem, detail: str, issues: Sequence[FieldIssue]) -> ApiProblem:
    told = {"errors": issues, "request_id": problem.request_id}
    return ApiProblem(problem.status, problem.code, problem.title, detail, **told)  # type: ignore[arg-type]


def refused_form(
    request: Request, page: str, fragment: str, context: Mapping[str, Any], form: Form, form_id: str
) -> Response:
    """The form again with its faults and the real status; htmx is told to put it where the form stands."""
    status = form.problem.status if form.problem else 422
    response = page_or_fragment(request, page, fragment, {**context, "form": form}, status=status)
    hx_retarget(response, f"#{form_id}", "outerHTML")
    return response


async def current(gateway: BoundGateway, path: str) -> Answer:
    """A record of the registry as it stands now."""
    return await gateway.get(f"{API}{path}")
