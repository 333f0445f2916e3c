"""Take in an application to join: sent without an account, or entered by the office from paper."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import text

from services.kernel import context
from services.kernel.audit import audit
from services.kernel.clock import Clock, business_date
from services.kernel.database import AnySession, WriteSession
from services.kernel.divisions import is_division
from services.kernel.errors import Conflict, FieldIssue, InvalidInput, TooManyRequests
from services.kernel.history import effective_day
from services.kernel.ids import new_id
from services.kernel.principal import Principal
from services.registry.commands.application_rows import KIND, applicant, facts, fill, recorded, tell
from services.registry.domain.life_cycle import ApplicationState, ApplicationStep
from services.registry.queries.applications import count_of_day, count_of_year, of_form, open_twins
from services.registry.receipts import FormTokens
from services.registry.schemas.public_applications import (
    ApplicationEntry,
    ApplicationFields,
    ApplicationSubmission,
    Receipt,
)
from services.registry.settings import RegistrySettings
from services.registry.tables import MembershipApplication

ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('membership_application/' || :alliance, 0))")
TRY_AGAIN_SECONDS: Final = 3600
HASH_BYTES: Final = 32


@dataclass(frozen=True)
class Sent:
    """What a form stands for once it was accepted."""

    nonce: str
    form_hash: bytes
    request_hash: bytes
    origin_hash: bytes


async def submit_application(
    session: WriteSession, clock: Clock, forms: FormTokens, settings: RegistrySettings, draft: ApplicationSubmission
) -> Receipt:
    """Check the form, its limits and its fields; insert, audit, tell; answer the receipt.

    Raises InvalidInput, TooManyRequests, and Conflict for a form that was sent before with other content.
    """
    _check_trap(draft)
    sent = _sent(clock, forms, draft)
    await session.execute(ONE_AT_A_TIME, {"alliance": draft.alliance})
    earlier = await of_form(session, draft.alliance, sent.form_hash)
    if earlier is not None:
        return _repeated(forms, earlier, sent)
    await _check_limits(session, clock, settings, draft.alliance, sent.origin_hash)
    issues = await field_issues(session, draft.alliance, draft)
    if issues:
        raise InvalidInput(issues)
    application = await _inserted(session, clock, forms, draft, sent)
    return _receipt(forms, application, sent.nonce)


def _check_trap(draft: ApplicationSubmission) -> None:
    if draft.website:
        words = "申请表没有通过校验，请重新打开申请页面，由本人填写后提交。"
        raise InvalidInput([FieldIssue("form_token", "form_refused", words)], words)


def _sent(clock: Clock, forms: FormTokens, draft: ApplicationSubmission) -> Sent:
    nonce = forms.accept(draft.form_token, draft.alliance)
    content = draft.model_dump_json(include=set(ApplicationFields.model_fields)).encode()
    origin = forms.origin_hash(context.client_address.get(), business_date(clock))
    return Sent(nonce, forms.form_hash(nonce), hashlib.sha256(content).digest(), origin)


def _repeated(forms: FormTokens, earlier: MembershipApplication, sent: Sent) -> Receipt:
    if earlier.request_hash != sent.request_hash:
        words = f"这张申请表已经提交过（编号 {earlier.number}），不能再改；需要更正请用回执查询后补正或撤回。"
        raise Conflict(words, code="form_used")
    return _receipt(forms, earlier, sent.nonce)


def _receipt(forms: FormTokens, application: MembershipApplication, nonce: str) -> Receipt:
    return Receipt(
        number=application.number,
        code=forms.code(nonce),
        name=application.name,
        submitted_on=application.submitted_on,
    )


async def _check_limits(
    session: AnySession, clock: Clock, settings: RegistrySettings, alliance: str, origin: bytes
) -> None:
    today = business_date(clock)
    if await count_of_day(session, alliance, today) >= settings.applications_a_day:
        words = "今天收到的申请已达上限，请明天再提交，或直接联系秘书处。"
        raise TooManyRequests(words, retry_after_seconds=TRY_AGAIN_SECONDS)
    if await count_of_day(session, alliance, today, origin) >= settings.applications_an_address:
        words = "您所在网络今天提交的申请已达上限，请明天再提交，或直接联系秘书处。"
        raise TooManyRequests(words, retry_after_seconds=TRY_AGAIN_SECONDS)


async def field_issues(
    session: AnySession, alliance: str, fields: ApplicationFields, own: MembershipApplication | None = None
) -> list[FieldIssue]:
    """What is wrong with a form beyond its shape: the division, and another application that still goes on."""
    issues = []
    if fields.division and not is_division(fields.division):
        issues.append(FieldIssue("division", "division_unknown", "没有这个区划，请从列表中选择。"))
    for twin in await open_twins(session, alliance, fields.name, fields.uscc, own.id if own else None):
        field = "name" if twin.name == fields.name else "uscc"
        what = "名称" if field == "name" else "统一社会信用代码"
        words = f"这个{what}已有一份正在办理的申请，不能重复提交；请用回执查询进度，回执遗失请联系秘书处。"
        issues.append(FieldIssue(field, "application_open", words))
    return issues


async def _inserted(
    session: WriteSession, clock: Clock, forms: FormTokens, draft: ApplicationSubmission, sent: Sent
) -> MembershipApplication:
    number = await next_number(session, clock, draft.alliance)
    code_hash = forms.code_hash(draft.alliance, number, forms.code(sent.nonce))
    kept = {"form_hash": sent.form_hash, "request_hash": sent.request_hash, "origin_hash": sent.origin_hash}
    application = _new(clock, draft.alliance, number, business_date(clock), draft, {**kept, "code_hash": code_hash})
    await put_in(session, clock, applicant(draft.alliance, number), application)
    return application


async def next_number(session: WriteSession, clock: Clock, alliance: str) -> str:
    """The next number of this year; the caller holds the lock under which applications are numbered."""
    year = business_date(clock).year
    return f"{year}-{await count_of_year(session, alliance, year) + 1:04d}"


def _new(
    clock: Clock, alliance: str, number: str, day: date, fields: ApplicationFields, hashes: dict[str, bytes]
) -> MembershipApplication:
    now = clock.now()
    application = MembershipApplication(
        alliance=alliance,
        id=new_id(),
        number=number,
        state=ApplicationState.SUBMITTED.value,
        submitted_on=day,
        publicity_estimated=False,
        created_at=now,
        updated_at=now,
        **hashes,
    )
    fill(application, fields)
    return application


async def put_in(session: WriteSession, clock: Clock, principal: Principal, application: MembershipApplication) -> None:
    """Insert an application with its first step, audit, tell."""
    session.add(application)
    await session.flush()  # its first step refers to it
    session.add(recorded(clock, principal, application, ApplicationStep.SUBMIT, application.submitted_on))
    await audit(session, clock, principal, f"{KIND}.submit", KIND, application.id, after=facts(application))
    tell(session, clock, application, ApplicationStep.SUBMIT)


async def enter_application(
    session: WriteSession, clock: Clock, principal: Principal, draft: ApplicationEntry
) -> MembershipApplication:
    """Put in what came on paper, from the day on which it was received. It has no receipt: the office tells how it is.

    Raises InvalidInput.
    """
    alliance, day = principal.alliance, effective_day(draft.received_on, clock, "received_on")
    await session.execute(ONE_AT_A_TIME, {"alliance": alliance})
    issues = await field_issues(session, alliance, draft)
    if issues:
        raise InvalidInput(issues)
    number = await next_number(session, clock, alliance)
    names = ("code_hash", "form_hash", "request_hash", "origin_hash")
    hashes = {name: secrets.token_bytes(HASH_BYTES) for name in names}  # of nothing that anybody could send
    application = _new(clock, alliance, number, day, draft, hashes)
    await put_in(session, clock, principal, application)
    return application
