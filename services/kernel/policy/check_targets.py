"""Whether milestones are in order, lie within the document's validity, and do not contradict each other."""

from collections.abc import Iterator
from decimal import Decimal

from services.kernel.policy.loader import Loaded
from services.kernel.policy.models import Indicator, Milestone, PolicyPack
from services.kernel.policy.nodes import matches
from services.kernel.policy.problems import PackProblem
from services.kernel.policy.source import Path_, Source

_PERCENT = "%"
_WHOLE = Decimal(100)


def check_targets(loaded: Loaded, pack: PolicyPack) -> Iterator[PackProblem]:
    """Every fault of order, range or consistency among indicators, tasks and phases."""
    source = loaded.sources["targets"]
    for index, indicator in enumerate(pack.targets.indicators):
        path: Path_ = ("indicators", index, "milestones")
        yield from _order(source, path, indicator.milestones)
        yield from _within_validity(source, path, indicator.milestones, pack)
        yield from _range(source, path, indicator)
        yield from _shares(source, path, indicator)
        yield from _falling(source, path, indicator)
        yield from _conflicts(source, path, indicator, pack)
    for index, task in enumerate(pack.targets.tasks):
        path = ("tasks", index, "milestones")
        yield from _order(source, path, task.milestones)
        yield from _within_validity(source, path, task.milestones, pack)
    yield from _same_name(source, pack)
    yield from _phases(source, pack)


def _order(source: Source, path: Path_, milestones: list[Milestone]) -> Iterator[PackProblem]:
    latest = 0
    for index, milestone in enumerate(milestones):
        if milestone.year is None:
            continue
        if milestone.year < latest:
            yield source.problem(
                (*path, index, "year"),
                "milestone_order",
                f"{milestone.year} 年的节点排在 {latest} 年之后。请按年份从早到晚排列",
            )
        latest = max(latest, milestone.year)


def _within_validity(
    source: Source, path: Path_, milestones: list[Milestone], pack: PolicyPack
) -> Iterator[PackProblem]:
    valid = pack.document.valid
    for index, milestone in enumerate(milestones):
        if milestone.year is None:
            continue
        too_late = valid.to is not None and milestone.year > valid.to.year
        too_early = valid.from_ is not None and milestone.year < valid.from_.year
        if too_late or too_early:
            yield source.problem(
                (*path, index, "year"),
                "milestone_outside_validity",
                f"{milestone.year} 年不在文件有效期内。请核对年份，或核对 document.yaml 的 valid",
            )


def _range(source: Source, path: Path_, indicator: Indicator) -> Iterator[PackProblem]:
    for index, milestone in enumerate(indicator.milestones):
        value = milestone.value
        over = value is not None and indicator.unit == _PERCENT and value > _WHOLE
        if value is not None and (value < 0 or over):
            yield source.problem(
                (*path, index, "value"), "value_out_of_range", f"取值 {value} 超出了可能的范围，请核对数值和单位"
            )


def _shares(source: Source, path: Path_, indicator: Indicator) -> Iterator[PackProblem]:
    values = [milestone.value for milestone in indicator.milestones if milestone.value is not None]
    if indicator.accumulation != "share_of_total" or indicator.unit != _PERCENT or not values:
        return
    if sum(values) != _WHOLE:
        yield source.problem(
            path, "shares_not_whole", f"各年占比合计 {sum(values)}%，应为 100%。请核对数值，或改用其他累计方式"
        )


def _falling(source: Source, path: Path_, indicator: Indicator) -> Iterator[PackProblem]:
    if indicator.accumulation not in ("year_end_ratio", "end_value"):
        return
    sign = 1 if indicator.direction == "at_least" else -1
    best: Decimal | None = None
    for index, milestone in enumerate(indicator.milestones):
        if milestone.value is None or milestone.year is None or not milestone.assessed:
            continue
        if best is not None and sign * milestone.value < sign * best:
            yield source.warning(
                (*path, index, "value"),
                "milestone_falls",
                "这一年的要求比上一个节点还宽。请核对数值，或核对 direction 与 accumulation",
            )
        best = milestone.value


def _conflicts(source: Source, path: Path_, indicator: Indicator, pack: PolicyPack) -> Iterator[PackProblem]:
    by_year: dict[int, list[tuple[int, Milestone]]] = {}
    for index, milestone in enumerate(indicator.milestones):
        if milestone.year is not None:
            by_year.setdefault(milestone.year, []).append((index, milestone))
    for year, entries in by_year.items():
        index = entries[-1][0]
        if len({milestone.article for _, milestone in entries}) < len(entries):
            yield source.problem((*path, index), "milestone_repeated", f"{year} 年的节点从同一条款引了两次。请删去一处")
        if len({milestone.value for _, milestone in entries}) > 1:
            yield from _undecided(source, (*path, index), indicator, year, entries, pack)


def _undecided(
    source: Source,
    path: Path_,
    indicator: Indicator,
    year: int,
    entries: list[tuple[int, Milestone]],
    pack: PolicyPack,
) -> Iterator[PackProblem]:
    steps = ("targets", "indicators", indicator.code, "milestones")
    declared = [p for p in pack.document.open if p.kind == "conflict" and matches(p.field, steps)]
    if not declared:
        shown = "、".join(f"{milestone.value}（{milestone.article}）" for _, milestone in entries)
        yield source.problem(
            path,
            "value_conflict",
            f"“{indicator.name}”{year} 年有不同的取值：{shown}。"
            f"请把两处都保留，并在 document.yaml 的 open 中以 conflict 登记 {'.'.join(steps)}",
        )
    elif declared[0].decision is not None and sum(milestone.assessed for _, milestone in entries) != 1:
        yield source.problem(
            path, "conflict_not_settled", f"{year} 年的口径冲突已有决定，请只留一个取值考核，其余写 assessed: false"
        )


def _same_name(source: Source, pack: PolicyPack) -> Iterator[PackProblem]:
    first: dict[str, str] = {}
    for index, indicator in enumerate(pack.targets.indicators):
        other = first.setdefault(indicator.name, indicator.code)
        if other != indicator.code:
            yield source.problem(
                ("indicators", index, "name"),
                "indicator_name_repeated",
                f"指标“{indicator.name}”已经以 {other} 登记。请合并为一个指标、保留各处取值，或改用能区分的名称",
            )


def _phases(source: Source, pack: PolicyPack) -> Iterator[PackProblem]:
    for index, phase in enumerate(pack.targets.phases):
        if phase.to is not None and phase.to < phase.from_:
            yield source.problem(("phases", index, "to"), "period_reversed", "阶段的结束年份早于开始年份，请核对")
