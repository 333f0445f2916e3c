"""What every command that changes a member shares: fields, the derived columns, and what goes to the audit."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import or_

from services.kernel.database import AnySession
from services.kernel.errors import FieldIssue
from services.kernel.pinyin import search_text, sort_key
from services.kernel.tenancy import Scope
from services.registry.schemas.members import MemberWrite
from services.registry.tables import Member

FIELDS: Final = tuple(MemberWrite.model_fields)
PERSONAL: Final = ("contact_person", "contact_phone")


def fill(member: Member, values: dict[str, Any]) -> list[str]:
    """Set fields and what follows from them; returns the names of those that changed."""
    changed = [name for name, value in values.items() if getattr(member, name, None) != value]
    for name in changed:
        setattr(member, name, values[name])
    if changed:
        member.sort_key = sort_key(member.name)
        member.search_text = search_text(member.name, *member.aliases) + f"\n{(member.uscc or '').lower()}"
    return changed


def facts(member: Member, names: list[str] | None = None) -> dict[str, Any]:
    """A member's fields as JSON for the audit; of its contact only that it stands there, never what."""
    shown: dict[str, Any] = {}
    for name in names if names is not None else FIELDS:
        value = getattr(member, name)
        if name in PERSONAL:
            shown[name] = "（已填）" if value else None
        else:
            shown[name] = value if value is None or isinstance(value, str | list) else str(value)
    return shown


async def twin_issues(session: AnySession, scope: Scope, draft: MemberWrite, own: UUID | None) -> list[FieldIssue]:
    """Name and code that another member already has; the database refuses them too, this says which field."""
    same = or_(Member.name == draft.name, Member.uscc == draft.uscc) if draft.uscc else Member.name == draft.name
    issues = []
    for other in await session.scalars(scope.select(Member).where(same)):
        if other.id != own and other.name == draft.name:
            issues.append(FieldIssue("name", "name_taken", "已有同名的成员单位，请核对后修改原记录。"))
        if other.id != own and draft.uscc and other.uscc == draft.uscc:
            issues.append(FieldIssue("uscc", "uscc_taken", f"该代码已属于“{other.name}”，请核对。"))
    return issues
