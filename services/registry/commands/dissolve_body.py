"""End a governance body; its row and its history stay."""

from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict, FieldIssue
from services.kernel.etags import check_version
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.governance_rows import day_issues, refuse, tell
from services.registry.queries.governance import find_body
from services.registry.schemas.governance import BodyDissolution
from services.registry.tables import Body


async def dissolve_body(
    session: WriteSession, clock: Clock, principal: Principal, body_id: UUID, draft: BodyDissolution, if_match: str
) -> Body:
    """Load, check version, day and what hangs on it, date the end, audit. Raises NotFound, Conflict, InvalidInput."""
    scope = Scope.of(principal)
    body = await find_body(session, scope, body_id)
    check_version(if_match, body.row_version)
    if body.dissolved_on is not None:
        raise Conflict("这个机构已经撤销，不能再次撤销。", code="body_dissolved")
    issues = day_issues("dissolved_on", draft.dissolved_on, clock, after=body.founded_on)
    issues += await _children(session, scope, body_id)
    refuse(issues)
    await session.effective_on(draft.dissolved_on)
    body.dissolved_on = draft.dissolved_on
    body.updated_at = clock.now()
    await session.flush()
    after = {"dissolved_on": draft.dissolved_on.isoformat()}
    await audit(session, clock, principal, "body.dissolve", "body", body_id, after=after, reason=draft.reason)
    tell(session, clock, principal.alliance, "body.dissolved", body_id, after)
    return body


async def _children(session: WriteSession, scope: Scope, body_id: UUID) -> list[FieldIssue]:
    below = list(await session.scalars(scope.select(Body).where(Body.parent == body_id, Body.dissolved_on.is_(None))))
    names = "、".join(body.name for body in below)
    sentence = f"下级机构（{names}）仍在，请先撤销或改属其他机构。"
    return [FieldIssue("dissolved_on", "bodies_below", sentence)] if below else []
