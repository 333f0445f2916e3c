"""The fields of each kind of collaboration as forms, pages and exports draw them, read from the kinds' own models."""

from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from services.kernel import registry_words as words
from services.registry.domain.collaborations import CollaborationKind
from services.registry.schemas.collaboration_details import DETAILS, KindDetails

FieldType = Literal["text", "integer", "number", "date", "choice", "lines", "rows"]
_TYPES: Final[dict[Any, FieldType]] = {str: "text", int: "integer", Decimal: "number", date: "date"}


class KindField(BaseModel):
    """One field: `choices` of a choice, `columns` of rows, `unit` behind a number."""

    name: str
    label: str
    type: FieldType
    help: str | None = None
    unit: str | None = None
    choices: list[str] = []
    columns: list["KindField"] = []


class KindRead(BaseModel):
    """One kind with the fields of its `details`."""

    kind: CollaborationKind
    label: str
    fields: list[KindField]


class Kinds(BaseModel):
    """Every kind, in the order of the vocabulary."""

    items: list[KindRead]


def kinds() -> list[KindRead]:
    """Every kind, in the order of the vocabulary."""
    return [
        KindRead(kind=kind, label=words.COLLABORATION_KINDS[kind], fields=fields_of(DETAILS[kind])) for kind in DETAILS
    ]


def fields_of(model: type[KindDetails]) -> list[KindField]:
    """The fields of one model, in its order."""
    return [_field(name, info) for name, info in model.model_fields.items()]


def _field(name: str, info: FieldInfo) -> KindField:
    kind, choices, columns = _type(info.annotation)
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    unit = extra.get("unit")
    return KindField(
        name=name,
        label=info.title or name,
        type=kind,
        help=info.description,
        unit=str(unit) if unit else None,
        choices=choices,
        columns=columns,
    )


def _type(annotation: Any) -> tuple[FieldType, list[str], list[KindField]]:
    """The type below optional, annotated and list."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return "choice", list(inner), []
    if origin is list:
        element = inner[0]
        if isinstance(element, type) and issubclass(element, KindDetails):
            return "rows", [], fields_of(element)
        return "lines", [], []
    if annotation in _TYPES:
        return _TYPES[annotation], [], []
    return _type(next(part for part in inner if part is not type(None)))
