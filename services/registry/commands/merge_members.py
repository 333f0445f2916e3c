"""A member becomes part of another: what is open goes over, its names are the successor's aliases, and it leaves."""

from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import InvalidInput
from services.kernel.history import effective_day
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.member_rows import fill
from services.registry.commands.succession_rows import (
    day_issues,
    find_predecessor,
    let_go,
    load,
    succession,
    successor_issues,
    tell,
)
from services.registry.commands.telling import tell_member
from services.registry.commands.transfer import transfer_everything
from services.registry.domain.successions import SuccessionKind, aliases_after_merger
from services.registry.schemas.successions import Merger
from services.registry.tables import Member, MemberSuccession


async def merge_members(
    session: WriteSession, clock: Clock, principal: Principal, member_id: UUID, draft: Merger
) -> tuple[MemberSuccession, int]:
    """Check, hand over, let go, audit, tell; returns the record and how many open things went over.

    Raises NotFound, Conflict when it was merged before, InvalidInput.
    """
    scope = Scope.of(principal)
    day = effective_day(draft.on_date, clock, "on_date")
    await find_predecessor(session, scope, member_id)
    members = await load(session, scope, member_id, draft.into)
    member, successor = members[member_id], members.get(draft.into)
    issues = [*successor_issues("into", member, successor), *day_issues(member, day)]
    if issues or successor is None:
        raise InvalidInput(issues)
    await session.effective_on(day)
    changed = fill(successor, {"aliases": aliases_after_merger(member, successor)}, day)
    successor.updated_at = clock.now()
    let_go(member, day, clock)
    await session.flush()
    moved = await transfer_everything(session, member, successor)
    told = {"on_date": day, "document": draft.document, "reason": draft.reason}
    made = succession(session, clock, SuccessionKind.MERGE, member, successor, **told)
    await session.flush()
    await _record(session, clock, principal, member, successor, draft, moved)
    tell(session, clock, member, "member.merged", {"successor": str(successor.id), "on_date": day.isoformat()})
    tell_member(session, clock, successor, "member.updated", changed, successor.division)
    return made, moved


async def _record(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    member: Member,
    successor: Member,
    draft: Merger,
    moved: int,
) -> None:
    """One entry for each of the two."""
    facts = {"on_date": draft.on_date.isoformat(), "document": draft.document, "moved": moved}
    after = {"successor": str(successor.id), "status": member.status, **facts}
    await audit(session, clock, principal, "member.merge", "member", member.id, after=after, reason=draft.reason)
    gained = {"predecessor": str(member.id), "aliases": successor.aliases, **facts}
    await audit(session, clock, principal, "member.absorb", "member", successor.id, after=gained, reason=draft.reason)
