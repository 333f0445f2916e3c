"""Record the next term (届) of a body."""

from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import FieldIssue
from services.kernel.ids import new_id
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.governance_rows import refuse, tell
from services.registry.queries.governance import find_body, terms_of
from services.registry.schemas.governance import TermCreate
from services.registry.tables import BodyTerm


async def add_term(
    session: WriteSession, clock: Clock, principal: Principal, body_id: UUID, draft: TermCreate
) -> BodyTerm:
    """Load, check against the terms before, end the one that stands, insert, audit. Raises NotFound, InvalidInput."""
    scope = Scope.of(principal)
    await find_body(session, scope, body_id)
    terms = await terms_of(session, scope, body_id)
    refuse(_issues(draft, terms))
    for term in terms:
        if term.until_date is None or term.until_date > draft.from_date:
            term.until_date = draft.from_date
    await session.flush()  # the one before ends first: the database lets no two overlap
    added = BodyTerm(
        alliance=principal.alliance, id=new_id(), body=body_id, created_at=clock.now(), **draft.model_dump()
    )
    session.add(added)
    after = {"term": str(added.id), **draft.model_dump(mode="json")}
    await audit(session, clock, principal, "body.term", "body", body_id, after=after)
    tell(session, clock, principal.alliance, "body.renewed", body_id, {"number": draft.number})
    return added


def _issues(draft: TermCreate, terms: list[BodyTerm]) -> list[FieldIssue]:
    issues = []
    if draft.until_date is not None and draft.until_date <= draft.from_date:
        issues.append(FieldIssue("until_date", "period_reversed", "届满日期应晚于起始日期，请核对。"))
    if terms and draft.number <= max(term.number for term in terms):
        issues.append(FieldIssue("number", "number_taken", "届次应大于已有的各届，请核对。"))
    if terms and draft.from_date <= max(term.from_date for term in terms):
        issues.append(FieldIssue("from_date", "before_last_term", "起始日期应晚于上一届的起始日期，请核对。"))
    return issues
