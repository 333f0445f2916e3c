"""Check a report's figures against what its indicator asks for; pure."""

from decimal import Decimal

from services.kernel.errors import FieldIssue, InvalidInput
from services.targets.measures.indicator import Indicator


def check_figures(
    indicator: Indicator, numerator: Decimal | None, denominator: Decimal | None, value: Decimal | None
) -> None:
    """Raise InvalidInput with every fault: a ratio needs both parts and no value, a count its value only."""
    issues = (
        _ratio_issues(indicator, numerator, denominator, value)
        if indicator.is_ratio
        else _count_issues(indicator, numerator, denominator, value)
    )
    if issues:
        raise InvalidInput(issues)


def _ratio_issues(
    indicator: Indicator, numerator: Decimal | None, denominator: Decimal | None, value: Decimal | None
) -> list[FieldIssue]:
    issues = []
    if numerator is None:
        issues.append(FieldIssue("numerator", "missing", f"必填：{indicator.numerator}。"))
    if denominator is None:
        issues.append(FieldIssue("denominator", "missing", f"必填：{indicator.denominator}。"))
    if denominator == 0:
        issues.append(FieldIssue("denominator", "denominator_zero", "分母不能为 0，没有发生请不要填报。"))
    part_exceeds = numerator is not None and denominator is not None and 0 < denominator < numerator
    if part_exceeds and indicator.kind != "multiple":
        issues.append(FieldIssue("numerator", "numerator_exceeds", "分子不能大于分母，请核对两个数。"))
    if value is not None:
        issues.append(FieldIssue("value", "value_not_taken", "比率由分子和分母计算，请不要填写数值。"))
    return issues


def _count_issues(
    indicator: Indicator, numerator: Decimal | None, denominator: Decimal | None, value: Decimal | None
) -> list[FieldIssue]:
    issues = []
    if value is None:
        issues.append(FieldIssue("value", "missing", f"必填：{indicator.name}（{indicator.unit}）。"))
    for name, given in (("numerator", numerator), ("denominator", denominator)):
        if given is not None:
            issues.append(FieldIssue(name, "ratio_not_taken", "这个指标按数值填报，请不要填写分子分母。"))
    return issues
