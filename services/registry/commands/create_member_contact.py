"""Enter whom to reach at a member."""

from uuid import UUID

from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict
from services.kernel.history import effective_day
from services.kernel.ids import new_id
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.member_contact_rows import FIELDS, check, fill, keeper_of, record
from services.registry.queries.member_contacts import contacts_of
from services.registry.schemas.member_contacts import MemberContactWrite
from services.registry.tables import MemberContact

MOST_CONTACTS = 50


async def create_member_contact(
    session: WriteSession, clock: Clock, principal: Principal, member_id: UUID, draft: MemberContactWrite
) -> MemberContact:
    """Check, insert from the day on, audit, tell. Raises NotFound, InvalidInput, Conflict when there are very many."""
    member = await keeper_of(session, principal, member_id)
    check(draft)
    if len(await contacts_of(session, Scope.of(principal), member_id)) >= MOST_CONTACTS:
        raise Conflict(f"一家单位最多登记 {MOST_CONTACTS} 位联系人，请先移除不再使用的。", code="contacts_too_many")
    contact = MemberContact(alliance=principal.alliance, id=new_id(), member=member_id, created_at=clock.now())
    fill(contact, draft, clock)
    await session.effective_on(effective_day(draft.effective_on, clock))
    session.add(contact)
    await session.flush()  # the row version goes into the answer's ETag
    filled = [name for name in FIELDS if getattr(contact, name)]
    await record(session, clock, principal, ("create", "created"), member, contact, filled)
    return contact
