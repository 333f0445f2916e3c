"""What a bulk edit may set of collaborations, and by which conditions it chooses them.

Those fields that one decision changes for many at once: who holds or leads them (a school is renamed into another, a
park hands over), and that they have ended (a year's classes) or run again. What is each one's own (name, kind, day of
foundation, partners, the kind's fields) comes by workbook.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter

from services.kernel.database import AnySession
from services.kernel.errors import FieldIssue, InvalidInput
from services.kernel.tenancy import Scope
from services.registry.commands.changing.collaboration_cells import HOLDERS, text_of
from services.registry.commands.changing.edit_values import checked_values
from services.registry.queries.collaborations import MISSING, CollaborationFilter
from services.registry.queries.members import names_of
from services.registry.schemas.collaborations import CollaborationUpdate

EDITABLE: Final = {
    "host_member": "办学（承办）单位",
    "lead_member": "牵头单位",
    "status": "状态",
    "ended_on": "终止日期",
    "end_reason": "终止原因",
}
FILTERS: Final[dict[str, frozenset[str] | None]] = {
    **dict.fromkeys(("q", "kind", "level", "status", "division", "partner", "ids")),
    "missing": frozenset(MISSING),
}
TYPES: Final[dict[str, TypeAdapter[Any]]] = {
    name: TypeAdapter(CollaborationUpdate.model_fields[name].rebuild_annotation()) for name in EDITABLE
}


async def edited(
    session: AnySession, scope: Scope, values: Mapping[str, Any]
) -> tuple[dict[str, str | None], list[FieldIssue]]:
    """The values as cells, members by name, and every one that cannot be set, or not so."""
    checked, issues = checked_values(EDITABLE, values, lambda name, value: TYPES[name].validate_python(value))
    wanted = {field: checked[field] for field in HOLDERS if checked.get(field)}
    names = await names_of(session, scope.alliance, {*wanted.values()})
    unknown = "没有登记这家成员单位，请从列表中选择。"
    issues += [
        FieldIssue(f"values.{field}", "member_unknown", unknown)
        for field, member in wanted.items()
        if member not in names
    ]
    cells = {name: names.get(value) if isinstance(value, UUID) else text_of(value) for name, value in checked.items()}
    return cells, issues


async def edited_cells(session: AnySession, scope: Scope, values: Mapping[str, Any]) -> dict[str, str | None]:
    """The values as cells. Raises InvalidInput when one of them cannot be set (any more)."""
    cells, issues = await edited(session, scope, values)
    if issues:
        raise InvalidInput(issues)
    return cells


def chosen(given: Mapping[str, Any], own: str | None, today: date) -> CollaborationFilter:
    """The conditions of an edit; of a kind's own edits, those of that kind."""
    plain = {name: value for name, value in given.items() if name != "ids"}
    ids = tuple(UUID(one) for one in given.get("ids", ()))
    return CollaborationFilter(today, **{**plain, "kind": own or given.get("kind")}, ids=ids)
