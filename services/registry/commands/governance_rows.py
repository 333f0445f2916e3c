"""What the commands on bodies, seats, leads and meetings share: checks, derived columns, what goes to the audit."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from services.kernel.clock import Clock, business_date
from services.kernel.database import AnySession, WriteSession
from services.kernel.errors import FieldIssue, InvalidInput
from services.kernel.outbox import OFFICE_ONLY, publish
from services.kernel.tenancy import Scope
from services.registry.queries.governance import names_on
from services.registry.tables import Body, Member


def facts(row: Any, names: Iterable[str]) -> dict[str, Any]:
    """Columns of a row as JSON for the audit."""
    shown: dict[str, Any] = {}
    for name in names:
        value = getattr(row, name)
        shown[name] = value if value is None or isinstance(value, str | int | list) else str(value)
    return shown


def fill(row: Any, values: dict[str, Any]) -> list[str]:
    """Set columns; returns the names of those that changed."""
    changed = [name for name, value in values.items() if getattr(row, name, None) != value]
    for name in changed:
        setattr(row, name, values[name])
    return changed


async def unknown_members(session: AnySession, scope: Scope, named: dict[str, UUID | None]) -> list[FieldIssue]:
    """An issue for each field that names a member which is not on record."""
    known = await names_on(session, scope.alliance, Member, named.values(), None)
    sentence = "没有登记这家成员单位，请从列表中选择。"
    return [FieldIssue(name, "member_unknown", sentence) for name, one in named.items() if one and one not in known]


async def unknown_body(session: AnySession, scope: Scope, field: str, body: UUID | None) -> list[FieldIssue]:
    """An issue when the field names a body which is not on record."""
    known = await names_on(session, scope.alliance, Body, [body], None)
    return [FieldIssue(field, "body_unknown", "没有登记这个机构，请从列表中选择。")] if body and not known else []


def day_issues(field: str, day: date | None, clock: Clock, *, after: date | None = None) -> list[FieldIssue]:
    """A day that has not come yet, or that is not after the one it must follow."""
    if day is None:
        return []
    if day > business_date(clock):
        return [FieldIssue(field, "date_in_future", "日期不能晚于今天；请到当天再办理。")]
    if after is not None and day <= after:
        return [FieldIssue(field, "date_too_early", f"日期应晚于{after:%Y年%-m月%-d日}，请核对。")]
    return []


def refuse(issues: list[FieldIssue]) -> None:
    """Raise InvalidInput when there is any issue."""
    if issues:
        raise InvalidInput(issues)


def tell(
    session: WriteSession,
    clock: Clock,
    alliance: str,
    event: str,
    object_id: UUID,
    data: dict[str, Any],
    *,
    office_only: bool = False,
) -> None:
    """Tell a change of the alliance's own bodies to everybody in it, or to the secretariat alone."""
    kind = event.split(".", maxsplit=1)[0]
    division = OFFICE_ONLY if office_only else None
    publish(session, clock, alliance, event, object_kind=kind, object_id=object_id, division=division, data=data)
