"""Members of a change set entered, changed and removed, many at a time, and then told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, cast, delete

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.ids import new_id
from services.kernel.principal import Principal
from services.registry.commands.changing.adapter import Saved
from services.registry.commands.member_rows import change_all, enter_all, facts, fill
from services.registry.commands.rows_together import update_together
from services.registry.commands.telling import tell_member
from services.registry.tables import Member

Change = tuple[Member, dict[str, Any]]


@dataclass(frozen=True)
class Done:
    """What was done to a member, as the audit and the events tell it."""

    verb: Literal["create", "update", "remove"]
    member: Member
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    changed: Sequence[str] = ()
    former_division: str | None = None

    @property
    def saved(self) -> Saved:
        return Saved(self.member.id, self)


async def create_members(
    session: WriteSession, clock: Clock, alliance: str, drafts: Sequence[dict[str, Any]]
) -> list[Done]:
    """Raises IntegrityError when somebody else has entered one of the names or codes after the preview."""
    now, day = clock.now(), session.effective_day
    members = [Member(alliance=alliance, id=new_id(), created_at=now, updated_at=now) for _ in drafts]
    for member, values in zip(members, drafts, strict=True):
        fill(member, values, day)
    await enter_all(session, members, day)
    return [Done("create", member, after=facts(member)) for member in members]


async def change_members(session: WriteSession, clock: Clock, changes: Sequence[Change]) -> list[Done]:
    """Raises IntegrityError when one of the names or codes has become somebody else's after the preview."""
    members = [member for member, _ in changes]
    before = [facts(member) for member in members]
    changed = await change_all(session, changes, session.effective_day)
    for member in members:
        member.updated_at = clock.now()
    await update_together(session, Member, members)
    return [
        Done("update", member, {name: stood[name] for name in names}, facts(member, names), names, stood["division"])
        for member, stood, names in zip(members, before, changed, strict=True)
    ]


async def remove_members(session: WriteSession, alliance: str, members: Sequence[Member]) -> list[Done]:
    """Raises IntegrityError when something refers to one of them."""
    ids = [member.id for member in members]
    gone = delete(Member).where(Member.alliance == alliance, Member.id == any_(cast(ids, ARRAY(Uuid))))
    await session.execute(gone, execution_options={"synchronize_session": False})
    for member in members:
        session.expunge(member)
    return [Done("remove", member, before=facts(member)) for member in members]


async def forget_names(session: WriteSession, members: Sequence[Member], undone: Mapping[UUID, str]) -> None:
    """A name that never was is no former one."""
    renamed = [member for member in members if member.name != undone[member.id]]
    for member in renamed:
        kept = [former for former in member.former_names if former["name"] != undone[member.id]]
        fill(member, {"former_names": kept}, session.effective_day)
    await update_together(session, Member, renamed)


async def tell_done(
    session: WriteSession, clock: Clock, principal: Principal, done: Sequence[Done], reason: str
) -> None:
    """Audit and publish what was done, in its order."""
    for one in done:
        told = {"before": one.before, "after": one.after, "reason": reason}
        await audit(session, clock, principal, f"member.{one.verb}", "member", one.member.id, **told)  # type: ignore[arg-type]
        tell_member(session, clock, one.member, f"member.{one.verb}d", [*one.changed], one.former_division)
