"""Record that a recognition was withdrawn; the grant itself stays on record."""

from datetime import date

from services.kernel.clock import Clock, business_date
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict, FieldIssue, InvalidInput
from services.kernel.principal import Principal
from services.registry.commands.recognition_subjects import Subject, tell
from services.registry.schemas.recognitions import RecognitionWithdrawal
from services.registry.tables import Recognition


async def withdraw_recognition(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    subject: Subject,
    grant: Recognition,
    draft: RecognitionWithdrawal,
) -> Recognition:
    """Check, date the withdrawal, audit. Raises Conflict when withdrawn before, InvalidInput."""
    if grant.withdrawn_on is not None:
        raise Conflict("这项认定已经撤销，不能再次撤销。", code="recognition_withdrawn")
    issues = _date_issues(draft.withdrawn_on, grant, business_date(clock))
    if issues:
        raise InvalidInput(issues)
    grant.withdrawn_on = draft.withdrawn_on
    grant.withdrawal_reason = draft.reason
    told = {"level": grant.level, "withdrawn_on": draft.withdrawn_on.isoformat()}
    action, event = "recognition.withdraw", "recognition.withdrawn"
    await tell(session, clock, principal, subject, action, event, grant.id, data=told, reason=draft.reason)
    return grant


def _date_issues(withdrawn_on: date, grant: Recognition, today: date) -> list[FieldIssue]:
    if withdrawn_on < grant.granted_on:
        return [FieldIssue("withdrawn_on", "before_grant", "撤销日期早于认定日期，请核对。")]
    if grant.lapses_on is not None and withdrawn_on >= grant.lapses_on:
        return [FieldIssue("withdrawn_on", "lapsed_before", "到该日这项认定已经到期失效，不用再撤销。")]
    if withdrawn_on > today:
        return [FieldIssue("withdrawn_on", "date_in_future", "撤销日期晚于今天，请核对文件。")]
    return []
