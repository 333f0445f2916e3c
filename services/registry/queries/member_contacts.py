"""Read whom to reach at a member, by post."""

from datetime import date
from uuid import UUID

from services.kernel.database import AnySession
from services.kernel.errors import NotFound
from services.kernel.history import at
from services.kernel.tenancy import Scope
from services.registry.domain.touches import Touch
from services.registry.queries.kept_units import kept_among
from services.registry.queries.members import find_member
from services.registry.tables import Member, MemberContact


async def contacts_of(
    session: AnySession, scope: Scope, member_id: UUID, as_of: date | None = None
) -> list[MemberContact]:
    """The contacts of a member that the caller may see, by post; as of a day when one is given."""
    table = at(MemberContact, as_of)
    statement = scope.select(table).where(table.member == member_id).order_by(table.post, table.person, table.id)
    return list((await session.scalars(statement)).all())


async def find_keeper(session: AnySession, scope: Scope, member_id: UUID) -> Member:
    """The member whose contacts the caller keeps: any for the secretariat, its county's, its own. Raises NotFound."""
    member = await find_member(session, scope, member_id)
    if not await kept_among(session, scope, {member_id}):
        raise NotFound("联系人由该单位、所在县区和秘书处维护，您不能查看或修改。", code="member_not_own")
    return member


async def find_contact(session: AnySession, scope: Scope, member_id: UUID, contact_id: UUID) -> MemberContact:
    """One contact of a member. Raises NotFound."""
    own = (MemberContact.member == member_id, MemberContact.id == contact_id)
    found = (await session.scalars(scope.select(MemberContact).where(*own))).one_or_none()
    if found is None:
        raise NotFound("这家单位没有这位联系人。", code="contact_not_found")
    return found


async def touched_by(session: AnySession, scope: Scope, member_id: UUID) -> list[Touch]:
    """The contacts that go over with a member, by post and without their names."""
    return [
        Touch("联系人", contact.id, contact.post, f"/members/{member_id}")
        for contact in await contacts_of(session, scope, member_id)
    ]
