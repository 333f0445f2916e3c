"""The second factor's step of a sign-in: take a code, or set the factor up where a post needs one."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.identity.actors import account_holder
from services.identity.api.authorize import password_page, refusal_sentence
from services.identity.api.sign_in_steps import Sent, after_step, browser_alliance, sent_form, step_page
from services.identity.commands.end_access import end_sessions
from services.identity.commands.enrol_factor import confirm_enrolment
from services.identity.commands.open_session import raise_session
from services.identity.commands.verify_factor import verify_factor
from services.identity.domain import Outcome
from services.identity.parts import IdentityParts, Parts
from services.identity.second_factor import CODE, SEVERAL
from services.identity.steps import Stage
from services.kernel.database import WriteSession

router = APIRouter(include_in_schema=False)

WRONG_CODE = (
    "动态口令或恢复码不正确，或已经用过。请等手机上出现新的口令后再输入。连续输错 {limit} 次将暂停登录 {minutes} 分钟。"
)
WRONG_FIRST_CODE = "动态口令不正确。请确认手机时间为自动校准，用手机重新扫描下面的二维码后，输入新的 6 位口令。"


@router.post("/oauth/authorize/factor")
async def submit_factor(request: Request, parts: Parts) -> Response:
    """Take a one-time password or a recovery code."""
    async with parts.database.write(browser_alliance(request, parts)) as session:
        sent = await sent_form(session, parts, request, "factor", (Stage.FACTOR,))
        if isinstance(sent, Response):
            return sent
        account = sent.arrival.account
        if account.totp_confirmed_at is None:  # removed by an administrator meanwhile
            return sent.visit.onward()
        outcome, methods = await verify_factor(session, parts.tools, account, sent.form.get("code", ""))
        if outcome is not Outcome.ACCEPTED:
            return await _refused(session, parts, sent, outcome)
        return await _passed(session, parts, sent, methods)


@router.post("/oauth/authorize/enrolment")
async def submit_enrolment(request: Request, parts: Parts) -> Response:
    """Take the first code of a new factor, and show the recovery codes this once."""
    async with parts.database.write(browser_alliance(request, parts)) as session:
        sent = await sent_form(session, parts, request, "enrolment", (Stage.FACTOR,))
        if isinstance(sent, Response):
            return sent
        account, login = sent.arrival.account, sent.arrival.login
        if account.totp_confirmed_at is not None:  # set up in another browser meanwhile
            return sent.visit.onward()
        typed, actor = sent.form.get("code", ""), account_holder(account)
        codes = await confirm_enrolment(session, parts.tools, actor, account, login.id, typed)
        if codes is None:
            return await step_page(sent.visit, sent.arrival, 422, WRONG_FIRST_CODE)
        return await _recovery_codes(session, parts, sent, codes)


async def _passed(session: WriteSession, parts: IdentityParts, sent: Sent, methods: list[str]) -> Response:
    arrival = sent.arrival
    signed_in = await raise_session(
        session, parts.tools, arrival.account, arrival.login, arrival.posts, amr=methods, chosen=arrival.chosen
    )
    return await after_step(sent.visit, signed_in, arrival.posts)


async def _recovery_codes(session: WriteSession, parts: IdentityParts, sent: Sent, codes: list[str]) -> Response:
    arrival = sent.arrival
    signed_in = await raise_session(
        session, parts.tools, arrival.account, arrival.login, arrival.posts, amr=[CODE, SEVERAL], chosen=arrival.chosen
    )
    onward, username = sent.visit.next_address, arrival.account.username
    response = await sent.visit.page(
        "recovery_codes.html", "recovery-codes", codes=codes, onward=onward, username=username
    )
    parts.cookies.set_session(response, signed_in.cookie)
    return response


async def _refused(session: WriteSession, parts: IdentityParts, sent: Sent, outcome: Outcome) -> Response:
    """Ask again; once the name is locked, the session under way ends and the password is asked for after the lock."""
    settings = parts.settings
    if outcome is Outcome.WRONG:
        problem = WRONG_CODE.format(limit=settings.failures_before_lock, minutes=settings.lock_minutes)
        return await step_page(sent.visit, sent.arrival, 403, problem)
    await end_sessions(session, parts.clock, sent.visit.alliance, session_id=sent.arrival.login.id)
    response = await password_page(sent.visit, 429, problem=refusal_sentence(outcome, settings))
    response.headers["Retry-After"] = str(settings.lock_minutes * 60)
    parts.cookies.drop_session(response)
    return response
