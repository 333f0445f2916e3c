"""第三方应用: programs that people sign in to by the hub, with consent."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from frontend.access import Gateway, needs, performs
from frontend.forms import KEY_FIELD, Form, submitted
from frontend.gateway_client import ApiProblem, BoundGateway
from frontend.htmx import page_or_fragment, redirect
from frontend.tables import Action, Column, Table
from services.kernel.permissions import GRANTS, PERMISSION_LABELS, Permission, Role

router = APIRouter(prefix="/people/applications", dependencies=[needs(Permission.ACCOUNTS_MANAGE)])
API = "/api/identity/v1/applications"
FORM_REFUSALS = (409, 422)
METHODS = {
    "client_secret_basic": "密钥（HTTP Basic）",
    "client_secret_post": "密钥（表单）",
    "none": "公开应用（只用 PKCE，没有密钥）",
}
STATES = {"active": ("在用", "success"), "stopped": ("停用", "secondary")}
FORM_LABELS = {
    "name": "应用名称",
    "description": "用途说明",
    "redirect_uris": "回调地址",
    "post_logout_redirect_uris": "退出后返回的地址",
    "auth_method": "认证方式",
    "scopes": "可申请的权限",
}
SCOPES = [
    ("openid", "登录身份"),
    ("profile", "姓名和岗位"),
    ("offline_access", "离线访问（刷新令牌）"),
    *((p.value, label) for p, label in PERMISSION_LABELS.items() if p not in GRANTS[Role.SERVICE]),
]

APPLICATIONS = Table(
    id="applications",
    path="/people/applications",
    caption="第三方应用",
    row_id="client_id",
    columns=(
        Column("name", "应用名称", link="/people/applications/{client_id}", wide=True),
        Column("auth_method", "认证方式", labels=METHODS),
        Column("last_used_at", "最近使用", "datetime", narrow_hidden=True),
        Column("state", "状态", "status", labels=STATES),
    ),
    actions=(Action("登记应用", "/people/applications/new", primary=True),),
    empty_title="还没有登记第三方应用",
)


@router.get("")
async def applications(request: Request, gateway: Gateway) -> Response:
    """The applications that people may sign in to."""
    answer = await gateway.get(API, APPLICATIONS.params(request))
    rows = [_with_state(row) for row in answer.data["items"]]
    table = APPLICATIONS.view(request, {**answer.data, "items": rows})
    return page_or_fragment(request, "people/applications.html", "_table.html", {"table": table})


def _with_state(application: dict[str, Any]) -> dict[str, Any]:
    return {**application, "state": "active" if application["active"] else "stopped"}


@router.get("/new")
async def new_application(request: Request) -> Response:
    """The form of a new application."""
    form = Form.of(request, {"auth_method": "client_secret_basic", "scopes": ["openid", "profile"]})
    return _form_page(request, form, None)


@router.post("/new", dependencies=[performs(f"POST {API}")])
async def create_application(request: Request, gateway: Gateway) -> Response:
    """Register the application and show its secret, this once."""
    values = await submitted(request)
    body = {**_body(values), "auth_method": values.get("auth_method") or "client_secret_basic"}
    try:
        made = (await gateway.post(API, body, idempotency_key=values.get(KEY_FIELD))).data
    except ApiProblem as problem:
        if problem.status not in FORM_REFUSALS:
            raise
        return _form_page(request, Form.refused(request, values, problem), None, 422)
    return _issued(request, made)


def _body(values: dict[str, Any]) -> dict[str, Any]:
    scopes = values.get("scopes") or []
    return {
        "name": values.get("name") or "",
        "description": values.get("description") or "",
        "redirect_uris": _lines(values.get("redirect_uris")),
        "post_logout_redirect_uris": _lines(values.get("post_logout_redirect_uris")),
        "scopes": scopes if isinstance(scopes, list) else [scopes],
    }


def _lines(text: Any) -> list[str]:
    return [line.strip() for line in str(text or "").splitlines() if line.strip()]


def _form_page(request: Request, form: Form, client_id: str | None, status: int = 200) -> Response:
    values = {
        "form": form,
        "labels": FORM_LABELS,
        "methods": list(METHODS.items()),
        "scopes": SCOPES,
        "action": f"/people/applications/{client_id}/edit" if client_id else "/people/applications/new",
        "cancel": f"/people/applications/{client_id}" if client_id else "/people/applications",
        "editing": client_id is not None,
    }
    fragment = "people/_application_form.html"
    return page_or_fragment(request, "people/application_form.html", fragment, values, status=status)


def _issued(request: Request, issued: dict[str, Any]) -> Response:
    values = {"application": issued}
    return page_or_fragment(request, "people/application_issued.html", "people/_application_issued.html", values)


@router.get("/{client_id}")
async def application(client_id: str, request: Request, gateway: Gateway) -> Response:
    """One application."""
    found = (await gateway.get(f"{API}/{client_id}")).data
    values = {
        "application": _with_state(found),
        "states": STATES,
        "methods": METHODS,
        "scopes": [dict(SCOPES).get(scope, scope) for scope in found["scopes"]],
        "form": Form.of(request),
    }
    return page_or_fragment(request, "people/application.html", "people/_application.html", values)


@router.get("/{client_id}/edit")
async def edit_application(client_id: str, request: Request, gateway: Gateway) -> Response:
    """The form of an application that stands."""
    found = (await gateway.get(f"{API}/{client_id}")).data
    shown = {name: "\n".join(found[name]) for name in ("redirect_uris", "post_logout_redirect_uris")}
    return _form_page(request, Form.of(request, {**found, **shown}), client_id)


@router.post("/{client_id}/edit", dependencies=[performs(f"PATCH {API}/{{}}")])
async def update_application(client_id: str, request: Request, gateway: Gateway) -> Response:
    """Change an application."""
    values = await submitted(request)
    try:
        await _patch(gateway, client_id, _body(values))
    except ApiProblem as problem:
        if problem.status not in FORM_REFUSALS:
            raise
        return _form_page(request, Form.refused(request, values, problem), client_id, 422)
    return redirect(request, f"/people/applications/{client_id}", toast="已保存。")


@router.post("/{client_id}/state", dependencies=[performs(f"PATCH {API}/{{}}")])
async def switch_application(client_id: str, request: Request, gateway: Gateway) -> Response:
    """Stop an application, whose tokens end within seconds, or let it go on."""
    active = (await submitted(request)).get("active") == "yes"
    await _patch(gateway, client_id, {"active": active})
    return redirect(request, f"/people/applications/{client_id}", toast="已恢复。" if active else "已停用。")


async def _patch(gateway: BoundGateway, client_id: str, body: dict[str, Any]) -> None:
    found = await gateway.get(f"{API}/{client_id}")
    await gateway.patch(f"{API}/{client_id}", body, if_match=found.etag)


@router.post("/{client_id}/rotation", dependencies=[performs(f"POST {API}/{{}}/rotation")])
async def rotate_application(client_id: str, request: Request, gateway: Gateway) -> Response:
    """A new secret, shown this once."""
    return _issued(request, (await gateway.post(f"{API}/{client_id}/rotation", {})).data)
