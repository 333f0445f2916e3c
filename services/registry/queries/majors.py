"""Read the majors of schools: lists of all or of one school, on a day, with what they serve."""

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import Select, text

from services.kernel.database import AnySession
from services.kernel.errors import NotFound
from services.kernel.history import at
from services.kernel.pagination import PageRequest, paginate, sort_column
from services.kernel.tenancy import Scope
from services.registry.queries.kept_units import kept_by, seen_by
from services.registry.tables import MemberMajor

ENDED: Final = text(
    "SELECT data ->> 'member' AS member, data ->> 'major_code' AS code, max(valid_until) AS ended FROM row_history"
    " WHERE alliance = :alliance AND table_name = 'member_major' AND valid_until IS NOT NULL AND row_key <> :own"
    " AND (CAST(:member AS text) IS NULL OR data ->> 'member' = :member) GROUP BY 1, 2"
)


@dataclass(frozen=True)
class MajorFilter:
    """Conditions of a list; `code` is the beginning of codes, `q` a fragment of a code or name."""

    q: str | None = None
    code: str | None = None
    member: UUID | None = None


def _matching(scope: Scope, asked: MajorFilter, table: type[MemberMajor]) -> Select[MemberMajor]:
    """Who may see a school today may see what it offered on any day."""
    statement = scope.select(table).where(seen_by(scope, table.member))
    if asked.member:
        statement = statement.where(table.member == asked.member)
    if asked.code:
        statement = statement.where(table.major_code.startswith(asked.code, autoescape=True))
    if asked.q:
        fragment = asked.q.strip()
        by_name = table.name.contains(fragment, autoescape=True)
        statement = statement.where(by_name | table.major_code.contains(fragment.upper(), autoescape=True))
    return statement


async def list_majors(
    session: AnySession, scope: Scope, asked: MajorFilter, page: PageRequest, as_of: date | None
) -> tuple[list[MemberMajor], str | None, int]:
    """One page of majors, by code unless asked otherwise."""
    table = at(MemberMajor, as_of)
    order = sort_column(page, {"code": table.major_code, "name": table.name}, "code")
    return await paginate(session, _matching(scope, asked, table), page, order=order, tie=table.id)


async def all_majors(
    session: AnySession, scope: Scope, asked: MajorFilter, as_of: date | None = None
) -> list[MemberMajor]:
    """Every matching major by school and code."""
    table = at(MemberMajor, as_of)
    statement = _matching(scope, asked, table).order_by(table.member, table.major_code)
    return list((await session.scalars(statement)).all())


async def offered_until(
    session: AnySession, scope: Scope, member: UUID | None = None, own: UUID | None = None
) -> dict[tuple[UUID, str], date]:
    """When schools (or one) last ended a major of each code, by (school, code); `own` is a record not to look at."""
    told = {"alliance": scope.alliance, "member": str(member) if member else None, "own": str(own)}
    return {(UUID(row.member), row.code): row.ended for row in await session.execute(ENDED, told)}


async def find_kept_major(session: AnySession, scope: Scope, member: UUID, major: UUID) -> MemberMajor:
    """A major of a school that the caller keeps. Raises NotFound."""
    same = (MemberMajor.member == member, MemberMajor.id == major, kept_by(scope, MemberMajor.member))
    found = (await session.scalars(scope.select(MemberMajor).where(*same))).one_or_none()
    if found is None:
        raise NotFound("这家单位没有这个专业，或它不归您维护。", code="major_not_found")
    return found
