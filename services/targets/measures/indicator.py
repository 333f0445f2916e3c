"""An indicator as its pack states it; pure. Values are Decimal in the indicator's own unit (percent for ratios)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Milestone:
    """What is to stand at the end of `year`; no year means a standing requirement, no value a qualitative one."""

    year: int | None
    value: Decimal | None
    text: str | None
    article: str


@dataclass(frozen=True)
class Indicator:
    """One indicator with its milestones in order of year."""

    code: str
    name: str
    unit: str
    kind: str
    direction: str
    accumulation: str
    aspirational: bool
    per_member: bool
    numerator: str | None
    denominator: str | None
    responsible: tuple[str, ...]
    article: str
    milestones: tuple[Milestone, ...]

    @property
    def is_ratio(self) -> bool:
        """Reported by numerator and denominator."""
        return self.numerator is not None and self.denominator is not None

    def milestone_of(self, year: int) -> Milestone | None:
        """What counts at the end of `year`: that year's own milestone, or the standing one. Never one guessed."""
        own = next((m for m in self.milestones if m.year == year), None)
        return own or next((m for m in self.milestones if m.year is None), None)

    def next_milestone(self, year: int) -> Milestone | None:
        """The nearest milestone at or after `year`: what the year is on its way to."""
        return self.milestone_of(year) or next((m for m in self.milestones if m.year and m.year > year), None)

    def meets(self, value: Decimal, required: Decimal) -> bool:
        """Whether a value satisfies a requirement; the bound itself does."""
        return value <= required if self.direction == "at_most" else value >= required


def indicator_from(part: Mapping[str, Any]) -> Indicator:
    """Build an indicator from its entry in the `targets` part; a milestone marked `assessed: false` is left out."""
    milestones = [
        Milestone(m["year"], Decimal(m["value"]) if m["value"] is not None else None, m.get("text"), m["article"])
        for m in part["milestones"]
        if m.get("assessed", True)
    ]
    ordered = sorted(milestones, key=lambda m: m.year or 0)
    return Indicator(
        code=part["code"],
        name=part["name"],
        unit=part["unit"],
        kind=part["kind"],
        direction=part["direction"],
        accumulation=part["accumulation"],
        aspirational=part["aspirational"],
        per_member=part.get("scope") == "each_member",
        numerator=part.get("numerator"),
        denominator=part.get("denominator"),
        responsible=tuple(part["responsible"]),
        article=part["article"],
        milestones=tuple(ordered),
    )
