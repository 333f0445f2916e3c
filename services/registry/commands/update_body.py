"""Change a governance body, from a day on."""

from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.etags import check_version
from services.kernel.history import effective_day
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.body_rows import FACTS, columns_of, draft_issues
from services.registry.commands.governance_rows import day_issues, facts, fill, refuse, tell
from services.registry.queries.governance import find_body
from services.registry.schemas.governance import BodyUpdate
from services.registry.tables import Body


async def update_body(
    session: WriteSession, clock: Clock, principal: Principal, body_id: UUID, draft: BodyUpdate, if_match: str
) -> Body:
    """Load, check version and fields, change, audit what changed. Raises NotFound, StaleVersion, InvalidInput."""
    scope = Scope.of(principal)
    body = await find_body(session, scope, body_id)
    check_version(if_match, body.row_version)
    issues = await draft_issues(session, scope, draft, body_id)
    refuse([*issues, *day_issues("founded_on", draft.founded_on, clock)])
    await session.effective_on(effective_day(draft.effective_on, clock))
    before = facts(body, FACTS)
    changed = [name for name in fill(body, columns_of(draft)) if name in FACTS]
    if not changed:
        return body
    body.updated_at = clock.now()
    await session.flush()  # the new row version goes into the answer's ETag
    kept = {name: before[name] for name in changed}
    await audit(session, clock, principal, "body.update", "body", body_id, before=kept, after=facts(body, changed))
    tell(session, clock, principal.alliance, "body.updated", body_id, {"kind": body.kind, "changed": sorted(changed)})
    return body
