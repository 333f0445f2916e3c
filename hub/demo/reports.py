"""The numbers that the demonstration reports toward the document's targets (一(三), 二16); all of them made up."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Report:
    """One reported number of a year: numerator and denominator of a ratio, or a count alone; whole people."""

    username: str
    indicator: str
    year: int
    numerator: int
    denominator: int | None = None


REPORTS: Final = (
    # Above the milestone of 2024, a little below that of 2025.
    Report("member-azy", "local_employment", 2024, 1846, 4506),
    Report("member-azy", "local_employment", 2025, 1902, 4573),
    Report("member-azy", "higher_vocational_enrolment", 2025, 13420),
    Report("mishuchu", "secondary_vocational_enrolment", 2025, 9760),
    Report("mishuchu", "vocational_training", 2025, 36800),
)
