"""The structure in the words of its picture."""

from dataclasses import replace

from services.registry.domain.picture_bodies import BodyWords, SeatWords
from services.registry.domain.structure_picture import LeadWords, Picture, RoleWords
from services.registry.schemas.structure import (
    StructureBody,
    StructureFormula,
    StructureLead,
    StructureRead,
    StructureRole,
    StructureSeat,
)


def picture_of(structure: StructureRead) -> Picture:
    """What the picture says of a structure."""
    name = structure.packs[0].alliance if structure.packs else ""
    documents = "、".join(pack.number or pack.title for pack in structure.packs)
    day = structure.as_of
    told = [f"依据：{documents}" if documents else "", f"截至 {day.year} 年 {day.month} 月 {day.day} 日"]
    return Picture(
        title=f"{name}组织架构图",
        subtitle=" · ".join(part for part in told if part),
        formula=structure.formula.name if structure.formula else "",
        roles=_roles(structure.formula),
        leads=_leads(structure.leads),
        bodies=[_body(body) for body in structure.bodies],
    )


def _roles(formula: StructureFormula | None) -> list[RoleWords]:
    return [
        RoleWords(role.label, role.name, role.members, _others(role)) for role in (formula.roles if formula else [])
    ]


def _others(role: StructureRole) -> str:
    if not role.open_ended or role.members:
        return ""
    return f"成员 {role.others} 家" if role.others else "（单位未限定）"


def _leads(leads: list[StructureLead]) -> list[LeadWords]:
    """Each unit once with all that it leads, in the order of the first."""
    scopes: dict[str, list[str]] = {}
    for lead in leads:
        scopes.setdefault(lead.unit, []).append(lead.scope)
    return [LeadWords(unit, led) for unit, led in scopes.items()]


def _body(body: StructureBody) -> BodyWords:
    options = f"{'或'.join(body.host_options)}（择一）" if body.host_options and not body.host else ""
    return BodyWords(
        key=body.name,
        name=body.name,
        aliases=body.aliases,
        host=body.host or options,
        duties=body.duties,
        seats=[words for seat in body.seats for words in _seat(seat)],
        above=body.parent,
    )


def _seat(seat: StructureSeat) -> list[SeatWords]:
    """Equal seats are one entry while nobody is known to hold them, else one for each holder."""
    free_one = SeatWords(seat.title, seat.unit or "", seat.post or "", "")
    if seat.count is None:
        return [replace(free_one, open_ended=True)]
    held = [one.holder for one in seat.seats if one.holder]
    free = seat.count - len(held)
    entries = [replace(free_one, holder=holder) for holder in held]
    return [*entries, *([replace(free_one, count=free)] if free else [])]
