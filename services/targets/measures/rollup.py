"""From what units reported to the alliance's value; pure. Ratios sum their parts, percentages are never averaged."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from services.targets.measures.indicator import Indicator

HUNDRED = Decimal(100)
SHOWN = Decimal("0.01")


@dataclass(frozen=True)
class Reported:
    """One unit's accepted report: numerator and denominator of a ratio, or the value of a count."""

    owner: str
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    value: Decimal | None = None


@dataclass(frozen=True)
class Observed:
    """The alliance's value, exact (`value` is not rounded), with its sums and how many units it comes from."""

    value: Decimal | None
    numerator: Decimal | None
    denominator: Decimal | None
    reports: int


NOTHING = Observed(None, None, None, 0)


def roll_up(indicator: Indicator, reports: Sequence[Reported]) -> Observed:
    """Sum what was reported. For an indicator that each member must meet, the value is the weakest member's."""
    if not reports:
        return NOTHING
    if not indicator.is_ratio:
        values = [r.value for r in reports if r.value is not None]
        return Observed(_overall(indicator, values), None, None, len(reports))
    numerator = sum((r.numerator for r in reports if r.numerator is not None), Decimal(0))
    denominator = sum((r.denominator for r in reports if r.denominator is not None), Decimal(0))
    if indicator.per_member:
        value: Decimal | None = _weakest(indicator, [v for v in map(_ratio_of, reports) if v is not None])
    else:
        value = percentage(numerator, denominator)
    return Observed(value, numerator, denominator, len(reports))


def percentage(numerator: Decimal, denominator: Decimal) -> Decimal | None:
    """Numerator over denominator in percent, unrounded; None for an empty denominator."""
    return numerator * HUNDRED / denominator if denominator else None


def shown(value: Decimal | None) -> Decimal | None:
    """A value as people read it: at most two decimals, half up. Judgement uses the exact value."""
    if value is None:
        return None
    rounded = value.quantize(SHOWN, ROUND_HALF_UP)
    return rounded.to_integral_value() if rounded == rounded.to_integral_value() else rounded.normalize()


def _ratio_of(report: Reported) -> Decimal | None:
    if report.numerator is None or report.denominator is None:
        return None
    return percentage(report.numerator, report.denominator)


def _overall(indicator: Indicator, values: list[Decimal]) -> Decimal | None:
    if not values:
        return None
    return _weakest(indicator, values) if indicator.per_member else sum(values, Decimal(0))


def _weakest(indicator: Indicator, values: list[Decimal]) -> Decimal | None:
    if not values:
        return None
    return max(values) if indicator.direction == "at_most" else min(values)
