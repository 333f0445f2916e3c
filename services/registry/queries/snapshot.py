"""Every member and collaboration of an alliance as one versioned content for other services."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from services.kernel.database import AnySession
from services.kernel.history import at
from services.kernel.policy.canonical import sha256_of
from services.kernel.tenancy import Scope
from services.registry.domain.successions import known_as
from services.registry.queries.successions import mergers
from services.registry.schemas.others import SnapshotCollaboration, SnapshotMember, SnapshotRecognition
from services.registry.tables import Collaboration, Member, Recognition


async def read_snapshot(session: AnySession, scope: Scope, as_of: date | None = None) -> tuple[str, dict[str, Any]]:
    """The version (SHA-256 of the canonical content) and the content, in an order that only its facts decide.

    As of a day it holds what stood on it: the same facts have the same version, whenever they are asked for.
    """
    members = await _rows(session, scope, at(Member, as_of))
    collaborations = await _rows(session, scope, at(Collaboration, as_of))
    by_id = {member.id: member for member in members}
    merged = await mergers(session, scope, as_of)
    grants = await _grants(session, scope, as_of)
    content = {
        "members": [_member(member, known_as(member, by_id, merged)) for member in members],
        "collaborations": [_collaboration(found, grants[found.id]) for found in collaborations],
    }
    return sha256_of(content), content


async def _rows(session: AnySession, scope: Scope, table: Any) -> Sequence[Any]:
    return (await session.scalars(scope.select(table).order_by(table.id))).all()


async def _grants(session: AnySession, scope: Scope, as_of: date | None) -> dict[UUID, list[SnapshotRecognition]]:
    """Recognitions by collaboration: on a day those granted until then, and withdrawn only if they were by then."""
    statement = scope.select(Recognition)
    if as_of is not None:
        statement = statement.where(Recognition.granted_on <= as_of)
    grants: dict[UUID, list[SnapshotRecognition]] = defaultdict(list)
    for found in await session.scalars(statement.order_by(Recognition.granted_on, Recognition.id)):
        shown = SnapshotRecognition.model_validate(found)
        if as_of is not None and shown.withdrawn_on is not None and shown.withdrawn_on > as_of:
            shown = shown.model_copy(update={"withdrawn_on": None})
        if found.collaboration is not None:
            grants[found.collaboration].append(shown)
    return grants


def _member(member: Member, names: Iterable[str]) -> dict[str, Any]:
    shown = SnapshotMember.model_validate(member)
    return shown.model_copy(update={"aliases": [*names]}).model_dump(mode="json")


def _collaboration(found: Collaboration, grants: list[SnapshotRecognition]) -> dict[str, Any]:
    names = ("id", "kind", "name", "host_member", "lead_member")
    plain = {name: getattr(found, name) for name in names}
    return SnapshotCollaboration(**plain, recognitions=grants).model_dump(mode="json")
