"""A pack's structure as a person reads it, in the shape of `policies/<pack>/golden/structure.yaml`.

Codes become words, references become full names, and what the document does not give is left out. Answers of a running
hub are put into the same shape to be compared with the same files.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from services.kernel.policy.models import Body, Collaboration, Seat, Structure
from services.kernel.policy.vocabulary import BODY_KIND_LABELS, SUCCESSION_LABELS
from services.kernel.registry_words import COLLABORATION_KINDS, MEMBER_CATEGORIES

Names = Mapping[str, str]


def golden_structure(folder: Path) -> dict[str, Any]:
    """The structure that a person wrote down for the pack in `folder`, from the document itself."""
    found: dict[str, Any] = YAML(typ="safe").load(folder / "golden" / "structure.yaml")
    return found


def read_back(structure: Structure) -> dict[str, Any]:
    """The structure in the shape of the golden file."""
    names = _full_names(structure)
    return without_gaps(
        {
            "formula": _formula(structure, names),
            "leads": [{"unit": names[lead.unit], "scope": lead.scope} for lead in structure.leads],
            "members": [
                {"name": unit.name, "category": unit.category and MEMBER_CATEGORIES[unit.category]}
                for unit in structure.units
                if not unit.collective
            ],
            "bodies": [_body(body, structure, names) for body in structure.bodies],
            "collaborations": [_collaboration(item, names) for item in structure.collaborations],
            "industries": [industry.name for industry in structure.industries],
            "plates": [
                {"kind": COLLABORATION_KINDS[plate.kind], **plate.model_dump(exclude={"kind", "article"})}
                for plate in structure.plates
            ],
            "teacher_practice": structure.teacher_practice
            and structure.teacher_practice.model_dump(exclude={"article"}),
        }
    )


def without_gaps(value: Any) -> Any:
    """The value without nulls and empty lists, however deep: what nobody stated does not count."""
    if isinstance(value, dict):
        kept = {key: without_gaps(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in (None, [], {})}
    return [without_gaps(item) for item in value] if isinstance(value, list) else value


def _full_names(structure: Structure) -> Names:
    # A consortium may have the alliance's name; units come last, because leads and seats mean the unit.
    named = [*structure.collaborations, *structure.bodies, *structure.units]
    return {name: item.name for item in named for name in [item.name, *item.aliases]}


def _formula(structure: Structure, names: Names) -> dict[str, Any] | None:
    if structure.formula is None:
        return None
    roles = [
        {"label": role.label, "name": role.name, "members": [names[member] for member in role.members]}
        for role in structure.formula.roles
    ]
    return {"name": structure.formula.name, "roles": roles}


def _body(body: Body, structure: Structure, names: Names) -> dict[str, Any]:
    parents = {other.code: other.name for other in structure.bodies}
    return {
        "name": body.name,
        "aliases": body.aliases,
        "kind": BODY_KIND_LABELS[body.kind],
        "parent": body.parent and parents[body.parent],
        "host": body.host and names[body.host],
        "host_options": [names[option] for option in body.host_options],
        "succession": body.succession and SUCCESSION_LABELS[body.succession.mode],
        "seats": [_seat(seat, names) for seat in body.seats],
    }


def _seat(seat: Seat, names: Names) -> dict[str, Any]:
    shown = seat.model_dump(include={"title", "post", "holder", "since", "count"})
    return {**shown, "unit": seat.unit and names[seat.unit]}


def _collaboration(item: Collaboration, names: Names) -> dict[str, Any]:
    return {
        "kind": COLLABORATION_KINDS[item.kind],
        "name": item.name,
        "aliases": item.aliases,
        "host": item.host and names[item.host],
        "lead": item.lead and names[item.lead],
        "partners": [names[partner] for partner in item.partners],
        "facts": item.facts,
    }
