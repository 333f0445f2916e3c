"""Record that two members that look alike are two all the same."""

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict, FieldIssue, InvalidInput
from services.kernel.outbox import OFFICE_ONLY, publish
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.queries.duplicates import is_dismissed
from services.registry.queries.members import names_of
from services.registry.schemas.duplicates import Dismissal
from services.registry.tables import DuplicateDismissal


async def dismiss_duplicate(
    session: WriteSession, clock: Clock, principal: Principal, draft: Dismissal
) -> DuplicateDismissal:
    """Check, insert, audit, tell. Raises InvalidInput for members that are not two on record, Conflict if repeated."""
    scope = Scope.of(principal)
    known = await names_of(session, principal.alliance, {draft.one, draft.other})
    issues = [
        FieldIssue(field, "member_unknown", "没有登记这家成员单位。")
        for field, member in (("one", draft.one), ("other", draft.other))
        if member not in known
    ]
    if draft.one == draft.other:
        issues.append(FieldIssue("other", "same_member", "请选择两家不同的单位。"))
    if issues:
        raise InvalidInput(issues)
    one, other = sorted((draft.one, draft.other))
    if await is_dismissed(session, scope, one, other):
        raise Conflict("这一对已经登记为不是同一家。", code="already_dismissed")
    dismissal = DuplicateDismissal(
        alliance=principal.alliance,
        one=one,
        other=other,
        reason=draft.reason,
        dismissed_by=principal.subject,
        dismissed_by_name=principal.name,
        dismissed_at=clock.now(),
    )
    session.add(dismissal)
    await session.flush()  # a second one at the same moment fails here
    after = {"other": str(other)}
    await audit(session, clock, principal, "member_duplicate.dismiss", "member", one, after=after, reason=draft.reason)
    told = {"one": str(one), "other": str(other)}
    event = "member_duplicate.dismissed"
    publish(
        session, clock, principal.alliance, event, object_kind="member", object_id=one, division=OFFICE_ONLY, data=told
    )
    return dismissal
