"""`/me/totp` and `/me/recovery-codes`: the caller's own second factor.

Codes that are wrong are counted and audited, and only then refused: each route has a transaction of its own.
"""

from uuid import UUID

from fastapi import APIRouter, Response

from services.identity.auth import OwnPages, OwnReading, Person
from services.identity.commands.change_own_factor import (
    confirm_own_factor,
    remove_own_factor,
    renew_own_recovery_codes,
)
from services.identity.commands.enrol_factor import offered_enrolment
from services.identity.commands.verify_factor import recovery_codes_left
from services.identity.domain import Outcome
from services.identity.parts import IdentityParts, Parts
from services.identity.queries import get_account_by_id, posts_held
from services.identity.schemas.second_factor import (
    CodeGiven,
    FactorConfirmation,
    FactorOffer,
    FactorState,
    RecoveryCodes,
)
from services.identity.second_factor import FactorAbsent, FactorLocked, FactorRequired
from services.identity.steps import factor_required
from services.identity.tables import Account
from services.kernel.clock import business_date
from services.kernel.database import AnySession
from services.kernel.errors import FieldIssue, InvalidInput
from services.kernel.principal import Principal

router = APIRouter(prefix="/me", tags=["me"])


@router.get("/totp", summary="我的动态口令状态")
async def read_factor(person: Person, session: OwnReading, parts: Parts) -> FactorState:
    account = await _own(session, person)
    return FactorState(
        enrolled=account.totp_confirmed_at is not None,
        confirmed_at=account.totp_confirmed_at,
        required=await _required(session, parts, account),
        recovery_codes_left=await recovery_codes_left(session, account),
    )


@router.post("/totp", summary="开始设置动态口令")
async def offer_factor(person: OwnPages, session: OwnReading, parts: Parts, response: Response) -> FactorOffer:
    """Nothing is stored yet; called again, the same is offered until it is confirmed."""
    response.headers["Cache-Control"] = "no-store"
    offer = await offered_enrolment(session, parts.tools, await _own(session, person), UUID(person.session_id))
    return FactorOffer(secret=offer.secret, uri=offer.uri, image=offer.image)


@router.post("/totp/confirmation", summary="确认动态口令，取得恢复码")
async def confirm_factor(
    person: OwnPages, parts: Parts, draft: FactorConfirmation, response: Response
) -> RecoveryCodes:
    """Where a factor is set up already, `current_code` is needed to put another in its place."""
    present = draft.current_code.get_secret_value() if draft.current_code else None
    async with parts.database.write(person.alliance) as session:
        account = await _own(session, person)
        ended = await confirm_own_factor(session, parts.tools, person, account, draft.code.get_secret_value(), present)
    if ended is None:
        raise _wrong("code", "动态口令不正确，请确认手机时间准确，等出现新口令后重新输入。")
    return _shown(_accepted(parts, ended, "current_code"), response)


@router.delete("/totp", status_code=204, summary="停用动态口令", response_class=Response)
async def delete_factor(person: OwnPages, parts: Parts, draft: CodeGiven) -> Response:
    """Refused where one of the person's posts requires a second factor."""
    async with parts.database.write(person.alliance) as session:
        account = await _own(session, person)
        _present(account)
        if await _required(session, parts, account):
            raise FactorRequired("您的岗位要求使用动态口令，不能停用；更换手机请重新设置。")
        outcome = await remove_own_factor(session, parts.tools, person, account, draft.code.get_secret_value())
    if outcome is not Outcome.ACCEPTED:
        _accepted(parts, outcome, "code")
    return Response(status_code=204)


@router.post("/recovery-codes", summary="重新生成恢复码")
async def renew_codes(person: OwnPages, parts: Parts, draft: CodeGiven, response: Response) -> RecoveryCodes:
    """Those before are worth nothing from now on."""
    async with parts.database.write(person.alliance) as session:
        account = await _own(session, person)
        _present(account)
        ended = await renew_own_recovery_codes(session, parts.tools, person, account, draft.code.get_secret_value())
    return _shown(_accepted(parts, ended, "code"), response)


async def _own(session: AnySession, person: Principal) -> Account:
    return await get_account_by_id(session, person.alliance, UUID(person.subject))


async def _required(session: AnySession, parts: IdentityParts, account: Account) -> bool:
    return factor_required(await posts_held(session, account.alliance, account.id, business_date(parts.clock)))


def _present(account: Account) -> None:
    if account.totp_confirmed_at is None:
        raise FactorAbsent("还没有设置动态口令，请先设置。")


def _accepted(parts: IdentityParts, ended: list[str] | Outcome, field: str) -> list[str]:
    """The recovery codes. Raises FactorLocked, or InvalidInput at the field that holds the refused code."""
    if ended is Outcome.LOCKED:
        minutes = parts.settings.lock_minutes
        sentence = f"连续输错的次数过多，各处登录均已退出，请 {minutes} 分钟后重新登录。"
        raise FactorLocked(sentence, retry_after_seconds=minutes * 60)
    if isinstance(ended, Outcome):
        raise _wrong(field, "动态口令或恢复码不正确，或已经用过，请等出现新口令后重新输入。")
    return ended


def _wrong(field: str, sentence: str) -> InvalidInput:
    return InvalidInput([FieldIssue(field, "code_wrong", sentence)])


def _shown(codes: list[str], response: Response) -> RecoveryCodes:
    response.headers["Cache-Control"] = "no-store"
    return RecoveryCodes(codes=codes)
