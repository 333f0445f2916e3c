"""The members whose own rows a caller keeps (majors, teachers, contacts …): all, those of its county, or itself."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select

from services.kernel.database import AnySession
from services.kernel.errors import NotFound
from services.kernel.tenancy import Scope
from services.registry.tables import Member


def kept_by(scope: Scope, member: Any) -> ColumnElement[bool]:
    """Whether the column `member` names a unit that the caller keeps."""
    own: ColumnElement[bool] = member == scope.member
    return own if scope.member is not None else seen_by(scope, member)


def seen_by(scope: Scope, member: Any) -> ColumnElement[bool]:
    """Whether the column `member` names a unit that the caller may read about."""
    seen: ColumnElement[bool] = member.in_(scope.limit(select(Member.id), Member))
    return seen


async def find_kept_member(session: AnySession, scope: Scope, member_id: UUID) -> Member:
    """A member that the caller keeps. Raises NotFound."""
    statement = scope.select(Member).where(Member.id == member_id, kept_by(scope, Member.id))
    found = (await session.scalars(statement)).one_or_none()
    if found is None:
        raise NotFound("没有这家单位，或它不归您维护。", code="member_not_found")
    return found


async def kept_among(session: AnySession, scope: Scope, members: set[UUID]) -> set[UUID]:
    """Those of the members that the caller keeps."""
    kept = select(Member.id).where(Member.alliance == scope.alliance, Member.id.in_(members), kept_by(scope, Member.id))
    return {*await session.scalars(kept)}
