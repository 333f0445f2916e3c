"""How many months of enterprise practice a teacher has in a moving window of years. Pure.

How days become months, which no policy document says (ours, in one place):

- The window are the years that end with the day asked for, that day included: on 22 November 2026 a window of five
  years runs from 23 November 2021. Where the calendar has no such day (29 February), the month's last day stands.
- A period runs from its first day until the day before `until_date`. What lies after the day asked for does not count
  yet, and neither does what lies before the window.
- Periods that overlap or touch are one; no day counts twice.
- Each such stretch is counted from its own first day by the calendar: from the 15th to the 14th of a later month are
  whole months, whatever their lengths. Days beyond the last whole month are a fraction of the month that has begun.
- The stretches are added up exactly. Whoever lacks one day of six months has less than six months.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Final

MONTHS_PER_YEAR: Final = 12
NEARING_DAYS: Final = 180
"""How long before the practice falls short of what is required a teacher is shown as 临近 (ours)."""
MOST_LOST_IN_A_DAY: Final = Fraction(1, 4)
"""A window that moves on by a day takes less (from 28 February until 31 March: 1 + 3/31, from 1 March: 30/31)."""
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Span:
    """Days from `begins` (inclusive) until `ends` (exclusive; None while it lasts)."""

    begins: date
    ends: date | None


@dataclass(frozen=True)
class PracticeRule:
    """So many months within so many consecutive years, as an applied policy document requires."""

    months: int
    window_years: int


class Standing(StrEnum):
    """Whether the practice is enough: still for long, for now, or not."""

    MET = "met"
    NEAR = "near"
    UNMET = "unmet"


@dataclass(frozen=True)
class Practice:
    """A teacher's practice on a day: exact months in the window that begins on `window_from`, and what that means."""

    months: Fraction
    window_from: date
    standing: Standing


def add_months(day: date, months: int) -> date:
    """The same day of a later (or earlier) month, or that month's last day where it is shorter."""
    year, month = divmod(day.year * MONTHS_PER_YEAR + day.month - 1 + months, MONTHS_PER_YEAR)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def window_of(day: date, rule: PracticeRule) -> Span:
    """The window that ends with a day."""
    ends = day + _DAY
    return Span(add_months(ends, -MONTHS_PER_YEAR * rule.window_years), ends)


def stretches(periods: Iterable[Span], window: Span) -> list[Span]:
    """The periods within the window, in order; those that overlap or touch are joined."""
    joined: list[Span] = []
    for span in sorted(_clipped(periods, window), key=lambda one: one.begins):
        last = joined[-1] if joined else None
        if last and last.ends and span.ends and span.begins <= last.ends:
            joined[-1] = Span(last.begins, max(last.ends, span.ends))
        else:
            joined.append(span)
    return joined


def _clipped(periods: Iterable[Span], window: Span) -> Iterator[Span]:
    for period in periods:
        begins = max(period.begins, window.begins)
        ends = min(filter(None, (period.ends, window.ends)))
        if begins < ends:
            yield Span(begins, ends)


def months_between(begins: date, ends: date) -> Fraction:
    """Months from a day until another (exclusive): whole ones by the calendar, the rest as a part of the next."""
    whole = (ends.year - begins.year) * MONTHS_PER_YEAR + ends.month - begins.month
    while add_months(begins, whole) > ends:
        whole -= 1
    reached, following = add_months(begins, whole), add_months(begins, whole + 1)
    return whole + Fraction((ends - reached).days, (following - reached).days)


def months_in(periods: Iterable[Span], day: date, rule: PracticeRule) -> Fraction:
    """The months of practice in the window that ends with a day."""
    found = stretches(periods, window_of(day, rule))
    return sum((months_between(span.begins, span.ends) for span in found if span.ends), Fraction(0))


def practice_on(periods: Sequence[Span], day: date, rule: PracticeRule) -> Practice:
    """What stands on a day. `near`: enough today, but not in `NEARING_DAYS` with what is on record."""
    months = months_in(periods, day, rule)
    standing = Standing.UNMET
    if months >= rule.months:
        later = months_in(periods, day + timedelta(days=NEARING_DAYS), rule)
        standing = Standing.MET if later >= rule.months else Standing.NEAR
    return Practice(months, window_of(day, rule).begins, standing)


def falls_short_on(periods: Sequence[Span], day: date, rule: PracticeRule) -> date | None:
    """The first day after `day` on which what is on record is no longer enough.

    None when it is not enough now, or lasts beyond the next window (practice that has no end yet).
    """
    today, last = day, add_months(day, MONTHS_PER_YEAR * rule.window_years)
    if months_in(periods, day, rule) < rule.months:
        return None
    while today <= last:
        left = months_in(periods, today, rule) - rule.months
        if left < 0:
            return today
        today += max(1, int(left / MOST_LOST_IN_A_DAY)) * _DAY
    return None


def shown_months(months: Fraction) -> str:
    """Months with one decimal, never rounded up: 5.96 months are 5.9."""
    tenths = months.numerator * 10 // months.denominator
    return f"{tenths // 10}.{tenths % 10}" if tenths % 10 else str(tenths // 10)
