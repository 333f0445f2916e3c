"""What the holder of a receipt may do: look at the application, complete it when it was returned, withdraw it."""

import hmac

from services.kernel.clock import Clock, business_date
from services.kernel.database import WriteSession
from services.kernel.errors import InvalidInput
from services.registry.commands.application_rows import applicant, fill, step_day, take_step
from services.registry.commands.submit_application import ONE_AT_A_TIME, field_issues
from services.registry.domain.life_cycle import ApplicationStep, next_application_state
from services.registry.queries.applications import by_number
from services.registry.receipts import FormTokens, receipt_unknown
from services.registry.schemas.public_applications import Completion, Inquiry, Withdrawal
from services.registry.tables import MembershipApplication


async def opened_by(session: WriteSession, forms: FormTokens, asked: Inquiry) -> MembershipApplication:
    """The application of a receipt, locked. Raises NotFound, alike for a wrong number and a wrong code."""
    application = await by_number(session, asked.alliance, asked.number)
    given = forms.code_hash(asked.alliance, asked.number, asked.code)
    kept = application.code_hash if application is not None else b""
    if application is None or not hmac.compare_digest(given, kept):
        raise receipt_unknown()
    return application


async def complete_application(
    session: WriteSession, clock: Clock, forms: FormTokens, asked: Completion
) -> MembershipApplication:
    """Take in what was missing and submit again. Raises NotFound, Conflict unless it was returned, InvalidInput."""
    await session.execute(ONE_AT_A_TIME, {"alliance": asked.alliance})  # it may take on another name or code
    application = await opened_by(session, forms, asked)
    next_application_state(application.state, ApplicationStep.COMPLETE)
    issues = await field_issues(session, application.alliance, asked.fields, application)
    if issues:
        raise InvalidInput(issues)
    day = await step_day(session, clock, application, None)
    await session.effective_on(day)
    fill(application, asked.fields)
    sender = applicant(application.alliance, application.number)
    await take_step(session, clock, sender, application, ApplicationStep.COMPLETE, day)
    return application


async def withdraw_application(
    session: WriteSession, clock: Clock, forms: FormTokens, asked: Withdrawal
) -> MembershipApplication:
    """End it by the applicant's own word. Raises NotFound, and Conflict when it has ended already."""
    application = await opened_by(session, forms, asked)
    sender = applicant(application.alliance, application.number)
    today = business_date(clock)
    await take_step(session, clock, sender, application, ApplicationStep.WITHDRAW, today, opinion=asked.reason)
    return application
