"""Which recognitions stand on a day, when plates lapse, and which yearly reviews are due. Pure.

A day on which something ends is the first on which it no longer holds. Everything is worked out by the day that is
asked for: no job has to run for a plate to lapse.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, Protocol, TypeVar


class RecognitionLevel(StrEnum):
    """Who recognised: the city, the province or the state."""

    MUNICIPAL = "municipal"
    PROVINCIAL = "provincial"
    NATIONAL = "national"


class RecognitionState(StrEnum):
    """What has become of a grant on a day."""

    STANDING = "standing"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"


class ReviewResult(StrEnum):
    """How the assessment of a year ended."""

    PASSED = "passed"
    FAILED = "failed"


class ReviewDecision(StrEnum):
    """What follows from a failed assessment: it stays and is put right, or the recognition is withdrawn."""

    RECTIFY = "rectify"
    WITHDRAW = "withdraw"


class Ends(Protocol):
    """A recognition, as far as its days go."""

    @property
    def granted_on(self) -> date: ...
    @property
    def withdrawn_on(self) -> date | None: ...
    @property
    def lapses_on(self) -> date | None: ...


class Grant(Ends, Protocol):
    """A recognition with its level."""

    @property
    def level(self) -> str: ...


LEVEL_ORDER: Final = tuple(RecognitionLevel)
LAPSE_NOTICE: Final = timedelta(days=90)
"""How long before a plate lapses the secretariat is told; ours, no document says it."""
G = TypeVar("G", bound=Grant)


def ends_on(grant: Ends) -> date | None:
    """The first day on which a grant no longer stands, None while nothing ends it."""
    return min((day for day in (grant.withdrawn_on, grant.lapses_on) if day is not None), default=None)


def stands(grant: Ends, day: date) -> bool:
    """Whether a grant holds on a day: granted by then, neither withdrawn nor lapsed."""
    end = ends_on(grant)
    return grant.granted_on <= day and (end is None or day < end)


def state_of(grant: Ends, day: date) -> RecognitionState:
    """What has become of a grant by a day from its own on; a withdrawal after the lapse changes nothing any more."""
    if stands(grant, day):
        return RecognitionState.STANDING
    withdrawn = grant.withdrawn_on is not None and grant.withdrawn_on == ends_on(grant)
    return RecognitionState.WITHDRAWN if withdrawn else RecognitionState.LAPSED


def standing_level(grants: Sequence[G], day: date) -> G | None:
    """The grant of the highest level that stands on the day."""
    standing = [grant for grant in grants if stands(grant, day)]
    return max(standing, key=lambda grant: LEVEL_ORDER.index(RecognitionLevel(grant.level)), default=None)


def lapse_day(granted_on: date, years: int) -> date:
    """The first day after full years from the grant: the same day of the year, 1 March after a 29 February."""
    year = granted_on.year + years
    try:
        return granted_on.replace(year=year)
    except ValueError:
        return date(year, 3, 1)  # the last of the full years ends with 28 February


def overlaps(granted_on: date, lapses_on: date | None, others: Iterable[Ends]) -> bool:
    """Whether a grant with these days would stand on a day on which one of the others stands."""
    for other in others:
        first, end = max(granted_on, other.granted_on), ends_on(other)
        if (lapses_on is None or first < lapses_on) and (end is None or first < end):
            return True
    return False


def due_years(grant: Ends, every_years: int, reviewed: Collection[int], day: date) -> list[int]:
    """The years whose review a standing plate lacks: each n-th after that of the grant, up to the year of the day.

    Nothing is due of a plate that does not stand: granting it anew takes the place of the review.
    """
    if not stands(grant, day):
        return []
    first = grant.granted_on.year + every_years
    return [year for year in range(first, day.year + 1, every_years) if year not in reviewed]


def review_due_on(grant: Ends, year: int) -> date:
    """By when the review of a year has to be there: its end, or the last day of the plate."""
    end = ends_on(grant)
    last = date(year, 12, 31)
    return last if end is None else min(last, end - timedelta(days=1))


def lapses_soon(grant: Ends, day: date) -> bool:
    """Whether a standing plate lapses within the notice."""
    return grant.lapses_on is not None and stands(grant, day) and grant.lapses_on <= day + LAPSE_NOTICE
