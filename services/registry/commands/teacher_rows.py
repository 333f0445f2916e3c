"""What the commands on teachers share: fields, derived columns, and what goes to the audit and the outbox."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm.attributes import flag_modified

from services.kernel.clock import Clock
from services.kernel.database import AnySession, WriteSession
from services.kernel.errors import FieldIssue, InvalidInput, NotFound
from services.kernel.outbox import publish
from services.kernel.pinyin import search_text, sort_key
from services.kernel.tenancy import Scope
from services.registry.queries.kept_units import find_kept_member
from services.registry.tables import Member, Teacher

FIELDS = ("member", "name", "kind", "title", "specialty", "shared", "left_on")


def fill(teacher: Teacher, values: dict[str, Any]) -> list[str]:
    """Set fields and what follows from them; returns the names of those that changed."""
    changed = [name for name, value in values.items() if getattr(teacher, name, None) != value]
    for name in changed:
        setattr(teacher, name, values[name])
    if changed:
        teacher.sort_key = sort_key(teacher.name)
        teacher.search_text = search_text(teacher.name, *filter(None, [teacher.specialty]))
    return changed


def facts(teacher: Teacher, names: tuple[str, ...] | list[str] = FIELDS) -> dict[str, Any]:
    """A teacher's fields as JSON for the audit; of the name only that it stands there, never what."""
    shown: dict[str, Any] = {}
    for name in names:
        value = getattr(teacher, name)
        plain = value is None or isinstance(value, str | bool)
        shown[name] = "（已填）" if name == "name" else value if plain else str(value)
    return shown


async def unit_of(session: AnySession, scope: Scope, member: UUID) -> Member:
    """The unit that a draft names. Raises InvalidInput when the caller does not keep it."""
    try:
        return await find_kept_member(session, scope, member)
    except NotFound as absent:
        raise InvalidInput([FieldIssue("member", "member_unknown", absent.detail)]) from absent


def touch(teacher: Teacher, clock: Clock) -> None:
    """Count a change of the practice as one of the teacher, so that its ETag moves on."""
    teacher.updated_at = clock.now()
    flag_modified(teacher, "updated_at")  # also when the clock stood still


def tell_teacher(session: WriteSession, clock: Clock, unit: Member, teacher: Teacher, event: str) -> None:
    """Tell the unit and its county, without the person."""
    publish(
        session,
        clock,
        unit.alliance,
        event,
        object_kind="teacher",
        object_id=teacher.id,
        division=unit.division,
        member=unit.id,
        data={"member": str(unit.id), "kind": teacher.kind, "shared": teacher.shared},
    )
