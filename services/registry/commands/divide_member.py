"""A member is split: others come from it, and it goes on, or leaves and one of them takes over what is open."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict, FieldIssue, InvalidInput
from services.kernel.history import effective_day
from services.kernel.principal import Principal
from services.kernel.registry_words import BELONGS
from services.kernel.tenancy import Scope
from services.registry.commands.create_member import create_member
from services.registry.commands.succession_rows import (
    day_issues,
    find_predecessor,
    let_go,
    load,
    succession,
    successor_issues,
    tell,
)
from services.registry.commands.transfer import transfer_everything
from services.registry.domain.successions import SuccessionKind
from services.registry.schemas.members import MemberCreate
from services.registry.schemas.successions import Division, SplitPart
from services.registry.tables import Member, MemberSuccession


async def divide_member(
    session: WriteSession, clock: Clock, principal: Principal, member_id: UUID, draft: Division
) -> tuple[list[MemberSuccession], int]:
    """Check, make the parts, hand over, audit, tell; returns the records and how many open things went over.

    Raises NotFound, Conflict for one that left or was merged, InvalidInput with the faults of every part.
    """
    scope = Scope.of(principal)
    day = effective_day(draft.on_date, clock, "on_date")
    await find_predecessor(session, scope, member_id)
    chosen = [part.member for part in draft.parts if part.member is not None]
    members = await load(session, scope, member_id, *chosen)
    member = members[member_id]
    if member.status not in BELONGS:
        raise Conflict("这家单位已经退出，不能拆分。", code="member_exited")
    issues = [*day_issues(member, day), *_heir_issues(draft)]
    parts, faults = await _parts(session, clock, principal, draft, member, members)
    if issues or faults:
        raise InvalidInput([*issues, *faults])
    await session.effective_on(day)
    moved = 0
    if draft.heir is not None:
        heir = parts[draft.heir - 1]
        heir.updated_at = clock.now()
        let_go(member, day, clock)
        await session.flush()
        moved = await transfer_everything(session, member, heir)
    told = {"on_date": day, "document": draft.document, "reason": draft.reason}
    made = [succession(session, clock, SuccessionKind.SPLIT, member, part, **told) for part in parts]
    await session.flush()
    await _record(session, clock, principal, member, parts, draft, day)
    return made, moved


def _heir_issues(draft: Division) -> list[FieldIssue]:
    if draft.continues and draft.heir is not None:
        return [FieldIssue("heir", "heir_unexpected", "原单位存续的，未了事项仍由它办理，不用选承接单位。")]
    if not draft.continues and draft.heir is None:
        return [FieldIssue("heir", "heir_missing", "原单位不存续的，请选择由哪个单位承接未了事项。")]
    if draft.heir is not None and draft.heir > len(draft.parts):
        return [FieldIssue("heir", "heir_unknown", "没有这个序号的单位，请核对。")]
    return []


async def _parts(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    draft: Division,
    member: Member,
    members: dict[UUID, Member],
) -> tuple[list[Member], list[FieldIssue]]:
    """The members that come from the split, new ones entered, and every fault of each."""
    found: list[Member] = []
    issues: list[FieldIssue] = []
    for number, part in enumerate(draft.parts):
        try:
            one = await _part(session, clock, principal, part, draft.on_date, member, members)
        except InvalidInput as refusal:
            place = f"parts.{number}.new" if part.new is not None and part.member is None else f"parts.{number}"
            issues += [replace(issue, field=f"{place}.{issue.field}") for issue in refusal.issues]
            continue
        if one in found:
            issues.append(FieldIssue(f"parts.{number}.member", "member_repeated", "这家单位已在列表中，请只保留一次。"))
        found.append(one)
    return found, issues


async def _part(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    part: SplitPart,
    day: date,
    member: Member,
    members: dict[UUID, Member],
) -> Member:
    if (part.member is None) == (part.new is None):
        raise InvalidInput([FieldIssue("member", "part_unclear", "每个单位请选择已登记的，或填写新设的，二者取一。")])
    if part.new is not None:
        return await create_member(session, clock, principal, _beginning(part.new, day))
    successor = members.get(part.member) if part.member else None
    issues = successor_issues("member", member, successor)
    if issues or successor is None:
        raise InvalidInput([replace(issue, field="member") for issue in issues])
    return successor


def _beginning(draft: MemberCreate, day: date) -> MemberCreate:
    return draft.model_copy(update={"joined_on": draft.joined_on or day, "effective_on": draft.effective_on or day})


async def _record(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    member: Member,
    parts: list[Member],
    draft: Division,
    day: date,
) -> None:
    ids = [str(part.id) for part in parts]
    after = {"parts": ids, "continues": draft.continues, "on_date": day.isoformat(), "document": draft.document}
    await audit(session, clock, principal, "member.divide", "member", member.id, after=after, reason=draft.reason)
    told = {"parts": ids, "continues": draft.continues, "on_date": day.isoformat()}
    tell(session, clock, member, "member.divided", told)
