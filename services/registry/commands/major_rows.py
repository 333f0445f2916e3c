"""What the commands on majors share: fields, the name from the catalogue, and what is told."""

from datetime import date
from typing import Any
from uuid import UUID

from services.kernel.clock import Clock
from services.kernel.database import AnySession, WriteSession
from services.kernel.errors import FieldIssue, InvalidInput
from services.kernel.outbox import publish
from services.kernel.tenancy import Scope
from services.registry.domain.catalogues import CatalogueKind
from services.registry.queries.catalogues import names_in
from services.registry.queries.coverage import SCHOOLS
from services.registry.queries.majors import offered_until
from services.registry.schemas.coverage import MajorWrite
from services.registry.tables import Member, MemberMajor

FIELDS = ("major_code", "name", "since", "students")


def check_school(member: Member) -> None:
    """Raises InvalidInput for a member that is no school."""
    if member.category not in SCHOOLS:
        sentence = "只有高职、中职和技工院校登记专业，请先核对单位类别。"
        raise InvalidInput([FieldIssue("member", "not_a_school", sentence)])


async def full_values(session: AnySession, scope: Scope, draft: MajorWrite) -> dict[str, Any]:
    """The fields of a draft, its name from the catalogue where none is given. Raises InvalidInput."""
    values = {name: getattr(draft, name) for name in FIELDS}
    if values["name"] is None:
        known = await names_in(session, scope, CatalogueKind.MAJORS, [draft.major_code])
        if draft.major_code not in known:
            sentence = "现行专业目录里没有这个代码，请填写专业名称。"
            raise InvalidInput([FieldIssue("name", "name_missing", sentence)])
        values["name"] = known[draft.major_code]
    return values


async def check_code_free(
    session: AnySession, scope: Scope, member: UUID, code: str, begins: date, own: UUID | None = None
) -> None:
    """Raises InvalidInput when the school has the code already, or had it on or after the day on which it begins."""
    same = (MemberMajor.member == member, MemberMajor.major_code == code)
    other = (await session.scalars(scope.select(MemberMajor).where(*same))).one_or_none()
    if other is not None and other.id != own:
        raise InvalidInput([FieldIssue("major_code", "code_taken", "这所学校已登记这个专业，请修改原记录。")])
    ended = (await offered_until(session, scope, member, own)).get((member, code))
    if ended is not None and ended > begins:
        sentence = f"这个专业到 {ended.isoformat()} 才停办，开设日期和生效日期不能早于这一天。"
        raise InvalidInput([FieldIssue("effective_on", "overlaps_earlier", sentence)])


def begins_on(draft: MajorWrite, effective: date) -> date:
    """From which day a new record is true: its own day when that is earlier than its entry."""
    return min(draft.since, effective) if draft.since else effective


def facts(major: MemberMajor) -> dict[str, Any]:
    """The fields as JSON for the audit."""
    plain = {name: getattr(major, name) for name in FIELDS}
    plain["since"] = major.since.isoformat() if major.since else None
    return {"member": str(major.member), **plain}


def tell_major(session: WriteSession, clock: Clock, member: Member, major: MemberMajor, event: str) -> None:
    """Tell the school and its county."""
    publish(
        session,
        clock,
        member.alliance,
        event,
        object_kind="major",
        object_id=major.id,
        division=member.division,
        member=member.id,
        data={"member": str(member.id), "major_code": major.major_code, "students": major.students},
    )
