"""Create a member."""

from services.kernel.audit import audit
from services.kernel.clock import Clock, business_date
from services.kernel.database import WriteSession
from services.kernel.errors import InvalidInput
from services.kernel.history import effective_day
from services.kernel.ids import new_id
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.member_rows import FIELDS, enter, facts, fill, logo_issues, twin_issues
from services.registry.commands.telling import tell_member
from services.registry.domain.members import entry_issues, member_issues
from services.registry.schemas.members import MemberCreate
from services.registry.tables import Member


async def create_member(session: WriteSession, clock: Clock, principal: Principal, draft: MemberCreate) -> Member:
    """Check, insert, audit. Raises InvalidInput with every fault between the fields."""
    day = effective_day(draft.effective_on, clock)
    issues = [*member_issues(draft), *entry_issues(draft, business_date(clock))]
    scope = Scope.of(principal)
    issues += await twin_issues(session, scope, draft, None)
    issues += await logo_issues(session, scope, draft, None)
    if issues:
        raise InvalidInput(issues)
    now = clock.now()
    member = Member(alliance=principal.alliance, id=new_id(), created_at=now, updated_at=now)
    fill(member, draft.model_dump(include={*FIELDS}), day)
    await enter(session, member, day)
    await audit(session, clock, principal, "member.create", "member", member.id, after=facts(member))
    tell_member(session, clock, member, "member.created", [], None)
    return member
