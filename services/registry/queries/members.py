"""Read members: lists by fragment, pinyin or code; single ones; their recorded history."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, desc, or_, select

from services.kernel.database import AnySession
from services.kernel.errors import NotFound
from services.kernel.history import at
from services.kernel.pagination import PageRequest, paginate, sort_column
from services.kernel.registry_words import BELONGS
from services.kernel.search import holds_fragment, ids_with
from services.kernel.shared_tables import audit_entry
from services.kernel.tenancy import Scope
from services.registry.domain.members import ENTERPRISE
from services.registry.tables import Member

HISTORY_LENGTH: Final = 30


@dataclass(frozen=True)
class MemberFilter:
    """Conditions of a list; `q` is a fragment of any name, its pinyin or initials, or of a code.

    `belonging_on` asks for who belongs to the alliance on a day, by the record that is looked at; `found` are the ids
    that hold the fragment, when they were looked up.
    """

    q: str | None = None
    category: str | None = None
    division: str | None = None
    status: str | None = None
    structure_role: str | None = None
    missing: str | None = None
    ids: tuple[UUID, ...] = ()
    functional_zone: str | None = None
    belonging_on: date | None = None
    found: tuple[UUID, ...] | None = None


def matching(scope: Scope, asked: MemberFilter, as_of: date | None = None) -> Select[Member]:
    """The members that the scope sees and the filter asks for, unsorted; those of a day when one is given."""
    return _matching(scope, asked, at(Member, as_of))


def _matching(scope: Scope, asked: MemberFilter, table: type[Member]) -> Select[Member]:
    statement = scope.select(table)
    for column, value in (
        (table.category, asked.category),
        (table.division, asked.division),
        (table.functional_zone, asked.functional_zone),
        (table.status, asked.status),
        (table.structure_role, asked.structure_role),
    ):
        if value:
            statement = statement.where(column == value)
    if asked.q:
        statement = statement.where(holds_fragment(table, asked.q, asked.found))
    if asked.ids:
        statement = statement.where(table.id.in_(asked.ids))
    if asked.belonging_on:
        statement = statement.where(belonging(table, asked.belonging_on))
    return statement.where(missing_in(table)[asked.missing]) if asked.missing else statement


def belonging(table: type[Member], day: date) -> ColumnElement[bool]:
    """Who belongs to the alliance on a day, for a query on `at(Member, day)`."""
    return and_(
        table.status.in_(BELONGS),
        or_(table.joined_on.is_(None), table.joined_on <= day),
        or_(table.left_on.is_(None), table.left_on > day),
    )


def missing_in(table: type[Member]) -> dict[str, ColumnElement[bool]]:
    """Conditions for members of whom something is not on record that later steps need; who left needs nothing."""
    belongs = table.status.in_(BELONGS)
    return {
        "uscc": and_(table.uscc.is_(None), belongs),
        "division": and_(table.division.is_(None), belongs),
        "size_evidence": and_(
            table.category == ENTERPRISE, belongs, table.enterprise_size.is_(None) | table.size_evidence.is_(None)
        ),
    }


MISSING: Final = missing_in(Member)


async def list_members(
    session: AnySession, scope: Scope, asked: MemberFilter, page: PageRequest, as_of: date | None = None
) -> tuple[list[Member], str | None, int | None]:
    """One page of members, the next cursor, and how many match (None: very many); as of a day when one is given."""
    table = at(Member, as_of)
    if asked.q and as_of is None:
        found = await ids_with(session, Member, asked.q)
        asked = replace(asked, found=None if found is None else tuple(found))
    order, counted = sort_column(page, sortable(table), "name"), not asked.q or asked.found is not None
    return await paginate(session, _matching(scope, asked, table), page, order=order, tie=table.id, counted=counted)


def sortable(table: type[Member]) -> dict[str, Any]:
    """The columns that a list may be sorted by."""
    return {"name": table.sort_key, "category": table.category, "division": table.division_order}


async def all_members(
    session: AnySession, scope: Scope, asked: MemberFilter, as_of: date | None = None
) -> list[Member]:
    """Every matching member by name, for an export."""
    table = at(Member, as_of)
    statement = _matching(scope, asked, table).order_by(table.sort_key, table.id)
    return list((await session.scalars(statement)).all())


async def find_member(session: AnySession, scope: Scope, member_id: UUID, as_of: date | None = None) -> Member:
    """One member that the scope sees, as of a day when one is given. Raises NotFound."""
    table = at(Member, as_of)
    found = (await session.scalars(scope.select(table).where(table.id == member_id))).one_or_none()
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
