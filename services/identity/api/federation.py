"""`/oauth/federation/{provider}`: the browser's way to a unit's own sign-in and back (docs/adr/0014)."""

import logging
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from services.identity.commands.begin_federation import Wanted, begin_federation
from services.identity.commands.check_provider import adapter_of
from services.identity.commands.finish_federation import audit_refusal, finish_federation, take_attempt
from services.identity.commands.open_session import SignedIn
from services.identity.credentials import alliance_of
from services.identity.domain import Outcome
from services.identity.federation.errors import ProofInvalid
from services.identity.federation.flow import External
from services.identity.pages import Message
from services.identity.parts import IdentityParts, Parts
from services.identity.queries import live_session
from services.identity.tables import Account, LoginSession
from services.kernel.database import AnySession
from services.kernel.errors import HubError, NotFound, Unavailable

log = logging.getLogger(__name__)
router = APIRouter(prefix="/oauth/federation", include_in_schema=False)

Token = Annotated[str, Query(max_length=1000)]
MOST_PARAMETERS = 20
LONGEST_PARAMETER = 4000
NO_POST = "您目前没有担任任何岗位，不能登录。如需任职请联系本单位或联盟的管理员。"


@router.get("/{provider_id}/start")
async def start(
    request: Request,
    parts: Parts,
    provider_id: str,
    return_to: Annotated[str, Query(max_length=5000)] = "",
    invitation: Token = "",
    binding: Token = "",
) -> Response:
    """Send the browser to the unit's system; `return_to` is the authorisation request to go back to."""
    alliance = alliance_of(invitation, parts.default_alliance)
    wanted = Wanted(return_to, invitation, binding)
    try:
        provider_key = _uuid(provider_id)
        async with parts.database.write(alliance) as session:
            live = await _live(session, parts, request, alliance)
            provider, attempt = await begin_federation(session, parts.tools, alliance, provider_key, wanted, live)
        target = await adapter_of(parts.adapters, parts.tools, provider).begin(attempt)
    except HubError as fault:
        return await _refused(parts, parts.default_alliance, provider_id, fault)
    response = _redirect(target)
    parts.cookies.set_federation(response, attempt.state)
    return response


@router.get("/{provider_id}/callback")
async def callback(request: Request, parts: Parts, provider_id: str) -> Response:
    """Take the browser back, prove who it is, and let it in, or say why not."""
    person, where = None, parts.default_alliance
    parameters = _parameters(request)
    state = parameters.get("state", "")
    alliance = alliance_of(state, parts.default_alliance)
    try:
        provider_key = _uuid(provider_id)
        cookie = parts.cookies.federation(request)
        async with parts.database.write(alliance) as session:
            taken = await take_attempt(session, parts.tools, alliance, provider_key, state, cookie)
        where = alliance  # a state that was never given out may name any
        adapter = adapter_of(parts.adapters, parts.tools, taken.provider)
        person = await adapter.complete(taken.attempt, parameters)
        async with parts.database.write(alliance) as session:
            live = await _live(session, parts, request, alliance)
            agent = request.headers.get("user-agent", "")
            outcome = await finish_federation(session, parts.tools, taken, person, live, user_agent=agent)
    except HubError as fault:
        return await _refused(parts, where, provider_id, fault, person)
    return _arrived(parts, outcome, taken.row.return_to, taken.provider.name)


def _arrived(parts: IdentityParts, outcome: SignedIn | Outcome | None, return_to: str, provider: str) -> Response:
    if isinstance(outcome, Outcome):
        return _dropping(parts, parts.pages.message(403, Message("不能登录", NO_POST)))
    if outcome is None:
        done = Message("绑定成功", f"以后可以用“{provider}”登录本系统。", "如需解除，请到个人设置。")
        return _dropping(parts, parts.pages.message(200, done))
    response = _redirect(return_to)
    parts.cookies.set_session(response, outcome.cookie)
    return _dropping(parts, response)


async def _refused(
    parts: IdentityParts, alliance: str, provider_id: str, fault: HubError, person: External | None = None
) -> Response:
    """A page with the sentence, and an entry in the audit log unless there is no such provider."""
    log.info("federated sign-in refused", extra={"code": fault.code})
    if not isinstance(fault, NotFound):
        async with parts.database.write(alliance) as session:
            subject = person.subject if person else ""
            await audit_refusal(session, parts.tools, alliance, UUID(provider_id), fault, subject)
    status = 404 if isinstance(fault, NotFound) else 503 if isinstance(fault, Unavailable) else 403
    response = parts.pages.message(status, Message(fault.title, fault.detail, _advice(fault)))
    if isinstance(fault, Unavailable):
        response.headers["Retry-After"] = str(fault.retry_after_seconds)
    return _dropping(parts, response)


def _advice(fault: HubError) -> str:
    if isinstance(fault, Unavailable):
        return "急需办理时，已设置密码的人员可回首页改用用户名和密码登录。"
    return "持续不成功时，请把页面下方的请求编号告诉系统管理员。" if isinstance(fault, ProofInvalid) else ""


def _dropping(parts: IdentityParts, response: Response) -> Response:
    """An attempt ends with its callback, whatever came of it."""
    parts.cookies.drop_federation(response)
    return response


def _redirect(target: str) -> Response:
    """A 303 that no cache keeps and that tells the next site nothing of this address, which may hold an invitation."""
    return RedirectResponse(target, 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})


async def _live(
    session: AnySession, parts: IdentityParts, request: Request, alliance: str
) -> tuple[LoginSession, Account] | None:
    cookie = parts.cookies.session(request)
    if not cookie:
        return None
    return await live_session(session, alliance, cookie, parts.clock.now(), parts.settings.session_idle)


def _parameters(request: Request) -> dict[str, str]:
    """The callback's parameters. One that is repeated or too long counts as absent (RFC 6749, 3.1)."""
    pairs = request.query_params.multi_items()[:MOST_PARAMETERS]
    names = [name for name, _value in pairs]
    return {name: value for name, value in pairs if names.count(name) == 1 and len(value) <= LONGEST_PARAMETER}


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as fault:
        raise NotFound("没有这个单位登录方式，请返回登录页重新选择。") from fault
