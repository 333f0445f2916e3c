"""岗位: posts and their dated holders, granted by the security administrator."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from frontend.access import CurrentUser, Gateway, needs, performs
from frontend.forms import ETAG_FIELD, KEY_FIELD, Form, payload, submitted
from frontend.gateway_client import ApiProblem, BoundGateway
from frontend.htmx import page_or_fragment, redirect
from frontend.pages.registry_words import division_options
from frontend.session import User
from frontend.tables import Action, Column, Filter, Table
from services.kernel.permissions import (
    DEPARTMENT_LABELS,
    PERMISSION_LABELS,
    ROLE_LABELS,
    SECOND_FACTOR_ROLES,
    Permission,
    Role,
)

router = APIRouter(prefix="/people/posts", dependencies=[needs(Permission.ACCOUNTS_READ)])
GRANTS_POSTS = [needs(Permission.POSTS_GRANT)]
API = "/api/identity/v1/posts"
FORM_REFUSALS = (409, 422)
MOST = 1000
PAGE = 200

ROLES = [(role.value, label) for role, label in ROLE_LABELS.items() if role is not Role.SERVICE]
DEPARTMENTS = [(department.value, label) for department, label in DEPARTMENT_LABELS.items()]
STATES = {"active": ("在用", "success"), "closed": ("已撤销", "secondary")}
FORM_LABELS = {
    "title": "岗位名称",
    "unit_name": "单位名称",
    "role": "角色",
    "division": "县区",
    "member": "成员单位",
    "department": "部门",
    "active": "状态",
    "account": "任职人",
    "from_date": "生效日期",
    "until_date": "终止日期",
    "reason": "原因",
    "document": "任命文号",
    "succeeds": "接替现任",
}


def _holder(row: Mapping[str, Any]) -> str:
    holder = row["holder"]
    return f"{holder['name']}（{holder['username']}）" if holder else "空缺"


POSTS = Table(
    id="posts",
    path="/people/posts",
    caption="岗位",
    columns=(
        Column("title", "岗位名称", link="/people/posts/{id}"),
        Column("unit_name", "单位", wide=True),
        Column("role_label", "角色"),
        Column("holder", "现任", render=_holder),
        Column("state", "状态", "status", labels=STATES),
    ),
    filters=(
        Filter("q", "岗位或单位"),
        Filter("role", "角色", "select", ROLES),
        Filter("vacant", "空缺", "select", (("true", "只看空缺"), ("false", "只看在岗"))),
    ),
    empty_title="没有符合条件的岗位",
)


@router.get("")
async def posts(request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """The posts of the alliance with who holds them today."""
    answer = await gateway.get(API, POSTS.params(request))
    actions = [Action("角色与权限", "/people/posts/roles", icon="shield-check")]
    if user.may(Permission.POSTS_GRANT):
        actions.insert(0, Action("设立岗位", "/people/posts/new", primary=True))
    rows = [_with_state(row) for row in answer.data["items"]]
    table = POSTS.view(request, {**answer.data, "items": rows}, actions=actions)
    return page_or_fragment(request, "people/posts.html", "_table.html", {"table": table})


def _with_state(post: Mapping[str, Any]) -> dict[str, Any]:
    return {**post, "state": "active" if post["active"] else "closed"}


@router.get("/roles")
async def roles(request: Request, gateway: Gateway) -> Response:
    """The matrix of role × permission, as identity states it."""
    matrix = (await gateway.get("/api/identity/v1/roles")).data
    return page_or_fragment(request, "people/roles.html", "people/_roles.html", {"matrix": matrix})


@router.get("/new", dependencies=GRANTS_POSTS)
async def new_post(request: Request, gateway: Gateway) -> Response:
    """The form of a new post."""
    return await _new_page(request, gateway, Form.of(request))


@router.post("/new", dependencies=[*GRANTS_POSTS, performs(f"POST {API}")])
async def create_post(request: Request, gateway: Gateway) -> Response:
    """Set up a post; it is empty until somebody is granted it."""
    values = await submitted(request)
    body = payload(values, "title", "unit_name", "role", "division", "member", "department")
    try:
        made = (await gateway.post(API, body, idempotency_key=values.get(KEY_FIELD))).data
    except ApiProblem as problem:
        if problem.status not in FORM_REFUSALS:
            raise
        return await _new_page(request, gateway, Form.refused(request, values, problem), 422)
    return redirect(request, f"/people/posts/{made['id']}", toast="已设立岗位，请任职。")


async def _new_page(request: Request, gateway: BoundGateway, form: Form, status: int = 200) -> Response:
    units, (divisions, _) = await asyncio.gather(every(gateway, "/api/registry/v1/units"), division_options(gateway))
    values = {
        "form": form,
        "labels": FORM_LABELS,
        "roles": ROLES,
        "departments": DEPARTMENTS,
        "divisions": divisions,
        "units": [(unit["id"], unit["name"]) for unit in units],
    }
    return page_or_fragment(request, "people/new_post.html", "people/_new_post.html", values, status=status)


async def every(gateway: BoundGateway, path: str, **query: Any) -> list[dict[str, Any]]:
    """Every item of a list, for a select; at most a thousand."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while len(found) < MOST:
        page = (await gateway.get(path, {"limit": PAGE, "cursor": cursor, **query})).data
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    return found


@router.get("/{post_id}")
async def post(post_id: UUID, request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """One post: who held it and when, and the grant of it."""
    return await _post_page(request, gateway, user, post_id)


async def _post_page(
    request: Request,
    gateway: BoundGateway,
    user: User,
    post_id: UUID,
    form: Form | None = None,
    status: int = 200,
) -> Response:
    answer = await gateway.get(f"{API}/{post_id}")
    found = _with_state(answer.data)
    grants = user.may(Permission.POSTS_GRANT)
    people = await every(gateway, "/api/identity/v1/accounts") if grants else []
    role = Role(found["role"])
    values = {
        "post": found,
        "form": form or Form.of(request, _as_filled(found), etag=answer.etag),
        "labels": FORM_LABELS,
        "states": STATES,
        "grants": grants,
        "accounts": [(one["id"], f"{one['name']}（{one['username']}）") for one in people if _may_be_chosen(one)],
        "second_factor": role in SECOND_FACTOR_ROLES,
        "permissions": [PERMISSION_LABELS[Permission(code)] for code in await _permissions(gateway, found["role"])],
    }
    return page_or_fragment(request, "people/post.html", "people/_post.html", values, status=status)


def _as_filled(found: Mapping[str, Any]) -> dict[str, Any]:
    """The forms as the post stands; whoever is granted a post that is held most likely succeeds its holder."""
    marks = {"active": "yes" if found["active"] else "no", "succeeds": "yes" if found["holder"] else "no"}
    return {"title": found["title"], "unit_name": found["unit_name"], **marks}


def _may_be_chosen(account: Mapping[str, Any]) -> bool:
    return bool(account["state"] != "deactivated")


async def _permissions(gateway: BoundGateway, role: str) -> list[str]:
    matrix = (await gateway.get("/api/identity/v1/roles")).data
    return next((list(one["permissions"]) for one in matrix["roles"] if one["code"] == role), [])


@router.post("/{post_id}/edit", dependencies=[*GRANTS_POSTS, performs(f"PATCH {API}/{{}}")])
async def update_post(post_id: UUID, request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """Rename a post, close it or open it again."""
    values = await submitted(request)
    body: dict[str, Any] = {name: values[name] for name in ("title", "unit_name") if values.get(name)}
    if values.get("active"):
        body["active"] = values["active"] == "yes"
    try:
        await gateway.patch(f"{API}/{post_id}", body, if_match=values.get(ETAG_FIELD))
    except ApiProblem as problem:
        return await _refused(request, gateway, user, post_id, values, problem)
    return redirect(request, f"/people/posts/{post_id}", toast="已保存。")


@router.post("/{post_id}/holdings", dependencies=[*GRANTS_POSTS, performs(f"POST {API}/{{}}/holdings")])
async def grant(post_id: UUID, request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """Grant the post from a day on; a successor may end the present holder's time on that day."""
    values = await submitted(request)
    body = payload(values, "account", "from_date", "reason", "document")
    body["succeeds"] = values.get("succeeds") == "yes"
    try:
        await gateway.post(f"{API}/{post_id}/holdings", body, idempotency_key=values.get(KEY_FIELD))
    except ApiProblem as problem:
        return await _refused(request, gateway, user, post_id, values, problem)
    return redirect(request, f"/people/posts/{post_id}", toast="已任职，到生效日期自动生效。")


@router.post(
    "/{post_id}/holdings/{holding_id}/ending",
    dependencies=[*GRANTS_POSTS, performs(f"POST {API}/{{}}/holdings/{{}}/ending")],
)
async def end(post_id: UUID, holding_id: UUID, request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """End somebody's time in the post; a grant that lies ahead is taken back."""
    values = await submitted(request)
    body = {"until_date": values.get("until_date") or None, "reason": values.get("reason") or ""}
    try:
        await gateway.post(f"{API}/{post_id}/holdings/{holding_id}/ending", body)
    except ApiProblem as problem:
        return await _refused(request, gateway, user, post_id, values, problem)
    return redirect(request, f"/people/posts/{post_id}", toast="已终止任职。")


async def _refused(
    request: Request,
    gateway: BoundGateway,
    user: User,
    post_id: UUID,
    values: Mapping[str, Any],
    problem: ApiProblem,
) -> Response:
    if problem.status not in FORM_REFUSALS:
        raise problem
    return await _post_page(request, gateway, user, post_id, Form.refused(request, values, problem), 422)
