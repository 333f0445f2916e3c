"""Of whom a recognition is: a collaboration or a member; found, told about and counted as changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.outbox import publish
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.collaboration_rows import touch
from services.registry.commands.telling import tell_collaboration
from services.registry.queries.collaborations import details_of, find_collaboration
from services.registry.queries.members import find_member
from services.registry.tables import Collaboration, Member, Recognition


@dataclass(frozen=True)
class Subject:
    """A collaboration with those who take part, or a member; `kind` is as what it is recognised."""

    of: Collaboration | Member
    kind: str | None
    concerned: frozenset[UUID] = frozenset()

    @property
    def object_kind(self) -> str:
        return "collaboration" if isinstance(self.of, Collaboration) else "member"


async def subject_of_collaboration(session: WriteSession, scope: Scope, collaboration_id: UUID) -> Subject:
    """The collaboration, locked so that two grants cannot be checked at once. Raises NotFound."""
    found = await find_collaboration(session, scope, collaboration_id)
    await _lock(session, Collaboration, found)
    details = await details_of(session, scope, [found])
    return Subject(found, found.kind, frozenset(details.members_of(found.id)))


async def subject_of_member(session: WriteSession, scope: Scope, member_id: UUID, kind: str | None) -> Subject:
    """The member, locked as above. Raises NotFound."""
    found = await find_member(session, scope, member_id)
    await _lock(session, Member, found)
    return Subject(found, kind)


async def subject_of(session: WriteSession, scope: Scope, grant: Recognition) -> Subject:
    """Of whom a recognition is. Raises NotFound when the scope does not see it."""
    if grant.collaboration is not None:
        return await subject_of_collaboration(session, scope, grant.collaboration)
    assert grant.member is not None  # noqa: S101  # the database holds exactly one of the two
    return await subject_of_member(session, scope, grant.member, grant.kind)


async def _lock(session: WriteSession, table: type[Any], found: Any) -> None:
    same = select(table.id).where(table.alliance == found.alliance, table.id == found.id)
    await session.execute(same.with_for_update())


async def tell(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    subject: Subject,
    action: str,
    event: str,
    thing: UUID,
    *,
    data: Mapping[str, Any],
    before: dict[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """Audit what was done to a recognition or review of the subject, and publish it. `data` holds no personal data."""
    after = {event.split(".", maxsplit=1)[0]: str(thing), **data}
    kind, id_ = subject.object_kind, subject.of.id
    await audit(session, clock, principal, action, kind, id_, before=before, after=after, reason=reason)
    if isinstance(subject.of, Collaboration):
        touch(subject.of, clock)
        collaboration = subject.of
        await tell_collaboration(
            session, clock, collaboration, {*subject.concerned}, event, data=dict(data), thing=thing
        )
        return
    publish(
        session,
        clock,
        principal.alliance,
        event,
        object_kind=event.split(".", maxsplit=1)[0],
        object_id=thing,
        division=subject.of.division,
        member=subject.of.id,
        data={"member": str(subject.of.id), "kind": subject.kind, **data},
    )
