"""Read members: lists by fragment, pinyin or code; single ones; their recorded history."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, and_, desc, select
from sqlalchemy.orm import InstrumentedAttribute

from services.kernel.database import AnySession
from services.kernel.errors import NotFound
from services.kernel.pagination import PageRequest, paginate, sort_column
from services.kernel.shared_tables import audit_entry
from services.kernel.tenancy import Scope
from services.registry.domain.members import ENTERPRISE
from services.registry.tables import Member

SORTABLE: Final[dict[str, InstrumentedAttribute[Any]]] = {
    "name": Member.sort_key,
    "category": Member.category,
    "division": Member.division_order,
}
HISTORY_LENGTH: Final = 30


@dataclass(frozen=True)
class MemberFilter:
    """Conditions of a list; `q` is a fragment of a name, its pinyin or initials, or a 统一社会信用代码."""

    q: str | None = None
    category: str | None = None
    division: str | None = None
    status: str | None = None
    structure_role: str | None = None
    missing: str | None = None
    ids: tuple[UUID, ...] = ()


def matching(scope: Scope, asked: MemberFilter) -> Select[Member]:
    """The members that the scope sees and the filter asks for, unsorted."""
    statement = scope.select(Member)
    for column, value in (
        (Member.category, asked.category),
        (Member.division, asked.division),
        (Member.status, asked.status),
        (Member.structure_role, asked.structure_role),
    ):
        if value:
            statement = statement.where(column == value)
    if asked.q:
        statement = statement.where(Member.search_text.contains(asked.q.strip().lower(), autoescape=True))
    if asked.ids:
        statement = statement.where(Member.id.in_(asked.ids))
    return statement.where(MISSING[asked.missing]) if asked.missing else statement


MISSING: Final = {
    "uscc": and_(Member.uscc.is_(None), Member.status == "active"),
    "division": and_(Member.division.is_(None), Member.status == "active"),
    "size_evidence": and_(
        Member.category == ENTERPRISE,
        Member.status == "active",
        Member.enterprise_size.is_(None) | Member.size_evidence.is_(None),
    ),
}


async def list_members(
    session: AnySession, scope: Scope, asked: MemberFilter, page: PageRequest
) -> tuple[list[Member], str | None, int]:
    """One page of members, the next cursor, and how many match."""
    order = sort_column(page, SORTABLE, "name")
    return await paginate(session, matching(scope, asked), page, order=order, tie=Member.id)


async def all_members(session: AnySession, scope: Scope, asked: MemberFilter) -> list[Member]:
    """Every matching member by name, for an export."""
    return list((await session.scalars(matching(scope, asked).order_by(Member.sort_key, Member.id))).all())


async def find_member(session: AnySession, scope: Scope, member_id: UUID) -> Member:
    """One member that the scope sees. Raises NotFound."""
    found = (await session.scalars(scope.select(Member).where(Member.id == member_id))).one_or_none()
    if found is None:
        raise NotFound("没有这家成员单位，或它不在您的管辖范围内。", code="member_not_found")
    return found


async def names_of(session: AnySession, alliance: str, ids: set[UUID]) -> dict[UUID, str]:
    """Names of members by id, also of those beyond a county: a collaboration names all who take part."""
    statement = select(Member.id, Member.name).where(Member.alliance == alliance, Member.id.in_(ids))
    return {row.id: row.name for row in await session.execute(statement)}


async def history(session: AnySession, scope: Scope, kind: str, thing: UUID) -> list[Any]:
    """The latest audit entries of a thing, newest first."""
    same = (audit_entry.c.alliance == scope.alliance, audit_entry.c.object_kind == kind)
    statement = select(audit_entry).where(*same, audit_entry.c.object_id == str(thing))
    return list((await session.execute(statement.order_by(desc(audit_entry.c.entry_no)).limit(HISTORY_LENGTH))).all())
