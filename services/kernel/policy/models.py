"""A whole policy pack: its parts, typed. Errors and positions are the loader's, meaning is the check's."""

import json
from typing import Any

from services.kernel.policy.base import Decision, PackModel, Validity
from services.kernel.policy.document import Alliance, Article, Document, OpenPoint
from services.kernel.policy.structure import (
    Body,
    Collaboration,
    Formula,
    Industry,
    Lead,
    Role,
    Seat,
    Structure,
    Unit,
)
from services.kernel.policy.subsidies import (
    Budget,
    ClassRule,
    Dated,
    DatedMoney,
    PerUnitRule,
    RecognitionRule,
    Rule,
    StudentRule,
    Subsidies,
)
from services.kernel.policy.targets import (
    AssessmentScheme,
    Baseline,
    Indicator,
    Milestone,
    Phase,
    Recurrence,
    Targets,
    Task,
)
from services.kernel.policy.vocabulary import PARTS, PartName

Part = Document | Structure | Targets | Subsidies

PART_MODELS: dict[PartName, type[Document] | type[Structure] | type[Targets] | type[Subsidies]] = {
    "document": Document,
    "structure": Structure,
    "targets": Targets,
    "subsidies": Subsidies,
}


class PolicyPack(PackModel):
    """The parts of one pack; `document.pack` is its name.

    Targets and money rules may not be written yet: such a part is empty here, and `written` leaves it out.
    """

    document: Document
    structure: Structure
    targets: Targets = Targets(indicators=[], tasks=[])
    subsidies: Subsidies = Subsidies(budgets=[], rules=[])

    @property
    def written(self) -> tuple[PartName, ...]:
        """The parts that have a file, in the order document, structure, targets, subsidies."""
        return tuple(part for part in PARTS if part in self.model_fields_set)

    def part(self, name: PartName) -> Part:
        """One part by its file name without ending."""
        found: Part = getattr(self, name)
        return found


def part_from_payload(name: PartName, payload: dict[str, Any]) -> Part:
    """The typed part of a stored payload (the JSON of `canonical.pack_parts`); ValidationError when it does not fit."""
    return PART_MODELS[name].model_validate_json(json.dumps(payload))


__all__ = [
    "PART_MODELS",
    "Alliance",
    "Article",
    "AssessmentScheme",
    "Baseline",
    "Body",
    "Budget",
    "ClassRule",
    "Collaboration",
    "Dated",
    "DatedMoney",
    "Decision",
    "Document",
    "Formula",
    "Indicator",
    "Industry",
    "Lead",
    "Milestone",
    "OpenPoint",
    "Part",
    "PerUnitRule",
    "Phase",
    "PolicyPack",
    "RecognitionRule",
    "Recurrence",
    "Role",
    "Rule",
    "Seat",
    "Structure",
    "StudentRule",
    "Subsidies",
    "Targets",
    "Task",
    "Unit",
    "Validity",
    "part_from_payload",
]
