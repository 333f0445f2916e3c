"""What the registry knows about agreements: kinds, parts, where one stands on a day, when to warn. Pure."""

from datetime import date, timedelta
from enum import StrEnum
from typing import Final, Protocol

from services.kernel.errors import FieldIssue
from services.kernel.registry_words import AGREEMENT_PARTS


class AgreementKind(StrEnum):
    """A framework that others rest on, or one project."""

    FRAMEWORK = "framework"
    PROJECT = "project"


class AgreementState(StrEnum):
    """What is kept: whether somebody ended it early."""

    IN_FORCE = "in_force"
    ENDED = "ended"


class Phase(StrEnum):
    """Where an agreement stands on a day; it follows from its days."""

    UPCOMING = "upcoming"
    IN_FORCE = "in_force"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    ENDED = "ended"


LEAST_PARTIES: Final = 2
WARNING_DAYS: Final = (90, 30, 7)
"""So many days before its end an agreement is warned of."""


class AgreementDays(Protocol):
    """The days of an agreement; `until_date` and `ended_on` are exclusive."""

    @property
    def from_date(self) -> date: ...
    @property
    def until_date(self) -> date | None: ...
    @property
    def ended_on(self) -> date | None: ...


def part_label(part: int) -> str:
    """甲方 for 1, 乙方 for 2 and so on."""
    return f"{AGREEMENT_PARTS[part - 1]}方"


def days_left(until_date: date | None, day: date) -> int | None:
    """How many days it still holds, the day itself among them; none for an agreement without an end."""
    return None if until_date is None else (until_date - day).days


def phase_on(agreement: AgreementDays, day: date) -> Phase:
    """Where an agreement stands on a day: ended early, not begun, over, about to be over, or in force."""
    if agreement.ended_on is not None and agreement.ended_on <= day:
        return Phase.ENDED
    if agreement.from_date > day:
        return Phase.UPCOMING
    left = days_left(agreement.until_date, day)
    if left is not None and left <= 0:
        return Phase.EXPIRED
    if left is not None and left <= max(WARNING_DAYS):
        return Phase.EXPIRING
    return Phase.IN_FORCE


def warning_level(until_date: date, day: date) -> int | None:
    """The tightest warning that is due on a day: the least of `WARNING_DAYS` that the days left do not exceed."""
    left = (until_date - day).days
    return min((days for days in WARNING_DAYS if 0 < left <= days), default=None)


def last_day_within(day: date, days: int) -> date:
    """The latest `until_date` of what ends within so many days."""
    return min(day, date.max - timedelta(days=days)) + timedelta(days=days)


def day_issues(signed_on: date, from_date: date, until_date: date | None, today: date) -> list[FieldIssue]:
    """Faults between the days of an agreement."""
    issues = []
    if signed_on > today:
        issues.append(FieldIssue("signed_on", "day_ahead", "签订日期晚于今天，请核对。"))
    if until_date is not None and until_date <= from_date:
        issues.append(FieldIssue("until_date", "until_before_from", "终止日期应晚于开始日期，请核对年份。"))
    return issues


def ending_issues(agreement: AgreementDays, signed_on: date, ended_on: date, today: date) -> list[FieldIssue]:
    """Why an agreement cannot end on a day."""
    if ended_on > today:
        return [FieldIssue("ended_on", "day_ahead", "终止日期晚于今天；请到当天再办理。")]
    if ended_on < signed_on:
        return [FieldIssue("ended_on", "ended_before_signed", "终止日期早于签订日期，请核对。")]
    if agreement.until_date is not None and ended_on >= agreement.until_date:
        return [FieldIssue("ended_on", "ended_after_expiry", "这一天协议已经到期，不用提前终止。")]
    return []
