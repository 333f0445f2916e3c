"""What every command that changes a member shares: fields, the derived columns, and what goes to the audit."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import or_

from services.kernel.database import AnySession, WriteSession
from services.kernel.errors import FieldIssue
from services.kernel.pinyin import search_text, sort_key
from services.kernel.tenancy import Scope
from services.registry.commands.rows_together import by_day, update_together
from services.registry.domain.members import MemberStatus, names_after_rename
from services.registry.schemas.members import MemberWrite
from services.registry.tables import Attachment, Member

FIELDS: Final = tuple(MemberWrite.model_fields)
LEAVING: Final = ("status", "left_on")
PERSONAL: Final = ("contact_person", "contact_phone")
NO_OWN_FILE: Final = "没有这份附件，或它不是本单位的附件。请在登记后的单位的附件里上传图片，再选为标识。"
NO_PICTURE: Final = "标识须是图片，所选附件不是图片。请上传 JPG 或 PNG 图片后选用。"


def fill(member: Member, values: dict[str, Any], day: date) -> list[str]:
    """Set fields and what follows from them; returns the names of those that changed.

    `day` is the one from which they hold: a new name leaves the old one among the former names until then.
    """
    values = {**values, "former_names": _former_names(member, values, day)}
    changed = [name for name, value in values.items() if getattr(member, name, None) != value]
    for name in changed:
        setattr(member, name, values[name])
    if changed:
        member.sort_key = sort_key(member.name)
        former = [former["name"] for former in member.former_names]
        codes = [code.lower() for code in (member.uscc, member.school_code) if code]
        member.search_text = "\n".join([search_text(member.name, *member.aliases, *former), *codes])
    return changed


def _former_names(member: Member, values: dict[str, Any], day: date) -> list[dict[str, Any]]:
    given = values.get("former_names")
    former = (member.former_names or []) if given is None else given
    old, new = member.name or values["name"], values.get("name", member.name)
    return names_after_rename(former, old, new, day)


async def enter(session: WriteSession, member: Member, day: date) -> None:
    """Put a new record in from a day on; one that has left belonged from `joined_on` until it left."""
    await enter_all(session, [member], day)


async def enter_all(session: WriteSession, members: Sequence[Member], day: date) -> None:
    """`enter` for many."""
    gone = {m.id: m.left_on for m in members if m.status == MemberStatus.EXITED and m.left_on is not None}
    begins = {left: min(day_of_leaving, session.today) for left, day_of_leaving in gone.items()}
    for begun, some in by_day(members, lambda member: begins.get(member.id, day)).items():
        leaving = [member for member in some if member.id in gone]
        for member in leaving:
            member.status, member.left_on = MemberStatus.ACTIVE.value, None
        await session.effective_on(begun)  # or from `joined_on`, when that is earlier
        session.add_all(some)
        await session.flush()
        for member in leaving:
            member.status, member.left_on = MemberStatus.EXITED.value, gone[member.id]
        await update_together(session, Member, leaving)
    if gone:
        await session.effective_on(day)


async def change_all(
    session: WriteSession, changes: Sequence[tuple[Member, dict[str, Any]]], day: date
) -> list[list[str]]:
    """`fill` records that stand from a day on; one that this lets go has left from its day of leaving on.

    What is filled last is not yet written.
    """
    await session.effective_on(day)
    leaving = [(member, values) for member, values in changes if _leaves(member, values)]
    changed = {member.id: fill(member, _but_leaving(values), day) for member, values in leaving}
    await update_together(session, Member, [member for member, _ in leaving])
    for left_on, some in by_day(leaving, lambda one: min(one[1]["left_on"], session.today)).items():
        await session.effective_on(left_on)
        for member, values in some:
            changed[member.id] += fill(member, {name: values[name] for name in LEAVING}, day)
        await update_together(session, Member, [member for member, _ in some])
    if leaving:
        await session.effective_on(day)
    changed |= {member.id: fill(member, values, day) for member, values in changes if member.id not in changed}
    return [changed[member.id] for member, _ in changes]


def _leaves(member: Member, values: Mapping[str, Any]) -> bool:
    leaves = values.get("status") == MemberStatus.EXITED and member.status != MemberStatus.EXITED
    return leaves and values.get("left_on") is not None


def _but_leaving(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in LEAVING}


def facts(member: Member, names: list[str] | None = None) -> dict[str, Any]:
    """A member's fields as JSON for the audit; of its contact only that it stands there, never what."""
    shown: dict[str, Any] = {}
    for name in names if names is not None else FIELDS:
        value = getattr(member, name)
        if name in PERSONAL:
            shown[name] = "（已填）" if value else None
        else:
            shown[name] = value if value is None or isinstance(value, list) else str(value)
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


async def logo_issues(
    session: WriteSession, scope: Scope, draft: MemberWrite, member: Member | None
) -> list[FieldIssue]:
    """A newly chosen logo that is no picture among the member's own attachments; one not yet entered has none.

    The picture is locked, so that nobody removes it before it is seen to be the logo.
    """
    if draft.logo is None or (member is not None and draft.logo == member.logo):
        return []
    stands = (Attachment.id == draft.logo, Attachment.subject_kind == "member", Attachment.removed_on.is_(None))
    chosen = scope.select(Attachment).where(*stands).with_for_update(read=True)
    found = (await session.scalars(chosen)).one_or_none()
    if found is None or member is None or found.subject != member.id:
        return [FieldIssue("logo", "logo_not_own", NO_OWN_FILE)]
    if not found.content_type.startswith("image/"):
        return [FieldIssue("logo", "logo_not_picture", NO_PICTURE)]
    return []
