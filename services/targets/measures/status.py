"""The light of an indicator in a year; pure.

绿 on schedule, 蓝 near due, 黄 behind 序时进度, 红 overdue until closed (DOMAIN §3); grey before anything is due. An
aspirational or qualitative requirement is followed but never red by itself. A year that leads to a conflict of sources
which nobody has decided is grey, whatever was reported.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from services.targets.measures.indicator import Indicator
from services.targets.measures.milestones import Conflict, Milestone
from services.targets.measures.rollup import Observed, shown


class Light(StrEnum):
    """Colours, with a word each: colour alone tells a reader too little."""

    GREEN = "green"
    BLUE = "blue"
    YELLOW = "yellow"
    RED = "red"
    NONE = "grey"


@dataclass(frozen=True)
class Status:
    """How an indicator stands in a year: its light, a sentence, and the gap to the requirement (positive: missing)."""

    light: Light
    sentence: str
    required: Decimal | None
    due_on: date | None
    gap: Decimal | None


def assess(indicator: Indicator, year: int, observed: Observed, today: date, near_due_days: int) -> Status:
    """Judge one indicator for one year as of `today` (a business date)."""
    milestone = indicator.next_milestone(year)
    if milestone is None:
        return Status(Light.NONE, "本年度及以后没有要求。", None, None, None)
    due = date(milestone.year, 12, 31) if milestone.year else None
    if isinstance(milestone, Conflict):
        return Status(Light.NONE, _undecided(indicator, milestone), None, due, None)
    if milestone.value is None:
        return Status(Light.NONE, f"定性要求：{milestone.text}，跟踪不评分。", None, due, None)
    gap = _gap(indicator, milestone.value, observed.value)
    light, sentence = _judge(indicator, year, milestone, observed, today, near_due_days)
    if light is Light.RED and indicator.aspirational:
        light, sentence = Light.YELLOW, sentence + "（倡导性目标，不作逾期处理）"
    return Status(light, sentence, milestone.value, due, gap)


def _undecided(indicator: Indicator, conflict: Conflict) -> str:
    when = f"{conflict.year}年末" if conflict.year else "未规定时限"
    return f"口径冲突：{when}，{asked_by(indicator, conflict)}，尚未确定按哪一处考核，暂不评分。"


def asked_by(indicator: Indicator, conflict: Conflict) -> str:
    """Each place of a conflict with what it asks for."""
    return "，".join(f"{source.article} 要求{requirement(indicator, source)}" for source in conflict.sources)


def requirement(indicator: Indicator, milestone: Milestone) -> str:
    """What a milestone asks for, as people read it."""
    if milestone.value is None:
        return f"“{milestone.text}”"
    return f"{_bound(indicator)}{written(milestone.value)}{indicator.unit}"


def _gap(indicator: Indicator, required: Decimal, value: Decimal | None) -> Decimal | None:
    if value is None:
        return None
    missing = value - required if indicator.direction == "at_most" else required - value
    return max(missing, Decimal(0))


def _judge(
    indicator: Indicator, year: int, milestone: Milestone, observed: Observed, today: date, near_due_days: int
) -> tuple[Light, str]:
    goal = _goal(indicator, milestone)
    if milestone.year is None:
        return _without_deadline(indicator, year, milestone, observed, goal)
    due = date(milestone.year, 12, 31)
    if observed.value is None:
        return _unreported(year, due, goal, today, near_due_days)
    stands = f"现为 {written(observed.value)}{indicator.unit}，{goal}"
    if _met(indicator, milestone, observed):
        return Light.GREEN, f"{stands}，已达到。"
    return _not_met(indicator, milestone, observed.value, due, today, near_due_days, stands)


def _not_met(
    indicator: Indicator,
    milestone: Milestone,
    value: Decimal,
    due: date,
    today: date,
    near_due_days: int,
    stands: str,
) -> tuple[Light, str]:
    if today > due:
        return Light.RED, f"{stands}，期限已过，未达到。"
    expected = pace(indicator, milestone, today)
    if expected is not None and not indicator.meets(value, expected):
        return Light.YELLOW, f"{stands}，落后于序时进度 {written(expected)}{indicator.unit}。"
    if (due - today).days <= near_due_days:
        return Light.BLUE, f"{stands}，距期限 {(due - today).days} 天。"
    if expected is None:
        return Light.NONE, f"{stands}；{_without_pace(indicator, milestone)}，不推算序时进度。"
    return Light.GREEN, f"{stands}，未落后于序时进度。"


def _without_pace(indicator: Indicator, milestone: Milestone) -> str:
    before = None if milestone.year is None else indicator.milestone_before(milestone.year)
    return "文件没有给出更早的值" if before is None else f"{before.year}年末的口径尚未确定"


def _goal(indicator: Indicator, milestone: Milestone) -> str:
    when = f"{milestone.year}年末要求" if milestone.year else "要求"
    return f"{when}{requirement(indicator, milestone)}"


def _met(indicator: Indicator, milestone: Milestone, observed: Observed) -> bool:
    if observed.value is None or milestone.value is None:
        return False
    return indicator.meets(observed.value, milestone.value)


def _without_deadline(
    indicator: Indicator, year: int, milestone: Milestone, observed: Observed, goal: str
) -> tuple[Light, str]:
    """The document sets a value and no year: followed year by year, behind when unmet, overdue never."""
    if observed.value is None:
        return Light.NONE, f"{goal}，文件未规定时限，{year}年尚无已采纳的填报。"
    stands = f"现为 {written(observed.value)}{indicator.unit}，{goal}"
    if _met(indicator, milestone, observed):
        return Light.GREEN, f"{stands}，已达到。"
    return Light.YELLOW, f"{stands}，未达到；文件未规定时限，不作逾期处理。"


def _unreported(year: int, due: date, goal: str, today: date, near_due_days: int) -> tuple[Light, str]:
    """Nothing accepted for the year: overdue only once the milestone's own date has passed."""
    if today > due:
        return Light.RED, f"{goal}，尚无已采纳的填报，已逾期。"
    if due.year != year:
        return Light.NONE, f"{goal}，{year}年没有单独要求，尚无已采纳的填报。"
    if (due - today).days <= near_due_days:
        return Light.BLUE, f"{goal}，尚无已采纳的填报，距期限 {(due - today).days} 天。"
    return Light.NONE, f"{goal}，尚未到填报时间。"


def pace(indicator: Indicator, milestone: Milestone, today: date) -> Decimal | None:
    """序时进度: the straight line from the milestone before to this one, at `today`.

    None where the document gives no earlier value, or gives two and nobody said which counts: never guessed.
    """
    if milestone.year is None or milestone.value is None:
        return None
    before = indicator.milestone_before(milestone.year)
    if before is None or isinstance(before, Conflict):
        return None
    assert before.year is not None  # noqa: S101  # as `milestone_before` promises
    assert before.value is not None  # noqa: S101
    start, end = date(before.year, 12, 31), date(milestone.year, 12, 31)
    passed = Decimal(min(max((today - start).days, 0), (end - start).days))
    return before.value + (milestone.value - before.value) * passed / Decimal((end - start).days)


def written(value: Decimal | None) -> str:
    """A value in a sentence: thousands apart, two decimals at most."""
    return "" if value is None else f"{shown(value):,f}"


def _bound(indicator: Indicator) -> str:
    return "不高于 " if indicator.direction == "at_most" else "不低于 "
