"""Our decisions on a rule where the document is silent, as the engine carries them out.

A pack lists options for each decision. Only those known here can be settled: any other name or value is refused when
the rule book is read, so that a decision written down is never silently left undone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.subsidies.rules.series import RuleBookError
from services.subsidies.rules.vocabulary import EarlierLevel, PayeeRole, RuleKind

#: Whom a rule of each kind can pay: the roles that its facts name.
PAYEES: Mapping[RuleKind, tuple[PayeeRole, ...]] = {
    RuleKind.RECOGNITION_AWARD: (PayeeRole.LEAD_MEMBER, PayeeRole.HOST_SCHOOL),
    RuleKind.CLASS_AWARD: (PayeeRole.HOST_SCHOOL,),
    RuleKind.STUDENT_AWARD: (PayeeRole.SENDING_SCHOOL, PayeeRole.ENROLLING_SCHOOL),
}

_SUPPORTED: Mapping[str, tuple[str, ...]] = {
    "earlier_level": tuple(EarlierLevel),
    "headcount": ("inclusive_at_snapshot", "exclusive_at_snapshot"),
    "frequency": ("once_per_class", "every_year"),
    "size_evidence": ("required",),
    "ranking": ("score_then_headcount_then_code",),
    "technician_schools": ("included", "excluded"),
    "one_payment_per_student": ("exclusive_by_origin",),
    "left_before_snapshot": ("exclude",),
}


@dataclass(frozen=True)
class Decisions:
    """The decisions of one rule, by name."""

    rule: str
    values: Mapping[str, str]

    @classmethod
    def read(cls, rule: str, kind: RuleKind, entries: Mapping[str, Mapping[str, Any]]) -> Decisions:
        """Read `{name: {value, why, options}}`; raises RuleBookError for what the engine does not carry out."""
        values = {name: str(entry["value"]) for name, entry in entries.items()}
        for name, value in values.items():
            if value not in (PAYEES[kind] if name == "payee" else _SUPPORTED.get(name, ())):
                raise RuleBookError(f"rule {rule}: the decision {name} = {value} is not one the settlement carries out")
        return cls(rule, values)

    def deciding(self, name: str, value: str, kind: RuleKind) -> Decisions:
        """The same decisions with one taken otherwise."""
        taken = {**self.values, name: value}
        return Decisions.read(self.rule, kind, {known: {"value": each} for known, each in taken.items()})

    @property
    def payee(self) -> PayeeRole | None:
        return PayeeRole(self.values["payee"]) if "payee" in self.values else None

    @property
    def earlier_level(self) -> EarlierLevel | None:
        return EarlierLevel(self.values["earlier_level"]) if "earlier_level" in self.values else None

    @property
    def headcount_extra(self) -> int:
        """How many people above the stated number a class needs: none when the number itself is enough."""
        return int(self.values.get("headcount") == "exclusive_at_snapshot")

    @property
    def once_per_class(self) -> bool:
        return self.values.get("frequency") != "every_year"

    def admits(self, category: str) -> bool:
        """Whether schools of this category stay among those the rule's text names."""
        return category != "technician" or self.values.get("technician_schools") != "excluded"
