"""我的账号: one's posts, sign-ins, password, second factor, bound sign-ins, and what applications were allowed."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from frontend.access import CurrentUser, Gateway, performs
from frontend.forms import Form, payload, submitted
from frontend.gateway_client import ApiProblem, BoundGateway
from frontend.htmx import page_or_fragment, redirect
from frontend.session import User
from services.kernel.errors import FieldIssue

router = APIRouter(prefix="/me")
API = "/api/identity/v1/me"
FORM_REFUSALS = (409, 422)

PASSWORD_LABELS = {
    "current_password": "现在的密码",
    "new_password": "新密码",
    "password": "新密码",
    "repeated": "再输一次新密码",
}
FACTOR_LABELS = {"code": "动态口令", "current_code": "现在的动态口令或恢复码"}


@router.get("")
async def overview(request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """Everything about one's own account on one page."""
    return await _page(request, gateway, user)


async def _page(
    request: Request,
    gateway: BoundGateway,
    user: User,
    *,
    password_form: Form | None = None,
    factor_form: Form | None = None,
    status: int = 200,
) -> Response:
    names = ("posts", "sessions", "totp", "consents", "external-identities")
    posts, sessions, factor, consents, bound = await asyncio.gather(*(gateway.get(f"{API}/{name}") for name in names))
    values = {
        "person": user,
        "posts": posts.data["items"],
        "sessions": sessions.data["items"],
        "factor": factor.data,
        "consents": consents.data["items"],
        "bound": bound.data["items"],
        "bindable": bound.data["available"],
        "form": Form.of(request),
        "password_form": password_form or Form.of(request),
        "factor_form": factor_form or Form.of(request),
        "password_labels": PASSWORD_LABELS,
        "factor_labels": FACTOR_LABELS,
    }
    return page_or_fragment(request, "me/page.html", "me/_page.html", values, status=status)


@router.post("/sessions/{session_id}/end", dependencies=[performs(f"DELETE {API}/sessions/{{}}")])
async def end_session(session_id: UUID, request: Request, gateway: Gateway) -> Response:
    """Sign out somewhere else; within seconds that browser can do nothing more."""
    await gateway.delete(f"{API}/sessions/{session_id}")
    return redirect(request, "/me", toast="已退出该处的登录。")


@router.post("/password", dependencies=[performs(f"POST {API}/password")])
async def change_password(request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """Change the password; the other sign-ins end."""
    values = await submitted(request)
    try:
        _refuse_difference(values)
        await gateway.post(f"{API}/password", payload(values, "current_password", "new_password"))
    except ApiProblem as problem:
        if problem.status not in FORM_REFUSALS:
            raise
        form = Form.refused(request, {}, problem)  # a password is never written back into a page
        return await _page(request, gateway, user, password_form=form, status=422)
    return redirect(request, "/me", toast="密码已修改，其他地方的登录已退出。")


def _refuse_difference(values: Mapping[str, Any]) -> None:
    if values.get("new_password") != values.get("repeated"):
        issue = FieldIssue("repeated", "passwords_differ", "两次输入的新密码不一样，请重新输入。")
        raise ApiProblem(422, "invalid_input", "填写内容有误", "密码没有修改。", errors=[issue])


@router.post("/factor", dependencies=[performs(f"POST {API}/totp")])
async def offer_factor(request: Request, gateway: Gateway) -> Response:
    """Show the code to scan; nothing changes before it is confirmed."""
    return await _offer(request, gateway, Form.of(request))


async def _offer(request: Request, gateway: BoundGateway, form: Form, status: int = 200) -> Response:
    offer = (await gateway.post(f"{API}/totp")).data
    enrolled = (await gateway.get(f"{API}/totp")).data["enrolled"]
    values = {"offer": offer, "enrolled": enrolled, "factor_form": form, "factor_labels": FACTOR_LABELS}
    return page_or_fragment(request, "me/factor.html", "me/_factor.html", values, status=status)


@router.post("/factor/confirmation", dependencies=[performs(f"POST {API}/totp", f"POST {API}/totp/confirmation")])
async def confirm_factor(request: Request, gateway: Gateway) -> Response:
    """Confirm with the first code; the recovery codes are shown this once."""
    values = await submitted(request)
    body = {name: values[name] for name in ("code", "current_code") if values.get(name)}
    try:
        codes = (await gateway.post(f"{API}/totp/confirmation", {"code": "", **body})).data["codes"]
    except ApiProblem as problem:
        if problem.status not in FORM_REFUSALS:
            raise
        return await _offer(request, gateway, Form.refused(request, {}, problem), 422)
    return _codes_page(request, codes)


def _codes_page(request: Request, codes: list[str]) -> Response:
    return page_or_fragment(request, "me/codes.html", "me/_codes.html", {"codes": codes})


@router.post("/recovery-codes", dependencies=[performs(f"POST {API}/recovery-codes")])
async def renew_codes(request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """New recovery codes; the old ones are worth nothing from now on."""
    code = (await submitted(request)).get("code") or ""
    try:
        codes = (await gateway.post(f"{API}/recovery-codes", {"code": code})).data["codes"]
    except ApiProblem as problem:
        return await _factor_refused(request, gateway, user, problem)
    return _codes_page(request, codes)


@router.post("/factor/removal", dependencies=[performs(f"DELETE {API}/totp")])
async def remove_factor(request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """Do without a second factor, where no post asks for one."""
    code = (await submitted(request)).get("code") or ""
    try:
        await gateway.request("DELETE", f"{API}/totp", json={"code": code})
    except ApiProblem as problem:
        return await _factor_refused(request, gateway, user, problem)
    return redirect(request, "/me", toast="已停用动态口令。")


async def _factor_refused(request: Request, gateway: BoundGateway, user: User, problem: ApiProblem) -> Response:
    if problem.status not in FORM_REFUSALS:
        raise problem
    form = Form.refused(request, {}, problem)
    return await _page(request, gateway, user, factor_form=form, status=422)


@router.post("/bindings", dependencies=[performs(f"POST {API}/external-identities")])
async def bind(request: Request, gateway: Gateway) -> Response:
    """Go to the unit's own sign-in and come back bound to it."""
    values: dict[str, Any] = await submitted(request)
    link = (await gateway.post(f"{API}/external-identities", {"provider": values.get("provider")})).data["url"]
    return redirect(request, link)


@router.post("/bindings/{external_id}/removal", dependencies=[performs(f"DELETE {API}/external-identities/{{}}")])
async def unbind(external_id: UUID, request: Request, gateway: Gateway) -> Response:
    """Forget who one is at a unit's sign-in."""
    await gateway.delete(f"{API}/external-identities/{external_id}")
    return redirect(request, "/me", toast="已解除绑定。")


@router.post("/consents/{client_id}/removal", dependencies=[performs(f"DELETE {API}/consents/{{}}")])
async def withdraw_consent(client_id: str, request: Request, gateway: Gateway) -> Response:
    """Take back what an application was allowed."""
    await gateway.delete(f"{API}/consents/{client_id}")
    return redirect(request, "/me", toast="已撤回授权。")
