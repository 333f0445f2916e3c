"""账号: people and how they sign in, for the system administrator; looked at by the security administrator."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from frontend.access import CurrentUser, Gateway, needs, performs
from frontend.forms import ETAG_FIELD, KEY_FIELD, Form, payload, submitted
from frontend.gateway_client import ApiProblem, BoundGateway
from frontend.htmx import page_or_fragment, redirect
from frontend.session import User
from frontend.tables import Action, Column, Filter, Table
from services.kernel.permissions import Permission

router = APIRouter(prefix="/people/accounts", dependencies=[needs(Permission.ACCOUNTS_READ)])
MANAGES = [needs(Permission.ACCOUNTS_MANAGE)]
ENDS = [needs(Permission.SESSIONS_END)]
API = "/api/identity/v1/accounts"
FORM_REFUSALS = (409, 422)

STATES = {"invited": ("已邀请，未启用", "info"), "active": ("在用", "success"), "deactivated": ("停用", "secondary")}
FORM_LABELS = {"username": "用户名", "name": "姓名", "reason": "原因"}
STEPS = {
    "deactivation": ("停用账号", "停用后此人在各处的登录立即失效，岗位记录保留。确定停用吗？", "已停用账号。"),
    "reactivation": ("恢复账号", "", "已恢复账号。"),
    "unlocking": ("解除锁定", "", "已解除锁定。"),
    "second-factor-reset": (
        "重置动态口令",
        "此人须在下次登录时重新绑定；请先当面或电话核实身份。确定重置吗？",
        "已重置动态口令。",
    ),
}


def posts_text(row: Mapping[str, Any]) -> str:
    """The posts of today in a line."""
    return "；".join(f"{post['unit_name']} {post['title']}" for post in row["posts"]) or "—"


ACCOUNTS = Table(
    id="accounts",
    path="/people/accounts",
    caption="账号",
    default_sort="username",
    columns=(
        Column("username", "用户名", sort="username", link="/people/accounts/{id}"),
        Column("name", "姓名"),
        Column("posts", "现任岗位", render=posts_text, wide=True),
        Column("second_factor", "动态口令", render=lambda row: "已启用" if row["second_factor"] else "—"),
        Column("state", "状态", "status", labels=STATES),
        Column("updated_at", "更新时间", "date", narrow_hidden=True),
    ),
    filters=(
        Filter("q", "用户名或姓名"),
        Filter("state", "状态", "select", tuple((code, words) for code, (words, _) in STATES.items())),
    ),
    empty_title="没有符合条件的账号",
)


@router.get("")
async def accounts(request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """The accounts of the alliance."""
    answer = await gateway.get(API, ACCOUNTS.params(request))
    manages = user.may(Permission.ACCOUNTS_MANAGE)
    actions = [Action("开设账号", "/people/accounts/new", primary=True)] if manages else []
    table = ACCOUNTS.view(request, answer.data, actions=actions)
    return page_or_fragment(request, "people/accounts.html", "_table.html", {"table": table})


@router.get("/new", dependencies=MANAGES)
async def new_account(request: Request) -> Response:
    """The form of a new account."""
    return _new_page(request, Form.of(request))


@router.post("/new", dependencies=[*MANAGES, performs(f"POST {API}")])
async def create_account(request: Request, gateway: Gateway) -> Response:
    """Make the account and show its invitation link, this once."""
    values = await submitted(request)
    try:
        made = await gateway.post(API, payload(values, "username", "name"), idempotency_key=values.get(KEY_FIELD))
    except ApiProblem as problem:
        if problem.status not in FORM_REFUSALS:
            raise
        return _new_page(request, Form.refused(request, values, problem), 422)
    return link_page(request, made.data["invitation"], made.data["account"]["name"], "/people/accounts")


def _new_page(request: Request, form: Form, status: int = 200) -> Response:
    values = {"form": form, "labels": FORM_LABELS}
    fragment = "people/_new_account.html"
    return page_or_fragment(request, "people/new_account.html", fragment, values, status=status)


def link_page(request: Request, invitation: Mapping[str, Any], name: str, back: str) -> Response:
    """A link that is handed over once."""
    values = {"invitation": invitation, "name": name, "back": back}
    return page_or_fragment(request, "people/link.html", "people/_link.html", values)


@router.get("/{account_id}")
async def account(account_id: UUID, request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """One account: its posts over time, its sign-ins, and what may be done to it."""
    return await _account_page(request, gateway, user, account_id)


async def _account_page(
    request: Request,
    gateway: BoundGateway,
    user: User,
    account_id: UUID,
    form: Form | None = None,
    status: int = 200,
) -> Response:
    answer = await gateway.get(f"{API}/{account_id}")
    ends = user.may(Permission.SESSIONS_END)
    sessions = (await gateway.get(f"{API}/{account_id}/sessions")).data["items"] if ends else None
    found = answer.data
    values = {
        "account": found,
        "sessions": sessions,
        "form": form or Form.of(request, {"username": found["username"], "name": found["name"]}, etag=answer.etag),
        "labels": FORM_LABELS,
        "states": STATES,
        "manages": user.may(Permission.ACCOUNTS_MANAGE),
        "steps": {name: STEPS[name] for name in _steps_of(found)},
    }
    return page_or_fragment(request, "people/account.html", "people/_account.html", values, status=status)


def _steps_of(found: Mapping[str, Any]) -> list[str]:
    """What may be done to an account as it stands."""
    steps = ["reactivation"] if found["state"] == "deactivated" else ["deactivation"]
    if found["locked_until"]:
        steps.append("unlocking")
    return [*steps, "second-factor-reset"] if found["second_factor"] else steps


@router.post("/{account_id}/edit", dependencies=[*MANAGES, performs(f"PATCH {API}/{{}}")])
async def update_account(account_id: UUID, request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """Correct the user name or the name."""
    values = await submitted(request)
    body = payload(values, "username", "name")
    try:
        await gateway.patch(f"{API}/{account_id}", body, if_match=values.get(ETAG_FIELD))
    except ApiProblem as problem:
        return await _refused(request, gateway, user, account_id, values, problem)
    return redirect(request, f"/people/accounts/{account_id}", toast="已保存。")


async def _refused(
    request: Request,
    gateway: BoundGateway,
    user: User,
    account_id: UUID,
    values: Mapping[str, Any],
    problem: ApiProblem,
) -> Response:
    if problem.status not in FORM_REFUSALS:
        raise problem
    return await _account_page(request, gateway, user, account_id, Form.refused(request, values, problem), 422)


@router.post("/{account_id}/invitations", dependencies=[*MANAGES, performs(f"POST {API}/{{}}/invitations")])
async def invite(account_id: UUID, request: Request, gateway: Gateway) -> Response:
    """A fresh link; the one before is worth nothing any more."""
    values = await submitted(request)
    name = (await gateway.get(f"{API}/{account_id}")).data["name"]
    key = values.get(KEY_FIELD)
    made = (await gateway.post(f"{API}/{account_id}/invitations", idempotency_key=key)).data
    return link_page(request, made, name, f"/people/accounts/{account_id}")


@router.post("/{account_id}/sign-out", dependencies=[*ENDS, performs(f"POST {API}/{{}}/sign-out")])
async def sign_out(account_id: UUID, request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """End every sign-in of somebody, within seconds."""
    values = await submitted(request)
    try:
        body = {"reason": values.get("reason") or ""}
        ended = (await gateway.post(f"{API}/{account_id}/sign-out", body)).data["ended"]
    except ApiProblem as problem:
        return await _refused(request, gateway, user, account_id, values, problem)
    return redirect(request, f"/people/accounts/{account_id}", toast=f"已结束 {ended} 处登录。")


async def _take_step(step: str, account_id: UUID, request: Request, gateway: BoundGateway, user: User) -> Response:
    values = await submitted(request)
    try:
        await gateway.post(f"{API}/{account_id}/{step}", {"reason": values.get("reason") or ""})
    except ApiProblem as problem:
        return await _refused(request, gateway, user, account_id, values, problem)
    return redirect(request, f"/people/accounts/{account_id}", toast=STEPS[step][2])


@router.post("/{account_id}/deactivation", dependencies=[*MANAGES, performs(f"POST {API}/{{}}/deactivation")])
async def deactivate(account_id: UUID, request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """End an account."""
    return await _take_step("deactivation", account_id, request, gateway, user)


@router.post("/{account_id}/reactivation", dependencies=[*MANAGES, performs(f"POST {API}/{{}}/reactivation")])
async def reactivate(account_id: UUID, request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """Take an account up again."""
    return await _take_step("reactivation", account_id, request, gateway, user)


@router.post("/{account_id}/unlocking", dependencies=[*MANAGES, performs(f"POST {API}/{{}}/unlocking")])
async def unlock(account_id: UUID, request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """Lift the lock of too many wrong passwords."""
    return await _take_step("unlocking", account_id, request, gateway, user)


@router.post(
    "/{account_id}/second-factor-reset", dependencies=[*MANAGES, performs(f"POST {API}/{{}}/second-factor-reset")]
)
async def reset_factor(account_id: UUID, request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """Forget a lost authenticator."""
    return await _take_step("second-factor-reset", account_id, request, gateway, user)
