"""What creating and changing a body share."""

from typing import Any, Final
from uuid import UUID

from services.kernel.database import AnySession
from services.kernel.errors import FieldIssue
from services.kernel.pinyin import search_text, sort_key
from services.kernel.tenancy import Scope
from services.registry.commands.governance_rows import unknown_body, unknown_members
from services.registry.schemas.governance import BodyWrite
from services.registry.tables import Body

DRAFT_FIELDS: Final = tuple(name for name in BodyWrite.model_fields if name not in ("quorum", "majority"))
SHARE_FIELDS: Final = ("numerator", "denominator", "strict")
FACTS: Final = (
    *DRAFT_FIELDS,
    *(f"quorum_{part}" for part in SHARE_FIELDS),
    *(f"majority_{part}" for part in SHARE_FIELDS),
    "dissolved_on",
)
DEFAULT_STRICT: Final = {"quorum": False, "majority": True}


def columns_of(draft: BodyWrite) -> dict[str, Any]:
    """The columns of a body as the draft wants them."""
    columns = {name: getattr(draft, name) for name in DRAFT_FIELDS}
    for rule, strict in DEFAULT_STRICT.items():
        share = getattr(draft, rule)
        for part in SHARE_FIELDS:
            columns[f"{rule}_{part}"] = getattr(share, part) if share else strict if part == "strict" else None
    names = search_text(draft.name, *draft.aliases)
    return {**columns, "sort_key": sort_key(draft.name), "search_text": names}


async def draft_issues(session: AnySession, scope: Scope, draft: BodyWrite, own: UUID | None) -> list[FieldIssue]:
    """Units and bodies that are not on record, a twin, a circle of parents, rules without a source."""
    issues = await unknown_members(session, scope, {"host_member": draft.host_member})
    issues += await unknown_body(session, scope, "parent", draft.parent)
    twins = await session.scalars(scope.select(Body).where(Body.name == draft.name, Body.dissolved_on.is_(None)))
    if any(twin.id != own for twin in twins):
        issues.append(FieldIssue("name", "name_taken", "已有同名的机构，请核对后修改原记录。"))
    if own is not None and await _is_below(session, scope, draft.parent, own):
        issues.append(FieldIssue("parent", "parent_below", "上级机构不能是本机构或其下级，请重新选择。"))
    if (draft.quorum or draft.majority) and not draft.rules_source:
        sentence = "填写法定人数或通过比例时，请写明依据（如章程条款）。"
        issues.append(FieldIssue("rules_source", "source_missing", sentence))
    return issues


async def _is_below(session: AnySession, scope: Scope, parent: UUID | None, own: UUID) -> bool:
    parents = {body.id: body.parent for body in await session.scalars(scope.select(Body))}
    seen: set[UUID] = set()
    while parent is not None and parent not in seen:
        if parent == own:
            return True
        seen.add(parent)
        parent = parents.get(parent)
    return False
