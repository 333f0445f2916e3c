"""Whether every gap that matters is declared under `open`, and every declared point still points at something.

A gap is reported, never guessed: an undeclared one is an error, a declared one a warning that repeats the question and
how the hub proceeds meanwhile.
"""

from collections.abc import Iterator

from services.kernel.policy.loader import Loaded
from services.kernel.policy.models import OpenPoint, PolicyPack
from services.kernel.policy.nodes import Node, matches, walk
from services.kernel.policy.problems import PackProblem
from services.kernel.policy.vocabulary import OPEN_KIND_LABELS

# Where null (or an empty list) means that the document does not say. Other nulls are ordinary absence.
GAPS: tuple[str, ...] = (
    "document.number",
    "document.issuer",
    "document.issued_on",
    "document.valid.from",
    "document.valid.to",
    "document.alliance.division",
    "structure.formula",
    "structure.bodies.*.host",
    "structure.bodies.*.seats",
    "structure.bodies.*.seats.*.unit",
    "structure.bodies.*.seats.*.post",
    "structure.bodies.*.seats.*.count",
    "structure.bodies.*.seats.*.since",
    "structure.collaborations.*.host",
    "structure.collaborations.*.lead",
    "targets.indicators.*.baseline",
    "targets.indicators.*.baseline.on",
    "targets.indicators.*.lead",
    "targets.indicators.*.milestones.*.year",
    "targets.indicators.*.milestones.*.value",
    "targets.indicators.*.recurrence.from",
    "targets.indicators.*.recurrence.to",
    "targets.tasks.*.lead",
    "targets.tasks.*.deliverable",
    "targets.tasks.*.due",
    "targets.tasks.*.milestones.*.year",
    "targets.assessments.*.assess_every_months",
    "targets.assessments.*.plate_valid_months",
    "subsidies.budgets.*.amount",
    "subsidies.budgets.*.years.from",
    "subsidies.budgets.*.years.to",
    "subsidies.rules.*.valid.from",
    "subsidies.rules.*.valid.to",
    "subsidies.rules.*.budget",
)


def check_open(loaded: Loaded, pack: PolicyPack) -> Iterator[PackProblem]:
    """Undeclared gaps, stale or repeated declarations, and every declared point as a warning."""
    nodes = [node for source in loaded.sources.values() for node in walk(source)]
    yield from _undeclared(nodes, pack)
    yield from _declared(nodes, loaded, pack)


def is_gap(node: Node) -> bool:
    """Whether the document's silence stands at this node."""
    return (node.value is None or node.value == []) and may_be_gap(node)


def may_be_gap(node: Node) -> bool:
    """Whether null or an empty list at this place would be the document's silence."""
    return any(matches(pattern, node.steps) for pattern in GAPS)


def _undeclared(nodes: list[Node], pack: PolicyPack) -> Iterator[PackProblem]:
    for node in nodes:
        if is_gap(node) and not any(matches(point.field, node.steps) for point in pack.document.open):
            yield node.source.problem(
                node.path,
                "gap_undeclared",
                f"这里没有取值，也没有登记原因。文件写明的请填上；没有写明的请在 document.yaml 的 open 中登记"
                f" {node.name}",
            )


def _declared(nodes: list[Node], loaded: Loaded, pack: PolicyPack) -> Iterator[PackProblem]:
    document = loaded.sources["document"]
    for index, point in enumerate(pack.document.open):
        path = ("open", index, "field")
        found = [node for node in nodes if matches(point.field, node.steps)]
        if not found:
            yield document.problem(
                path, "open_points_nowhere", f"登记的字段“{point.field}”在政策包里不存在。请改正路径或删去这一条"
            )
        elif _is_stale(point, found):
            yield document.problem(
                path,
                "open_is_stale",
                f"“{point.field}”已经有了取值，不再是空缺。请删去这一条，或改为 ambiguous 或 conflict",
            )
        else:
            yield document.warning(path, f"open_{point.kind}", _question(point))


def _is_stale(point: OpenPoint, found: list[Node]) -> bool:
    if point.kind in ("ambiguous", "conflict") or not all(may_be_gap(node) for node in found):
        return False
    return not any(is_gap(node) for node in found)


def _question(point: OpenPoint) -> str:
    where = f"（{point.article}）" if point.article else ""
    handling = f"暂行口径：{point.decision}" if point.decision else "尚未决定，请秘书处确定后登记。"
    return f"{OPEN_KIND_LABELS[point.kind]}{where}：{point.question}{handling}"
