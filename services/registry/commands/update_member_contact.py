"""Change whom to reach at a member."""

from uuid import UUID

from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.etags import check_version
from services.kernel.history import effective_day
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.member_contact_rows import check, fill, keeper_of, record
from services.registry.queries.member_contacts import find_contact
from services.registry.schemas.member_contacts import MemberContactWrite
from services.registry.tables import MemberContact


async def update_member_contact(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    member_id: UUID,
    contact_id: UUID,
    draft: MemberContactWrite,
    if_match: str,
) -> MemberContact:
    """Load, check, change from the day on, audit, tell. Raises NotFound, StaleVersion, InvalidInput."""
    member = await keeper_of(session, principal, member_id)
    contact = await find_contact(session, Scope.of(principal), member_id, contact_id)
    check_version(if_match, contact.row_version)
    check(draft)
    await session.effective_on(effective_day(draft.effective_on, clock))
    changed = fill(contact, draft, clock)
    if changed:
        await session.flush()  # the new row version goes into the answer's ETag
        await record(session, clock, principal, ("update", "updated"), member, contact, changed)
    return contact
