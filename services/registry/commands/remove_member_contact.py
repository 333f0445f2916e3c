"""Take away a contact of a member; who it was until today stays in the history."""

from uuid import UUID

from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.etags import check_version
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.member_contact_rows import keeper_of, record
from services.registry.queries.member_contacts import find_contact


async def remove_member_contact(
    session: WriteSession, clock: Clock, principal: Principal, member_id: UUID, contact_id: UUID, if_match: str
) -> None:
    """Load, check the version, delete, audit, tell. Raises NotFound, StaleVersion."""
    member = await keeper_of(session, principal, member_id)
    contact = await find_contact(session, Scope.of(principal), member_id, contact_id)
    check_version(if_match, contact.row_version)
    await session.delete(contact)
    await session.flush()
    await record(session, clock, principal, ("remove", "removed"), member, contact, [])
