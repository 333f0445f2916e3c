"""Record that a collaboration was recognised at a level."""

from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock, business_date
from services.kernel.database import WriteSession
from services.kernel.errors import FieldIssue, InvalidInput
from services.kernel.ids import new_id
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.collaboration_rows import touch
from services.registry.commands.telling import tell_collaboration
from services.registry.queries.collaborations import details_of, find_collaboration
from services.registry.schemas.collaborations import RecognitionCreate
from services.registry.tables import Collaboration, Recognition


async def add_recognition(
    session: WriteSession, clock: Clock, principal: Principal, collaboration_id: UUID, draft: RecognitionCreate
) -> Recognition:
    """Load, check against the day and what stands, insert, audit. Raises NotFound, InvalidInput."""
    scope = Scope.of(principal)
    collaboration = await find_collaboration(session, scope, collaboration_id)
    details = await details_of(session, scope, [collaboration])
    standing = details.recognitions.get(collaboration_id, [])
    issues = _issues(draft, collaboration, standing, clock)
    if issues:
        raise InvalidInput(issues)
    recognition = Recognition(
        alliance=principal.alliance,
        id=new_id(),
        collaboration=collaboration_id,
        created_at=clock.now(),
        **draft.model_dump(),
    )
    session.add(recognition)
    touch(collaboration, clock)
    after = {"recognition": str(recognition.id), **draft.model_dump(mode="json")}
    kind = "collaboration"
    await audit(session, clock, principal, "recognition.add", kind, collaboration_id, after=after)
    concerned = {*details.participants.get(collaboration_id, [])}
    told = {"level": draft.level, "granted_on": draft.granted_on.isoformat()}
    await tell_collaboration(
        session, clock, collaboration, concerned, "recognition.granted", data=told, recognition=recognition.id
    )
    return recognition


def _issues(
    draft: RecognitionCreate, collaboration: Collaboration, standing: list[Recognition], clock: Clock
) -> list[FieldIssue]:
    issues = []
    if draft.granted_on > business_date(clock):
        issues.append(FieldIssue("granted_on", "date_in_future", "认定日期晚于今天，请核对文件。"))
    if collaboration.founded_on and draft.granted_on < collaboration.founded_on:
        issues.append(FieldIssue("granted_on", "before_founding", "认定日期早于载体成立日期，请核对。"))
    if any(grant.level == draft.level and grant.withdrawn_on is None for grant in standing):
        issues.append(FieldIssue("level", "level_stands", "该级别的认定仍然有效，不能重复登记。"))
    return issues
