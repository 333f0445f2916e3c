"""The units of a document as members, and their places in its formula."""

from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import business_date
from services.kernel.policy.models import Role, Unit
from services.registry.commands.adopting.context import CHANGED, FOUND, MADE, SKIPPED, Adoption
from services.registry.commands.create_member import create_member
from services.registry.commands.telling import tell_member
from services.registry.domain.members import StructureRole
from services.registry.queries.structure import MEMBER_ROLES
from services.registry.schemas.members import MemberCreate
from services.registry.tables import Member

NO_CATEGORY = "文件没有写明单位类别，请选择类别后再建立。"


async def adopt_units(adoption: Adoption) -> None:
    """Find each single unit by name or alias, or enter it as a member."""
    known = await _members_by_name(adoption)
    for unit in adoption.structure.units:
        if unit.collective:
            continue
        found = next((known[name] for name in [unit.name, *unit.aliases] if name in known), None)
        if found is not None:
            adoption.members[unit.name] = found.id
            adoption.note("member", unit.name, FOUND, None if found.name == unit.name else f"登记名称：{found.name}")
        else:
            adoption.members[unit.name] = await _enter(adoption, unit)


async def _members_by_name(adoption: Adoption) -> dict[str, Member]:
    """Members by name, and by an alias that is nobody's name and only one member's."""
    members = list(await adoption.session.scalars(adoption.scope.select(Member)))
    by_alias: dict[str, list[Member]] = {}
    for member in members:
        for alias in member.aliases:
            by_alias.setdefault(alias, []).append(member)
    single = {alias: owners[0] for alias, owners in by_alias.items() if len(owners) == 1}
    return {**single, **{member.name: member for member in members}}


async def _enter(adoption: Adoption, unit: Unit) -> UUID | None:
    category = unit.category or adoption.categories.get(unit.name)
    if category is None:
        adoption.note("member", unit.name, SKIPPED, NO_CATEGORY)
        return None
    adoption.note("member", unit.name, MADE)
    if not adoption.making:
        return None
    values = {"name": unit.name, "aliases": unit.aliases, "category": category, "division": unit.division}
    draft = MemberCreate.model_validate(values)
    return (await create_member(adoption.writing, adoption.clock, adoption.principal, draft)).id


async def adopt_roles(adoption: Adoption) -> None:
    """Give the members that the formula names their place in it; a consortium's place is its lead's."""
    formula = adoption.structure.formula
    leads = {one.name: one.lead for one in adoption.structure.collaborations}
    for role in formula.roles if formula else []:
        for name in role.members:
            await _place(adoption, role, name, leads.get(name) or name)


async def _place(adoption: Adoption, role: Role, name: str, unit: str) -> None:
    kept = MEMBER_ROLES.get(role.code)
    member_id = adoption.member_of(unit)
    title = f"{role.name}：{name}"
    if kept is None:
        adoption.note("role", title, SKIPPED, "成员单位登记中没有对应的架构角色。")
    elif member_id is None:
        adoption.note(
            "role", title, SKIPPED if adoption.making else MADE, "单位尚未登记。" if adoption.making else None
        )
    else:
        await _give(adoption, title, member_id, kept)


async def _give(adoption: Adoption, title: str, member_id: UUID, kept: StructureRole) -> None:
    own = adoption.scope.select(Member).where(Member.id == member_id)
    member = (await adoption.session.scalars(own)).one()
    if member.structure_role == kept:
        adoption.note("role", title, FOUND)
    elif member.structure_role is not None:
        adoption.note("role", title, SKIPPED, "该单位已登记为其他架构角色，请核对后手工修改。")
    else:
        adoption.note("role", title, CHANGED)
        if adoption.making:
            await _set_role(adoption, member, kept)


async def _set_role(adoption: Adoption, member: Member, kept: StructureRole) -> None:
    session, clock = adoption.writing, adoption.clock
    await session.effective_on(business_date(clock))
    member.structure_role = kept.value
    member.updated_at = clock.now()
    await session.flush()
    before, after = {"structure_role": None}, {"structure_role": kept.value}
    action, reason = "member.update", f"按政策文件 {adoption.pack} 建立架构"
    await audit(
        session, clock, adoption.principal, action, "member", member.id, before=before, after=after, reason=reason
    )
    tell_member(session, clock, member, "member.updated", ["structure_role"], member.division)
