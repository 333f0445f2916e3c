"""The numbers that the demonstration reports toward the document's targets (一(三), 二16); all of them made up."""

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True)
class Report:
    """One reported number of a year, in whole people: a ratio by its two parts, or a count by its value.

    One that `waits` is left for the user to accept.
    """

    username: str
    indicator: str
    year: int
    numerator: int | None = None
    denominator: int | None = None
    value: int | None = None
    waits: bool = False

    def body(self) -> dict[str, Any]:
        """What is sent."""
        named = ("indicator", "year", "numerator", "denominator", "value")
        return {name: getattr(self, name) for name in named if getattr(self, name) is not None}


REPORTS: Final = (
    # Above the milestone of 2024, a little below that of 2025.
    Report("member-azy", "local_employment", 2024, 1846, 4506),
    Report("member-azy", "local_employment", 2025, 1902, 4573),
    Report("member-azy", "higher_vocational_enrolment", 2025, value=13420, waits=True),
    Report("mishuchu", "secondary_vocational_enrolment", 2025, value=9760),
    Report("mishuchu", "vocational_training", 2025, value=36800),
)
