"""Working days of mainland China: the State Council's yearly notice where it is known, else Monday to Friday.

The library holds the published years; for any other day the answer is estimated and says so, because a notice for the
next year comes out in autumn and a public notice may well cross the new year. `overrides` (a day, and whether it is a
working day) go before both: what a deployment learnt from a notice that the library does not have yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final

import chinese_calendar

Overrides = Mapping[date, bool]
NONE: Final[Overrides] = MappingProxyType({})
SATURDAY: Final = 5
DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class WorkingDay:
    """Whether a day is a working day, and whether that is only estimated (shown as 预估)."""

    works: bool
    estimated: bool


@dataclass(frozen=True)
class Deadline:
    """The last day of a number of working days; `estimated` when one of the days counted was."""

    day: date
    estimated: bool


def working_day(day: date, overrides: Overrides = NONE) -> WorkingDay:
    """What kind of day it is; never raises for any day."""
    if day in overrides:
        return WorkingDay(overrides[day], estimated=False)
    try:
        return WorkingDay(chinese_calendar.is_workday(day), estimated=False)
    except NotImplementedError:  # the library's own word for a year that it does not hold
        return WorkingDay(day.weekday() < SATURDAY, estimated=True)


def after_working_days(start: date, count: int, overrides: Overrides = NONE) -> Deadline:
    """The `count`-th working day after `start`, which itself is not counted. Raises ValueError for none or too far."""
    if count < 1:
        raise ValueError("at least one working day is counted")
    day, left, estimated = start, count, False
    while left:
        if day == date.max:
            raise ValueError("the calendar ends before that day")
        day += DAY
        found = working_day(day, overrides)
        estimated |= found.estimated
        left -= found.works
    return Deadline(day, estimated)
