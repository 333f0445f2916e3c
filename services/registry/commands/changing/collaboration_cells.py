"""Collaborations as rows hold them: what the workbook shows, members by name and lists joined by 、.

So a preview can be read, and an export that comes back unchanged is unchanged. What a row does not change is kept as it
is on record, by id, so that an odd name elsewhere in the record is in nobody's way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from services.kernel.database import AnySession
from services.kernel.errors import FieldIssue, InvalidInput
from services.kernel.name_lists import split_names
from services.kernel.tenancy import Scope
from services.kernel.workbooks import Value
from services.registry.collaboration_workbook import PREFIX
from services.registry.commands.export_collaborations import AT_ONCE, collaboration_cells
from services.registry.domain.collaborations import CollaborationKind, Part
from services.registry.queries.collaborations import Details, details_of
from services.registry.schemas.collaboration_details import DETAILS
from services.registry.schemas.kind_fields import fields_of
from services.registry.tables import Collaboration, Member

Cells = Mapping[str, str | None]
PARTS: Final = {"enterprises": Part.ENTERPRISE, "partners": Part.PARTNER, "supporters": Part.SUPPORTER}
HOLDERS: Final = ("host_member", "lead_member")
PLAIN: Final = ("kind", "name", "founded_on", "status", "ended_on", "end_reason")
"""Fields that the workbook and the wire write alike."""


@dataclass(frozen=True)
class Standing:
    """A collaboration on record: its row of the workbook, and all of it as the commands take it."""

    id: UUID
    version: int
    cells: Cells
    wire: Mapping[str, Any]


@dataclass(frozen=True)
class Members:
    """Members by every name they are known by, and the full name of each."""

    by_name: Mapping[str, set[UUID]]
    names: Mapping[UUID, str]

    def in_full(self, field: str, text: str | None) -> str | None:
        """The names of a cell as they are registered; what cannot be told stays as it is written."""
        if text is None or field not in (*HOLDERS, *PARTS):
            return text
        told = [self._full(name) for name in (split_names(text) if field in PARTS else [text])]
        return "、".join(dict.fromkeys(told))

    def _full(self, name: str) -> str:
        known = self.by_name.get(name, set())
        return self.names[next(iter(known))] if len(known) == 1 else name


async def members_by_name(session: AnySession, scope: Scope) -> Members:
    """Every member; a name of today goes before a short name, and that before a name of old."""
    names: dict[UUID, str] = {}
    short: dict[str, set[UUID]] = {}
    former: dict[str, set[UUID]] = {}
    statement = scope.limit(select(Member.id, Member.name, Member.aliases, Member.former_names), Member)
    for row in await session.execute(statement):
        names[row.id] = row.name
        for name in row.aliases:
            short.setdefault(name, set()).add(row.id)
        for one in row.former_names:
            former.setdefault(one["name"], set()).add(row.id)
    return Members({**former, **short, **{name: {member} for member, name in names.items()}}, names)


async def standing_of(
    session: AnySession, scope: Scope, found: Sequence[Collaboration], fields: Sequence[str], today: date
) -> dict[UUID, Standing]:
    """Collaborations on record, with their cells of these fields."""
    standing = {}
    for start in range(0, len(found), AT_ONCE):
        some = list(found[start : start + AT_ONCE])
        details = await details_of(session, scope, some)
        for one in some:
            cells = collaboration_cells(one, details, today)
            texts = {field: text_of(cells.get(field)) for field in fields}
            standing[one.id] = Standing(one.id, one.row_version, texts, _wire(one, details))
    return standing


def _wire(one: Collaboration, details: Details) -> dict[str, Any]:
    taking = [{"member": member, "part": part} for member, part in details.parts.get(one.id, {}).items()]
    plain = {name: getattr(one, name) for name in (*PLAIN, *HOLDERS)}
    return {**plain, "participants": taking, "details": one.details or {}}


def text_of(value: Value | Sequence[str]) -> str | None:
    """A cell as it is kept in a row: dates and numbers in one spelling each."""
    if value is None or value == "":
        return None
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return str(value)


def same(field: str, stands: str | None, given: str | None) -> bool:
    """Whether two cells say the same; the order of several names says nothing."""
    if field in PARTS:
        return set(split_names(stands)) == set(split_names(given))
    return stands == given


def unrepeated(given: Cells, stands: Cells) -> dict[str, str | None]:
    """The cells that are given, and of those that stand the ones that change with them: who holds or leads a
    collaboration does not take part in it beside that.
    """
    merged = {**stands, **given}
    held = {merged.get(field) for field in HOLDERS}
    after = dict(given)
    for field in PARTS:
        names = split_names(merged.get(field))
        left = [name for name in names if name not in held]
        if len(left) < len(names):
            after[field] = "、".join(left) or None
    return after


def wire_of(cells: Cells, members: Members, stands: Mapping[str, Any]) -> dict[str, Any]:
    """What the commands take: these cells, and all else as it stands. Raises InvalidInput for members not told."""
    issues: list[FieldIssue] = []

    def member_of(field: str, name: str) -> UUID | None:
        known = members.by_name.get(name, set())
        if len(known) == 1:
            return next(iter(known))
        sentences = {0: f"没有登记“{name}”这家单位，请填登记的全称或简称。"}
        issues.append(
            FieldIssue(field, "member_unknown", sentences.get(len(known), f"“{name}”可指多家单位，请填全称。"))
        )
        return None

    wire = {**stands, **{field: cells[field] for field in PLAIN if field in cells}}
    wire |= {field: (name := cells[field]) and member_of(field, name) for field in HOLDERS if field in cells}
    given = {part for field, part in PARTS.items() if field in cells}
    taking = [
        {"member": member, "part": part}
        for field, part in PARTS.items()
        for name in split_names(cells.get(field))
        if (member := member_of(field, name))
    ]
    if issues:
        raise InvalidInput(issues)
    wire["status"] = wire.get("status") or "active"
    wire["participants"] = [one for one in stands.get("participants", []) if one["part"] not in given] + taking
    wire["details"] = {**stands.get("details", {}), **_own(cells, wire.get("kind"))}
    return wire


def _own(cells: Cells, kind: str | None) -> dict[str, Any]:
    """The kind's own fields among the cells, lists taken apart."""
    lists = {one.name for one in fields_of(DETAILS[CollaborationKind(kind)]) if one.type == "lines"} if kind else set()
    own = {field.removeprefix(PREFIX): text for field, text in cells.items() if field.startswith(PREFIX)}
    return {name: split_names(text) if name in lists else text for name, text in own.items()}
