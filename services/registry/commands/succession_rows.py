"""What mergers and splits share: who may be a successor, the exit of the predecessor, and the record."""

from datetime import date
from typing import Any
from uuid import UUID

from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict, FieldIssue
from services.kernel.ids import new_id
from services.kernel.outbox import publish
from services.kernel.registry_words import BELONGS
from services.kernel.tenancy import Scope
from services.registry.commands.member_rows import fill
from services.registry.domain.members import MemberStatus
from services.registry.domain.successions import SuccessionKind
from services.registry.queries.members import find_member
from services.registry.tables import Member, MemberSuccession


async def load(session: WriteSession, scope: Scope, *ids: UUID) -> dict[UUID, Member]:
    """The members among these ids that are on record, locked until the end."""
    statement = scope.select(Member).where(Member.id.in_(ids)).order_by(Member.id).with_for_update()
    return {member.id: member for member in await session.scalars(statement)}


async def find_predecessor(session: WriteSession, scope: Scope, member_id: UUID) -> Member:
    """The member that ends or is split. Raises NotFound, Conflict for one that was merged or ended before."""
    member = await find_member(session, scope, member_id)
    merged = scope.select(MemberSuccession).where(
        MemberSuccession.predecessor == member_id, MemberSuccession.kind == SuccessionKind.MERGE
    )
    if (await session.scalars(merged)).first() is not None:
        raise Conflict("这家单位已经并入其他单位，不能再次办理。", code="member_merged")
    return member


def successor_issues(field: str, member: Member, successor: Member | None) -> list[FieldIssue]:
    """Why a member cannot take another's place."""
    if successor is None:
        return [FieldIssue(field, "member_unknown", "没有登记这家成员单位，请从列表中选择。")]
    if successor.id == member.id:
        return [FieldIssue(field, "same_member", "不能是这家单位自己，请选择另一家。")]
    if successor.status not in BELONGS:
        return [FieldIssue(field, "member_exited", "这家单位已经退出，请选择在集团内的单位。")]
    return []


def day_issues(member: Member, day: date) -> list[FieldIssue]:
    """A day on which the member was not there."""
    if member.joined_on is not None and day < member.joined_on:
        return [FieldIssue("on_date", "before_joined", "早于该单位的加入日期，请核对。")]
    return []


def let_go(member: Member, day: date, clock: Clock) -> None:
    """Have a member leave from a day on, unless it left before."""
    member.updated_at = clock.now()
    if member.status in BELONGS:
        fill(member, {"status": MemberStatus.EXITED.value, "left_on": day}, day)


def succession(
    session: WriteSession, clock: Clock, kind: SuccessionKind, predecessor: Member, successor: Member, **told: Any
) -> MemberSuccession:
    """One row of who came from whom."""
    made = MemberSuccession(
        alliance=predecessor.alliance,
        id=new_id(),
        kind=kind.value,
        predecessor=predecessor.id,
        successor=successor.id,
        created_at=clock.now(),
        **told,
    )
    session.add(made)
    return made


def tell(session: WriteSession, clock: Clock, member: Member, event: str, data: dict[str, Any]) -> None:
    """Tell the member and its county what became of it."""
    publish(
        session,
        clock,
        member.alliance,
        event,
        object_kind="member",
        object_id=member.id,
        division=member.division,
        member=member.id,
        data={"category": member.category, "division": member.division, "status": member.status, **data},
    )
