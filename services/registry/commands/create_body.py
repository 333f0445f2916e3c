"""Create a governance body."""

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.ids import new_id
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.body_rows import FACTS, columns_of, draft_issues
from services.registry.commands.governance_rows import day_issues, facts, refuse, tell
from services.registry.schemas.governance import BodyCreate
from services.registry.tables import Body


async def create_body(session: WriteSession, clock: Clock, principal: Principal, draft: BodyCreate) -> Body:
    """Check, insert, audit, tell. Raises InvalidInput."""
    issues = await draft_issues(session, Scope.of(principal), draft, None)
    refuse([*issues, *day_issues("founded_on", draft.founded_on, clock)])
    return await insert_body(session, clock, principal, columns_of(draft))


async def insert_body(session: WriteSession, clock: Clock, principal: Principal, columns: dict[str, object]) -> Body:
    """Insert checked columns; a policy document's adoption does the same as the secretariat by hand."""
    now = clock.now()
    body = Body(alliance=principal.alliance, id=new_id(), created_at=now, updated_at=now, **columns)
    if body.host_options is None:
        body.host_options = []
    session.add(body)
    await session.flush()  # the row version that the answer's ETag carries is made here
    await audit(session, clock, principal, "body.create", "body", body.id, after=facts(body, FACTS))
    tell(session, clock, principal.alliance, "body.created", body.id, {"kind": body.kind})
    return body
