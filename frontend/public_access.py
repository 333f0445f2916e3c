"""Pages for people without an account: the gateway in nobody's name, and protection of forms without a session.

A form repeats the value of a cookie that only this site can set and read (double submit); there is no session to hang
it on. What an applicant proved with the receipt travels in an encrypted cookie of half an hour.
"""

import secrets
from typing import Annotated, Any

from cryptography.fernet import InvalidToken
from fastapi import Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, ValidationError

from frontend.access import CSRF_FIELD, SAFE_METHODS, commands_of
from frontend.forms import Form
from frontend.gateway_client import ApiProblem, BoundGateway, GatewayClient
from frontend.sign_in import SignIn, set_cookie
from services.kernel import context

FORM_SECONDS = 4 * 3600
RECEIPT_SECONDS = 1800
TOKEN_BYTES = 32


class HeldReceipt(BaseModel):
    """The receipt that this browser showed: which application it may look at."""

    alliance: str
    number: str
    code: str


def _named(request: Request, name: str) -> str:
    sign_in: SignIn = request.app.state.sign_in
    return f"__Host-{name}" if sign_in.settings.secure_cookies else name


def form_token(request: Request) -> str:
    """The browser's own form token; a fresh one when it has none yet (`keep_form_token` sets it)."""
    known: str = getattr(request.state, "public_token", "") or request.cookies.get(_named(request, "hub_public"), "")
    request.state.public_token = known or secrets.token_urlsafe(TOKEN_BYTES)
    return str(request.state.public_token)


def keep_form_token(request: Request, response: Response) -> Response:
    """Set the form token's cookie on an answer that shows a form."""
    sign_in: SignIn = request.app.state.sign_in
    set_cookie(response, sign_in.settings, _named(request, "hub_public"), form_token(request), FORM_SECONDS)
    return response


async def verify_form_token(request: Request) -> None:
    """Refuse a form that does not repeat this browser's token."""
    if request.method in SAFE_METHODS:
        return
    given = (await request.form()).get(CSRF_FIELD)
    known = request.cookies.get(_named(request, "hub_public"), "")
    sent = given if isinstance(given, str) else ""
    if not known or not secrets.compare_digest(sent.encode(), known.encode()):
        raise ApiProblem(
            403, "csrf_mismatch", "页面已过期", "页面打开太久，请重新打开后再提交；请允许本站使用 Cookie。"
        )


def public_form(request: Request, values: dict[str, Any] | None = None, problem: ApiProblem | None = None) -> Form:
    """A form for a stranger, empty, filled, or with what the service said about it."""
    errors = problem.field_errors if problem else {}
    return Form(csrf_token=form_token(request), values=values or {}, errors=errors, problem=problem)


def hold_receipt(request: Request, response: Response, receipt: HeldReceipt) -> None:
    """Let this browser look at the application for a while."""
    sign_in: SignIn = request.app.state.sign_in
    now = int(sign_in.sessions.clock.now().timestamp())
    sealed = sign_in.cipher.encrypt_at_time(receipt.model_dump_json().encode(), now).decode()
    set_cookie(response, sign_in.settings, _named(request, "hub_receipt"), sealed, RECEIPT_SECONDS)


def held_receipt(request: Request) -> HeldReceipt | None:
    """The receipt that this browser showed not long ago."""
    sign_in: SignIn = request.app.state.sign_in
    now = int(sign_in.sessions.clock.now().timestamp())
    try:
        sealed = request.cookies.get(_named(request, "hub_receipt"), "").encode()
        return HeldReceipt.model_validate_json(sign_in.cipher.decrypt_at_time(sealed, RECEIPT_SECONDS, now))
    except (InvalidToken, ValidationError):
        return None


def drop_receipt(request: Request, response: Response) -> None:
    """Forget the receipt, for those who used a public computer."""
    sign_in: SignIn = request.app.state.sign_in
    secure = sign_in.settings.secure_cookies
    response.delete_cookie(_named(request, "hub_receipt"), path="/", secure=secure, httponly=True, samesite="lax")


def _gateway(request: Request) -> BoundGateway:
    client: GatewayClient = request.app.state.gateway
    return client.bound(None, context.request_id.get(), commands_of(request.scope["route"].dependencies))


PublicGateway = Annotated[BoundGateway, Depends(_gateway)]
PUBLIC_GUARDS = [Depends(verify_form_token)]
