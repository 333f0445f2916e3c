"""What is to stand at the end of a year, and years for which a document asks two different things (口径冲突); pure.

Both places stand with their articles. Which one counts is decided by people, in the pack (`assessed: false`) or by a
decision in the hub; nothing here prefers one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal


@dataclass(frozen=True)
class Milestone:
    """What is to stand at the end of `year`; no year means a standing requirement, no value a qualitative one.

    `counts` is false for one that is not judged: set aside by the pack or by a decision, or not yet decided.
    """

    year: int | None
    value: Decimal | None
    text: str | None
    article: str
    counts: bool = True

    @property
    def asked(self) -> tuple[Decimal | None, str | None]:
        """What two places must have in common to agree: the number, or else the words."""
        return (self.value, self.text if self.value is None else None)


@dataclass(frozen=True)
class Choice:
    """The place that somebody decided to count, with what it asked for on that day."""

    article: str
    value: Decimal | None
    text: str | None

    def holds_for(self, milestone: Milestone) -> bool:
        """Whether the pack still asks for that in that place."""
        asked = Milestone(milestone.year, self.value, self.text, self.article).asked
        return (self.article, asked) == (milestone.article, milestone.asked)


Choices = Mapping[int | None, Choice]
"""The standing decisions of one indicator, by year; None is the requirement without a year."""


@dataclass(frozen=True)
class Conflict:
    """A year with two or more places that ask for different things; `chosen` is the one that was decided to count."""

    year: int | None
    sources: tuple[Milestone, ...]
    chosen: Milestone | None

    @property
    def decided(self) -> bool:
        return self.chosen is not None

    def source_at(self, article: str) -> Milestone | None:
        return next((source for source in self.sources if source.article == article), None)

    def judged(self, milestone: Milestone) -> Milestone:
        """A milestone as it stands under this conflict."""
        if milestone not in self.sources or milestone == self.chosen:
            return milestone
        return replace(milestone, counts=False)


def conflicts_among(milestones: Iterable[Milestone], choices: Choices) -> tuple[Conflict, ...]:
    """Every year in conflict, in order; what the pack itself set aside takes no part."""
    by_year: dict[int | None, list[Milestone]] = {}
    for milestone in milestones:
        if milestone.counts:
            by_year.setdefault(milestone.year, []).append(milestone)
    return tuple(
        Conflict(year, tuple(sources), _chosen(sources, choices.get(year)))
        for year, sources in sorted(by_year.items(), key=lambda entry: entry[0] or 0)
        if len({source.asked for source in sources}) > 1
    )


def _chosen(sources: Sequence[Milestone], choice: Choice | None) -> Milestone | None:
    return None if choice is None else next((source for source in sources if choice.holds_for(source)), None)


def settled(milestones: Iterable[Milestone], conflicts: Iterable[Conflict]) -> tuple[Milestone, ...]:
    """All milestones, those that lost a conflict or wait for its decision marked as not counting."""
    of_year = {conflict.year: conflict for conflict in conflicts}
    return tuple(of_year[m.year].judged(m) if m.year in of_year else m for m in milestones)
