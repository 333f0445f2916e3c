"""Whether validity, budgets, dated series and decisions of the money rules fit together."""

from collections.abc import Iterator
from datetime import date
from itertools import pairwise

from services.kernel.policy.base import Decision
from services.kernel.policy.loader import Loaded
from services.kernel.policy.models import Budget, Dated, DatedMoney, PolicyPack, Rule
from services.kernel.policy.problems import PackProblem
from services.kernel.policy.source import Path_, Source


def check_subsidies(loaded: Loaded, pack: PolicyPack) -> Iterator[PackProblem]:
    """Every fault of period, series or decision among budgets and rules."""
    source = loaded.sources["subsidies"]
    yield from _decisions(source, ("decisions",), pack.subsidies.decisions)
    for index, budget in enumerate(pack.subsidies.budgets):
        yield from _budget(source, ("budgets", index), budget, pack)
    budgets = {budget.code: budget for budget in pack.subsidies.budgets}
    for index, rule in enumerate(pack.subsidies.rules):
        path: Path_ = ("rules", index)
        yield from _validity(source, path, rule, pack)
        yield from _within_budget(source, path, rule, budgets)
        yield from _decisions(source, (*path, "decisions"), rule.decisions)
        for name in type(rule.parameters).model_fields:
            yield from _series(source, (*path, "parameters", name), getattr(rule.parameters, name), rule)
    yield from _disagreements(source, pack)


def _budget(source: Source, path: Path_, budget: Budget, pack: PolicyPack) -> Iterator[PackProblem]:
    first, last = budget.years.from_, budget.years.to
    if first is not None and last is not None and last < first:
        yield source.problem((*path, "years", "to"), "period_reversed", "预算的结束年份早于开始年份，请核对")
    end = pack.document.valid.to
    if last is not None and end is not None and last > end.year:
        yield source.problem(
            (*path, "years", "to"), "budget_outside_validity", "预算年度超出了文件有效期。请核对年份或文件有效期"
        )
    yield from _decisions(source, (*path, "decisions"), budget.decisions)


def _validity(source: Source, path: Path_, rule: Rule, pack: PolicyPack) -> Iterator[PackProblem]:
    start, end = rule.valid.from_, rule.valid.to
    if start is not None and end is not None and end < start:
        yield source.problem((*path, "valid", "to"), "period_reversed", "规则的结束日期早于开始日期，请核对")
    document = pack.document.valid
    if start is not None and document.from_ is not None and start < document.from_:
        yield source.problem(
            (*path, "valid", "from"), "rule_outside_validity", "规则比文件更早生效。请核对日期或 document.yaml 的 valid"
        )
    if end is not None and document.to is not None and end > document.to:
        yield source.problem(
            (*path, "valid", "to"),
            "rule_outside_validity",
            "规则在文件失效后仍有效。请核对日期或 document.yaml 的 valid",
        )


def _within_budget(source: Source, path: Path_, rule: Rule, budgets: dict[str, Budget]) -> Iterator[PackProblem]:
    budget = None if rule.budget is None else budgets.get(rule.budget)
    if budget is None:
        return
    start, end = rule.valid.from_, rule.valid.to
    early = start is not None and budget.years.from_ is not None and start.year < budget.years.from_
    late = end is not None and budget.years.to is not None and end.year > budget.years.to
    if early or late:
        yield source.problem(
            (*path, "budget"),
            "rule_without_budget",
            f"规则在预算“{budget.name}”没有安排资金的年度也有效。请核对规则有效期或预算年度",
        )


def _series(
    source: Source, path: Path_, series: list[Dated[object]] | list[DatedMoney], rule: Rule
) -> Iterator[PackProblem]:
    days = [entry.from_ for entry in series]
    for index, (earlier, later) in enumerate(pairwise(days), start=1):
        if later <= earlier:
            yield source.problem(
                (*path, index, "from"),
                "series_order",
                f"{later} 没有晚于上一项的 {earlier}。请把同一参数的各项按生效日期从早到晚排列，不要重复",
            )
    yield from _coverage(source, path, days, rule)


def _coverage(source: Source, path: Path_, days: list[date], rule: Rule) -> Iterator[PackProblem]:
    start, end = rule.valid.from_, rule.valid.to
    if start is not None and days[0] > start:
        yield source.problem(
            (*path, 0, "from"), "series_gap", f"规则自 {start} 生效，但这个参数到 {days[0]} 才有取值。请补上最早一项"
        )
    if end is not None and days[-1] > end:
        yield source.problem(
            (*path, len(days) - 1, "from"), "series_after_end", f"这一项在规则 {end} 失效之后才生效。请核对日期或删去"
        )


def _decisions(source: Source, path: Path_, decisions: dict[str, Decision]) -> Iterator[PackProblem]:
    for code, decision in decisions.items():
        if decision.value not in decision.options:
            yield source.problem(
                (*path, code, "value"),
                "decision_not_an_option",
                f"所选的 {decision.value} 不在 options 之中。请改选其中之一，或把它加入 options",
            )


def _disagreements(source: Source, pack: PolicyPack) -> Iterator[PackProblem]:
    """One question answered in two ways by rules of one kind: legal, but seldom meant."""
    first: dict[tuple[str, str, str], tuple[str, object]] = {}
    for index, rule in enumerate(pack.subsidies.rules):
        for code, decision in rule.decisions.items():
            question = (rule.kind, code, repr(decision.options))
            other, value = first.setdefault(question, (rule.code, decision.value))
            if value != decision.value:
                yield source.warning(
                    ("rules", index, "decisions", code, "value"),
                    "decision_disagrees",
                    f"同一口径在 {other} 中取 {value}，在 {rule.code} 中取 {decision.value}。请确认两条规则确应不同",
                )
