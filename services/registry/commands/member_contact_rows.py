"""What the commands on contacts share: the unit that keeps them, the rules, the audit without names or numbers."""

from typing import Final
from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import FieldIssue, InvalidInput
from services.kernel.outbox import publish
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.queries.member_contacts import find_keeper
from services.registry.schemas.member_contacts import MemberContactWrite
from services.registry.tables import Member, MemberContact

FIELDS: Final = ("post", "person", "phone", "email")
FILLED: Final = "（已填）"


async def keeper_of(session: WriteSession, principal: Principal, member_id: UUID) -> Member:
    """The member whose contacts the caller may keep. Raises NotFound."""
    return await find_keeper(session, Scope.of(principal), member_id)


def check(draft: MemberContactWrite) -> None:
    """Raise InvalidInput for somebody who cannot be reached."""
    if draft.phone is None and draft.email is None:
        raise InvalidInput([FieldIssue("phone", "contact_unreachable", "请填写电话或电子邮箱，至少一项。")])


def fill(contact: MemberContact, draft: MemberContactWrite, clock: Clock) -> list[str]:
    """Set the fields; returns the names of those that changed."""
    changed = [name for name in FIELDS if getattr(contact, name, None) != getattr(draft, name)]
    for name in changed:
        setattr(contact, name, getattr(draft, name))
    if changed:
        contact.updated_at = clock.now()
    return changed


async def record(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    verb: tuple[str, str],
    member: Member,
    contact: MemberContact,
    changed: list[str],
) -> None:
    """Audit what became of a contact and tell it; of the person only which fields, never what stands in them."""
    after = {"member": str(member.id), "post": contact.post, **{name: FILLED for name in changed if name != "post"}}
    done, told = verb
    await audit(session, clock, principal, f"member_contact.{done}", "member_contact", contact.id, after=after)
    publish(
        session,
        clock,
        member.alliance,
        f"member_contact.{told}",
        object_kind="member_contact",
        object_id=contact.id,
        division=member.division,
        member=member.id,
        data={"member": str(member.id), "post": contact.post, "changed": sorted(changed)},
    )
