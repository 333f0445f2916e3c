"""An indicator as its pack states it; pure. Values are Decimal in the indicator's own unit (percent for ratios)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from services.targets.measures.milestones import Choices, Conflict, Milestone, conflicts_among, settled

End = Milestone | Conflict
"""What stands at a year's end: what is judged, or a conflict that nobody has decided."""
UNDECIDED: Final[Choices] = MappingProxyType({})


@dataclass(frozen=True)
class Indicator:
    """One indicator; `sources` are all places of the document that ask for something, in order of year."""

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
    sources: tuple[Milestone, ...]
    conflicts: tuple[Conflict, ...]

    @property
    def milestones(self) -> tuple[Milestone, ...]:
        """Those that are judged."""
        return tuple(source for source in self.sources if source.counts)

    @property
    def undecided(self) -> tuple[Conflict, ...]:
        """The conflicts of which nobody has said yet which place counts."""
        return tuple(conflict for conflict in self.conflicts if not conflict.decided)

    @property
    def ends(self) -> tuple[End, ...]:
        """Everything that a year is measured by, or waits for."""
        return (*self.milestones, *self.undecided)

    @property
    def is_ratio(self) -> bool:
        """Reported by numerator and denominator."""
        return self.numerator is not None and self.denominator is not None

    def conflict_of(self, year: int | None) -> Conflict | None:
        """The conflict at the end of exactly this year, decided or not."""
        return next((conflict for conflict in self.conflicts if conflict.year == year), None)

    def milestone_of(self, year: int) -> End | None:
        """What counts at the end of `year`: that year's own milestone, or the standing one. Never one guessed.

        A conflict that nobody decided stands in the place of its milestone.
        """
        ends = {end.year: end for end in reversed(self.ends)}
        return ends.get(year) or ends.get(None)

    def next_milestone(self, year: int) -> End | None:
        """The nearest milestone (or undecided conflict) at or after `year`: what the year is on its way to."""
        later = [end for end in self.ends if end.year and end.year > year]
        return self.milestone_of(year) or min(later, key=_year, default=None)

    def milestone_before(self, year: int) -> End | None:
        """The last one before `year` that asks for a number, or an undecided conflict that stands there instead."""
        earlier = [end for end in self.ends if end.year and end.year < year]
        told = [end for end in earlier if isinstance(end, Conflict) or end.value is not None]
        return max(told, key=_year, default=None)

    def meets(self, value: Decimal, required: Decimal) -> bool:
        """Whether a value satisfies a requirement; the bound itself does."""
        return value <= required if self.direction == "at_most" else value >= required


def _year(end: End) -> int:
    return end.year or 0


def _milestone(entry: Mapping[str, Any]) -> Milestone:
    value = None if entry["value"] is None else Decimal(entry["value"])
    return Milestone(entry["year"], value, entry.get("text"), entry["article"], entry.get("assessed", True))


def indicator_from(part: Mapping[str, Any], chosen: Choices = UNDECIDED) -> Indicator:
    """Build an indicator from its entry in the `targets` part and the decisions on years in conflict."""
    stated = sorted((_milestone(entry) for entry in part["milestones"]), key=_year)
    conflicts = conflicts_among(stated, chosen)
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
        sources=settled(stated, conflicts),
        conflicts=conflicts,
    )
