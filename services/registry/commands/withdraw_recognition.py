"""Record that a recognition was withdrawn; the grant itself stays on record."""

from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock, business_date
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict, FieldIssue, InvalidInput, NotFound
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.collaboration_rows import touch
from services.registry.commands.telling import tell_collaboration
from services.registry.queries.collaborations import details_of, find_collaboration
from services.registry.schemas.collaborations import RecognitionWithdrawal
from services.registry.tables import Recognition


async def withdraw_recognition(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    collaboration_id: UUID,
    recognition_id: UUID,
    draft: RecognitionWithdrawal,
) -> Recognition:
    """Load, check, date the withdrawal, audit. Raises NotFound, Conflict when withdrawn before, InvalidInput."""
    scope = Scope.of(principal)
    collaboration = await find_collaboration(session, scope, collaboration_id)
    recognition = await _find(session, scope, collaboration_id, recognition_id)
    if recognition.withdrawn_on is not None:
        raise Conflict("这项认定已经撤销，不能再次撤销。", code="recognition_withdrawn")
    issues = _date_issues(draft, recognition, clock)
    if issues:
        raise InvalidInput(issues)
    recognition.withdrawn_on = draft.withdrawn_on
    recognition.withdrawal_reason = draft.reason
    touch(collaboration, clock)
    after = {"recognition": str(recognition_id), "withdrawn_on": draft.withdrawn_on.isoformat()}
    action, kind = "recognition.withdraw", "collaboration"
    await audit(session, clock, principal, action, kind, collaboration_id, after=after, reason=draft.reason)
    details = await details_of(session, scope, [collaboration])
    concerned = {*details.participants.get(collaboration_id, [])}
    told = {"level": recognition.level, "withdrawn_on": draft.withdrawn_on.isoformat()}
    await tell_collaboration(
        session, clock, collaboration, concerned, "recognition.withdrawn", data=told, recognition=recognition_id
    )
    return recognition


async def _find(session: WriteSession, scope: Scope, collaboration_id: UUID, recognition_id: UUID) -> Recognition:
    own = (Recognition.collaboration == collaboration_id, Recognition.id == recognition_id)
    found = (await session.scalars(scope.select(Recognition).where(*own))).one_or_none()
    if found is None:
        raise NotFound("这个合作载体没有这项认定。", code="recognition_not_found")
    return found


def _date_issues(draft: RecognitionWithdrawal, recognition: Recognition, clock: Clock) -> list[FieldIssue]:
    if draft.withdrawn_on < recognition.granted_on:
        return [FieldIssue("withdrawn_on", "before_grant", "撤销日期早于认定日期，请核对。")]
    if draft.withdrawn_on > business_date(clock):
        return [FieldIssue("withdrawn_on", "date_in_future", "撤销日期晚于今天，请核对文件。")]
    return []
