"""县区系统接入: machine clients of counties' own systems, made by the secretariat, kept by the bureau as well."""

import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from frontend.access import CurrentUser, Gateway, needs, performs
from frontend.forms import KEY_FIELD, Form, payload, submitted
from frontend.gateway_client import ApiProblem, BoundGateway
from frontend.htmx import page_or_fragment, redirect
from frontend.pages.registry_words import division_options
from frontend.session import User
from frontend.tables import Action, Column, Table
from services.kernel.errors import FieldIssue
from services.kernel.permissions import PERMISSION_LABELS, Permission

router = APIRouter(
    prefix="/integration/clients", dependencies=[needs(Permission.CLIENTS_MANAGE, Permission.CLIENTS_OWN)]
)
MANAGES = [needs(Permission.CLIENTS_MANAGE)]
API = "/api/identity/v1/clients"
FORM_REFUSALS = (409, 422)

METHODS = {
    "client_secret_basic": "密钥（HTTP Basic）",
    "client_secret_post": "密钥（表单）",
    "private_key_jwt": "公钥签名（private_key_jwt）",
}
STATES = {"active": ("在用", "success"), "revoked": ("已吊销", "secondary")}
FORM_LABELS = {
    "name": "系统名称",
    "description": "用途说明",
    "division": "县区",
    "practice": "环境",
    "auth_method": "认证方式",
    "jwks": "公钥集（JWKS）",
    "reason": "原因",
}
PERMISSIONS = {permission.value: label for permission, label in PERMISSION_LABELS.items()}

CLIENTS = Table(
    id="clients",
    path="/integration/clients",
    caption="县区系统接入",
    row_id="client_id",
    columns=(
        Column("name", "系统名称", link="/integration/clients/{client_id}", wide=True),
        Column("division_name", "县区"),
        Column("practice", "环境", render=lambda row: "练习" if row["practice"] else "正式"),
        Column("auth_method", "认证方式", labels=METHODS, narrow_hidden=True),
        Column("last_used_at", "最近使用", "datetime", narrow_hidden=True),
        Column("state", "状态", "status", labels=STATES),
    ),
    empty_title="还没有系统接入",
    empty_hint="由秘书处为县区开设；开设后由县区教育局自行更换或吊销密钥。",
)


@router.get("")
async def clients(request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """The machine clients that the person may keep."""
    answer = (await gateway.get(API, CLIENTS.params(request))).data
    rows = [_with_state(item) for item in answer["items"]]
    manages = user.may(Permission.CLIENTS_MANAGE)
    actions = [Action("开设接入", "/integration/clients/new", primary=True)] if manages else []
    actions.append(Action("接口文档", "/api/docs/county", icon="book-2"))
    table = CLIENTS.view(request, {**answer, "items": rows}, actions=actions)
    return page_or_fragment(request, "integration/clients.html", "_table.html", {"table": table})


def _with_state(client: dict[str, Any]) -> dict[str, Any]:
    return {**client, "state": "active" if client["active"] else "revoked"}


@router.get("/new", dependencies=MANAGES)
async def new_client(request: Request, gateway: Gateway) -> Response:
    """The form of a new machine client."""
    return await _new_page(request, gateway, Form.of(request, {"auth_method": "client_secret_basic", "practice": "no"}))


@router.post("/new", dependencies=[*MANAGES, performs(f"POST {API}")])
async def create_client(request: Request, gateway: Gateway) -> Response:
    """Make the client and show its secret, this once."""
    values = await submitted(request)
    try:
        body = {
            **payload(values, "name", "division", "auth_method"),
            "description": values.get("description", ""),
            "practice": values.get("practice") == "yes",
            "jwks": _jwks(values),
        }
        made = (await gateway.post(API, body, idempotency_key=values.get(KEY_FIELD))).data
    except ApiProblem as problem:
        if problem.status not in FORM_REFUSALS:
            raise
        return await _new_page(request, gateway, Form.refused(request, values, problem), 422)
    return _issued(request, made, "已开设接入")


async def _new_page(request: Request, gateway: BoundGateway, form: Form, status: int = 200) -> Response:
    divisions, _ = await division_options(gateway)
    values = {"form": form, "labels": FORM_LABELS, "divisions": divisions, "methods": list(METHODS.items())}
    fragment = "integration/_new_client.html"
    return page_or_fragment(request, "integration/new_client.html", fragment, values, status=status)


def _jwks(values: dict[str, Any]) -> Any:
    """The key set that was pasted. Raises ApiProblem when it is no JSON."""
    text = values.get("jwks") or ""
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError as fault:
        issue = FieldIssue("jwks", "json_malformed", '应为 JSON 格式的公钥集，形如 {"keys": [...]}。')
        raise ApiProblem(422, "invalid_input", "填写内容有误", "请改正公钥集。", errors=[issue]) from fault


def _issued(request: Request, issued: dict[str, Any], title: str) -> Response:
    values = {"client": issued, "issued_title": title, "methods": METHODS}
    return page_or_fragment(request, "integration/issued.html", "integration/_issued.html", values)


@router.get("/{client_id}")
async def client(client_id: str, request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """One client: what it may do, when it was used, and the two things that its keepers may do to it."""
    return await _client_page(request, gateway, user, client_id, Form.of(request))


async def _client_page(
    request: Request, gateway: BoundGateway, user: User, client_id: str, form: Form, status: int = 200
) -> Response:
    found = (await gateway.get(f"{API}/{client_id}")).data
    values = {
        "client": _with_state(found),
        "form": form,
        "labels": FORM_LABELS,
        "methods": METHODS,
        "states": STATES,
        "permissions": [PERMISSIONS.get(scope, scope) for scope in found["scopes"]],
        "own": not user.may(Permission.CLIENTS_MANAGE),
    }
    return page_or_fragment(request, "integration/client.html", "integration/_client.html", values, status=status)


@router.post("/{client_id}/rotation", dependencies=[performs(f"POST {API}/{{}}/rotation")])
async def rotate(client_id: str, request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """Give the client new credentials; the old ones and their tokens end at once."""
    values = await submitted(request)
    try:
        body = {"jwks": _jwks(values), "reason": values.get("reason") or None}
        issued = (await gateway.post(f"{API}/{client_id}/rotation", body)).data
    except ApiProblem as problem:
        if problem.status not in FORM_REFUSALS:
            raise
        return await _client_page(request, gateway, user, client_id, Form.refused(request, values, problem), 422)
    return _issued(request, issued, "已更换密钥")


@router.post("/{client_id}/revocation", dependencies=[performs(f"POST {API}/{{}}/revocation")])
async def revoke(client_id: str, request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """End the client for good."""
    values = await submitted(request)
    try:
        await gateway.post(f"{API}/{client_id}/revocation", {"reason": values.get("reason") or ""})
    except ApiProblem as problem:
        if problem.status not in FORM_REFUSALS:
            raise
        return await _client_page(request, gateway, user, client_id, Form.refused(request, values, problem), 422)
    return redirect(request, f"/integration/clients/{client_id}", toast="已吊销接入，其令牌随即失效。")
